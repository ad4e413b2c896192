/** Both sides of the WebSocket connector against real servers on loopback. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { webSocket } from '../../runtime/connectors/index.node.ts';
import { DrivenReader, DrivenWriter } from './driven.ts';

const servers: WebSocketServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate();
    await new Promise((closed) => server.close(closed));
  }
});

/** Serves its n-th connection by the n-th function. */
async function serve(
  ...serving: ((connection: WebSocket, headers: Readonly<Record<string, unknown>>) => void)[]
): Promise<string> {
  let connections = 0;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  servers.push(server);
  server.on('connection', (connection, { headers }) => serving[connections++]?.(connection, headers));
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('messages are records; the other side is told what is wanted, with headers and a subprotocol', async () => {
  const heard: unknown[] = [];
  const url = await serve((connection, headers) => {
    heard.push(connection.protocol, headers.authorization);
    connection.on('message', (data) => {
      heard.push(String(data));
      connection.send('one');
      connection.send(Buffer.from('two'));
      connection.send('skip');
      connection.close(1000);
    });
  });
  const source = webSocket.source(url, {
    protocols: ['prices'],
    headers: { authorization: 'Bearer x' },
    sendOnOpen: ['subscribe'],
    maxRetries: 0,
    parse: (message) => {
      const text = typeof message === 'string' ? message : `binary ${new TextDecoder().decode(message)}`;
      return text === 'skip' ? undefined : text;
    },
  });
  const reader = new DrivenReader(source);
  expect(await reader.read(10)).toEqual(['one', 'binary two']);
  expect([reader.isFinished, ...heard]).toEqual([true, 'prices', 'Bearer x', 'subscribe']);
  reader.close();
});

test('it connects again after a failure, and after an end in order', async () => {
  const url = await serve(
    (connection) => {
      connection.send('one');
      connection.close(1011, 'overloaded');
    },
    (connection) => {
      connection.send('two');
      connection.close();
    },
    (connection) => connection.send('three'),
  );
  const reader = new DrivenReader(webSocket.source(url, { retryDelayMs: 1 }));
  expect(await reader.read(3)).toEqual(['one', 'two', 'three']);
  expect(reader.log.map((line) => /\((.*?)\);/.exec(line)?.[1])).toEqual([
    'it was closed with code 1011: overloaded',
    'the other side has closed it',
  ]);
  reader.close();
});

test('a server that refuses is told in a sentence', async () => {
  const http = createServer();
  http.on('upgrade', (_request, connection) => connection.end('HTTP/1.1 401 Unauthorized\r\n\r\n'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/feed`;
  const reader = new DrivenReader(webSocket.source(`${url}?token=secret`, { maxRetries: 0 }));
  await expect(reader.read(1)).rejects.toThrow(
    `The connection to ${url} failed (Unexpected server response: 401): start what is to listen there, or raise maxRetries.`,
  );
  await new Promise((closed) => http.close(closed));
});

test('a reader that is not asked does not take more than it may, and nothing is lost', async () => {
  const message = 'x'.repeat(64 * 1024);
  const messages = 1_024;
  let flushed = 0;
  const url = await serve((connection) => {
    let left = messages;
    const more = () => {
      if (left-- === 0) connection.close();
      else
        connection.send(message, () => {
          flushed++;
          more();
        });
    };
    more();
  });
  const reader = new DrivenReader(webSocket.source(url, { maxRetries: 0 }));
  reader.begin();
  for (let before = -1, still = 0; still < 200; ) {
    await new Promise((later) => setImmediate(later));
    still = flushed > 0 && flushed === before ? still + 1 : 0;
    before = flushed;
  }
  expect(flushed).toBeLessThan(messages);
  expect(await reader.read(messages + 1)).toHaveLength(messages);
  reader.close();
});

test('a checkpoint of the sink waits for the other side, and a lost connection loses nothing', async () => {
  const received: string[][] = [];
  const receive = (connection: WebSocket) => {
    const mine: string[] = [];
    received.push(mine);
    connection.on('message', (data) => mine.push(String(data)));
  };
  const url = await serve((connection) => {
    receive(connection);
    connection.on('message', () => {
      if (received[0]?.length === 3) connection.terminate();
    });
  }, receive);
  const driven = new DrivenWriter(webSocket.sink<number>(url, { retryDelayMs: 1 }).createWriter());
  driven.writer.write(1, 0);
  await driven.checkpoint();
  expect(received).toEqual([['1']]);
  for (const record of [2, 3, 4]) driven.writer.write(record, 0);
  await driven.checkpoint();
  expect(received[1]).toEqual(['2', '3', '4']);
  driven.writer.write(5, 0);
  await driven.until(() => driven.writer.drained?.() === true);
  expect(received[1]?.at(-1)).toBe('5');
  driven.writer.close();
});

test('a sink whose other side is not there fails in a sentence', async () => {
  const url = await serve();
  await new Promise((closed) => servers.pop()?.close(closed));
  const driven = new DrivenWriter(webSocket.sink(url, { maxRetries: 1, retryDelayMs: 1 }).createWriter());
  driven.writer.write('a', 0);
  await expect(driven.until(() => false)).rejects.toThrow(
    /^The connection to ws:\/\/127\.0\.0\.1:\d+ failed \(connect ECONNREFUSED 127\.0\.0\.1:\d+, and 1 retry did not help\): start/,
  );
  driven.writer.close();
});

test('closing does not wait for an other side that says nothing', { timeout: 10_000 }, async () => {
  const http = createServer();
  const upgraded = new Promise<Duplex>((came) => {
    http.on('upgrade', ({ headers }, connection) => {
      const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      // A first message, so that it is known to be open: one frame of text with two letters.
      const hi = Buffer.from([0x81, 2, 0x68, 0x69]);
      connection.write(
        Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`), hi]),
      );
      connection.resume();
      came(connection);
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const reader = new DrivenReader(webSocket.source(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`));
  expect(await reader.read(1)).toEqual(['hi']);
  const connection = await upgraded;
  const gone = once(connection, 'end');
  reader.close();
  await gone;
  connection.destroy();
  await new Promise((over) => http.close(over));
});

test('closing tells the other side, and leaves no handle behind', async () => {
  const handles = () =>
    process.getActiveResourcesInfo().filter((kind) => /TCPSocket|TCPConnect|Timeout/.test(kind));
  const closed: Promise<unknown>[] = [];
  const attend = (connection: WebSocket) => {
    closed.push(once(connection, 'close'));
    connection.send('one');
  };
  const url = await serve(attend, attend);
  const before = handles().length;
  const reader = new DrivenReader(webSocket.source(url));
  await reader.read(1);
  const driven = new DrivenWriter(webSocket.sink(url).createWriter());
  driven.writer.write('a', 0);
  await driven.checkpoint();
  const connecting = new DrivenReader(webSocket.source(url));
  connecting.begin();
  for (const open of [reader, driven.writer, connecting]) open.close();
  expect((await Promise.all(closed)).map((event) => (event as [number])[0])).toEqual([1000, 1000]);
  await new Promise((later) => setImmediate(later));
  expect(handles().length).toBeLessThanOrEqual(before);
});
