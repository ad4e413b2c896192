/** From the functions of an author, with their types, to those that the operator calls, without. */
import type { AnyLifecycle } from '../operators/lifecycle.ts';
import type { Timer } from '../operators/operator.ts';
import type { ProcessContext, ProcessFunctions } from '../operators/processOperator.ts';
import type { StateDeclaration } from '../state/declarations.ts';

/** The methods are called on the object that the author wrote, so that `this` is what it looks like. */
export function processFunctionsOf(
  author: AnyLifecycle & {
    readonly onTimer?: (timer: Timer, context: never) => void;
    readonly onEnd?: (context: never) => void;
  },
  onElement: readonly ((value: never, context: never) => void)[],
  states: Readonly<Record<string, StateDeclaration>>,
): ProcessFunctions {
  const { onTimer, onEnd } = author;
  return {
    states,
    onElement: onElement.map(
      (method) => method.bind(author) as (value: unknown, context: ProcessContext) => void,
    ),
    onTimer: (onTimer?.bind(author) as ProcessFunctions['onTimer'] | undefined) ?? null,
    onEnd: (onEnd?.bind(author) as ProcessFunctions['onEnd'] | undefined) ?? null,
    lifecycle: author,
  };
}
