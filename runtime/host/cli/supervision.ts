/**
 * What the command that runs a job does about its runtime process, as a pure machine: reports, exits and Ctrl-C in,
 * effects out.
 *
 *   starting ─▶ running ─▶ ended
 *      │           │ silence (its process is gone without a goodbye)
 *      └───────────┴─▶ started anew, at once, from the last checkpoint of this run or from where it began
 *
 * Too many crashes in a short time end it: something is wrong that a restart does not cure.
 */
import type { LaunchFailure, LaunchReport } from '../../protocol/launch.ts';
import type { SavepointSummary } from '../../protocol/savepoints.ts';

export type SupervisionState =
  | { readonly phase: 'starting' }
  | { readonly phase: 'running' }
  /** Ctrl-C: the job is asked to stop with a savepoint. */
  | { readonly phase: 'stopping' }
  /** A second Ctrl-C: whatever runs is ended. */
  | { readonly phase: 'killing' }
  | { readonly phase: 'over'; readonly outcome: RunOutcome };

export type RunOutcome =
  | { readonly type: 'ended'; readonly report: Extract<LaunchReport, { type: 'ended' }> }
  | { readonly type: 'failed'; readonly failure: LaunchFailure }
  | { readonly type: 'interrupted'; readonly savepoint: SavepointSummary | null }
  /** It crashed again and again. */
  | { readonly type: 'lost'; readonly crashes: number; readonly lastWords: string | null };

export interface Supervision {
  readonly state: SupervisionState;
  /** When it crashed, of late. */
  readonly crashes: readonly number[];
}

export type SupervisionEvent =
  | { readonly type: 'report'; readonly report: LaunchReport }
  | { readonly type: 'exited'; readonly at: number; readonly lastWords: string | null }
  | { readonly type: 'interrupt' }
  /** The job could not be stopped with a savepoint. */
  | { readonly type: 'stop-failed' };

export type SupervisionEffect =
  | { readonly do: 'start-again' }
  | { readonly do: 'stop-with-savepoint' }
  | { readonly do: 'close-stdin' }
  | { readonly do: 'kill' };

export interface SupervisionStep {
  readonly supervision: Supervision;
  readonly effects: readonly SupervisionEffect[];
}

export const crashesMax = 5;
export const crashWindowMs = 60_000;

export const beginSupervision: Supervision = { state: { phase: 'starting' }, crashes: [] };

export function supervise(supervision: Supervision, event: SupervisionEvent): SupervisionStep {
  const { state } = supervision;
  if (state.phase === 'over') return { supervision, effects: [] };
  switch (event.type) {
    case 'report':
      return reported(supervision, event.report);
    case 'exited':
      return exited(supervision, event.at, event.lastWords);
    case 'stop-failed':
      return state.phase === 'stopping'
        ? become(supervision, { phase: 'running' })
        : { supervision, effects: [] };
    case 'interrupt':
      if (state.phase === 'running')
        return become(supervision, { phase: 'stopping' }, { do: 'stop-with-savepoint' });
      if (state.phase === 'killing') return { supervision, effects: [{ do: 'kill' }] };
      return become(supervision, { phase: 'killing' }, { do: 'close-stdin' });
  }
}

function reported(supervision: Supervision, report: LaunchReport): SupervisionStep {
  const wasInterrupted = supervision.state.phase === 'stopping' || supervision.state.phase === 'killing';
  switch (report.type) {
    case 'running':
      return supervision.state.phase === 'starting'
        ? become(supervision, { phase: 'running' })
        : { supervision, effects: [] };
    case 'ended': {
      const isOwnEnd = report.status === 'finished' || !wasInterrupted;
      const outcome: RunOutcome = isOwnEnd
        ? { type: 'ended', report }
        : { type: 'interrupted', savepoint: report.savepoint };
      return become(supervision, { phase: 'over', outcome }, { do: 'close-stdin' });
    }
    case 'failed':
      return become(
        supervision,
        { phase: 'over', outcome: { type: 'failed', failure: report.failure } },
        { do: 'close-stdin' },
      );
    default:
      return { supervision, effects: [] };
  }
}

function exited(supervision: Supervision, at: number, lastWords: string | null): SupervisionStep {
  const { phase } = supervision.state;
  if (phase === 'killing' || phase === 'stopping') {
    // It was to end, and has: without a savepoint, from the last checkpoint on.
    return become(supervision, { phase: 'over', outcome: { type: 'interrupted', savepoint: null } });
  }
  const crashes = [...supervision.crashes.filter((before) => at - before < crashWindowMs), at];
  if (crashes.length > crashesMax) {
    const outcome: RunOutcome = { type: 'lost', crashes: crashes.length, lastWords };
    return { supervision: { state: { phase: 'over', outcome }, crashes }, effects: [] };
  }
  const state: SupervisionState = { phase: 'starting' };
  return { supervision: { state, crashes }, effects: [{ do: 'start-again' }] };
}

function become(
  supervision: Supervision,
  state: SupervisionState,
  ...effects: readonly SupervisionEffect[]
): SupervisionStep {
  return { supervision: { ...supervision, state }, effects };
}
