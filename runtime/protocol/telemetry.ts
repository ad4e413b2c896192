/**
 * Samples, at most ten a second, cumulative where they can be, so that a client that misses one loses nothing.
 * A sample lists only what changed since the last one that was sent to this client; what is absent is as it was.
 */
import * as z from 'zod';
import { bytes, count, share, shortText, subtaskRef, time } from './values.ts';

/** Any number that JSON can say; null: not known, or not finite. */
const measured = z.number().nullable();

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

/** Over the latest 1,024 values of one subtask, but for `count`: those are all since the deployment. */
export const histogramSummary = z.object({
  count,
  min: measured,
  max: measured,
  mean: measured,
  p50: measured,
  p95: measured,
  p99: measured,
});
export type HistogramSummary = z.infer<typeof histogramSummary>;

const metricName = z.string().min(1).max(256);

/** A metric that the author registered: Flink's counter, gauge and histogram. */
export const metricSample = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('counter'),
    name: metricName,
    /** Since the deployment; it can go down. Over an operator's subtasks it may be added up. */
    value: measured,
    /** Over the last second; null until a second has passed. */
    perSecond: measured,
  }),
  /** Null: the author's function failed, or answered no finite number. */
  z.object({ type: z.literal('gauge'), name: metricName, value: measured }),
  /** Null: it has got no value yet. */
  z.object({ type: z.literal('histogram'), name: metricName, summary: histogramSummary.nullable() }),
]);
export type MetricSample = z.infer<typeof metricSample>;

/** Those metrics of one operator in one subtask that changed. */
export const operatorMetrics = z.object({
  subtask: subtaskRef,
  /** Its uid: a vertex may hold several operators. */
  operator: shortText,
  metrics: z.array(metricSample).min(1).max(256),
});
export type OperatorMetrics = z.infer<typeof operatorMetrics>;

export const telemetry = z.object({
  at: time,
  subtasks: z.array(subtaskSample),
  channels: z.array(channelSample),
  splits: z.array(splitSample),
  /** Nothing of operators that have none; absent from engines of protocol 1.0. */
  metrics: z.array(operatorMetrics).default([]),
});
export type Telemetry = z.infer<typeof telemetry>;
