/** WebSockets, for `webSocketSource.ts` and `webSocketSink.ts`. */
import type { WebSocket } from 'ws';
import type { Sink } from '../operators/sink.ts';
import type { Source } from '../operators/source.ts';
import { connectionProblem } from './connectionProblem.node.ts';
import { recordBytesMax } from './recordCutter.ts';
import type {
  WebSocketAddress,
  WebSocketConnection,
  WebSocketEvents,
  WebSocketMessage,
} from './webSocketConnection.ts';
import { type WebSocketSinkOptions, webSocketSink } from './webSocketSink.ts';
import { type WebSocketSourceOptions, webSocketSource } from './webSocketSource.ts';

/** Reads the messages of a WebSocket, text as it is; `parse` makes something else of them. At-most-once. */
export function source(
  url: string,
  options?: WebSocketSourceOptions<string> & { readonly parse?: undefined },
): Source<string>;
export function source<T>(
  url: string,
  options: WebSocketSourceOptions<T> & { readonly parse: (message: WebSocketMessage) => T | undefined },
): Source<T>;
export function source<T>(url: string, options: WebSocketSourceOptions<T> = {}): Source<T> {
  return webSocketSource(url, options, connect);
}

/** Sends each record as a message, and knows by pings what has arrived. At-least-once. */
export function sink<T = unknown>(url: string, options: WebSocketSinkOptions<T> = {}): Sink<T> {
  return webSocketSink(url, options, connect);
}

function connect(
  { url, protocols, headers }: WebSocketAddress,
  events: WebSocketEvents,
): WebSocketConnection {
  let socket: WebSocket | null = null;
  let isOver = false;
  /** Nothing is told after the end. */
  const tell = (what: () => void): void => {
    if (!isOver) what();
  };
  const failed = (problem: string): void =>
    tell(() => {
      isOver = true;
      events.onFailure(problem);
    });
  const opened = ({ WebSocket }: typeof import('ws')): void => {
    if (isOver) return;
    // A large message is better refused than kept; compression would cost more than it saves on most messages.
    const made = new WebSocket(url, [...protocols], {
      headers: { ...headers },
      perMessageDeflate: false,
      maxPayload: recordBytesMax,
    });
    socket = made;
    made.on('open', () => tell(() => events.onOpen()));
    made.on('message', (data, isBinary) =>
      tell(() => events.onMessage(isBinary ? bytesOf(data) : String(data))),
    );
    made.on('pong', (payload) => tell(() => events.onPong(String(payload))));
    made.on('error', (error) => failed(connectionProblem(error)));
    made.on('close', (code, reason) => {
      if (!inOrder.has(code))
        failed(`it was closed with code ${code}${reason.length > 0 ? `: ${reason}` : ''}`);
      else
        tell(() => {
          isOver = true;
          events.onEnd();
        });
    });
  };
  // Loaded when it is needed: every pipeline imports this file, and few open a WebSocket.
  import('ws').then(opened).catch((error: Error) => failed(connectionProblem(error)));
  return {
    send: (message) => socket?.send(message),
    ping: (payload) => socket?.ping(payload),
    pause: () => socket?.pause(),
    resume: () => socket?.resume(),
    close: () => {
      isOver = true;
      // The other side is told, and not waited for.
      socket?.close(normalClosure);
      socket?.terminate();
    },
  };
}

const normalClosure = 1000;
/** Normal, going away, and closed without saying why (RFC 6455, 7.4.1). */
const inOrder: ReadonlySet<number> = new Set([normalClosure, 1001, 1005]);

/** One message; in pieces only where a socket is told to deliver them so. */
function bytesOf(data: Buffer | ArrayBuffer | Buffer[]): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
