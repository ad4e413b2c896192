/**
 * What the checkpoint coordinator asks of the job master, and what it tells. Effects of one call are carried out in
 * their order. `Operators` and `Report` are what tasks acknowledge with; the coordinator passes them on unread.
 */
import type { CheckpointFailureReason } from './barrier.ts';
import type { RequestId, SnapshotKind, SnapshotTrigger } from './checkpointRequests.ts';

/** The engine's SubtaskId: this folder does not know the engine. */
export interface Subtask {
  readonly vertex: string;
  readonly index: number;
}

export interface Acknowledgement<Operators, Report> {
  readonly subtask: Subtask;
  readonly operators: Operators;
  readonly report: Report;
  /** Clock.now() */
  readonly acknowledgedAt: number;
}

/** One snapshot under way: what is known from its beginning. */
export interface AttemptDescription {
  readonly checkpointId: number;
  readonly kind: SnapshotKind;
  readonly trigger: SnapshotTrigger;
  readonly label: string | null;
  readonly notes: string | null;
  readonly suspend: boolean;
  /** Every task had ended before it was begun. */
  readonly ended: boolean;
}

export type RequestResult =
  | { readonly ok: true; readonly checkpointId: number; readonly path: string }
  | {
      readonly ok: false;
      readonly checkpointId: number | null;
      readonly reason: CheckpointFailureReason;
      readonly message: string;
    };

export type CoordinatorEffect<Operators = unknown, Report = unknown> =
  /** Have storage make a directory, then call `directoryReady`. */
  | { readonly type: 'begin'; readonly attempt: AttemptDescription }
  /** For the record: an attempt begins here, at this Clock.now(). Once, and first, for each. */
  | {
      readonly type: 'triggered';
      readonly attempt: AttemptDescription;
      readonly triggeredAt: number;
      readonly tasks: readonly Subtask[];
    }
  /** Send the trigger to these tasks. Comes again for tasks whose predecessors ended meanwhile; tasks bear it twice. */
  | {
      readonly type: 'trigger';
      readonly checkpointId: number;
      readonly subtasks: readonly Subtask[];
      readonly options: AttemptOptions;
    }
  /** Everybody has acknowledged: write the manifest, then call `published`. One at a time, in the order of ids. */
  | {
      readonly type: 'publish';
      readonly attempt: AttemptDescription;
      readonly directory: string;
      readonly triggeredAt: number;
      readonly acknowledgements: readonly Acknowledgement<Operators, Report>[];
    }
  /** It exists. Tell every task; sinks commit when `commit`. */
  | {
      readonly type: 'complete';
      readonly attempt: AttemptDescription;
      readonly checkpointId: number;
      readonly path: string;
      readonly commit: boolean;
    }
  /** It will not be: tell every task and discard the directory (null: storage had not made one yet). */
  | {
      readonly type: 'aborted';
      readonly attempt: AttemptDescription;
      readonly checkpointId: number;
      readonly reason: CheckpointFailureReason;
      readonly message: string;
      readonly subtask: Subtask | null;
      readonly directory: string | null;
    }
  /** Something of an aborted attempt came late: discard its directory (again). Never one that was published. */
  | { readonly type: 'discard'; readonly checkpointId: number; readonly directory: string }
  /** Retention: these completed checkpoints are needed no longer. Never savepoints. */
  | { readonly type: 'subsume'; readonly checkpointIds: readonly number[] }
  /** Exactly one for every request that has an id. */
  | { readonly type: 'answer'; readonly requestId: RequestId; readonly result: RequestResult }
  /** A periodic checkpoint was not begun; nobody asked for it, nothing counts. For the log. */
  | { readonly type: 'skipped'; readonly reason: CheckpointFailureReason; readonly message: string }
  /**
   * More failures in a row than are tolerated, or sources were drained for a savepoint that failed: fail the job over, by
   * `stop` and the restart strategy.
   */
  | {
      readonly type: 'fail-job';
      readonly checkpointId: number;
      readonly reason: CheckpointFailureReason;
      readonly message: string;
    }
  /** After `stop`: no manifest is on its way to the disk any more. The last completed checkpoint is known now. */
  | { readonly type: 'stopped' };

/** The engine's TriggerOptions. */
export interface AttemptOptions {
  readonly checkpointId: number;
  readonly isSavepoint: boolean;
  /** The barrier overtakes from the start. */
  readonly unaligned: boolean;
  /** Clock.now() at which the attempt began. */
  readonly timestamp: number;
  readonly suspend: boolean;
  readonly directory: string;
}
