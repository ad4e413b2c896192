/**
 * Checkpoints and barriers: the history, one checkpoint in detail, and the events while it is under way.
 *
 * A client folds `CheckpointEvent`s over the snapshot that it got when it subscribed; folding all of them from the
 * start gives the same `CheckpointDetails` that `checkpoint/details` returns.
 */
import * as z from 'zod';
import {
  bytes,
  count,
  durationMs,
  longText,
  shortText,
  snapshotId,
  sourceLocation,
  subtaskRef,
  time,
} from './values.ts';

export const checkpointStatus = z.enum(['in-progress', 'completed', 'failed']);
export type CheckpointStatus = z.infer<typeof checkpointStatus>;

export const checkpointKind = z.enum(['checkpoint', 'savepoint']);
export type CheckpointKind = z.infer<typeof checkpointKind>;

/** Flink's CheckpointFailureReason, the ones that can happen here. */
export const failureReason = z.enum([
  'CHECKPOINT_EXPIRED',
  'CHECKPOINT_SUBSUMED',
  'CHECKPOINT_DECLINED',
  'CHECKPOINT_ASYNC_EXCEPTION',
  'IO_EXCEPTION',
  'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER',
  'CHECKPOINT_DECLINED_TASK_CLOSING',
  'FINALIZE_CHECKPOINT_FAILURE',
  'TASK_FAILURE',
  'JOB_FAILURE',
  'CHECKPOINT_COORDINATOR_SHUTDOWN',
  'USER_ABORTED',
  'MINIMUM_TIME_BETWEEN_CHECKPOINTS',
  'TOO_MANY_CHECKPOINT_REQUESTS',
  'NOT_ALL_REQUIRED_TASKS_RUNNING',
]);
export type FailureReason = z.infer<typeof failureReason>;

export const checkpointSummary = z.object({
  id: count,
  kind: checkpointKind,
  status: checkpointStatus,
  unaligned: z.boolean(),
  trigger: z.enum(['periodic', 'user', 'stop', 'final', 'restore']),
  triggeredAt: time,
  lastAcknowledgedAt: time.nullable(),
  completedAt: time.nullable(),
  durationMs: durationMs.nullable(),
  acknowledged: count,
  tasks: count,
  checkpointedBytes: bytes.nullable(),
  fullBytes: bytes.nullable(),
  processedInFlightBytes: bytes.nullable(),
  persistedInFlightBytes: bytes.nullable(),
  failure: z.object({ reason: failureReason, message: longText, subtask: subtaskRef.nullable() }).nullable(),
  /** Where it lies; null until completed or after it was subsumed and deleted. */
  path: snapshotId.nullable(),
  label: shortText.nullable(),
});
export type CheckpointSummary = z.infer<typeof checkpointSummary>;

/** Per subtask, all relative to the trigger; null until it is known. */
export const subtaskCheckpoint = z.object({
  subtask: subtaskRef,
  status: z.enum(['pending', 'aligning', 'snapshotting', 'acknowledged', 'aborted']),
  /** Trigger to first barrier (a source: to the injection). */
  startDelayMs: durationMs.nullable(),
  /** First to last barrier; 0 with one input. */
  alignmentMs: durationMs.nullable(),
  syncMs: durationMs.nullable(),
  asyncMs: durationMs.nullable(),
  acknowledgedAfterMs: durationMs.nullable(),
  stateBytes: bytes.nullable(),
  processedInFlightBytes: bytes.nullable(),
  persistedInFlightBytes: bytes.nullable(),
  /** For every input channel: when barrier n came, relative to the trigger; null while it is waited for. */
  channels: z.array(z.object({ channel: count, barrierAfterMs: durationMs.nullable() })),
});
export type SubtaskCheckpoint = z.infer<typeof subtaskCheckpoint>;

export const checkpointDetails = checkpointSummary.extend({ subtasks: z.array(subtaskCheckpoint) });
export type CheckpointDetails = z.infer<typeof checkpointDetails>;

/** What happens to a checkpoint, in order. `at` is the engine's clock, `sequence` grows by one per event of the run. */
export const checkpointEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('triggered'), sequence: count, at: time, checkpoint: checkpointDetails }),
  /** A source put the barrier into its outputs. */
  z.object({
    type: z.literal('barrier-injected'),
    sequence: count,
    at: time,
    checkpoint: count,
    subtask: subtaskRef,
  }),
  /** The barrier reached the head of a channel and was taken by the downstream subtask (which now blocks it, when aligning). */
  z.object({
    type: z.literal('barrier-arrived'),
    sequence: count,
    at: time,
    checkpoint: count,
    subtask: subtaskRef,
    channel: count,
  }),
  /** It came on the last channel: alignment is over, the barrier goes on downstream and the snapshot is marked. */
  z.object({
    type: z.literal('aligned'),
    sequence: count,
    at: time,
    checkpoint: count,
    subtask: subtaskRef,
    alignmentMs: durationMs,
  }),
  z.object({
    type: z.literal('acknowledged'),
    sequence: count,
    at: time,
    checkpoint: count,
    report: subtaskCheckpoint,
  }),
  z.object({ type: z.literal('completed'), sequence: count, at: time, summary: checkpointSummary }),
  z.object({ type: z.literal('failed'), sequence: count, at: time, summary: checkpointSummary }),
  /** Retention dropped these: they can no longer be restored. */
  z.object({ type: z.literal('discarded'), sequence: count, at: time, checkpoints: z.array(count) }),
]);
export type CheckpointEvent = z.infer<typeof checkpointEvent>;

/** Why a barrier has not come: one hop of the walk upstream. */
export const stallHop = z.object({
  subtask: subtaskRef,
  /** The input channel that is waited for; null at the cause. */
  waitsFor: count.nullable(),
  cause: z.enum([
    'aligning',
    'busy-in-user-code',
    'starved',
    'backpressured',
    'slow-source',
    'idle-split',
    'debugger',
    'behind-records',
  ]),
  operator: shortText.nullable(),
  /** The line that runs right now, where sampling could tell; else clients show the operator's own line. */
  location: sourceLocation.nullable().optional(),
  /** One sentence: who, what, since when. */
  text: longText,
});
export type StallHop = z.infer<typeof stallHop>;

export const stall = z.object({
  id: count,
  checkpoint: count,
  /** The subtask that has been aligning longest. */
  subtask: subtaskRef,
  /** The channel it waits for. */
  channel: count,
  since: time,
  /** From the waiting subtask to the cause; the last one is the cause. */
  hops: z.array(stallHop).min(1),
  closedAt: time.nullable(),
});
export type Stall = z.infer<typeof stall>;
