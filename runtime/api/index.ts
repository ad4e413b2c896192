/** `import { … } from 'sluice'`: what a pipeline author needs. Sources and sinks come from `sluice/connectors`. */

export type { Partitioner } from '../graph/jobDefinition.ts';
export type { FileAccess, ReadableFile, WritableFile } from '../operators/files.ts';
export { FileError } from '../operators/files.ts';
export type { Lifecycle, RuntimeContext } from '../operators/lifecycle.ts';
export type { Counter, Histogram, MetricGroup } from '../operators/metrics.ts';
export type { SnapshotContext, Timer, Timers, Timestamp } from '../operators/operator.ts';
export type { Sink, SinkCommitter, SinkContext, SinkWriter } from '../operators/sink.ts';
export { SinkError } from '../operators/sink.ts';
export type {
  PollResult,
  Source,
  SourceContext,
  SplitPosition,
  SplitReader,
  WatermarkGenerator,
  WatermarkStrategy,
} from '../operators/source.ts';
export { SourceError } from '../operators/source.ts';
export type {
  AggregatingState,
  Key,
  ListState,
  MapState,
  ReadonlyMapState,
  ReducingState,
  ValueState,
} from '../state/declarations.ts';
export type {
  AsyncContext,
  AsyncMapFunction,
  AsyncMapOptions,
  AsyncRetryOptions,
  AsyncSignal,
  RichAsyncMapFunction,
} from './asyncMap.ts';
export type {
  BroadcastContext,
  BroadcastProcessFunction,
  BroadcastStates,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
} from './broadcastFunctions.ts';
export {
  BroadcastConnectedStream,
  BroadcastStream,
  KeyedBroadcastConnectedStream,
} from './broadcastStream.ts';
export { ConnectedStreams, KeyedConnectedStreams } from './connectedStreams.ts';
export { DataStream } from './dataStream.ts';
export type { Duration } from './duration.ts';
export type { Environment, SourceOptions } from './environment.ts';
export {
  countEvictor,
  deltaEvictor,
  type Evictor,
  type EvictorContext,
  type EvictorOptions,
  type TimestampedValue,
  timeEvictor,
} from './evictors.ts';
export type { IntervalJoin, IntervalJoinFunction, PairContext, PairInfo } from './joins.ts';
export { KeyedStream } from './keyedStream.ts';
export type { OperatorOptions } from './operatorOptions.ts';
export { type OutputTag, outputTag } from './outputTag.ts';
export { type DefineOptions, type Pipeline, pipeline } from './pipeline.ts';
export { PipelineError } from './pipelineError.ts';
export {
  type CoProcessFunction,
  type EmitContext,
  type KeyedContext,
  type KeyedCoProcessFunction,
  type KeyedProcessFunction,
  type KeylessStates,
  ofType,
  type ProcessContext,
  type ProcessFunction,
  type TypeName,
} from './processFunctions.ts';
export type {
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
  RichReduceFunction,
} from './recordFunctions.ts';
export { RecordStream } from './recordStream.ts';
export type { CheckpointOptions, RestartOptions } from './settings.ts';
export {
  type AggregatingStateOptions,
  aggregatingState,
  broadcastState,
  type DeclaredState,
  type DeclaredStates,
  type KeyedStateOptions,
  listState,
  mapState,
  operatorListState,
  type ReadonlyStateHandles,
  type ReducingStateOptions,
  reducingState,
  type StateHandles,
  type StateKind,
  type StateOptions,
  type TtlOptions,
  unionListState,
  valueState,
} from './state.ts';
export {
  continuousEventTime,
  continuousProcessingTime,
  count,
  delta,
  eventTime,
  type MergedWindow,
  never,
  processingTime,
  purging,
  type Trigger,
  type TriggerContext,
  type TriggerResult,
  type TriggerStates,
  type TriggerTimers,
} from './triggers.ts';
export {
  boundedOutOfOrderness,
  forGenerator,
  monotonousTimestamps,
  type WatermarkOptions,
} from './watermarks.ts';
export { WindowedStream } from './windowedStream.ts';
export type {
  AggregateFunction,
  WindowAggregateFunction,
  WindowContext,
  WindowProcessFunction,
  WindowReduceFunction,
} from './windowFunctions.ts';
export type { CoGroupFunction, JoinWindows, Sided, WindowJoinFunction } from './windowJoins.ts';
export {
  type AlignedWindowOptions,
  type GlobalWindows,
  globalWindow,
  type KeyedWindow,
  type SessionWindows,
  type SlidingWindows,
  session,
  sliding,
  type TimeWindow,
  type TumblingWindows,
  tumbling,
  type WindowAssigner,
  type WindowOptions,
  type WindowTime,
  type WindowTimeOptions,
} from './windows.ts';
