/**
 * Everything the dashboard knows, and how each message changes it: one pure function.
 *
 * The rule of the protocol is kept here: a snapshot, and then notifications folded over it, are always the truth.
 *  1. Checkpoint events carry a sequence. One that is not the successor of the last one means that something was
 *     missed; the state then says so (`needsResync`) and whoever owns the socket subscribes again.
 *  2. When the connection goes, the last picture stays, and is marked as old by `connection` alone.
 *  3. Ages are measured against the engine's clock: `clockOffsetMs` is what must be added to this page's clock.
 */
import type { CheckpointDetails, Stall } from '../../runtime/protocol/checkpoints.ts';
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import type { ExceptionInfo, JobInfo, LogLine } from '../../runtime/protocol/job.ts';
import type {
  Capability,
  JobSnapshot,
  NotificationMethod,
  NotificationParams,
} from '../../runtime/protocol/messages.ts';
import type {
  Comparison,
  DamagedSavepoint,
  EntryDifference,
  Preflight,
  SavepointDetails,
  SavepointSummary,
} from '../../runtime/protocol/savepoints.ts';
import type {
  ChannelSample,
  SplitSample,
  SubtaskSample,
  Telemetry,
} from '../../runtime/protocol/telemetry.ts';
import type { SubtaskRef } from '../../runtime/protocol/values.ts';
import type { ConnectionState } from '../protocol/messages.ts';
import { initialUiState, type UiState } from '../protocol/uiState.ts';
import { foldCheckpointEvent, shownCheckpointsMax } from './checkpointFold.ts';
import { foldMetrics, type Metrics, noMetrics } from './metrics.ts';
import { foldMeans, type RateMeans } from './rateMeans.ts';

export interface JobState {
  readonly info: JobInfo;
  readonly graph: GraphInfo;
  /** By `subtaskKey`. */
  readonly subtasks: ReadonlyMap<string, SubtaskSample>;
  /** By channel id. */
  readonly channels: ReadonlyMap<number, ChannelSample>;
  readonly splits: ReadonlyMap<string, SplitSample>;
  readonly metrics: Metrics;
  readonly means: RateMeans;
  /** The engine's clock at the newest sample. */
  readonly sampledAt: number;
  /** Newest first. */
  readonly checkpoints: readonly CheckpointDetails[];
  readonly counts: JobSnapshot['counts'];
  readonly stalls: readonly Stall[];
  /** Newest first. */
  readonly exceptions: readonly ExceptionInfo[];
  /** Oldest first, at most `logLinesMax`. */
  readonly log: readonly LogLine[];
  readonly sequence: number;
}

export interface Engine {
  readonly name: string;
  readonly version: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly hasJob: boolean;
}

/** Something the user asked for that has not been answered yet. */
export interface PendingAction {
  readonly id: number;
  readonly kind:
    | 'take-savepoint'
    | 'stop'
    | 'restore'
    | 'abort'
    | 'configure'
    | 'cancel'
    | 'delete'
    | 'label'
    | 'checkpoint';
  readonly text: string;
}

export interface Notice {
  readonly id: number;
  readonly level: 'info' | 'error';
  readonly text: string;
}

export type Dialog =
  | { readonly kind: 'take-savepoint' }
  | { readonly kind: 'stop'; readonly drain: boolean }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'label'; readonly savepoint: SavepointSummary }
  | { readonly kind: 'delete'; readonly savepoint: SavepointSummary }
  | {
      readonly kind: 'restore';
      readonly savepoint: string;
      readonly parallelism: number | null;
      readonly preflight: Loadable<Preflight>;
      readonly supersede: boolean;
      readonly allowNonRestoredState: boolean;
      readonly claim: boolean;
      /** Why the engine refused after all. */
      readonly refusal: string | null;
    };

export type Loadable<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded'; readonly value: T }
  | { readonly kind: 'failed'; readonly message: string };

export type Change = EntryDifference['change'];

export interface CompareState {
  readonly a: string;
  readonly b: string;
  readonly comparison: Loadable<Comparison>;
  /** Names this comparison in what is told of it while it goes on. */
  readonly progressToken: string;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly selected: { readonly uid: string; readonly state: string } | null;
  readonly changes: readonly Change[];
  readonly keyContains: string;
  readonly entries: readonly EntryDifference[];
  readonly next: number | null;
  readonly loadingEntries: boolean;
  /** All text of entries that had come shortened, by their `at`. */
  readonly whole: ReadonlyMap<number, { readonly before: string | null; readonly after: string | null }>;
}

export interface DashboardState {
  readonly connection: ConnectionState;
  readonly engine: Engine | null;
  readonly clockOffsetMs: number;
  readonly job: JobState | null;
  readonly savepoints: readonly SavepointSummary[];
  readonly damaged: readonly DamagedSavepoint[];
  readonly needsResync: boolean;
  readonly pending: readonly PendingAction[];
  readonly notices: readonly Notice[];
  readonly dialog: Dialog | null;
  readonly compare: CompareState | null;
  /** What `savepoint/show` told, by id. */
  readonly savepointDetails: ReadonlyMap<string, SavepointDetails>;
  /** Text of the search field over the river. */
  readonly search: string;
  readonly ui: UiState;
}

export const logLinesMax = 500;
const exceptionsMax = 50;
const stallsMax = 60;

export const initialState: DashboardState = {
  connection: { kind: 'connecting' },
  engine: null,
  clockOffsetMs: 0,
  job: null,
  savepoints: [],
  damaged: [],
  needsResync: false,
  pending: [],
  notices: [],
  dialog: null,
  compare: null,
  savepointDetails: new Map(),
  search: '',
  ui: initialUiState,
};

export function subtaskKey({ vertex, index }: SubtaskRef): string {
  return `${vertex}\u0000${index}`;
}

export function subscribed(state: DashboardState, snapshot: JobSnapshot, clientNow: number): DashboardState {
  const before = state.job?.info.runId === snapshot.job.runId ? state.job.means : undefined;
  return {
    ...state,
    clockOffsetMs: snapshot.at - clientNow,
    needsResync: false,
    savepoints: snapshot.savepoints,
    damaged: snapshot.damagedSavepoints,
    job: {
      info: snapshot.job,
      graph: snapshot.graph,
      ...samples(snapshot.telemetry, snapshot.graph, undefined, before),
      checkpoints: snapshot.checkpoints.toSorted((a, b) => b.id - a.id).slice(0, shownCheckpointsMax),
      counts: snapshot.counts,
      stalls: snapshot.stalls,
      exceptions: snapshot.exceptions.toSorted((a, b) => b.at - a.at),
      log: snapshot.log.slice(-logLinesMax),
      sequence: snapshot.sequence,
    },
  };
}

export function notified<M extends NotificationMethod>(
  state: DashboardState,
  method: M,
  params: NotificationParams<M>,
  clientNow: number,
): DashboardState {
  // One handler per method; the cast only ties the two type arguments together.
  const handler = handlers[method] as Handler<M>;
  return handler(state, params, clientNow);
}

type Handler<M extends NotificationMethod> = (
  state: DashboardState,
  params: NotificationParams<M>,
  clientNow: number,
) => DashboardState;

const handlers: { readonly [M in NotificationMethod]: Handler<M> } = {
  'savepoint/progress': (state, { progress, done, total }) =>
    state.compare === null || state.compare.progressToken !== progress
      ? state
      : { ...state, compare: { ...state.compare, progress: { done, total } } },
  'job/changed': (state, { job }) => withJob(state, (known) => ({ ...known, info: job })),
  'graph/changed': (state, { graph }) =>
    withJob(state, (known) => ({
      ...known,
      graph,
      // Channel ids mean something else now; what was sampled of the old ones must not be shown on the new ones.
      subtasks: new Map(),
      channels: new Map(),
      splits: new Map(),
      metrics: noMetrics,
      means: new Map(),
    })),
  telemetry: (state, telemetry, clientNow) => ({
    ...withJob(state, (known) => ({ ...known, ...samples(telemetry, known.graph, known, known.means) })),
    clockOffsetMs: telemetry.at - clientNow,
  }),
  'checkpoint/events': (state, { events }) => {
    let next = state;
    for (const event of events) {
      const known = next.job;
      if (known === null || event.sequence <= known.sequence) continue;
      if (event.sequence !== known.sequence + 1) return { ...next, needsResync: true };
      next = withJob(next, (job) => ({
        ...job,
        ...foldCheckpointEvent(job, event),
        sequence: event.sequence,
      }));
    }
    return next;
  },
  'stall/changed': (state, { stall }) =>
    withJob(state, (known) => ({
      ...known,
      stalls: [stall, ...known.stalls.filter(({ id }) => id !== stall.id)].slice(0, stallsMax),
    })),
  'savepoints/changed': (state, { savepoints, damaged }) => ({ ...state, savepoints, damaged }),
  exception: (state, { exception }) =>
    withJob(state, (known) => ({
      ...known,
      exceptions: [exception, ...known.exceptions].slice(0, exceptionsMax),
    })),
  log: (state, { lines }) =>
    withJob(state, (known) => ({ ...known, log: [...known.log, ...lines].slice(-logLinesMax) })),
};

function withJob(state: DashboardState, change: (job: JobState) => JobState): DashboardState {
  return state.job === null ? state : { ...state, job: change(state.job) };
}

type Samples = Pick<JobState, 'subtasks' | 'channels' | 'splits' | 'metrics' | 'means' | 'sampledAt'>;

/** A sample lists only what changed: what is absent is as it was. */
function samples(
  telemetry: Telemetry,
  graph: GraphInfo,
  before: Samples | undefined,
  means: RateMeans | undefined,
): Samples {
  const subtasks = new Map(before?.subtasks);
  for (const sample of telemetry.subtasks) subtasks.set(subtaskKey(sample.subtask), sample);
  const channels = new Map(before?.channels);
  for (const sample of telemetry.channels) channels.set(sample.channel, sample);
  const splits = new Map(before?.splits);
  for (const sample of telemetry.splits)
    splits.set(`${subtaskKey(sample.subtask)}\u0000${sample.split}`, sample);
  return {
    subtasks,
    channels,
    splits,
    metrics: foldMetrics(before?.metrics ?? noMetrics, telemetry.metrics),
    sampledAt: telemetry.at,
    means: foldMeans(means ?? new Map(), graph, channels, telemetry.at),
  };
}

/** What the engine's clock shows, as far as this page can know. While disconnected it stands still. */
export function engineNow(state: DashboardState, clientNow: number): number {
  switch (state.connection.kind) {
    case 'live':
    case 'connecting':
      return clientNow + state.clockOffsetMs;
    case 'lost':
    case 'no-job':
      return Math.max(
        state.job?.sampledAt ?? 0,
        (state.connection.kind === 'lost' ? state.connection.since : clientNow) + state.clockOffsetMs,
      );
  }
}
