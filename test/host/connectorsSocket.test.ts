/** The socket source against real servers on loopback. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { socket } from '../../runtime/connectors/index.node.ts';
import { DrivenReader } from './driven.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
});

/** Serves its n-th connection by the n-th function. */
async function serve(...serving: ((connection: Socket) => void)[]): Promise<number> {
  let connections = 0;
  const server = createServer((connection) => {
    connection.on('error', () => {});
    serving[connections++]?.(connection);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const port = await serve();
  await new Promise((closed) => servers.pop()?.close(closed));
  return port;
}

const sourceOf = (port: number, options: Partial<Parameters<typeof socket.source>[0]> = {}) =>
  socket.source({ host: '127.0.0.1', port, ...options });

test('lines come until the other side closes, also the last one that has no end', async () => {
  const port = await serve((connection) => {
    connection.write('eins\nzw');
    connection.write(Buffer.from([0xc3]));
    connection.end(Buffer.from([0xb6, 0x6c, 0x66, 0x0a, 0x21]));
  });
  const reader = new DrivenReader(sourceOf(port));
  expect(await reader.read(10)).toEqual(['eins', 'zwölf', '!']);
  expect(reader.isFinished).toBe(true);
  reader.close();
});

test('it connects again, and goes on', async () => {
  const port = await serve(
    (connection) => connection.end('one\ntwo\n'),
    (connection) => {
      connection.write('three\nhal');
      setImmediate(() => connection.resetAndDestroy());
    },
    (connection) => connection.write('four\n'),
  );
  const reader = new DrivenReader(sourceOf(port, { maxRetries: 3, retryDelayMs: 1 }));
  expect(await reader.read(4)).toEqual(['one', 'two', 'three', 'four']);
  reader.close();
});

test('a server that is not there is told in a sentence', async () => {
  const port = await deadPort();
  const reader = new DrivenReader(sourceOf(port, { maxRetries: 2, retryDelayMs: 1 }));
  await expect(reader.read(1)).rejects.toThrow(
    `The connection to 127.0.0.1:${port} failed (connect ECONNREFUSED 127.0.0.1:${port}, and 2 retries did not help): start what is to listen there, or raise maxRetries.`,
  );
  expect(reader.log).toHaveLength(2);
  // A name with several addresses fails at all of them.
  await expect(new DrivenReader(socket.source({ host: 'localhost', port })).read(1)).rejects.toThrow(
    /failed \(connect ECONNREFUSED/,
  );
});

test('a reader that is not asked does not take more than it may: the other side waits, and nothing is lost', async () => {
  const line = `${'x'.repeat(64 * 1024 - 1)}\n`;
  const lines = 1_024;
  let flushed = 0;
  const port = await serve((connection) => {
    let left = lines;
    const more = () => {
      if (left-- === 0) connection.end();
      else
        connection.write(line, () => {
          flushed++;
          more();
        });
    };
    more();
  });
  const reader = new DrivenReader(sourceOf(port));
  reader.begin();
  // While it stands still, everything else goes on; when nothing more was taken for a long time, it is full.
  for (let before = -1, still = 0; still < 200; ) {
    await new Promise((later) => setImmediate(later));
    still = flushed > 0 && flushed === before ? still + 1 : 0;
    before = flushed;
  }
  expect(flushed).toBeLessThan(lines);
  expect(await reader.read(lines + 1)).toHaveLength(lines);
  reader.close();
});

test('closing leaves no handle behind, whatever the connection is doing', async () => {
  const sockets = () =>
    process.getActiveResourcesInfo().filter((kind) => /TCPSocket|TCPConnect|Timeout/.test(kind));
  const accepted: Promise<unknown>[] = [];
  const port = await serve(
    ...Array<(connection: Socket) => void>(2).fill((connection) => {
      accepted.push(once(connection, 'close'));
      connection.write('one\n');
    }),
  );
  const before = sockets().length;
  const open = new DrivenReader(sourceOf(port));
  await open.read(1);
  const connecting = new DrivenReader(sourceOf(port));
  connecting.begin();
  const waiting = new DrivenReader(sourceOf(await deadPort(), { maxRetries: 1, retryDelayMs: 60_000 }));
  waiting.begin();
  for (const reader of [open, connecting, waiting]) reader.close();
  await Promise.all(accepted);
  await new Promise((later) => setImmediate(later));
  expect(sockets().length).toBeLessThanOrEqual(before);
});
