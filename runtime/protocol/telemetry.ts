/**
 * Samples, at most ten a second, cumulative where they can be, so that a client that misses one loses nothing.
 * A sample lists only what changed since the last one that was sent to this client; what is absent is as it was.
 */
import * as z from 'zod';
import { bytes, count, share, subtaskRef, time } from './values.ts';

export const subtaskStatus = z.enum(['deploying', 'running', 'paused', 'finished', 'failed', 'canceled']);
export type SubtaskStatus = z.infer<typeof subtaskStatus>;

export const subtaskSample = z.object({
  subtask: subtaskRef,
  status: subtaskStatus,
  recordsIn: count,
  recordsOut: count,
  /** Over the last second; null until a second has passed. */
  recordsInPerSecond: z.number().nonnegative().nullable(),
  recordsOutPerSecond: z.number().nonnegative().nullable(),
  busy: share.nullable(),
  backpressured: share.nullable(),
  idle: share.nullable(),
  /** Event time; null when no watermark has come yet. */
  watermark: time.nullable(),
  stateKeys: count.nullable(),
  stateBytes: bytes.nullable(),
});
export type SubtaskSample = z.infer<typeof subtaskSample>;

/** A barrier inside a channel: written, not yet taken. */
export const barrierInChannel = z.object({ checkpoint: count, recordsAhead: count });
export type BarrierInChannel = z.infer<typeof barrierInChannel>;

export const channelSample = z.object({
  channel: count,
  queuedRecords: count,
  queuedBytes: bytes.nullable(),
  /** True while the gate is shut in alignment: nothing behind the barrier is read. */
  blocked: z.boolean(),
  records: count,
  recordsPerSecond: z.number().nonnegative().nullable(),
  barriers: z.array(barrierInChannel),
});
export type ChannelSample = z.infer<typeof channelSample>;

/** Source positions, for progress and for the proof after a restore. */
export const splitSample = z.object({
  subtask: subtaskRef,
  split: z.string().max(4_096),
  /** Records read so far. */
  offset: count,
  watermark: time.nullable(),
  finished: z.boolean(),
});
export type SplitSample = z.infer<typeof splitSample>;

export const telemetry = z.object({
  at: time,
  subtasks: z.array(subtaskSample),
  channels: z.array(channelSample),
  splits: z.array(splitSample),
});
export type Telemetry = z.infer<typeof telemetry>;
