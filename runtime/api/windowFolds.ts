/** From the window functions of an author, with their types, to what the operator calls, without. */

import type { SourceLocation } from '../graph/jobGraph.ts';
import type { AnyLifecycle } from '../operators/lifecycle.ts';
import { refusePromise } from '../operators/synchronous.ts';
import type { KeyedWindow } from '../operators/windows/window.ts';
import { copyOf, type WindowFunction } from '../operators/windows/windowFunction.ts';
import { declareStates } from './declareStates.ts';
import { declareWindowStates } from './declareWindowStates.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { recordFunction } from './recordFunctions.ts';
import type { DeclaredStates } from './state.ts';

/** What the three kinds of function have in common, as far as the operator cares. */
interface AnyWindowFunction extends AnyLifecycle {
  readonly state?: DeclaredStates;
  readonly windowState?: DeclaredStates;
  readonly onWindow?: (content: never, window: never, context: never) => unknown;
}

interface AnyAggregate extends AnyWindowFunction {
  create(): unknown;
  add(accumulator: unknown, value: unknown): unknown;
  merge?(left: unknown, right: unknown): unknown;
  result?(accumulator: unknown, window: KeyedWindow): unknown;
}

export function reducing(
  author: object,
  options: OperatorOptions,
  location: SourceLocation | null,
): WindowFunction<never, unknown> {
  const { call: reduce, lifecycle } = recordFunction<
    (left: unknown, right: unknown, opened: never) => unknown
  >(author, 'reduce', location);
  return {
    fold: {
      add: (left, right, opened) => (left === undefined ? right : reduce(left, right, opened)),
      merge: reduce,
      copy: copyOf,
    },
    isList: false,
    empty: () => undefined,
    emit: onWindowOf(author) ?? ((reduced, _window, { emit }) => emit(reduced)),
    ...statesOf(author, options, location),
    lifecycle,
  };
}

export function aggregating(
  author: object,
  options: OperatorOptions,
  location: SourceLocation | null,
): WindowFunction<never, unknown> {
  const aggregate = author as AnyAggregate;
  return {
    fold: {
      add: (accumulator, value) => aggregate.add(accumulator ?? aggregate.create(), value),
      merge: aggregate.merge === undefined ? null : (left, right) => aggregate.merge?.(left, right),
      copy: copyOf,
    },
    isList: false,
    empty: () => aggregate.create(),
    emit:
      onWindowOf(author) ??
      ((accumulator, window, { emit }) => emit(aggregate.result?.(accumulator, window))),
    ...statesOf(author, options, location),
    lifecycle: aggregate,
  };
}

export function listing(
  author: object,
  options: OperatorOptions,
  location: SourceLocation | null,
): WindowFunction<never, unknown[]> {
  return {
    fold: {
      // The list is changed in place and set again, which state allows: a copy for every record would be quadratic.
      add: (values, value) => {
        if (values === undefined) return [value];
        values.push(value);
        return values;
      },
      merge: (left, right) => left.concat(right),
      // Records are not changed by anybody, so that the list needs a copy and they do not.
      copy: (values) => values.slice(),
    },
    isList: true,
    empty: () => [],
    emit: onWindowOf(author) ?? (() => undefined),
    ...statesOf(author, options, location),
    lifecycle: author as AnyLifecycle,
  };
}

/** Called on the object that the author wrote, so that `this` is what it looks like. */
function onWindowOf(author: object): WindowFunction<never, unknown>['emit'] | null {
  const { onWindow } = author as AnyWindowFunction;
  if (onWindow === undefined) return null;
  return (content, window, context) => {
    const answer = onWindow.call(author, content as never, window as never, context as never);
    if (answer !== undefined) refusePromise(answer, 'onWindow');
  };
}

function statesOf(author: object, options: OperatorOptions, location: SourceLocation | null) {
  const { state = {}, windowState = {} } = author as AnyWindowFunction;
  return {
    states: declareStates(state, options, location, ['keyed']),
    windowStates: declareWindowStates(windowState, options, location),
  };
}
