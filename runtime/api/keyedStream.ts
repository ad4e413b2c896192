/** A stream whose records have keys: each key has its own state, its own timers, its own windows. */
import { ReduceOperator } from '../operators/reduceOperator.ts';
import type { Key, StateDeclaration } from '../state/declarations.ts';
import type { BroadcastStates } from './broadcastFunctions.ts';
import { BroadcastStream, KeyedBroadcastConnectedStream } from './broadcastStream.ts';
import { callerLocation } from './callerLocation.ts';
import { ConnectedStreams, KeyedConnectedStreams } from './connectedStreams.ts';
import { DataStream } from './dataStream.ts';
import {
  type IntervalJoin,
  type IntervalJoinFunction,
  joinType,
  type PairInfo,
  plannedJoin,
} from './joins.ts';
import { keyedLegs } from './keyedLegs.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { Leg } from './plan.ts';
import type { KeyedProcessFunction } from './processFunctions.ts';
import { plannedProcess } from './processFunctionsOf.ts';
import { type RichReduceFunction, recordFunction } from './recordFunctions.ts';
import { RecordStream, written } from './recordStream.ts';
import type { DeclaredStates } from './state.ts';
import type { TriggerStates } from './triggers.ts';
import { WindowedStream } from './windowedStream.ts';
import {
  type CoGroupFunction,
  type JoinWindows,
  plannedCoGroup,
  type WindowJoinFunction,
} from './windowJoins.ts';
import type { KeyedWindow, WindowAssigner, WindowOptions } from './windows.ts';
import { countWindows, windowsOf } from './writtenWindows.ts';

export class KeyedStream<T, K extends Key> extends RecordStream<T> {
  /** Only for the types. */
  declare readonly key?: K;

  /** Keeps one value per key and emits it after every record; the first record of a key is its first value. */
  reduce(reduce: (left: T, right: T) => T, options?: OperatorOptions): DataStream<T>;
  // An overload: as a union of the two, a stream of a narrower type would be no stream of a wider one.
  reduce<Opened = undefined>(reduce: RichReduceFunction<T, Opened>, options?: OperatorOptions): DataStream<T>;
  reduce(reduce: object, options: OperatorOptions = {}): DataStream<T> {
    const location = callerLocation();
    const { call, lifecycle } = recordFunction<(left: T, right: T, opened: never) => T>(
      reduce,
      'reduce',
      location,
    );
    const state: StateDeclaration<T> = { name: 'reduced', type: 'value', schemaVersion: 1 };
    const legs = this.plan.addOperator({
      type: 'reduce',
      options,
      location,
      inputs: [this.legs],
      keyed: true,
      states: [state as StateDeclaration],
      create: () => new ReduceOperator(call, state, lifecycle),
    });
    return new DataStream(this.plan, legs);
  }

  /** State, timers, and any number of records out for each one in. */
  process<Out = never, States extends DeclaredStates = Record<never, never>, Opened = undefined>(
    process: KeyedProcessFunction<T, K, Out, States, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const place = { type: 'process', options, location: callerLocation(), keyed: true };
    const planned = plannedProcess(process, ['onElement'], place);
    return this.behind(this.plan.addOperator({ ...planned, ...place, inputs: [this.legs] }));
  }

  /** The records of each key, cut into windows: `tumbling`, `sliding`, `session` or `globalWindow`. */
  window<States extends TriggerStates = Record<never, never>>(
    assigner: WindowAssigner<T>,
    options: WindowOptions<T, States> = {},
  ): WindowedStream<T, K> {
    return new WindowedStream(this.plan, this.legs, windowsOf(assigner, options));
  }

  /**
   * Windows of `size` records of a key, one after the other. With `slide`, after every so many records a window of the last
   * `size` of them, at first of fewer.
   */
  countWindow(size: number, slide?: number): WindowedStream<T, K> {
    return new WindowedStream(this.plan, this.legs, countWindows(size, slide, callerLocation()));
  }

  /** By other keys. */
  keyBy<const Other extends Key>(keyOf: (value: T) => Other): KeyedStream<T, Other> {
    return new KeyedStream(this.plan, keyedLegs(this.legs, keyOf, callerLocation()));
  }

  /** This stream and the others as one, each keyed by its own function; the order between them is that of arrival. */
  union(...others: readonly KeyedStream<T, K>[]): KeyedStream<T, K> {
    return new KeyedStream(this.plan, [...this.legs, ...others.flatMap((other) => other[written].legs)]);
  }

  /**
   * Pairs of a record of this stream (left) and one of the other (right) that have the same key: those whose times lie near
   * each other (`between`), or those in one window (`window`). A function answers what comes out for each pair; an object
   * with `onPair` emits what it likes.
   */
  // Windows first: their options may hold functions, whose parameters get the types of the first overload that is tried.
  join<Right, Out = never, States extends TriggerStates = Record<never, never>, Opened = undefined>(
    right: KeyedStream<Right, K>,
    how: JoinWindows<T, Right, States>,
    join:
      | ((left: T, right: Right, window: KeyedWindow<K>) => Out)
      | WindowJoinFunction<T, Right, K, Out, Opened>,
    options?: OperatorOptions,
  ): DataStream<Out>;
  join<Right, Out = never, Opened = undefined>(
    right: KeyedStream<Right, K>,
    how: IntervalJoin<T, Right>,
    join:
      | ((left: T, right: Right, pair: PairInfo<K>) => Out)
      | IntervalJoinFunction<T, Right, K, Out, Opened>,
    options?: OperatorOptions,
  ): DataStream<Out>;
  join<Right>(
    right: KeyedStream<Right, K>,
    how: object,
    join: object,
    options: OperatorOptions = {},
  ): DataStream<never> {
    const place = { type: joinType(how), options, location: callerLocation(), keyed: true };
    const inputs = [this.legs, right[written].legs];
    return this.behind(this.plan.addOperator({ ...plannedJoin(how, join, place), ...place, inputs }));
  }

  /**
   * What this stream (left) and the other one (right) have of one key in one window, as two lists of which one may be empty:
   * for outer joins and whatever else needs all of both.
   */
  coGroup<
    Right,
    Out = never,
    TriggerState extends TriggerStates = Record<never, never>,
    States extends DeclaredStates<'keyed'> = Record<never, never>,
    WindowStates extends TriggerStates = Record<never, never>,
    Opened = undefined,
  >(
    right: KeyedStream<Right, K>,
    windows: JoinWindows<T, Right, TriggerState>,
    coGroup: CoGroupFunction<T, Right, K, Out, States, WindowStates, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const place = { type: 'coGroup', options, location: callerLocation(), keyed: true };
    const inputs = [this.legs, right[written].legs];
    return this.behind(
      this.plan.addOperator({ ...plannedCoGroup(windows, coGroup, place), ...place, inputs }),
    );
  }

  /**
   * Two streams with the same keys into one operator: what has one key meets in one state. With a broadcast stream, every
   * subtask gets each of its records. A stream without keys is connected too, but then there is no keyed state: the
   * records of this one are spread by their keys, and that is all.
   */
  connect<Rule, Broadcast extends BroadcastStates>(
    rules: BroadcastStream<Rule, Broadcast>,
  ): KeyedBroadcastConnectedStream<T, Rule, K, Broadcast>;
  connect<Second>(second: KeyedStream<Second, K>): KeyedConnectedStreams<T, Second, K>;
  connect<Second>(second: DataStream<Second>): ConnectedStreams<T, Second>;
  connect(
    second: KeyedStream<unknown, K> | DataStream<unknown> | BroadcastStream<unknown, BroadcastStates>,
  ):
    | KeyedConnectedStreams<T, unknown, K>
    | ConnectedStreams<T, unknown>
    | KeyedBroadcastConnectedStream<T, unknown, K, BroadcastStates> {
    if (second instanceof BroadcastStream)
      return new KeyedBroadcastConnectedStream(this.plan, this.legs, second);
    return second instanceof KeyedStream
      ? new KeyedConnectedStreams(this.plan, this.legs, second[written].legs)
      : new ConnectedStreams(this.plan, this.legs, second[written].legs);
  }

  protected override behind<Out>(legs: readonly Leg[]): DataStream<Out> {
    return new DataStream(this.plan, legs);
  }
}
