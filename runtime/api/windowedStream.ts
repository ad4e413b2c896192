/** The windows of a keyed stream. What comes out has the last millisecond of its window as its timestamp. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import { type WindowFunctions, WindowOperator } from '../operators/windowOperator.ts';
import type { Key, StateDeclaration } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { DataStream } from './dataStream.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { Leg, Plan } from './plan.ts';
import type { WindowProcessFunction } from './processFunctions.ts';
import type { AggregateFunction, KeyedWindow, TumblingWindows } from './windows.ts';

export class WindowedStream<T, K extends Key> {
  readonly #plan: Plan;
  readonly #legs: readonly Leg[];
  readonly #windows: TumblingWindows;
  /** Only for the types. */
  declare readonly record?: T;
  declare readonly key?: K;

  /** For Sluice itself; an author gets one from `window`. */
  constructor(plan: Plan, legs: readonly Leg[], windows: TumblingWindows) {
    this.#plan = plan;
    this.#legs = legs;
    this.#windows = windows;
  }

  /** Folds the records of each window into an accumulator; only that is kept. */
  aggregate<Accumulator, Out>(
    aggregate: AggregateFunction<T, Accumulator, Out, K>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    return this.#operator<Accumulator, Out>(options, callerLocation(), {
      add: (accumulator, value) => aggregate.add(accumulator ?? aggregate.create(), value),
      emit: (accumulator, window, collect) =>
        collect(aggregate.result(accumulator, window as KeyedWindow<K>)),
    });
  }

  /** Reduces the records of each window to one of their kind. */
  reduce(reduce: (left: T, right: T) => T, options: OperatorOptions = {}): DataStream<T> {
    return this.#operator<T, T>(options, callerLocation(), {
      add: (left, right) => (left === undefined ? right : reduce(left, right)),
      emit: (reduced, _window, collect) => collect(reduced),
    });
  }

  /** All records of each window at once. They are kept until then: prefer `aggregate`. */
  process<Out = never>(
    process: WindowProcessFunction<T, K, Out>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    return this.#operator<T[], Out>(options, callerLocation(), {
      // The list is changed in place and set again, which state allows: a copy for every record would be quadratic.
      add: (values, value) => {
        if (values === undefined) return [value];
        values.push(value);
        return values;
      },
      emit: (values, window, collect) => process.onWindow(values, window as KeyedWindow<K>, collect),
    });
  }

  #operator<Accumulator, Out>(
    options: OperatorOptions,
    location: SourceLocation | null,
    fold: Pick<WindowFunctions<T, Accumulator, Out>, 'add' | 'emit'>,
  ): DataStream<Out> {
    const state: StateDeclaration<Accumulator> = { name: 'windows', type: 'map', schemaVersion: 1 };
    const { sizeMs, offsetMs } = this.#windows;
    const functions: WindowFunctions<T, Accumulator, Out> = { ...fold, sizeMs, offsetMs, state };
    const legs = this.#plan.addOperator({
      type: 'window',
      options,
      location,
      inputs: [this.#legs],
      keyed: true,
      states: [state as StateDeclaration],
      create: () => new WindowOperator(functions),
    });
    return new DataStream(this.#plan, legs);
  }
}
