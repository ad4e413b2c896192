/**
 * What streams have in common, whether their records have keys or not: the operators that look at one record at a time,
 * and the end in a sink. Behind a keyBy such an operator gets all records of a key in one subtask, in their order, and
 * knows nothing of keys otherwise. Nor does what comes out of it: a map may have changed them.
 */
import type { SourceLocation } from '../graph/jobGraph.ts';
import { FilterOperator } from '../operators/filterOperator.ts';
import { FlatMapOperator } from '../operators/flatMapOperator.ts';
import { MapOperator } from '../operators/mapOperator.ts';
import type { StreamOperator } from '../operators/operator.ts';
import type { Sink } from '../operators/sink.ts';
import { sinkDeclarations } from '../operators/sinkOperator.ts';
import { describeState } from '../state/declarations.ts';
import {
  type AsyncMapFunction,
  type AsyncMapOptions,
  plannedAsyncMap,
  type RichAsyncMapFunction,
} from './asyncMap.ts';
import { callerLocation } from './callerLocation.ts';
// Only its type: it extends this class, so it must not be loaded before it.
import type { DataStream } from './dataStream.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { Leg, Plan } from './plan.ts';
import {
  type RichFilterFunction,
  type RichFlatMapFunction,
  type RichMapFunction,
  recordFunction,
} from './recordFunctions.ts';

/** A stream as the plan has it. */
export interface WrittenStream {
  readonly plan: Plan;
  readonly legs: readonly Leg[];
}

/** The property by which what is written beside a stream gets at it. Authors have no name for it. */
export const written: unique symbol = Symbol('written');

export abstract class RecordStream<T> {
  readonly [written]: WrittenStream;
  /** Only for the types: two streams of different records are different things. */
  declare readonly record?: T;

  /** For Sluice itself; an author gets streams from `env.fromSource` and from other streams. */
  constructor(plan: Plan, legs: readonly Leg[]) {
    this[written] = { plan, legs };
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

  /**
   * One record in, one out, by a function that answers a promise: a request, a look-up in a database. Many are under way at
   * once, and what is under way is part of every snapshot: it is asked for again after a restore.
   */
  asyncMap<Out, Opened = undefined, Late = never>(
    call: AsyncMapFunction<T, Out> | RichAsyncMapFunction<T, Out, Opened>,
    options: AsyncMapOptions<T, NoInfer<Out>, Late> = {},
  ): DataStream<Out | Late> {
    const location = callerLocation();
    const type = 'asyncMap';
    const planned = plannedAsyncMap(call, options, { type, options, location, keyed: false });
    const { plan, legs } = this[written];
    const inputs = [legs];
    return this.behind(plan.addOperator({ ...planned, type, options, location, inputs, keyed: false }));
  }

  /** The end of the stream. */
  sinkTo(sink: Sink<T>, options: OperatorOptions = {}): void {
    this.plan.add({
      type: 'sink',
      role: 'sink',
      defaultName: sink.name,
      options,
      location: callerLocation(),
      inputs: [this.legs],
      keyed: false,
      states: sinkDeclarations.map(describeState),
      factory: { role: 'sink', sink: sink as Sink<unknown> },
    });
  }

  protected get plan(): Plan {
    return this[written].plan;
  }

  protected get legs(): readonly Leg[] {
    return this[written].legs;
  }

  /** The stream behind an operator. */
  protected abstract behind<Out>(legs: readonly Leg[]): DataStream<Out>;

  #operator<Out>(
    type: string,
    options: OperatorOptions,
    location: SourceLocation | null,
    create: () => StreamOperator,
  ): DataStream<Out> {
    const { plan, legs } = this[written];
    const inputs = [legs];
    return this.behind(
      plan.addOperator({ type, options, location, inputs, keyed: false, states: [], create }),
    );
  }
}
