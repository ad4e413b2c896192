/** Who is let in, and what is served to whom. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { listen, messageBytesMax, type RunningServer } from '../../runtime/host/webSocketServer.ts';
import { JobServer } from '../../runtime/server/jobServer.ts';
import type { Services } from '../../runtime/server/services.ts';

const token = 'a1'.repeat(32);
let server: RunningServer;

beforeAll(async () => {
  server = await start(true);
});
afterAll(() => server.close());

async function start(dashboard: boolean): Promise<RunningServer> {
  const jobs = new JobServer({
    clock: { now: () => 0, monotonicMs: () => performance.now() },
    engine: { name: 'test', version: '0' },
    capabilities: [],
    services: {} as Services,
  });
  jobs.serve(null);
  const outcome = await listen({
    port: 0,
    token,
    dashboard,
    open: (connection) => jobs.open(connection),
    afterEvent: () => {},
  });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.server;
}

interface Attempt {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** 101 when it was let in, else the status of the refusal. */
async function knock({
  protocols = ['sluice.v1', `token.${token}`],
  headers = {},
}: Attempt): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, [...protocols], { headers: { ...headers } });
  return new Promise((answer, fail) => {
    socket.on('open', () => {
      socket.terminate();
      answer(101);
    });
    socket.on('unexpected-response', (_request, response) => {
      answer(response.statusCode ?? 0);
      response.destroy();
    });
    socket.on('error', fail);
  });
}

describe('a connection', () => {
  test.each<[string, () => Attempt, number]>([
    ['with the token', () => ({}), 101],
    [
      'from the dashboard that is served here',
      () => ({ headers: { origin: `http://127.0.0.1:${server.port}` } }),
      101,
    ],
    [
      'from it by its other name',
      () => ({ headers: { origin: `http://localhost:${server.port}`, host: `localhost:${server.port}` } }),
      101,
    ],
    ['without a token', () => ({ protocols: ['sluice.v1'] }), 401],
    ['with another token', () => ({ protocols: ['sluice.v1', `token.${'b2'.repeat(32)}`] }), 401],
    ['with half of the token', () => ({ protocols: ['sluice.v1', `token.${token.slice(0, 32)}`] }), 401],
    ['with an empty token', () => ({ protocols: ['sluice.v1', 'token.'] }), 401],
    ['of another protocol', () => ({ protocols: [`token.${token}`] }), 400],
    ['from a page of the web', () => ({ headers: { origin: 'https://example.com' } }), 403],
    [
      'from a page of another port of this machine',
      () => ({ headers: { origin: `http://127.0.0.1:${server.port - 1}` } }),
      403,
    ],
    ['from a file', () => ({ headers: { origin: 'null' } }), 403],
    [
      'by a name that somebody made resolve to this machine',
      () => ({ headers: { host: `evil.example:${server.port}` } }),
      421,
    ],
    ['by the right name on another port', () => ({ headers: { host: '127.0.0.1:1' } }), 421],
  ])('%s', async (_, attempt, status) => {
    expect(await knock(attempt())).toBe(status);
  });

  test('that sends more than a message may hold is closed, and the others stay', async () => {
    const open = async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, ['sluice.v1', `token.${token}`]);
      await once(socket, 'open');
      return socket;
    };
    const [bad, good] = [await open(), await open()];
    const closed = once(bad, 'close');
    bad.on('error', () => {});
    bad.send('x'.repeat(messageBytesMax + 1));
    expect((await closed)[0]).toBe(1_009);
    good.send(
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":{"major":1,"minor":0},"client":{"name":"t","version":"0"}}}',
    );
    const [answer] = (await once(good, 'message')) as [Buffer];
    expect(JSON.parse(answer.toString())).toMatchObject({ id: 1, result: { hasJob: false } });
    good.terminate();
  });

  test('is on loopback only', async () => {
    const { networkInterfaces } = await import('node:os');
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((found) => found?.family === 'IPv4' && !found.internal);
    if (outside === undefined) return;
    const socket = connect(server.port, outside.address);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('a port in use is told as such', async () => {
    const outcome = await listen({
      port: server.port,
      token,
      dashboard: false,
      open: () => {
        throw new Error('nobody comes');
      },
      afterEvent: () => {},
    });
    expect(outcome).toMatchObject({ ok: false, isInUse: true });
  });
});

describe('the dashboard', () => {
  const get = (
    path: string,
    headers: Readonly<Record<string, string>> = {},
    method = 'GET',
    port = server.port,
  ) =>
    new Promise<{ status: number; headers: Record<string, unknown> }>((answer, fail) => {
      const request = httpRequest({ port, host: '127.0.0.1', path, method, headers }, (response) => {
        response.resume();
        answer({ status: response.statusCode ?? 0, headers: response.headers });
      });
      request.on('error', fail);
      request.end();
    });

  test.each([
    ['/', 'GET', 200],
    ['/dashboard.js', 'GET', 200],
    ['/?theme=dark', 'GET', 200],
    ['/', 'POST', 405],
    ['/../runtime/runtime.js', 'GET', 404],
    ['/%2e%2e/package.json', 'GET', 404],
    ['/dashboard.js.map', 'GET', 404],
    ['/anything', 'GET', 404],
  ])('%s %s', async (path, method, status) => {
    expect((await get(path, {}, method)).status).toBe(status);
  });

  test('comes with a policy that lets nothing else in', async () => {
    const { headers } = await get('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${server.port}`);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  test('is not served to a name that somebody made resolve to this machine', async () => {
    expect((await get('/', { host: 'evil.example' })).status).toBe(421);
  });

  test('is not served unless it was asked for', async () => {
    const other = await start(false);
    expect((await get('/', {}, 'GET', other.port)).status).toBe(404);
    await other.close();
  });
});
