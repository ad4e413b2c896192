/**
 * The contract between the engine and an operator.
 *
 * An operator is synchronous: it is called for one record, one timer, one control event at a time and never waits.
 * Inside a chain `output.collect` is a direct call of the next operator. The engine calls, in this order:
 *
 *   open → (process | onTimer | onWatermark | advance | prepareBarrier+snapshot | notify…)* → endInput per input → finish → close
 *
 * and after a failure only `close`. Whatever an operator throws fails its subtask with operator, subtask and record.
 *
 * Most operators only answer. One that works beside its input (an asynchronous call that completes, a time that is up)
 * calls `context.wake()` whenever it likes and is then asked to `advance` between two records; it may hold back a
 * watermark that must not overtake what it still has, and refuse records (`accepts`) while it has enough.
 */
import type { Clock } from '../base/clock.ts';
import type {
  AggregatingState,
  Key,
  ListState,
  MapState,
  ReducingState,
  StateDeclaration,
  ValueState,
} from '../state/declarations.ts';
import type { FileAccess } from './files.ts';
import type { MetricGroup } from './metrics.ts';

/** Event time, milliseconds since the epoch. */
export type Timestamp = number;
/** A record without a timestamp. */
export const NO_TIMESTAMP: Timestamp = Number.NEGATIVE_INFINITY;
/** Before the first watermark. */
export const MIN_WATERMARK: Timestamp = Number.NEGATIVE_INFINITY;
/** After the last: all event-time timers fire. */
export const MAX_WATERMARK: Timestamp = Number.POSITIVE_INFINITY;

/** An input that is silent for a while does not hold back event time; then it is there again. */
export type Idleness = 'idle' | 'active';

export interface Output<Out> {
  collect(value: Out, timestamp: Timestamp): void;
}

/** Event- and processing-time timers of the current key. A timer is its time and its namespace; twice is once. */
export interface Timers {
  /** Of this operator's inputs; MIN_WATERMARK at first. */
  currentWatermark(): Timestamp;
  registerEventTime(time: Timestamp, namespace?: Key): void;
  deleteEventTime(time: Timestamp, namespace?: Key): void;
  registerProcessingTime(time: Timestamp, namespace?: Key): void;
  deleteProcessingTime(time: Timestamp, namespace?: Key): void;
}

export interface Timer {
  readonly domain: 'event-time' | 'processing-time';
  readonly time: Timestamp;
  readonly namespace: Key;
}

/** State of the current key, by the names that the operator declared. Only in operators behind a keyBy. */
export interface KeyedStates {
  currentKey(): Key;
  value<T>(declaration: StateDeclaration<T>): ValueState<T>;
  list<T>(declaration: StateDeclaration<T>): ListState<T>;
  map<K extends Key, V>(declaration: StateDeclaration<V>): MapState<K, V>;
  reducing<T>(declaration: StateDeclaration<T>): ReducingState<T>;
  aggregating<In, Out>(declaration: StateDeclaration): AggregatingState<In, Out>;
  /**
   * Visits every key that has something of this state, with the state's handle. The key is current during its visit, and
   * all its state may be changed; afterwards no key is current.
   */
  forEachKey(declaration: StateDeclaration, visit: (key: Key, handle: unknown) => void): void;
  readonly timers: Timers;
}

/** The platform's AbortController, as far as it is used here: the language itself has none. */
export interface Abort {
  /** An AbortSignal. */
  readonly signal: object;
  /** Without a reason the platform gives its own. */
  abort(reason?: unknown): void;
}

export interface OperatorContext<Out = unknown> {
  readonly uid: string;
  readonly name: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Unique to this run of the job; in the names of files that are not committed yet. */
  readonly runId: string;
  /** Grows with every deployment of the job in this run. */
  readonly attempt: number;
  readonly clock: Clock;
  /**
   * As `clock.monotonicMs()`, but it stands still while the task can take no input: what is not read meanwhile was not
   * silent.
   */
  inputMs(): number;
  readonly files: FileAccess;
  readonly output: Output<Out>;
  /** Where records of a side output go: to whoever asked for it; where nobody did, into nothing. */
  sideOutput(name: string): Output<unknown>;
  /** Lets a watermark that was held, or one of the operator's own, go downstream behind everything emitted so far. */
  emitWatermark(watermark: Timestamp): void;
  /** The same for the silence of the input, and its end. */
  emitIdleness(change: Idleness): void;
  /** Something came from outside: `advance` is called soon. May be called at any time, also after the end. */
  wake(): void;
  newAbort(): Abort;
  /** Metrics of this operator's subtask, for the author's functions. */
  readonly metrics: MetricGroup;
  /** Null in an operator that is not behind a keyBy. */
  readonly keyed: KeyedStates | null;
  /** What this subtask gets of the operator's own (not keyed) state; empty on a fresh start. */
  restoredOperatorState(declaration: StateDeclaration): readonly unknown[];
  /** True when the job goes on from a snapshot, also where that had no state of this operator. */
  readonly restored: boolean;
  /** The user agreed that what sinks committed after the restored point is set aside before anything is written. */
  readonly supersede: boolean;
  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
}

export interface SnapshotContext {
  readonly checkpointId: number;
  readonly isSavepoint: boolean;
  /** The operator's own state, replaced as a whole. Values are encoded before this call returns. */
  putOperatorState(declaration: StateDeclaration, elements: readonly unknown[]): void;
  /** Positions for people: shown in manifests and on screens. */
  putSourcePositions(positions: readonly SourcePosition[]): void;
  /** The subtask acknowledges only after `done`; with an error it declines. `work` starts at once and must not block. */
  defer(work: (done: (error?: Error) => void) => void): void;
}

export interface SourcePosition {
  readonly split: string;
  /** Records read. */
  readonly offset: number;
  readonly watermark: Timestamp | null;
}

export interface StreamOperator<Out = unknown> {
  open?(context: OperatorContext<Out>): void;
  /** One record on input 0 or 1. Behind a keyBy the key is already current. */
  process(value: unknown, timestamp: Timestamp, input: number): void;
  /** The key is already current. */
  onTimer?(timer: Timer): void;
  /**
   * After the timers that it fires, before it goes downstream. Held: it does not, until the operator says so with
   * `emitWatermark`.
   */
  onWatermark?(watermark: Timestamp): 'held' | undefined;
  /** All inputs fell silent, or one is there again. Held as a watermark is. */
  onIdleness?(change: Idleness): 'held' | undefined;
  /** A bounded piece of work beside the input; answers whether there was any. */
  advance?(now: Timestamp): boolean;
  /** When `advance` has something to do though nobody woke it: Clock.now(); null: never. */
  wakeAt?(): Timestamp | null;
  /** False: no record now. What one record upstream turned into (a flatMap) may still come. */
  accepts?(): boolean;
  /** After its inputs have ended: false while something is still to come by itself. `finish` waits for it. */
  drained?(): boolean;
  /**
   * Something outside is under way that will call `wake` by itself, as a promise does when it settles; false where only
   * time is waited for. Whoever drives the job by hand waits for it; without this, for `drained`.
   */
  awaits?(): boolean;
  endInput?(input: number): void;
  /** All inputs have ended: send on what is still held. A checkpoint follows. */
  finish?(): void;
  /** Barrier n is about to be forwarded: send on what must go before it. */
  prepareBarrier?(checkpointId: number): void;
  /** Mark the operator's own state; keyed state is marked by the engine. */
  snapshot?(context: SnapshotContext): void;
  /** Checkpoint n is durable as a whole. Not called for savepoints that do not stop the job (as in Flink ≥ 1.15). */
  notifyCheckpointComplete?(checkpointId: number): void;
  notifyCheckpointAborted?(checkpointId: number): void;
  close?(): void;
}
