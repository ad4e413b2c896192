/**
 * A socket that is kept open while there is something to talk to: the skin around the connection's state machine.
 * It carries text and does not read it.
 */
import { WebSocket } from 'ws';
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../runtime/protocol/version.ts';
import { absent, type ConnectionEvent, type ConnectionState, connect } from './connection.ts';

export interface Endpoint {
  readonly port: number;
  /** 256 bits in hex. It stays in the extension host. */
  readonly token: string;
}

export interface LinkListener {
  onState(state: ConnectionState): void;
  onText(text: string): void;
}

export interface Link {
  readonly state: ConnectionState;
  /** Where the runtime listens now, or null when there is none. */
  aim(endpoint: Endpoint | null): void;
  /** The peer speaks a protocol that we do not: stop trying until the next endpoint. */
  refuse(reason: string): void;
  /** Closes the socket and connects anew, as if it had been lost. */
  restart(): void;
  /** What is sent while the link is not open is dropped: the answer would belong to another conversation. */
  send(text: string): boolean;
  dispose(): void;
}

/** A snapshot of a job with a thousand vertices is a few MiB; nothing that we ask for comes near this. */
const messageBytesMax = 128 * 1024 * 1024;
const handshakeTimeoutMs = 5_000;

export function createLink(listener: LinkListener): Link {
  let state: ConnectionState = absent;
  let token = '';
  let socket: WebSocket | null = null;
  let timer: NodeJS.Timeout | undefined;

  const handle = (event: ConnectionEvent) => {
    const before = state;
    const [next, effects] = connect(state, event);
    state = next;
    for (const effect of effects) {
      switch (effect.do) {
        case 'open':
          open(effect.port);
          break;
        case 'close':
          close();
          break;
        case 'wake':
          clearTimeout(timer);
          if (effect.afterMs !== null) timer = setTimeout(() => handle({ type: 'woke' }), effect.afterMs);
          break;
      }
    }
    if (state !== before) listener.onState(state);
  };

  const open = (port: number) => {
    const opened = new WebSocket(`ws://127.0.0.1:${port}/`, [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token], {
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
      handshakeTimeout: handshakeTimeoutMs,
    });
    socket = opened;
    const ifCurrent = (event: ConnectionEvent) => {
      if (socket === opened) handle(event);
    };
    opened.on('open', () => ifCurrent({ type: 'opened' }));
    opened.on('message', (data, isBinary) => {
      if (socket === opened && !isBinary) listener.onText(data.toString());
    });
    opened.on('unexpected-response', (_, response) => {
      opened.terminate();
      ifCurrent({ type: 'refused', reason: `the runtime answered ${response.statusCode ?? 'nothing'}` });
    });
    opened.on('close', () => ifCurrent({ type: 'dropped', at: Date.now() }));
    // Always followed by close, which is what counts.
    opened.on('error', () => {});
  };

  const close = () => {
    const closing = socket;
    socket = null;
    closing?.terminate();
  };

  return {
    get state() {
      return state;
    },
    aim(endpoint) {
      if (endpoint === null) return handle({ type: 'gone' });
      token = endpoint.token;
      handle({ type: 'endpoint', port: endpoint.port });
    },
    refuse: (reason) => handle({ type: 'refused', reason }),
    restart() {
      close();
      handle({ type: 'dropped', at: Date.now() });
    },
    send(text) {
      if (state.phase !== 'open' || socket === null) return false;
      socket.send(text);
      return true;
    },
    dispose: () => handle({ type: 'gone' }),
  };
}
