/**
 * When to connect, as a pure state machine; the same one drives the extension's own connection and the relay of
 * every dashboard. It knows neither sockets nor messages.
 *
 *   absent ──endpoint──▶ connecting ──opened──▶ open ──dropped──▶ lost ──woke──▶ connecting …
 *   any ──gone──▶ absent                connecting ──refused──▶ refused (until the next endpoint)
 *
 * `lost` keeps the moment at which the picture was last true: what a screen shows is "as of" it.
 */
import { unreachable } from '../unreachable.ts';

export type ConnectionState =
  | { readonly phase: 'absent' }
  | {
      readonly phase: 'connecting';
      readonly port: number;
      readonly attempt: number;
      readonly lostSince: number | null;
    }
  | { readonly phase: 'open'; readonly port: number }
  | { readonly phase: 'lost'; readonly port: number; readonly attempt: number; readonly since: number }
  | { readonly phase: 'refused'; readonly reason: string };

export type ConnectionEvent =
  /** A runtime listens here now. */
  | { readonly type: 'endpoint'; readonly port: number }
  /** The runtime is gone: nothing to connect to. */
  | { readonly type: 'gone' }
  | { readonly type: 'opened' }
  | { readonly type: 'dropped'; readonly at: number }
  /** The handshake was refused for a reason that trying again does not change. */
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'woke' };

export type ConnectionEffect =
  | { readonly do: 'open'; readonly port: number }
  | { readonly do: 'close' }
  | { readonly do: 'wake'; readonly afterMs: number | null };

export const absent: ConnectionState = { phase: 'absent' };

const retryMinMs = 100;
const retryMaxMs = 2_000;

export function connect(
  state: ConnectionState,
  event: ConnectionEvent,
): readonly [ConnectionState, readonly ConnectionEffect[]] {
  switch (event.type) {
    case 'endpoint': {
      if ('port' in state && state.port === event.port && state.phase !== 'lost') return [state, []];
      const lostSince = state.phase === 'lost' ? state.since : null;
      const cleared: readonly ConnectionEffect[] =
        state.phase === 'absent' || state.phase === 'refused'
          ? []
          : [{ do: 'wake', afterMs: null }, { do: 'close' }];
      return [
        { phase: 'connecting', port: event.port, attempt: 1, lostSince },
        [...cleared, { do: 'open', port: event.port }],
      ];
    }
    case 'gone':
      return state.phase === 'absent'
        ? [state, []]
        : [absent, [{ do: 'wake', afterMs: null }, { do: 'close' }]];
    case 'opened':
      return state.phase === 'connecting' ? [{ phase: 'open', port: state.port }, []] : [state, []];
    case 'dropped': {
      if (state.phase === 'open') return retry(state.port, 1, event.at);
      if (state.phase === 'connecting')
        return retry(state.port, state.attempt + 1, state.lostSince ?? event.at);
      return [state, []];
    }
    case 'refused':
      return state.phase === 'absent'
        ? [state, []]
        : [{ phase: 'refused', reason: event.reason }, [{ do: 'wake', afterMs: null }, { do: 'close' }]];
    case 'woke':
      return state.phase === 'lost'
        ? [
            { phase: 'connecting', port: state.port, attempt: state.attempt, lostSince: state.since },
            [{ do: 'open', port: state.port }],
          ]
        : [state, []];
    default:
      return unreachable(event);
  }
}

function retry(
  port: number,
  attempt: number,
  since: number,
): readonly [ConnectionState, readonly ConnectionEffect[]] {
  const afterMs = Math.min(retryMaxMs, retryMinMs * 2 ** (attempt - 1));
  return [{ phase: 'lost', port, attempt, since }, [{ do: 'wake', afterMs }]];
}
