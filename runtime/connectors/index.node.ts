/**
 * `import { … } from 'sluice/connectors'`: sources and sinks. Their guarantees are in docs/guide/connectors.md.
 *
 * What needs nothing but the language is in index.ts, so that it can be used where there is no Node; here the rest joins it.
 */
export * as http from './http.node.ts';
export type { HttpHeaders } from './httpClient.ts';
export type { HttpPage, HttpPollOptions } from './httpPolling.ts';
export * from './index.ts';
export * as socket from './socket.node.ts';
export type { SocketSourceOptions } from './socketSource.ts';
export * as webSocket from './webSocket.node.ts';
export type { WebSocketMessage, WebSocketOptions } from './webSocketConnection.ts';
export type { WebSocketSinkOptions } from './webSocketSink.ts';
export type { WebSocketSourceOptions } from './webSocketSource.ts';
