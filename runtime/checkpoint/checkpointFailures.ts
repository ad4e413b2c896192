/**
 * Counts checkpoints that failed for a cause, in a row. Above the tolerable number the job fails over: it still makes
 * progress, but less and less of it could be recovered.
 *
 * What counts is trouble with a disk, a task or the clock. What does not is somebody's decision (a user's, a newer
 * checkpoint's, the end of the job) or a refusal before anything began. Savepoints never count: the user who asked
 * for one is told.
 */
import type { CheckpointFailureReason } from './barrier.ts';

const counted: Readonly<Record<CheckpointFailureReason, boolean>> = {
  CHECKPOINT_EXPIRED: true,
  CHECKPOINT_DECLINED: true,
  CHECKPOINT_ASYNC_EXCEPTION: true,
  IO_EXCEPTION: true,
  FINALIZE_CHECKPOINT_FAILURE: true,
  CHECKPOINT_SUBSUMED: false,
  CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER: false,
  CHECKPOINT_DECLINED_TASK_CLOSING: false,
  TASK_FAILURE: false,
  JOB_FAILURE: false,
  CHECKPOINT_COORDINATOR_SHUTDOWN: false,
  USER_ABORTED: false,
  MINIMUM_TIME_BETWEEN_CHECKPOINTS: false,
  TOO_MANY_CHECKPOINT_REQUESTS: false,
  NOT_ALL_REQUIRED_TASKS_RUNNING: false,
};

export class CheckpointFailures {
  readonly #tolerable: number;
  #inARow = 0;

  constructor(tolerable: number) {
    this.#tolerable = tolerable;
  }

  /** Once for each checkpoint that was aborted. True when this one is more than can be tolerated. */
  failed(reason: CheckpointFailureReason): boolean {
    if (!counted[reason]) return false;
    this.#inARow++;
    return this.#inARow > this.#tolerable;
  }

  succeeded(): void {
    this.#inARow = 0;
  }
}
