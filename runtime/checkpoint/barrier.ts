/** A checkpoint barrier as it travels in the channels, and why a checkpoint ends without completing. */
export interface Barrier {
  readonly checkpointId: number;
  /** The coordinator's clock at the trigger. */
  readonly timestamp: number;
  readonly isSavepoint: boolean;
  readonly unaligned: boolean;
  /** Sources stop emitting behind it until the coordinator decides (stop with savepoint). */
  readonly suspend: boolean;
  /** Where data files of this attempt go. */
  readonly directory: string;
}

/** Flink's CheckpointFailureReason, as far as they can happen here. The same words stand in the protocol. */
export type CheckpointFailureReason =
  | 'CHECKPOINT_EXPIRED'
  | 'CHECKPOINT_SUBSUMED'
  | 'CHECKPOINT_DECLINED'
  | 'CHECKPOINT_ASYNC_EXCEPTION'
  | 'IO_EXCEPTION'
  | 'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER'
  | 'CHECKPOINT_DECLINED_TASK_CLOSING'
  | 'FINALIZE_CHECKPOINT_FAILURE'
  | 'TASK_FAILURE'
  | 'JOB_FAILURE'
  | 'CHECKPOINT_COORDINATOR_SHUTDOWN'
  | 'USER_ABORTED'
  | 'MINIMUM_TIME_BETWEEN_CHECKPOINTS'
  | 'TOO_MANY_CHECKPOINT_REQUESTS'
  | 'NOT_ALL_REQUIRED_TASKS_RUNNING';
