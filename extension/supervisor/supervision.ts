/**
 * What to do with the runtime process of one job, as a pure state machine: events in, effects out.
 *
 * The picture is a nurse beside a bed. The runtime reports what it is doing; when it falls silent (its process is
 * gone) without having said goodbye, it has *crashed*, and depending on the policy it is brought back at once, after
 * a question, or not at all.
 *
 *      ┌──────────┐ listening, planned, running ┌─────────┐  stop   ┌──────────┐  exit   ┌───────┐
 *      │ starting │ ───────────────────────────▶│ running │ ──────▶ │ stopping │ ──────▶ │ ended │
 *      └──────────┘                             └─────────┘         └──────────┘         └───────┘
 *        ▲      │ exit                     exit │     │ ended, failed                        ▲ ▲
 *   wake │      ▼                               ▼     └──────────────────────────────────────┘ │
 *   ┌────────────┐        automatic, or yes   ┌─────────┐               no                     │
 *   │ recovering │ ◀───────────────────────── │ crashed │ ─────────────────────────────────────┘
 *   └────────────┘                            └─────────┘
 *
 * Invariants:
 *  1. There is at most one process: `spawn` is only asked for when the last one has exited.
 *  2. Whoever says goodbye (`ended`, `failed`) is not brought back; only silence is a crash.
 *  3. A run is never continued from another run's checkpoint: until this run has completed one, it goes on from
 *     where it began.
 *  4. Stopping ends: a process that does not go politely is killed.
 */
import type { LaunchFailure, LaunchReport, LaunchRequest } from '../../runtime/protocol/launch.ts';
import type { SavepointSummary } from '../../runtime/protocol/savepoints.ts';
import { unreachable } from '../unreachable.ts';

export type RecoveryPolicy = 'ask' | 'automatic' | 'never';

export type JobLaunch = NonNullable<LaunchRequest['job']>;

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last line of stderr, when there was one: usually the reason. */
  readonly lastWords: string | null;
}

export type Outcome =
  | {
      readonly type: 'finished' | 'canceled' | 'suspended';
      readonly savepoint: SavepointSummary | null;
      readonly recordsIn: number;
      readonly recordsOut: number;
    }
  | { readonly type: 'failed'; readonly failure: LaunchFailure }
  /** It was asked to stop and went without a report. */
  | { readonly type: 'stopped' }
  /** It crashed and was not brought back. */
  | { readonly type: 'lost'; readonly exit: ProcessExit };

export type SupervisorState =
  | {
      readonly phase: 'starting';
      readonly since: number;
      readonly recovery: boolean;
      readonly port: number | null;
      /** It was refused for a reason that the next start avoids: its exit is awaited, then it is started anew. */
      readonly again: boolean;
    }
  | { readonly phase: 'running'; readonly since: number; readonly port: number }
  | { readonly phase: 'stopping'; readonly step: 'asked' | 'stdin-closed' | 'killed' }
  | { readonly phase: 'crashed'; readonly exit: ProcessExit }
  | { readonly phase: 'recovering'; readonly exit: ProcessExit }
  /** `lingering`: the job is over, its process still answers questions about it. */
  | { readonly phase: 'ended'; readonly outcome: Outcome; readonly lingering: boolean };

export interface Supervision {
  readonly state: SupervisorState;
  /** What the next start would ask for. */
  readonly launch: JobLaunch;
  /** Whether this run has completed a checkpoint, from which it can go on. */
  readonly checkpointed: boolean;
  /** Whether the present process has completed one: then its crash is no part of a loop. */
  readonly progressed: boolean;
  /** When the last crashes without progress happened; the young ones count. */
  readonly crashes: readonly number[];
  readonly crashedAt: number | null;
}

export type SupervisionEvent =
  | { readonly type: 'report'; readonly at: number; readonly report: LaunchReport }
  | {
      readonly type: 'exited';
      readonly at: number;
      readonly exit: ProcessExit;
      readonly policy: RecoveryPolicy;
    }
  | { readonly type: 'checkpoint-completed' }
  /** The running job was restored in place; it would start from there. */
  | { readonly type: 'restored'; readonly savepoint: string; readonly parallelism: number }
  | { readonly type: 'recover'; readonly at: number }
  | { readonly type: 'decline' }
  | { readonly type: 'stop' }
  /** Nobody looks at an ended job any more. */
  | { readonly type: 'release' }
  | { readonly type: 'woke'; readonly at: number };

export type SupervisionEffect =
  | { readonly do: 'spawn'; readonly job: JobLaunch }
  | { readonly do: 'connect'; readonly port: number }
  | { readonly do: 'disconnect' }
  | { readonly do: 'cancel-job' }
  | { readonly do: 'close-stdin' }
  | { readonly do: 'kill' }
  /** One timer: a new one replaces the old one, null stops it. */
  | { readonly do: 'wake'; readonly afterMs: number | null }
  | { readonly do: 'tell'; readonly news: SupervisionNews };

export type SupervisionNews =
  | { readonly type: 'crashed'; readonly exit: ProcessExit; readonly answer: 'ask' | 'none' | 'crash-loop' }
  | { readonly type: 'recovering'; readonly exit: ProcessExit }
  | { readonly type: 'recovered'; readonly afterMs: number; readonly from: SavepointSummary | null }
  | { readonly type: 'ended'; readonly outcome: Outcome };

export interface Step {
  readonly supervision: Supervision;
  readonly effects: readonly SupervisionEffect[];
}

/** How long a job that was asked to cancel may take before stdin is closed, which also stops it. */
export const politeMs = 3_000;
/** The runtime promises to stop within 5 s after its stdin has ended. */
export const killAfterMs = 5_000;
/** More crashes than this within `crashWindowMs` are not answered automatically: something is wrong for good. */
export const crashesMax = 3;
export const crashWindowMs = 60_000;
/** The last automatic recovery waits; the ones before are at once: a user waits 2 s at most. */
const recoveryPauseMs = 1_000;

export function beginSupervision(launch: JobLaunch, at: number): Step {
  return {
    supervision: {
      state: { phase: 'starting', since: at, recovery: false, port: null, again: false },
      launch,
      checkpointed: false,
      progressed: false,
      crashes: [],
      crashedAt: null,
    },
    effects: [{ do: 'spawn', job: launch }],
  };
}

export function supervise(supervision: Supervision, event: SupervisionEvent): Step {
  switch (event.type) {
    case 'report':
      return onReport(supervision, event.report, event.at);
    case 'exited':
      return onExit(supervision, event.exit, event.policy, event.at);
    case 'checkpoint-completed':
      return stay({ ...supervision, checkpointed: true, progressed: true });
    case 'restored': {
      const launch = { ...supervision.launch, from: event.savepoint, parallelism: event.parallelism };
      return stay({ ...supervision, launch, checkpointed: false });
    }
    case 'recover':
      return supervision.state.phase === 'crashed' ? respawn(supervision, event.at) : stay(supervision);
    case 'decline':
      return supervision.state.phase === 'crashed'
        ? endWith(supervision, { type: 'lost', exit: supervision.state.exit }, false)
        : stay(supervision);
    case 'stop':
      return onStop(supervision);
    case 'release':
      return supervision.state.phase === 'ended' && supervision.state.lingering
        ? go(supervision, supervision.state, [{ do: 'close-stdin' }, { do: 'wake', afterMs: killAfterMs }])
        : stay(supervision);
    case 'woke':
      return onWake(supervision, event.at);
    default:
      return unreachable(event);
  }
}

/** Where the job goes on after a crash (invariant 3). */
export function recoveryLaunch({ launch, checkpointed }: Supervision): JobLaunch {
  return checkpointed ? { ...launch, from: 'latest' } : launch;
}

function onReport(supervision: Supervision, report: LaunchReport, at: number): Step {
  const { state } = supervision;
  switch (report.type) {
    case 'listening':
      return state.phase === 'starting'
        ? go(supervision, { ...state, port: report.port }, [{ do: 'connect', port: report.port }])
        : stay(supervision);
    case 'planned':
      if (state.phase !== 'starting' || !state.recovery || supervision.crashedAt === null)
        return stay(supervision);
      return go({ ...supervision, crashedAt: null }, state, [
        {
          do: 'tell',
          news: { type: 'recovered', afterMs: at - supervision.crashedAt, from: report.restoredFrom },
        },
      ]);
    case 'running':
      return state.phase === 'starting' && state.port !== null
        ? go(supervision, { phase: 'running', since: at, port: state.port }, [])
        : stay(supervision);
    case 'log':
      return stay(supervision);
    case 'ended': {
      const { status: type, savepoint, recordsIn, recordsOut } = report;
      return goodbye(supervision, { type, savepoint, recordsIn, recordsOut });
    }
    case 'failed':
      if (state.phase === 'starting' && wasRefusedForCommittedParts(supervision, report.failure)) {
        return go({ ...supervision, checkpointed: true }, { ...state, again: true }, [
          { do: 'close-stdin' },
          { do: 'wake', afterMs: killAfterMs },
        ]);
      }
      return goodbye(supervision, { type: 'failed', failure: report.failure });
    default:
      return unreachable(report);
  }
}

/**
 * The run had completed a checkpoint that we never heard of: the crash came between its completion and the news.
 * Starting over was rightly refused, and its exit is answered by going on from that checkpoint.
 */
function wasRefusedForCommittedParts(
  { state, launch, checkpointed }: Supervision,
  failure: LaunchFailure,
): boolean {
  const isRecovery = state.phase === 'starting' && state.recovery;
  return isRecovery && !checkpointed && launch.from !== 'latest' && failure.kind === 'needs-consent';
}

function goodbye(supervision: Supervision, outcome: Outcome): Step {
  const { state } = supervision;
  if (state.phase === 'ended') return stay(supervision);
  const next = endWith(supervision, outcome, true);
  // A process that was told to go keeps its deadline: it may say goodbye and yet not go (invariant 4).
  const wasToldToGo = state.phase === 'stopping' && state.step !== 'asked';
  return wasToldToGo ? next : prefixed([{ do: 'wake', afterMs: null }], next);
}

function onExit(supervision: Supervision, exit: ProcessExit, policy: RecoveryPolicy, at: number): Step {
  const { state } = supervision;
  const quiet: SupervisionEffect[] = [{ do: 'wake', afterMs: null }, { do: 'disconnect' }];
  switch (state.phase) {
    case 'ended':
      return go(supervision, { ...state, lingering: false }, quiet);
    case 'stopping':
      return prefixed(quiet, endWith(supervision, { type: 'stopped' }, false));
    case 'crashed':
    case 'recovering':
      return stay(supervision);
    case 'starting':
      return state.again
        ? prefixed(quiet, respawn(supervision, at))
        : prefixed(quiet, crashed(supervision, exit, policy, at));
    case 'running':
      return prefixed(quiet, crashed(supervision, exit, policy, at));
    default:
      return unreachable(state);
  }
}

function crashed(supervision: Supervision, exit: ProcessExit, policy: RecoveryPolicy, at: number): Step {
  const before = supervision.progressed
    ? []
    : supervision.crashes.filter((crash) => at - crash < crashWindowMs);
  const crashes = [...before, at];
  const next = { ...supervision, crashes, crashedAt: at };
  const isLoop = crashes.length > crashesMax;
  if (policy === 'automatic' && !isLoop) {
    const afterMs = crashes.length < crashesMax ? 0 : recoveryPauseMs;
    return go(next, { phase: 'recovering', exit }, [
      { do: 'tell', news: { type: 'recovering', exit } },
      { do: 'wake', afterMs },
    ]);
  }
  const answer = policy === 'never' ? 'none' : isLoop ? 'crash-loop' : 'ask';
  return go(next, { phase: 'crashed', exit }, [{ do: 'tell', news: { type: 'crashed', exit, answer } }]);
}

function onStop(supervision: Supervision): Step {
  const { state } = supervision;
  switch (state.phase) {
    case 'running':
      return go(supervision, { phase: 'stopping', step: 'asked' }, [
        { do: 'cancel-job' },
        { do: 'wake', afterMs: politeMs },
      ]);
    case 'starting':
      return go(supervision, { phase: 'stopping', step: 'stdin-closed' }, [
        { do: 'close-stdin' },
        { do: 'wake', afterMs: killAfterMs },
      ]);
    case 'crashed':
      return endWith(supervision, { type: 'lost', exit: state.exit }, false);
    case 'recovering':
      return prefixed([{ do: 'wake', afterMs: null }], endWith(supervision, { type: 'stopped' }, false));
    case 'stopping':
    case 'ended':
      return stay(supervision);
    default:
      return unreachable(state);
  }
}

function onWake(supervision: Supervision, at: number): Step {
  const { state } = supervision;
  switch (state.phase) {
    case 'stopping':
      return state.step === 'asked'
        ? go(supervision, { phase: 'stopping', step: 'stdin-closed' }, [
            { do: 'close-stdin' },
            { do: 'wake', afterMs: killAfterMs },
          ])
        : go(supervision, { phase: 'stopping', step: 'killed' }, [{ do: 'kill' }]);
    case 'recovering':
      return respawn(supervision, at);
    case 'ended':
      return state.lingering ? go(supervision, state, [{ do: 'kill' }]) : stay(supervision);
    case 'starting':
      return state.again ? go(supervision, state, [{ do: 'kill' }]) : stay(supervision);
    case 'running':
    case 'crashed':
      return stay(supervision);
    default:
      return unreachable(state);
  }
}

function respawn(supervision: Supervision, at: number): Step {
  const launch = recoveryLaunch(supervision);
  return go(
    { ...supervision, launch, progressed: false },
    { phase: 'starting', since: at, recovery: true, port: null, again: false },
    [{ do: 'spawn', job: launch }],
  );
}

function endWith(supervision: Supervision, outcome: Outcome, lingering: boolean): Step {
  return go(supervision, { phase: 'ended', outcome, lingering }, [
    { do: 'tell', news: { type: 'ended', outcome } },
  ]);
}

function go(supervision: Supervision, state: SupervisorState, effects: readonly SupervisionEffect[]): Step {
  return { supervision: { ...supervision, state }, effects };
}

function stay(supervision: Supervision): Step {
  return { supervision, effects: [] };
}

function prefixed(first: readonly SupervisionEffect[], step: Step): Step {
  return { supervision: step.supervision, effects: [...first, ...step.effects] };
}
