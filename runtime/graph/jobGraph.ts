/**
 * The job as the author wrote it: operators and edges, plain and serializable. It is what the planner worker posts, what
 * `sluice plan` prints and what a savepoint is checked against. No function is in it; those stay in `JobDefinition`.
 */
import type { StateDescription } from '../state/declarations.ts';
import type { WindowDescription } from './windowDescription.ts';

export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type OperatorRole = 'source' | 'operator' | 'sink';

/**
 * How records are spread over the subtasks of the receiver. `forward` stands for "the author did not say": one to one
 * where both sides have the same parallelism, `rebalance` where they do not.
 */
export type Partitioning =
  | 'forward'
  | 'hash'
  | 'rebalance'
  | 'rescale'
  | 'broadcast'
  | 'shuffle'
  | 'global'
  | 'custom';

export interface GraphOperator {
  /** Unique in the job and stable over code changes when the author gave it. */
  readonly uid: string;
  readonly uidDerived: boolean;
  readonly name: string;
  readonly role: OperatorRole;
  /** `map`, `filter`, `window`, `source`, … */
  readonly type: string;
  readonly parallelism: number;
  /** The author gave it: another parallelism of the job leaves it alone. */
  readonly parallelismFixed: boolean;
  readonly maxParallelism: number;
  readonly keyed: boolean;
  /** Number of inputs: 0 for a source, 2 for a connect. */
  readonly inputs: number;
  readonly states: readonly StateDescription[];
  readonly chainable: boolean;
  /** Of windows of any kind; absent: it has none. */
  readonly windows?: WindowDescription;
  readonly location: SourceLocation | null;
  /** Sources: does it end by itself. */
  readonly bounded: boolean;
  /** Exactly-once file sinks: where the parts lie. */
  readonly sinkDirectory: { readonly path: string; readonly extension: string } | null;
  /** Sinks: what they guarantee. */
  readonly guarantee: 'exactly-once' | 'at-least-once' | null;
  /** Sources: files that must exist before the job starts. */
  readonly requiredFiles: readonly string[];
}

export interface GraphEdge {
  readonly id: string;
  /** uids */
  readonly from: string;
  readonly to: string;
  /** Input of the receiver, 0 or 1. A union has several edges into one input. */
  readonly input: number;
  /** The sender's side output that it carries; absent: its output. */
  readonly sideOutput?: string;
  readonly partitioning: Partitioning;
  /** `hash(origin)`: for people. */
  readonly label: string;
}

export interface JobGraph {
  readonly name: string;
  readonly maxParallelism: number;
  /** Topologically sorted. */
  readonly operators: readonly GraphOperator[];
  readonly edges: readonly GraphEdge[];
  /** Hash over everything above that a restore depends on (not: locations, names, labels). */
  readonly fingerprint: string;
  readonly checkpoints: CheckpointSettings;
  readonly restart: RestartStrategy;
  /** Records that fit into one channel before its sender is backpressured; absent: CHANNEL_RECORDS. */
  readonly channelRecords?: number;
  /** A step of a task that lasts longer has failed; null: none ever has; absent: STUCK_AFTER_MS. */
  readonly stuckAfterMs?: number | null;
  /** Absent: keyed state is kept in memory. */
  readonly state?: StateSettings;
}

/** Flink's `state.backend.type`: `hashmap` is memory, `rocksdb` is disk. */
export interface StateSettings {
  readonly backend: 'memory' | 'disk';
  /** On disk: about what the values of keyed state may take of the memory of a task thread; null: a quarter of its heap. */
  readonly memoryBytes: number | null;
}

/** Flink's `heartbeat.timeout`. */
export const STUCK_AFTER_MS = 50_000;

/** Four full batches: enough to keep both ends busy, little enough that a barrier is soon through. */
export const CHANNEL_RECORDS = 4_096;

/** Flink's names and defaults, section 5 of the design. Durations in milliseconds. */
export interface CheckpointSettings {
  /** Null: no periodic checkpoints. */
  readonly intervalMs: number | null;
  readonly mode: 'exactly-once' | 'at-least-once';
  readonly unaligned: boolean;
  readonly alignedTimeoutMs: number;
  /** Checkpoints write what has changed since the one before; otherwise all that there is. */
  readonly incremental: boolean;
  readonly timeoutMs: number;
  readonly minPauseMs: number;
  readonly maxConcurrent: number;
  readonly tolerableFailures: number;
  readonly retained: number;
  readonly retainOnExit: boolean;
}

export const defaultCheckpointSettings: CheckpointSettings = {
  intervalMs: 1_000,
  mode: 'exactly-once',
  unaligned: false,
  alignedTimeoutMs: 0,
  incremental: true,
  timeoutMs: 600_000,
  minPauseMs: 0,
  maxConcurrent: 1,
  tolerableFailures: 0,
  retained: 3,
  retainOnExit: true,
};

export type RestartStrategy =
  | { readonly type: 'none' }
  | { readonly type: 'fixed-delay'; readonly attempts: number; readonly delayMs: number }
  | {
      readonly type: 'exponential-delay';
      readonly initialMs: number;
      readonly maxMs: number;
      readonly multiplier: number;
      readonly jitter: number;
      /** Quiet time after which the delay starts over. */
      readonly resetAfterMs: number;
      readonly attempts: number;
    }
  | {
      readonly type: 'failure-rate';
      readonly failuresMax: number;
      readonly intervalMs: number;
      readonly delayMs: number;
    };

export const defaultRestartStrategy: RestartStrategy = {
  type: 'exponential-delay',
  initialMs: 100,
  maxMs: 10_000,
  multiplier: 2,
  jitter: 0.1,
  resetAfterMs: 60_000,
  attempts: 3,
};
