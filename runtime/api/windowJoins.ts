/**
 * Window joins and co-groups: two keyed streams are cut into the same windows, and what one key has of both in one window
 * meets when it fires. A join makes every pair of a left and a right record; a co-group gets both lists, also where one
 * is empty.
 */
import { bySide, CoGroupOperator, type Sided } from '../operators/coGroupOperator.ts';
import type { Lifecycle } from '../operators/lifecycle.ts';
import type { WindowContext as OpenedContext } from '../operators/windows/windowEmitter.ts';
import type { WindowFunction } from '../operators/windows/windowFunction.ts';
import type { Key } from '../state/declarations.ts';
import type { PlannedFunction } from './plan.ts';
import { plannedWindows } from './plannedWindows.ts';
import type { EmitContext, TypeName } from './processFunctions.ts';
import { type AuthorPlace, synchronousMethodOf } from './processFunctionsOf.ts';
import type { DeclaredStates } from './state.ts';
import type { TriggerStates } from './triggers.ts';
import { listing } from './windowFolds.ts';
import type { WindowContext } from './windowFunctions.ts';
import type { KeyedWindow, WindowAssigner, WindowOptions } from './windows.ts';
import { windowsOf } from './writtenWindows.ts';

export type { Sided };

type NoStates = Record<never, never>;

/**
 * Windows that two streams share. A trigger, an evictor, a function for the gap of a session and the side output for late
 * records see each record with its side.
 */
export interface JoinWindows<Left, Right, States extends TriggerStates = NoStates>
  extends WindowOptions<Sided<Left, Right>, States> {
  readonly window: WindowAssigner<Sided<Left, Right>>;
}

/** Any number of records out for each pair; Flink's FlatJoinFunction. */
export interface WindowJoinFunction<Left, Right, K extends Key, Out, Opened = undefined>
  extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  onPair(left: Left, right: Right, window: KeyedWindow<K>, context: EmitContext<Out, Opened>): void;
}

/** What both streams have of one key in one window. One of the lists may be empty, as in an outer join. */
export interface CoGroupFunction<
  Left,
  Right,
  K extends Key,
  Out,
  States extends DeclaredStates<'keyed'> = NoStates,
  WindowStates extends TriggerStates = NoStates,
  Opened = undefined,
> extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  /** State of the key, shared by all of its windows. */
  readonly state?: States;
  /** Values that are kept for each window until it is over; not for session windows, which merge. */
  readonly windowState?: WindowStates;
  /** Whenever a window fires. The records are in the order in which they came. */
  onWindow(
    lefts: readonly Left[],
    rights: readonly Right[],
    window: KeyedWindow<K>,
    context: WindowContext<Out, States, WindowStates, Opened>,
  ): void;
}

/** Whose records and states they are is known by the author's functions; the plan only keeps them. */
export type AnyJoinWindows = JoinWindows<never, never, TriggerStates>;

/** Of records, or of lists of them. */
type OnBoth<Content> = (lefts: Content, rights: Content, window: KeyedWindow, context: OpenedContext) => void;

/** Throws PipelineError. `join`: a function that answers what is made of a pair, or an object with `onPair`. */
export function plannedWindowJoin(
  windows: AnyJoinWindows,
  join: object,
  place: AuthorPlace,
): PlannedFunction {
  const isFunction = typeof join === 'function';
  const onPair = isFunction ? answering(join) : synchronousMethodOf<OnBoth<unknown>>(join, 'onPair', place);
  return overBoth(windows, isFunction ? {} : join, place, (lefts, rights, window, context) => {
    for (const left of lefts) for (const right of rights) onPair(left, right, window, context);
  });
}

/** Throws PipelineError. */
export function plannedCoGroup<Left, Right, States extends TriggerStates>(
  windows: JoinWindows<Left, Right, States>,
  author: object,
  place: AuthorPlace,
): PlannedFunction {
  return overBoth(
    windows as object as AnyJoinWindows,
    author,
    place,
    synchronousMethodOf(author, 'onWindow', place),
  );
}

function overBoth(
  { window: assigner, ...written }: AnyJoinWindows,
  author: object,
  place: AuthorPlace,
  onWindow: OnBoth<readonly unknown[]>,
): PlannedFunction {
  const { options, location } = place;
  const ofSides: WindowFunction<never, unknown[]> = {
    ...listing(author, options, location),
    emit: (records, window, context) => {
      const { lefts, rights } = bySide(records as readonly Sided<unknown, unknown>[]);
      onWindow(lefts, rights, window, context);
    },
  };
  const { operator } = plannedWindows(windowsOf(assigner, written), ofSides, options, location);
  const { states, windows } = operator;
  return { states, windows, create: () => new CoGroupOperator(operator.create()) };
}

function answering(join: object): OnBoth<unknown> {
  const call = join as (left: unknown, right: unknown, window: KeyedWindow) => unknown;
  return (left, right, window, context) => context.emit(call(left, right, window));
}
