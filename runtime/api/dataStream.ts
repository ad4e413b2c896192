/**
 * A stream of records, as an author composes it. Every method adds an operator to the plan and answers the stream behind
 * it; nothing runs before the whole pipeline was read. What it has in common with a keyed stream is in recordStream.ts.
 */
import type { Partitioner } from '../graph/jobDefinition.ts';
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { WatermarkStrategy } from '../operators/source.ts';
import type { Key } from '../state/declarations.ts';
import type { BroadcastStates } from './broadcastFunctions.ts';
import { BroadcastConnectedStream, BroadcastStream } from './broadcastStream.ts';
import { callerLocation } from './callerLocation.ts';
import { ConnectedStreams } from './connectedStreams.ts';
import { keyedLegs } from './keyedLegs.ts';
import { KeyedStream } from './keyedStream.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { OutputTag } from './outputTag.ts';
import { PipelineError } from './pipelineError.ts';
import type { Leg } from './plan.ts';
import type { KeylessStates, ProcessFunction } from './processFunctions.ts';
import { plannedProcess } from './processFunctionsOf.ts';
import { RecordStream, written } from './recordStream.ts';
import type { TriggerStates } from './triggers.ts';
import { plannedWatermarks } from './watermarks.ts';
import { WindowedStream } from './windowedStream.ts';
import type { WindowAssigner, WindowOptions } from './windows.ts';
import { allLegs, countWindows, windowsOf } from './writtenWindows.ts';

export class DataStream<T> extends RecordStream<T> {
  /** Any number of records out for each one in. Keyed state and timers need a keyBy before. */
  process<Out = never, States extends KeylessStates = Record<never, never>, Opened = undefined>(
    process: ProcessFunction<T, Out, States, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const place = { type: 'process', options, location: callerLocation(), keyed: false };
    const planned = plannedProcess(process, ['onElement'], place);
    return this.behind(this.plan.addOperator({ ...planned, ...place, inputs: [this.legs] }));
  }

  /**
   * Event time from here on: other timestamps, and watermarks that are made of these records. Those from upstream end here,
   * but for the last one, and so does its idleness. Each subtask is what a split is at a source.
   */
  assignTimestampsAndWatermarks(
    strategy: WatermarkStrategy<T>,
    options: OperatorOptions = {},
  ): DataStream<T> {
    const location = callerLocation();
    const planned = plannedWatermarks(strategy as WatermarkStrategy<unknown>, location);
    const inputs = [this.legs];
    return this.behind(
      this.plan.addOperator({
        ...planned,
        type: 'assignTimestampsAndWatermarks',
        options,
        location,
        inputs,
        keyed: false,
      }),
    );
  }

  /** Records of one key go to one subtask, in order, and share one state. */
  keyBy<const K extends Key>(keyOf: (value: T) => K): KeyedStream<T, K> {
    return new KeyedStream(this.plan, keyedLegs(this.legs, keyOf, callerLocation()));
  }

  /** What the operator before sent to this side output; see `outputTag`. */
  sideOutput<Side>(tag: OutputTag<Side>): DataStream<Side> {
    const location = callerLocation();
    const [leg, ...others] = this.legs;
    if (leg === undefined || others.length > 0 || leg.partitioning !== 'forward' || leg.sideOutput !== null) {
      throw new PipelineError(
        location,
        `The side output "${tag.name}"`,
        location,
        ' belongs to one operator: ask for it on the stream that this operator answered, before anything else.',
      );
    }
    return new DataStream(this.plan, [{ ...leg, sideOutput: tag.name, label: tag.name }]);
  }

  /** This stream and the others as one; the order between them is that of arrival. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    return new DataStream(this.plan, [...this.legs, ...others.flatMap((other) => other[written].legs)]);
  }

  /**
   * Two streams of different records into one operator. With a broadcast stream, its records go to every subtask. State per
   * key needs keys on both sides: `a.keyBy(…).connect(b.keyBy(…))`.
   */
  connect<Rule, Broadcast extends BroadcastStates>(
    rules: BroadcastStream<Rule, Broadcast>,
  ): BroadcastConnectedStream<T, Rule, Broadcast>;
  connect<Second>(second: RecordStream<Second>): ConnectedStreams<T, Second>;
  connect(
    second: RecordStream<unknown> | BroadcastStream<unknown, BroadcastStates>,
  ): ConnectedStreams<T, unknown> | BroadcastConnectedStream<T, unknown, BroadcastStates> {
    return second instanceof BroadcastStream
      ? new BroadcastConnectedStream(this.plan, this.legs, second)
      : new ConnectedStreams(this.plan, this.legs, second[written].legs);
  }

  /** Round robin over all subtasks of the next operator. */
  rebalance(): DataStream<T> {
    return this.#spread('rebalance');
  }

  /** Round robin over a few subtasks of the next operator, each sender over its own share. */
  rescale(): DataStream<T> {
    return this.#spread('rescale');
  }

  /** At random. */
  shuffle(): DataStream<T> {
    return this.#spread('shuffle');
  }

  /** To the subtask of the next operator that `partition` answers, from 0 to `receivers` − 1. */
  partitionCustom(partition: Partitioner<T>): DataStream<T> {
    return this.#spread('custom', partition as Partitioner<unknown>);
  }

  /**
   * Every subtask of the next operator gets every record. With states, which are then `broadcastState`s, it is one side of
   * the broadcast state pattern: `stream.connect(rules.broadcast({ rules: broadcastState<string, Rule>() }))`.
   */
  broadcast(): DataStream<T>;
  broadcast<Broadcast extends BroadcastStates>(states: Broadcast): BroadcastStream<T, Broadcast>;
  broadcast(states?: BroadcastStates): DataStream<T> | BroadcastStream<T, BroadcastStates> {
    const spread = this.#spread('broadcast');
    return states === undefined ? spread : new BroadcastStream(spread[written].legs, states);
  }

  /** All to the first subtask of the next operator. */
  global(): DataStream<T> {
    return this.#spread('global');
  }

  /** All records, cut into windows. One subtask computes them, whatever the parallelism of the job is. */
  windowAll<States extends TriggerStates = Record<never, never>>(
    assigner: WindowAssigner<T>,
    options: WindowOptions<T, States> = {},
  ): WindowedStream<T, null> {
    return new WindowedStream(this.plan, allLegs(this.legs), windowsOf(assigner, options, true));
  }

  /** Windows of `size` records, as `countWindow` of a keyed stream. One subtask computes them. */
  countWindowAll(size: number, slide?: number): WindowedStream<T, null> {
    const windows = countWindows(size, slide, callerLocation(), true);
    return new WindowedStream(this.plan, allLegs(this.legs), windows);
  }

  /** Windows are of a key: put `keyBy` before, or use `windowAll`. */
  window(this: never): never {
    throw needsKeys('window', 'windowAll', callerLocation());
  }

  /** Windows are of a key: put `keyBy` before, or use `countWindowAll`. */
  countWindow(this: never): never {
    throw needsKeys('countWindow', 'countWindowAll', callerLocation());
  }

  protected override behind<Out>(legs: readonly Leg[]): DataStream<Out> {
    return new DataStream(this.plan, legs);
  }

  #spread(
    partitioning: 'rebalance' | 'rescale' | 'shuffle' | 'broadcast' | 'global' | 'custom',
    partition: Partitioner<unknown> | null = null,
  ): DataStream<T> {
    return new DataStream(
      this.plan,
      this.legs.map((leg) => ({
        ...leg,
        partitioning,
        keyOf: null,
        partition,
        label: partitioning,
      })),
    );
  }
}

function needsKeys(method: string, without: string, location: SourceLocation | null): PipelineError {
  const problem = ` works on a keyed stream: put keyBy before it, or use ${without}.`;
  return new PipelineError(location, method, location, problem);
}
