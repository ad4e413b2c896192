/**
 * The contract of a sink: a writer that turns records into committables, and a committer that makes them visible.
 *
 * Two-phase commit: on barrier n the writer closes what it has into committables, which become state of snapshot n;
 * only when checkpoint n is complete are they committed. After a failure the committables of the restored snapshot
 * are committed again, so `commit` must be idempotent. A sink without transactions (at-least-once) commits nothing.
 */
import type { OperatorContext, SnapshotContext, Timestamp } from './operator.ts';

export interface SinkContext
  extends Omit<
    OperatorContext<never>,
    'output' | 'sideOutput' | 'emitWatermark' | 'emitIdleness' | 'keyed' | 'restoredOperatorState'
  > {}

export interface SinkWriter<In, Committable> {
  /** Also called when nothing is restored, with empty lists. `states` is union state: what every old subtask had put. */
  open(context: SinkContext, states: readonly unknown[]): void;
  write(value: In, timestamp: Timestamp): void;
  /** Barrier n (or the end of the input): what was written so far, ready to be committed. May defer durability. */
  prepareCommit(snapshot: Pick<SnapshotContext, 'checkpointId' | 'defer'>): readonly Committable[];
  /** Union state: every subtask of the next run sees what all subtasks returned here. */
  writerState(): unknown;
  close(): void;
}

export interface SinkCommitter<Committable> {
  /** Before anything is written: what the restored snapshot had prepared (mine to commit), and strays to clear away. */
  recover(context: SinkContext, pending: readonly Committable[]): void;
  /** Makes them visible, in order. Already visible ones are fine. Throws SinkError when one is lost. */
  commit(committables: readonly Committable[]): void;
  /**
   * A savepoint has these as pending. It may be restored long after other runs have cleared away what they found: what
   * belongs to it must be told from strays. May defer durability.
   */
  retain?(committables: readonly Committable[], snapshot: Pick<SnapshotContext, 'defer'>): void;
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
