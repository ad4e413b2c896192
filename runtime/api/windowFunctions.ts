/**
 * What is made of the records of a window, as an author writes it: they are reduced to one of their kind or folded into an
 * accumulator as they come, or kept until the window fires. What then comes out is a value, or, with `onWindow`, any number
 * of them.
 */
import type { Lifecycle } from '../operators/lifecycle.ts';
import type { KeyedWindow } from '../operators/windows/window.ts';
import type { Key } from '../state/declarations.ts';
import type { EmitContext, TypeName } from './processFunctions.ts';
import type { DeclaredStates, StateHandles } from './state.ts';
import type { TriggerStates } from './triggers.ts';

type NoStates = Record<never, never>;

/**
 * What a window function sends with and tells the time by. `timestamp` is the last millisecond of the window, and results
 * have it; in a global window it is the time of what made it fire. Valid only during the call.
 */
export interface WindowContext<
  Out,
  States extends DeclaredStates = NoStates,
  WindowStates extends TriggerStates = NoStates,
  Opened = undefined,
> extends EmitContext<Out, Opened> {
  /** Of the key, whichever window it is. */
  readonly state: StateHandles<States>;
  /** Of the window, from one firing to the next. */
  readonly windowState: StateHandles<WindowStates>;
}

/** What every function with `onWindow` may have beside it. */
interface OnWindow<
  Content,
  K extends Key,
  Out,
  States extends DeclaredStates,
  WindowStates extends TriggerStates,
  Opened,
> extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  /** State of the key, shared by all of its windows. */
  readonly state?: States;
  /** Values that are kept for each window until it is over; not for session windows, which merge. */
  readonly windowState?: WindowStates;
  /** Whenever the window fires. */
  onWindow(
    content: Content,
    window: KeyedWindow<K>,
    context: WindowContext<Out, States, WindowStates, Opened>,
  ): void;
}

/**
 * All records of a window, in the order in which they came; where sessions have become one, session by session. They are
 * kept until it is over: prefer `aggregate`.
 */
export interface WindowProcessFunction<
  T,
  K extends Key,
  Out,
  States extends DeclaredStates = NoStates,
  WindowStates extends TriggerStates = NoStates,
  Opened = undefined,
> extends OnWindow<readonly T[], K, Out, States, WindowStates, Opened> {}

/** Reduces the records of a window to one of their kind, and emits what it likes of it. */
export interface WindowReduceFunction<
  T,
  K extends Key,
  Out,
  States extends DeclaredStates = NoStates,
  WindowStates extends TriggerStates = NoStates,
  Opened = undefined,
> extends OnWindow<T, K, Out, States, WindowStates, Opened> {
  reduce(left: T, right: T, opened: Opened): T;
}

/** Folds the records of a window one by one, so that only the accumulator is kept. */
interface WindowFolding<T, Accumulator> {
  /** The accumulator of an empty window. */
  create(): Accumulator;
  /** The accumulator with one more record: a new one, or the same one changed. */
  add(accumulator: Accumulator, value: T): Accumulator;
  /**
   * Of two pieces of one window. Needed for session windows, which merge, and for sliding ones, whose pieces are shared.
   * May change the left one and answer it; the right one is left alone.
   */
  merge?(left: Accumulator, right: Accumulator): Accumulator;
}

export interface AggregateFunction<T, Accumulator, Out, K extends Key = Key>
  extends WindowFolding<T, Accumulator> {
  /** What the window emits. */
  result(accumulator: Accumulator, window: KeyedWindow<K>): Out;
}

/** The same, and it emits what it likes. */
export interface WindowAggregateFunction<
  T,
  Accumulator,
  K extends Key,
  Out,
  States extends DeclaredStates = NoStates,
  WindowStates extends TriggerStates = NoStates,
  Opened = undefined,
> extends WindowFolding<T, Accumulator>,
    OnWindow<Accumulator, K, Out, States, WindowStates, Opened> {}
