/**
 * A stream of records, as an author composes it. Every method adds an operator to the plan and answers the stream behind
 * it; nothing runs before the whole pipeline was read.
 */
import type { Partitioner } from '../graph/jobDefinition.ts';
import type { SourceLocation } from '../graph/jobGraph.ts';
import { FilterOperator } from '../operators/filterOperator.ts';
import { FlatMapOperator } from '../operators/flatMapOperator.ts';
import { MapOperator } from '../operators/mapOperator.ts';
import type { StreamOperator } from '../operators/operator.ts';
import { endStatesOf, ProcessOperator } from '../operators/processOperator.ts';
import type { Sink } from '../operators/sink.ts';
import { sinkDeclarations } from '../operators/sinkOperator.ts';
import { describeState, type Key, type StateDeclaration } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { ConnectedStreams } from './connectedStreams.ts';
import { KeyedStream } from './keyedStream.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { OutputTag } from './outputTag.ts';
import { PipelineError } from './pipelineError.ts';
import type { Leg, Plan } from './plan.ts';
import type { ProcessFunction } from './processFunctions.ts';
import { processFunctionsOf } from './processFunctionsOf.ts';
import {
  type RichFilterFunction,
  type RichFlatMapFunction,
  type RichMapFunction,
  recordFunction,
} from './recordFunctions.ts';

export class DataStream<T> {
  readonly #plan: Plan;
  readonly #legs: readonly Leg[];
  /** Only for the types: two streams of different records are different things. */
  declare readonly record?: T;

  /** For Sluice itself; an author gets streams from `env.fromSource` and from other streams. */
  constructor(plan: Plan, legs: readonly Leg[]) {
    this.#plan = plan;
    this.#legs = legs;
  }

  /** One record in, one out. */
  map<Out, Opened = undefined>(
    map: ((value: T) => Out) | RichMapFunction<T, Out, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const location = callerLocation();
    const { call, lifecycle } = recordFunction<(value: T, opened: never) => Out>(map, 'map', location);
    return this.#operator('map', options, location, () => new MapOperator(call, lifecycle));
  }

  /** One record in, any number out. */
  flatMap<Out, Opened = undefined>(
    flatMap: ((value: T) => Iterable<Out>) | RichFlatMapFunction<T, Out, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const location = callerLocation();
    const { call, lifecycle } = recordFunction<(value: T, opened: never) => Iterable<Out>>(
      flatMap,
      'flatMap',
      location,
    );
    return this.#operator('flatMap', options, location, () => new FlatMapOperator(call, lifecycle));
  }

  /** Lets through what `keeps` answers true for; a type guard narrows the stream. */
  filter<Kept extends T>(keeps: (value: T) => value is Kept, options?: OperatorOptions): DataStream<Kept>;
  filter<Opened = undefined>(
    keeps: ((value: T) => boolean) | RichFilterFunction<T, Opened>,
    options?: OperatorOptions,
  ): DataStream<T>;
  filter(keeps: object, options: OperatorOptions = {}): DataStream<T> {
    const location = callerLocation();
    const { call, lifecycle } = recordFunction<(value: T, opened: never) => boolean>(
      keeps,
      'filter',
      location,
    );
    return this.#operator('filter', options, location, () => new FilterOperator(call, lifecycle));
  }

  /** Any number of records out for each one in; state and timers need a keyBy before. */
  process<Out = never, Opened = undefined>(
    process: ProcessFunction<T, Out, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const functions = processFunctionsOf(process, [process.onElement], {});
    const states = endStatesOf(functions);
    return this.#operator('process', options, callerLocation(), () => new ProcessOperator(functions), states);
  }

  /** Records of one key go to one subtask, in order, and share one state. */
  keyBy<const K extends Key>(keyOf: (value: T) => K): KeyedStream<T, K> {
    if (typeof keyOf !== 'function') {
      const location = callerLocation();
      throw new PipelineError(
        location,
        'keyBy',
        location,
        ' takes a function that answers the key of a record.',
      );
    }
    const label = keyLabel(keyOf);
    const untyped = keyOf as (value: unknown) => Key;
    return new KeyedStream(
      this.#plan,
      this.#legs.map((leg) => ({ ...leg, partitioning: 'hash', keyOf: untyped, partition: null, label })),
    );
  }

  /** What the operator before sent to this side output; see `outputTag`. */
  sideOutput<Side>(tag: OutputTag<Side>): DataStream<Side> {
    const location = callerLocation();
    const [leg, ...others] = this.#legs;
    if (leg === undefined || others.length > 0 || leg.partitioning !== 'forward' || leg.sideOutput !== null) {
      throw new PipelineError(
        location,
        `The side output "${tag.name}"`,
        location,
        ' belongs to one operator: ask for it on the stream that this operator answered, before anything else.',
      );
    }
    return new DataStream(this.#plan, [{ ...leg, sideOutput: tag.name, label: tag.name }]);
  }

  /** This stream and the others as one; the order between them is that of arrival. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    return new DataStream(this.#plan, [...this.#legs, ...others.flatMap((other) => other.#legs)]);
  }

  /** Two streams of different records into one operator. */
  connect<Second>(second: DataStream<Second>): ConnectedStreams<T, Second> {
    return new ConnectedStreams(this.#plan, this.#legs, second.#legs);
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

  /** Every subtask of the next operator gets every record. */
  broadcast(): DataStream<T> {
    return this.#spread('broadcast');
  }

  /** All to the first subtask of the next operator. */
  global(): DataStream<T> {
    return this.#spread('global');
  }

  /** The end of the stream. */
  sinkTo(sink: Sink<T>, options: OperatorOptions = {}): void {
    this.#plan.add({
      type: 'sink',
      role: 'sink',
      defaultName: sink.name,
      options,
      location: callerLocation(),
      inputs: [this.#legs],
      keyed: false,
      states: sinkDeclarations.map(describeState),
      factory: { role: 'sink', sink: sink as Sink<unknown> },
    });
  }

  /** Windows are of a key: put `keyBy` before, or use `windowAll`. */
  window(this: never): never {
    throw needsKeys('window', 'windowAll', callerLocation());
  }

  /** Windows are of a key: put `keyBy` before, or use `countWindowAll`. */
  countWindow(this: never): never {
    throw needsKeys('countWindow', 'countWindowAll', callerLocation());
  }

  #spread(
    partitioning: 'rebalance' | 'rescale' | 'shuffle' | 'broadcast' | 'global' | 'custom',
    partition: Partitioner<unknown> | null = null,
  ): DataStream<T> {
    return new DataStream(
      this.#plan,
      this.#legs.map((leg) => ({ ...leg, partitioning, keyOf: null, partition, label: partitioning })),
    );
  }

  #operator<Out>(
    type: string,
    options: OperatorOptions,
    location: SourceLocation | null,
    create: () => StreamOperator,
    states: readonly StateDeclaration[] = [],
  ): DataStream<Out> {
    const inputs = [this.#legs];
    const legs = this.#plan.addOperator({
      type,
      options,
      location,
      inputs,
      keyed: false,
      states,
      create,
    });
    return new DataStream(this.#plan, legs);
  }
}

/** What people wrote after keyBy, as far as it is short and plain: `(f) => f.origin` is `origin`. */
function keyLabel(keyOf: (value: never) => Key): string {
  const text = /^\(?\s*([\w$]+)\s*\)?\s*=>\s*(.+)$/s.exec(keyOf.toString());
  if (text === null) return 'hash';
  const [, parameter = '', body = ''] = text;
  const readable = body.replaceAll(`${parameter}.`, '').trim();
  return readable.length <= 40 && !/[{};\n]/.test(readable) ? `hash(${readable})` : 'hash';
}

function needsKeys(method: string, without: string, location: SourceLocation | null): PipelineError {
  const problem = ` works on a keyed stream: put keyBy before it, or use ${without}.`;
  return new PipelineError(location, method, location, problem);
}
