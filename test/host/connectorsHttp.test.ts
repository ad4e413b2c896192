/** The HTTP polling source against real servers on loopback. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { http } from '../../runtime/connectors/index.node.ts';
import { DrivenReader } from './driven.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly connections: Socket[] }> {
  const server = createServer(answer);
  servers.push(server);
  // It keeps connections open until the client closes them.
  server.keepAliveTimeout = 0;
  const connections: Socket[] = [];
  server.on('connection', (connection) => connections.push(connection));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

const log = ['a', 'b', 'c', 'd', 'e', 'ä€😀'];

/** At most two records behind the cursor. */
const paging = (request: IncomingMessage, response: ServerResponse) => {
  const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
  const body = { records: log.slice(after, after + 2), next: Math.min(log.length, after + 2) };
  response.end(JSON.stringify(body));
};

const sourceOf = (url: string, options: { readonly maxRetries?: number } = {}) =>
  http.poll((after) => `${url}/events?after=${after}`, {
    everyMs: 1,
    initialCursor: 0,
    retryDelayMs: 1,
    parse: (body) => {
      const { records, next } = JSON.parse(body) as { records: string[]; next: number };
      return { records, cursor: next, more: next < log.length };
    },
    ...options,
  });

test('it follows its cursor over one connection, and goes on from where a snapshot was', async () => {
  const { url, connections } = await serve(paging);
  const first = new DrivenReader(sourceOf(url));
  expect(await first.read(3)).toEqual(['a', 'b', 'c']);
  const position = first.position();
  expect(position.resume).toEqual({ cursor: 4, left: ['d'] });
  first.close();
  expect(connections).toHaveLength(1);
  const second = new DrivenReader(sourceOf(url), position);
  expect(await second.read(3)).toEqual(['d', 'e', 'ä€😀']);
  second.close();
});

test('a server that fails, hangs up or says that it is busy is asked again', async () => {
  let asked = 0;
  const { url } = await serve((request, response) => {
    asked++;
    if (asked === 1) request.socket.destroy();
    else if (asked === 2) {
      response.statusCode = 503;
      response.setHeader('retry-after', '0');
      response.end('busy');
    } else if (asked === 3) {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => request.socket.end());
    } else paging(request, response);
  });
  const reader = new DrivenReader(sourceOf(url));
  expect(await reader.read(2)).toEqual(['a', 'b']);
  expect(reader.log.map((line) => /\((.*?)\);/.exec(line)?.[1])).toEqual([
    'socket hang up',
    'it answers with status 503',
    expect.stringMatching(/aborted|hang up/),
  ]);
  reader.close();
});

test('a request brings headers and a body', async () => {
  const requests: unknown[] = [];
  const { url } = await serve((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      requests.push([request.method, request.headers['x-key'], Buffer.concat(pieces).toString()]);
      response.end('"done"');
    });
  });
  const source = http.poll(url, {
    everyMs: 1,
    initialCursor: null,
    headers: { 'x-key': 'k' },
    body: () => 'größer',
    parse: (body) => ({ records: [JSON.parse(body) as string], cursor: null, last: true }),
    bounded: true,
  });
  const reader = new DrivenReader(source);
  expect(await reader.read(2)).toEqual(['done']);
  expect(requests).toEqual([['POST', 'k', 'größer']]);
  reader.close();
});

test('a server that is not there is told in a sentence', async () => {
  const { url } = await serve(paging);
  await new Promise((closed) => servers.pop()?.close(closed));
  await expect(new DrivenReader(sourceOf(url, { maxRetries: 0 })).read(1)).rejects.toThrow(
    `${url}/events cannot be read (connect ECONNREFUSED ${url.slice('http://'.length)}): start the server, or raise maxRetries.`,
  );
});

test('closing leaves no handle behind, whether a request is under way or not', async () => {
  const handles = () =>
    process.getActiveResourcesInfo().filter((kind) => /TCPSocket|TCPConnect|Timeout/.test(kind));
  const { url, connections } = await serve((request, response) => {
    if (request.url === '/silent') requests.shift()?.();
    else paging(request, response);
  });
  const requests: (() => void)[] = [];
  const asked = new Promise<void>((came) => requests.push(came));
  const before = handles().length;
  const idle = new DrivenReader(sourceOf(url));
  await idle.read(1);
  const busy = new DrivenReader(
    http.poll(`${url}/silent`, {
      everyMs: 1,
      initialCursor: null,
      parse: () => ({ records: [], cursor: null }),
    }),
  );
  busy.begin();
  await asked;
  const closed = connections.map((connection) => once(connection, 'close'));
  idle.close();
  busy.close();
  await Promise.all(closed);
  await new Promise((later) => setImmediate(later));
  expect(connections).toHaveLength(2);
  expect(handles().length).toBeLessThanOrEqual(before);
});
