/** The job itself: what it is doing, how it was configured, what went wrong with it. */
import * as z from 'zod';
import {
  count,
  durationMs,
  longText,
  shortText,
  snapshotId,
  sourceLocation,
  subtaskRef,
  time,
} from './values.ts';

/** Flink's job statuses, as far as a local engine has them. */
export const jobStatus = z.enum([
  'created',
  'running',
  'failing',
  'restarting',
  'stopping',
  'cancelling',
  'finished',
  'canceled',
  'failed',
  'suspended',
]);
export type JobStatus = z.infer<typeof jobStatus>;

export const checkpointConfig = z.object({
  /** null: periodic checkpoints are off. */
  intervalMs: durationMs.nullable(),
  mode: z.enum(['exactly-once', 'at-least-once']),
  unaligned: z.boolean(),
  /** 0: never turns unaligned by itself. */
  alignedTimeoutMs: durationMs,
  timeoutMs: durationMs,
  minPauseMs: durationMs,
  maxConcurrent: count,
  tolerableFailures: count,
  retained: count,
  retainOnExit: z.boolean(),
  /** Since 1.2. */
  incremental: z.boolean().optional(),
});
export type CheckpointConfig = z.infer<typeof checkpointConfig>;

/** What happens after a failure: Flink's four, as `RestartStrategy` in `runtime/graph/jobGraph.ts`. */
export const restartStrategy = z.discriminatedUnion('type', [
  z.object({ type: z.literal('none') }),
  z.object({ type: z.literal('fixed-delay'), attempts: count, delayMs: durationMs }),
  z.object({
    type: z.literal('exponential-delay'),
    initialMs: durationMs,
    maxMs: durationMs,
    multiplier: z.number().min(1),
    jitter: z.number().min(0).max(1),
    resetAfterMs: durationMs,
    attempts: count,
  }),
  z.object({
    type: z.literal('failure-rate'),
    failuresMax: count,
    intervalMs: durationMs,
    delayMs: durationMs,
  }),
]);

/** Where keyed state is kept. */
export const stateConfig = z.object({
  backend: z.enum(['memory', 'disk']),
  /** On disk: what its values may take of a task thread's memory; null: a quarter of its heap. */
  memoryBytes: count.nullable(),
});

/** A failure of user code or of the engine, with its stack mapped to the user's source where that was possible. */
export const exceptionInfo = z.object({
  at: time,
  name: shortText,
  message: longText,
  /** Mapped, one frame a line. */
  stack: longText,
  location: sourceLocation.nullable(),
  operator: shortText.nullable(),
  subtask: subtaskRef.nullable(),
  /** The record that was being processed, shortened JSON. */
  record: longText.nullable(),
});
export type ExceptionInfo = z.infer<typeof exceptionInfo>;

/** What the present run started from. */
export const restoredFrom = z.object({
  id: snapshotId,
  checkpointId: count,
  kind: z.enum(['checkpoint', 'savepoint']),
  label: shortText.nullable(),
  at: time,
});
export type RestoredFrom = z.infer<typeof restoredFrom>;

export const jobInfo = z.object({
  name: shortText,
  runId: shortText,
  status: jobStatus,
  statusSince: time,
  startedAt: time,
  parallelism: count,
  restarts: count,
  /** Only while restarting: when it goes on. */
  restartAt: time.nullable(),
  /** One sentence for people when failed, failing or restarting; null otherwise. */
  reason: longText.nullable(),
  restoredFrom: restoredFrom.nullable(),
  checkpointConfig,
  pipelineFile: longText.nullable(),
});
export type JobInfo = z.infer<typeof jobInfo>;

export const logLine = z.object({
  at: time,
  level: z.enum(['debug', 'info', 'warning', 'error']),
  text: longText,
  subtask: subtaskRef.nullable(),
});
export type LogLine = z.infer<typeof logLine>;
