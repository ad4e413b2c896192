/**
 * The windows of a stream, before it is said what is made of each. What comes out has the last millisecond of its window as
 * its timestamp.
 */
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { WindowFunction } from '../operators/windows/windowFunction.ts';
import type { Key } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { DataStream } from './dataStream.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { Leg, Plan } from './plan.ts';
import { plannedWindows } from './plannedWindows.ts';
import type { RichReduceFunction } from './recordFunctions.ts';
import type { DeclaredStates } from './state.ts';
import type { TriggerStates } from './triggers.ts';
import { aggregating, listing, reducing } from './windowFolds.ts';
import type {
  AggregateFunction,
  WindowAggregateFunction,
  WindowProcessFunction,
  WindowReduceFunction,
} from './windowFunctions.ts';
import type { WrittenWindows } from './writtenWindows.ts';

type NoStates = Record<never, never>;

export class WindowedStream<T, K extends Key> {
  readonly #plan: Plan;
  readonly #legs: readonly Leg[];
  readonly #windows: WrittenWindows;
  /** Only for the types. */
  declare readonly record?: T;
  declare readonly key?: K;

  /** For Sluice itself; an author gets one from `window`, `countWindow`, `windowAll` or `countWindowAll`. */
  constructor(plan: Plan, legs: readonly Leg[], windows: WrittenWindows) {
    this.#plan = plan;
    this.#legs = legs;
    this.#windows = windows;
  }

  /** Folds the records of each window into an accumulator; only that is kept. */
  aggregate<Accumulator, Out>(
    aggregate: AggregateFunction<T, Accumulator, Out, K>,
    options?: OperatorOptions,
  ): DataStream<Out>;
  aggregate<
    Accumulator,
    Out = never,
    States extends DeclaredStates<'keyed'> = NoStates,
    WindowStates extends TriggerStates = NoStates,
    Opened = undefined,
  >(
    aggregate: WindowAggregateFunction<T, Accumulator, K, Out, States, WindowStates, Opened>,
    options?: OperatorOptions,
  ): DataStream<Out>;
  aggregate(aggregate: object, options: OperatorOptions = {}): DataStream<never> {
    const location = callerLocation();
    return this.#operator(aggregating(aggregate, options, location), options, location);
  }

  /**
   * Reduces the records of each window to one of their kind; only that is kept. In sliding and session windows pieces are
   * reduced with each other, in no order that says when their records came.
   */
  reduce(reduce: (left: T, right: T) => T, options?: OperatorOptions): DataStream<T>;
  reduce<
    Out = never,
    States extends DeclaredStates<'keyed'> = NoStates,
    WindowStates extends TriggerStates = NoStates,
    Opened = undefined,
  >(
    reduce: WindowReduceFunction<T, K, Out, States, WindowStates, Opened>,
    options?: OperatorOptions,
  ): DataStream<Out>;
  reduce<Opened = undefined>(reduce: RichReduceFunction<T, Opened>, options?: OperatorOptions): DataStream<T>;
  reduce(reduce: object, options: OperatorOptions = {}): DataStream<never> {
    const location = callerLocation();
    return this.#operator(reducing(reduce, options, location), options, location);
  }

  /** All records of each window at once. They are kept until then: prefer `aggregate`. */
  process<
    Out = never,
    States extends DeclaredStates<'keyed'> = NoStates,
    WindowStates extends TriggerStates = NoStates,
    Opened = undefined,
  >(
    process: WindowProcessFunction<T, K, Out, States, WindowStates, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const location = callerLocation();
    return this.#operator(listing(process, options, location), options, location);
  }

  #operator<Content, Out>(
    author: WindowFunction<never, Content>,
    options: OperatorOptions,
    location: SourceLocation | null,
  ): DataStream<Out> {
    const { operator, options: settled } = plannedWindows(this.#windows, author, options, location);
    const inputs = [this.#legs];
    const legs = this.#plan.addOperator({ ...operator, options: settled, location, inputs, keyed: true });
    return new DataStream(this.#plan, legs);
  }
}
