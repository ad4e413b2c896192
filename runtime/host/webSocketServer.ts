/**
 * The one socket of a runtime. It listens on loopback only, and a connection is let in when three things hold:
 *
 * - W1. Its Host is an address of loopback with our port. A page of the web that has its name resolved to 127.0.0.1
 *   (DNS rebinding) still sends its own name.
 * - W2. Its Origin, where it has one, is the dashboard that we serve ourselves. Browsers send it with every WebSocket.
 * - W3. It brings the token of this run, compared in constant time, as a subprotocol: browsers cannot set headers.
 *
 * Sizes are bounded here, depth and rate by the session.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../protocol/version.ts';
import type { Connection, Session } from '../server/session.ts';
import { refuse, serveDashboard } from './dashboardPages.ts';

export interface WebSocketServerOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly token: string;
  readonly dashboard: boolean;
  open(connection: Connection): Session;
  /** After every message and every change of who is there: something may be due. */
  afterEvent(): void;
}

export type ListenOutcome =
  | { readonly ok: true; readonly server: RunningServer }
  | { readonly ok: false; readonly isInUse: boolean; readonly message: string };

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

export const messageBytesMax = 1024 * 1024;
const connectionsMax = 64;
const loopback = '127.0.0.1';

export function listen(options: WebSocketServerOptions): Promise<ListenOutcome> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const http = createServer((request, response) => {
    if (!isOwnHost(request, portOf(http))) refuse(response, 421, 'This host name is not served here.');
    else if (!options.dashboard) refuse(response, 404, 'No dashboard is served here; run with --serve.');
    else serveDashboard(request, response);
  });
  http.headersTimeout = 5_000;
  http.requestTimeout = 10_000;
  http.maxHeadersCount = 100;
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const refusal = refusalOf(request, options, portOf(http), sockets.clients.size);
    if (refusal !== null) {
      refuseUpgrade(socket, refusal);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => attend(webSocket, options));
  });
  return new Promise((answer) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      answer({ ok: false, isInUse: error.code === 'EADDRINUSE', message: error.message });
    });
    http.listen(options.port, loopback, () => {
      const close = async () => {
        for (const client of sockets.clients) client.terminate();
        http.closeAllConnections();
        await new Promise<void>((closed) => http.close(() => closed()));
      };
      answer({ ok: true, server: { port: portOf(http), close } });
    });
  });
}

function attend(webSocket: WebSocket, options: WebSocketServerOptions): void {
  const session = options.open({
    send: (text) => webSocket.send(text),
    backlogBytes: () => webSocket.bufferedAmount,
    close: (code, reason) => webSocket.close(code, reason.slice(0, 120)),
  });
  webSocket.on('message', (data, isBinary) => {
    if (isBinary) webSocket.close(1_003, 'Messages are text.');
    else session.receive(data.toString());
    options.afterEvent();
  });
  // A frame that is too large or malformed; `close` follows.
  webSocket.on('error', () => webSocket.terminate());
  webSocket.on('close', () => {
    session.closed();
    options.afterEvent();
  });
}

interface Refusal {
  readonly status: string;
  readonly sentence: string;
}

function refusalOf(
  request: IncomingMessage,
  options: WebSocketServerOptions,
  port: number,
  connections: number,
): Refusal | null {
  if (!isOwnHost(request, port))
    return { status: '421 Misdirected Request', sentence: 'This host name is not served here.' };
  if (!isOwnOrigin(request, port))
    return { status: '403 Forbidden', sentence: 'Pages of this origin are not let in.' };
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    return { status: '400 Bad Request', sentence: `The subprotocol is ${SUBPROTOCOL}.` };
  }
  const token = offered.find((protocol) => protocol.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  if (!isSameSecret(token?.slice(TOKEN_SUBPROTOCOL_PREFIX.length) ?? '', options.token)) {
    return { status: '401 Unauthorized', sentence: 'The token is not the one of this run.' };
  }
  if (connections >= connectionsMax) {
    return {
      status: '503 Service Unavailable',
      sentence: `${connectionsMax} clients are connected already.`,
    };
  }
  return null;
}

function isOwnHost(request: IncomingMessage, port: number): boolean {
  const host = request.headers.host ?? '';
  return host === `${loopback}:${port}` || host === `localhost:${port}`;
}

/** Clients that are no pages (the extension, the CLI) send none. */
function isOwnOrigin(request: IncomingMessage, port: number): boolean {
  const { origin } = request.headers;
  return (
    origin === undefined || origin === `http://${loopback}:${port}` || origin === `http://localhost:${port}`
  );
}

/** Of hashes, which have one length: neither the content nor the length of the secret shows in the time it takes. */
function isSameSecret(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

function refuseUpgrade(socket: Duplex, { status, sentence }: Refusal): void {
  const body = `${sentence}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo | null)?.port ?? 0;
}
