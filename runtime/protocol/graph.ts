/**
 * The dataflow as a client sees it: vertices (chains of operators) with their subtasks, edges between vertices, and
 * the physical channels of every edge. Plain data; it changes only when the job is deployed anew.
 */
import * as z from 'zod';
import { count, longText, shortText, sourceLocation, vertexId } from './values.ts';

export const stateType = z.enum([
  'value',
  'list',
  'map',
  'reducing',
  'aggregating',
  'timers',
  'operator-list',
  'operator-union',
  'operator-broadcast',
  'in-flight',
]);
export type StateType = z.infer<typeof stateType>;

export const stateInfo = z.object({ name: shortText, type: stateType, schemaVersion: count });
export type StateInfo = z.infer<typeof stateInfo>;

export const operatorInfo = z.object({
  uid: shortText,
  /** True when the author gave no uid and Sluice derived one. */
  uidDerived: z.boolean(),
  name: shortText,
  /** `map`, `filter`, `window`, `source`, `sink`, … : what it is, for its glyph. */
  type: shortText,
  states: z.array(stateInfo),
  location: sourceLocation.nullable(),
});
export type OperatorInfo = z.infer<typeof operatorInfo>;

export const vertexInfo = z.object({
  id: vertexId,
  name: shortText,
  role: z.enum(['source', 'operator', 'sink']),
  parallelism: count,
  maxParallelism: count,
  /** In the order of the chain; the first one has the inputs. */
  operators: z.array(operatorInfo).min(1),
});
export type VertexInfo = z.infer<typeof vertexInfo>;

export const partitioning = z.enum([
  'forward',
  'hash',
  'rebalance',
  'rescale',
  'broadcast',
  'shuffle',
  'global',
  'custom',
]);
export type Partitioning = z.infer<typeof partitioning>;

export const edgeInfo = z.object({
  id: shortText,
  from: vertexId,
  to: vertexId,
  /** 0 for an operator's first input, 1 for the second one of a connect. */
  input: count,
  /** The sender's side output that it carries; null: its output. Absent from engines of protocol 1.0. */
  sideOutput: shortText.nullable().default(null),
  partitioning,
  /** What the author wrote after keyBy, if anything readable: `hash(airport)`. */
  label: longText,
});
export type EdgeInfo = z.infer<typeof edgeInfo>;

/** One channel; `id` is its index in `GraphInfo.channels` and names it in every other message. */
export const channelInfo = z.object({
  id: count,
  edge: shortText,
  fromSubtask: count,
  toSubtask: count,
  /** How many records fit before the upstream task is backpressured. */
  capacityRecords: count,
});
export type ChannelInfo = z.infer<typeof channelInfo>;

export const graphInfo = z.object({
  jobName: shortText,
  /** Hash of the plan; two plans with the same one have the same operators, states and edges. */
  fingerprint: shortText,
  vertices: z.array(vertexInfo),
  edges: z.array(edgeInfo),
  channels: z.array(channelInfo),
});
export type GraphInfo = z.infer<typeof graphInfo>;
