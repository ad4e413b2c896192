/**
 * The plain messages between the coordinator and the threads that run tasks. They are handled only between records.
 * Everything in them survives a structured clone.
 */
import type { CheckpointFailureReason } from '../../checkpoint/barrier.ts';
import type { CheckpointMode } from '../../checkpoint/checkpointMode.ts';
import type { OldFile } from '../../checkpoint/savedLayers.ts';
import type { CheckpointSettings, RestartStrategy, SourceLocation } from '../../graph/jobGraph.ts';
import type { SourcePosition } from '../../operators/operator.ts';
import type { StateDescription } from '../../state/declarations.ts';
import type { MetricReading } from '../operatorMetrics.ts';

/** A subtask's name: `vertex/index`. */
export interface SubtaskId {
  readonly vertex: string;
  readonly index: number;
}

export const subtaskName = (id: SubtaskId): string => `${id.vertex}[${id.index}]`;

/** A data file of a snapshot; `path` is relative to the directory of the snapshot. */
export interface DataFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** On how many older ones it stands; absent: on none. */
  readonly layer?: number;
}

/** What one operator of one subtask put into a snapshot. */
export interface OperatorSnapshot {
  readonly uid: string;
  readonly subtaskIndex: number;
  /** Oldest layer first, the one that was written for this snapshot last; none when there was nothing to write. */
  readonly files: readonly DataFile[];
  readonly states: readonly (StateDescription & { readonly keys: number; readonly bytes: number })[];
  readonly positions: readonly SourcePosition[];
}

export interface SnapshotReport {
  readonly startDelayMs: number;
  readonly alignmentMs: number;
  readonly syncMs: number;
  readonly asyncMs: number;
  readonly processedInFlightBytes: number | null;
  readonly persistedInFlightBytes: number | null;
}

/** Where an operator's state comes from at restore: the files of all old subtasks, absolute paths. */
export interface RestoredOperator {
  readonly uid: string;
  /** Of the deployment that took the snapshot; 0: the operator is new. */
  readonly parallelism: number;
  readonly files: readonly OldFile[];
  /** Some of the files hold what was in flight. */
  readonly inFlight: boolean;
}

export interface TriggerOptions {
  readonly checkpointId: number;
  readonly isSavepoint: boolean;
  /** Clock.now() of the coordinator at the trigger; start delays count from it. */
  readonly timestamp: number;
  /** The barrier overtakes from the start. */
  readonly unaligned: boolean;
  /** Sources stop emitting behind the barrier, until the checkpoint completed (then the job ends) or was aborted. */
  readonly suspend: boolean;
  /** Absolute directory that data files go to. */
  readonly directory: string;
}

export interface DeployOptions {
  readonly runId: string;
  readonly attempt: number;
  /** Subtasks that this thread runs. */
  readonly subtasks: readonly SubtaskId[];
  readonly parallelism: number;
  readonly checkpoints: CheckpointSettings;
  readonly restart: RestartStrategy;
  /** Null: fresh start. */
  readonly restore: { readonly checkpointId: number; readonly operators: readonly RestoredOperator[] } | null;
  /** With consent: parts committed after the restored point are renamed before anything is written. */
  readonly supersede: boolean;
}

export type ToWorker =
  | { readonly type: 'trigger'; readonly subtasks: readonly SubtaskId[]; readonly options: TriggerOptions }
  /** `path`: where it lies now. */
  | {
      readonly type: 'checkpoint-complete';
      readonly checkpointId: number;
      readonly commit: boolean;
      readonly path: string;
    }
  | { readonly type: 'checkpoint-aborted'; readonly checkpointId: number }
  /** After the aborts of what was pending: gates and outputs change their mode, and the thread answers `switched`. */
  | { readonly type: 'switch-mode'; readonly mode: CheckpointMode }
  /** Sources end as if their input had ended; what follows is an ordinary end of the job. */
  | { readonly type: 'drain' }
  /** The job is over: close everything in order. */
  | { readonly type: 'shut-down' }
  /** Stop at once, without finishing. */
  | { readonly type: 'cancel' };

export interface TaskFailure {
  readonly subtask: SubtaskId;
  readonly operator: string | null;
  readonly name: string;
  readonly message: string;
  /** As the engine threw it; `host` maps it to the user's source. */
  readonly stack: string;
  /** Shortened JSON of the record or timer at hand. */
  readonly record: string | null;
  /** Where the author wrote the operator: the place to show when no line of the author's is in the stack. */
  readonly location: SourceLocation | null;
  /** All but 'user' and 'engine' name a file and are told without a stack; a damaged snapshot is not tried again. */
  readonly origin: 'user' | 'engine' | 'source' | 'sink' | 'snapshot' | 'state';
}

export type FromWorker =
  | { readonly type: 'running'; readonly subtasks: readonly SubtaskId[] }
  | {
      readonly type: 'barrier-injected';
      readonly subtask: SubtaskId;
      readonly checkpointId: number;
      readonly at: number;
    }
  | {
      readonly type: 'barrier-arrived';
      readonly subtask: SubtaskId;
      readonly checkpointId: number;
      readonly channel: number;
      readonly at: number;
    }
  | {
      readonly type: 'aligned';
      readonly subtask: SubtaskId;
      readonly checkpointId: number;
      readonly alignmentMs: number;
      readonly at: number;
    }
  | {
      readonly type: 'acknowledged';
      readonly subtask: SubtaskId;
      readonly checkpointId: number;
      readonly operators: readonly OperatorSnapshot[];
      readonly report: SnapshotReport;
      readonly at: number;
    }
  | {
      readonly type: 'declined';
      readonly subtask: SubtaskId;
      readonly checkpointId: number;
      readonly reason: CheckpointFailureReason;
      readonly message: string;
    }
  /** All inputs have ended and everything was sent on; the subtask stays to take part in the last checkpoint. */
  | { readonly type: 'ended'; readonly subtask: SubtaskId }
  /** Where a source stands; a few times a second while it moves. */
  | {
      readonly type: 'positions';
      readonly subtask: SubtaskId;
      readonly operator: string;
      readonly positions: readonly SourcePosition[];
    }
  /** What changed of the metrics that an operator's functions registered; a few times a second at most, and at the end. */
  | {
      readonly type: 'metrics';
      readonly subtask: SubtaskId;
      readonly operator: string;
      readonly metrics: readonly MetricReading[];
    }
  | { readonly type: 'switched' }
  | { readonly type: 'closed'; readonly subtasks: readonly SubtaskId[] }
  | { readonly type: 'failed'; readonly failure: TaskFailure }
  | {
      readonly type: 'log';
      readonly subtask: SubtaskId;
      readonly level: 'debug' | 'info' | 'warning' | 'error';
      readonly text: string;
    };
