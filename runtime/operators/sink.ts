/**
 * The contract of a sink: a writer that turns records into committables, and a committer that makes them visible.
 *
 * Two-phase commit: on barrier n the writer closes what it has into committables, which become state of snapshot n;
 * only when checkpoint n is complete are they committed. After a failure the committables of the restored snapshot
 * are committed again, so `commit` must be idempotent. A sink without transactions (at-least-once) commits nothing;
 * its checkpoint means that what was written before it has arrived.
 *
 * A writer is synchronous. One that works beside its input (a socket, promises) keeps what is under way within a bound, calls
 * `context.wake()` from its callbacks, and is then asked to `advance` between two records.
 */
import type { OperatorContext, SnapshotContext, Timestamp } from './operator.ts';

export interface SinkContext
  extends Omit<
    OperatorContext<never>,
    | 'output'
    | 'sideOutput'
    | 'emitWatermark'
    | 'emitIdleness'
    | 'newAbort'
    | 'inputMs'
    | 'keyed'
    | 'restoredOperatorState'
  > {}

/** Takes the records of one subtask. Whatever it throws fails the job, which goes on from its last checkpoint. */
export interface SinkWriter<In, Committable> {
  /** Also called when nothing is restored, with empty lists. `states` is union state: what every old subtask had put. */
  open(context: SinkContext, states: readonly unknown[]): void;
  write(value: In, timestamp: Timestamp): void;
  /**
   * Barrier n (or the end of the input): what was written so far, ready to be committed. Where that takes a while it defers:
   * the checkpoint is not complete before its `done`.
   */
  prepareCommit(snapshot: Pick<SnapshotContext, 'checkpointId' | 'defer'>): readonly Committable[];
  /** Union state: every subtask of the next run sees what all subtasks returned here. */
  writerState(): unknown;
  /** A bounded piece of work beside the input; answers whether there was any. Throws when a record cannot be delivered. */
  advance?(now: Timestamp): boolean;
  /** When `advance` has something to do though nobody woke it: Clock.now(); null: never. */
  wakeAt?(): Timestamp | null;
  /** False: no record now, enough is under way. What one record upstream turned into (a flatMap) may still come. */
  accepts?(): boolean;
  /** After the end of the input: false while something is under way. */
  drained?(): boolean;
  /** Something outside is under way that will call `wake` by itself. */
  awaits?(): boolean;
  /** Leaves nothing open; also called after a failure, once. */
  close(): void;
}

/** Makes visible what the writers of one subtask had prepared. */
export interface SinkCommitter<Committable> {
  /** Before anything is written: what the restored snapshot had prepared (mine to commit), and strays to clear away. */
  recover(context: SinkContext, pending: readonly Committable[]): void;
  /**
   * Their checkpoint is complete: makes them visible, in order. It happens again after a failure, so what is visible already
   * is fine. Throws SinkError when one is lost.
   */
  commit(committables: readonly Committable[]): void;
  /**
   * A savepoint has these as pending. It may be restored long after other runs have cleared away what they found: what
   * belongs to it must be told from strays. May defer durability.
   */
  retain?(committables: readonly Committable[], snapshot: Pick<SnapshotContext, 'defer'>): void;
  /**
   * A snapshot no longer has as pending what was committed before it. Where a commit is not durable at once, this defers until
   * it is: a power cut would else take it, and nobody who restores the snapshot would commit it again.
   */
  settle?(snapshot: Pick<SnapshotContext, 'defer'>): void;
  /** Nothing is committed any more. */
  close?(): void;
}

export interface Sink<In, Committable = unknown> {
  readonly name: string;
  readonly guarantee: 'exactly-once' | 'at-least-once';
  createWriter(): SinkWriter<In, Committable>;
  /** Null: nothing to commit. */
  createCommitter(): SinkCommitter<Committable> | null;
  /**
   * For exactly-once file sinks: the directory and extension, so that the pre-flight can list the parts that were
   * committed after a point (section 9 of the design) and that two jobs do not write to one directory.
   */
  readonly directory?: { readonly path: string; readonly extension: string };
}

/** What was written or prepared cannot be made visible: says which file and what to do. */
export class SinkError extends Error {
  override name = 'SinkError';
}
