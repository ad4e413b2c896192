/** A WebSocket as its source and its sink see it: what Node has to do with it is handed in (webSocket.node.ts). */
import {
  type Closable,
  type ConnectionEvents,
  checkRetries,
  type RetryOptions,
} from './lastingConnection.ts';

/** Text, or bytes of a binary message. */
export type WebSocketMessage = string | Uint8Array;

export interface WebSocketOptions {
  /** Subprotocols that are offered. */
  readonly protocols?: readonly string[];
  /** Of the request that opens it: `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * How often in a row to try again when the connection is lost or cannot be made; Infinity: for ever. Default 3.
   */
  readonly maxRetries?: number;
  /** Before each retry. Default 500. */
  readonly retryDelayMs?: number;
  /** How long making the connection may take. Default 10 000. */
  readonly connectTimeoutMs?: number;
}

export interface WebSocketConnection extends Closable {
  send(message: WebSocketMessage): void;
  /** The other side answers with a pong of the same payload (RFC 6455, 5.5.2), behind whatever was sent before. */
  ping(payload: string): void;
  /** No more messages, but for those that were read from the socket already (64 KiB at most), until `resume`. */
  pause(): void;
  resume(): void;
}

export interface WebSocketEvents extends ConnectionEvents {
  onMessage(message: WebSocketMessage): void;
  onPong(payload: string): void;
}

export interface WebSocketAddress {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

export type ConnectWebSocket = (address: WebSocketAddress, events: WebSocketEvents) => WebSocketConnection;

export interface CheckedWebSocket {
  readonly address: WebSocketAddress;
  readonly retry: RetryOptions;
  /** For people: without user, password and query, where secrets tend to be. */
  readonly peer: string;
}

/** The options with their defaults; a sentence where they are wrong. */
export function checkWebSocket(
  what: string,
  url: string,
  options: WebSocketOptions,
): CheckedWebSocket | string {
  const {
    protocols = [],
    headers = {},
    maxRetries = 3,
    retryDelayMs = 500,
    connectTimeoutMs = 10_000,
  } = options;
  const [, scheme, host] = /^(wss?:\/\/)(?:[^/?#]*@)?([^?#]+)/i.exec(url) ?? [];
  if (scheme === undefined || host === undefined) {
    return `The address of a ${what} begins with ws:// or wss:// and a host, unlike ${JSON.stringify(url)}.`;
  }
  const retry = { maxRetries, retryDelayMs, connectTimeoutMs };
  const problem = checkRetries(`a ${what}`, retry);
  if (problem !== null) return problem;
  return { address: { url, protocols, headers }, retry, peer: `${scheme}${host}` };
}
