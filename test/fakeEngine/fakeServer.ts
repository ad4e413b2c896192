/**
 * The fake engine behind a real socket on loopback: the handshake of the runtime's server (subprotocol, token), JSON-RPC
 * as text frames, and the built dashboard on the same port. Its clock stands still unless `realTime` moves it.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WebSocket, WebSocketServer } from 'ws';
import { type RequestMethod, requests } from '../../runtime/protocol/messages.ts';
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../runtime/protocol/version.ts';
import { type FakeEngine, RequestRefused } from './fakeEngine.ts';

export interface FakeServer {
  readonly engine: FakeEngine;
  readonly port: number;
  readonly token: string;
  /** The dashboard's address, token included. */
  readonly url: string;
  /** Cuts every connection; new ones are taken unless `refuse`. */
  drop(refuse?: boolean): void;
  /** Lets connections in again after `drop(true)`. */
  accept(): void;
  /** Moves the engine's clock with the wall clock until closed. */
  realTime(): void;
  close(): Promise<void>;
}

const assets = fileURLToPath(new URL('../../dist/webview/', import.meta.url));
const contentTypes: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  ttf: 'font/ttf',
};

export async function startFakeServer(
  engine: FakeEngine,
  port = 0,
  token = 'a1'.repeat(32),
): Promise<FakeServer> {
  let refusing = false;
  let ticking: NodeJS.Timeout | null = null;
  const http = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const name = path === '/' ? 'index.html' : normalize(path).replaceAll('..', '').slice(1);
    const content = await readFile(join(assets, name)).catch(() => null);
    if (content === null) response.writeHead(404).end();
    else
      response
        .writeHead(200, {
          'content-type': contentTypes[name.split('.').pop() ?? ''] ?? 'application/octet-stream',
        })
        .end(content);
  });
  const sockets = new WebSocketServer({
    server: http,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    verifyClient: ({ req }: { req: import('node:http').IncomingMessage }) => {
      const offered = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim());
      return !refusing && offered.includes(SUBPROTOCOL) && offered.includes(TOKEN_SUBPROTOCOL_PREFIX + token);
    },
  });
  sockets.on('connection', (socket) => serve(socket, engine));
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  const actual = (http.address() as AddressInfo).port;
  const drop = (refuse = false) => {
    refusing = refuse;
    for (const socket of sockets.clients) socket.terminate();
  };
  return {
    engine,
    port: actual,
    token,
    url: `http://127.0.0.1:${actual}/#token=${token}`,
    drop,
    accept: () => {
      refusing = false;
    },
    realTime: () => {
      let last = performance.now();
      ticking ??= setInterval(() => {
        const now = performance.now();
        engine.advance(Math.round(now - last));
        last = now;
      }, 50);
    },
    close: async () => {
      if (ticking !== null) clearInterval(ticking);
      drop(true);
      sockets.close();
      await closed(http);
    },
  };
}

function serve(socket: WebSocket, engine: FakeEngine): void {
  const send = (message: object) => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  let stopListening = () => {};
  socket.on('close', () => stopListening());
  socket.on('message', async (data) => {
    const { id, method, params } = JSON.parse(String(data)) as {
      id?: number | string;
      method: string;
      params?: unknown;
    };
    if (!(method in requests)) {
      if (id !== undefined) send({ id, error: { code: -32601, message: `Unknown method ${method}` } });
      return;
    }
    try {
      const result = await engine.request(method as RequestMethod, (params ?? {}) as never);
      send({ id, result });
      if (method !== 'job/subscribe') return;
      stopListening();
      stopListening = engine.listen((name, payload) => send({ method: name, params: payload }));
    } catch (error) {
      const refused = error instanceof RequestRefused ? error : new RequestRefused(-32602, String(error));
      send({
        id,
        error: {
          code: refused.code,
          message: refused.message,
          ...(refused.data === undefined ? {} : { data: refused.data }),
        },
      });
    }
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
