/**
 * In a browser: a WebSocket to where the page came from. The token comes in the address's fragment, which no server
 * and no referrer ever sees; it is taken out of the address bar at once and kept for this tab only, so that a reload
 * works. It travels as a subprotocol, because a browser cannot set headers on a WebSocket.
 */
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../runtime/protocol/version.ts';
import type { Transport, TransportListener } from './transport.ts';

const tokenKey = 'sluice.token';
const uiKey = 'sluice.ui';
const firstRetryMs = 250;
const lastRetryMs = 5_000;

export function browserTransport(): Transport {
  const token = takeToken();
  let listener: TransportListener;
  let socket: WebSocket | null = null;
  let generation = 0;
  let failures = 0;
  let lostSince: number | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    clearTimeout(retry);
    if (token === null) {
      listener.connection({
        kind: 'lost',
        since: Date.now(),
        reason: 'This address carries no token. Open the one that the command line printed.',
        retryAt: null,
      });
      return;
    }
    if (lostSince === null) listener.connection({ kind: 'connecting' });
    const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;
    const opened = new WebSocket(address, [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token]);
    socket = opened;
    opened.onopen = () => {
      failures = 0;
      lostSince = null;
      generation += 1;
      listener.connection({ kind: 'live', generation });
    };
    opened.onmessage = ({ data }) => {
      if (opened === socket && typeof data === 'string') listener.frame(data);
    };
    opened.onclose = () => {
      if (opened !== socket) return;
      socket = null;
      lostSince ??= Date.now();
      const waitMs = Math.min(lastRetryMs, firstRetryMs * 2 ** failures++);
      listener.connection({
        kind: 'lost',
        since: lostSince,
        reason: 'The runtime does not answer.',
        retryAt: Date.now() + waitMs,
      });
      retry = setTimeout(connect, waitMs);
    };
  }

  return {
    host: 'browser',
    start: (given) => {
      listener = given;
      connect();
    },
    send: (text) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(text);
    },
    reconnect: () => {
      if (socket !== null) return;
      failures = 0;
      connect();
    },
    // A page cannot open an editor; the place is put where it can be pasted, if the browser lets us.
    openSource: ({ file, line, column }) =>
      void navigator.clipboard?.writeText(`${file}:${line}:${column}`).catch(() => {}),
    openTextDiff: null,
    run: null,
    showLog: null,
    // Without permission there is no clipboard, and nothing that could be said about it.
    copy: (text) => void navigator.clipboard?.writeText(text).catch(() => {}),
    title: (job, needsUser) => {
      document.title = `${needsUser ? '⚠ ' : ''}${job ?? 'Sluice'}`;
    },
    loadUi: () => parsed(sessionStorage.getItem(uiKey)),
    saveUi: (state) => sessionStorage.setItem(uiKey, JSON.stringify(state)),
  };
}

function takeToken(): string | null {
  const match = /(?:^#|&)token=([0-9a-f]+)/.exec(location.hash);
  if (match === null) return sessionStorage.getItem(tokenKey);
  const token = match[1] as string;
  sessionStorage.setItem(tokenKey, token);
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
