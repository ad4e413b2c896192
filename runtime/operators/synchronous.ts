/**
 * A function of an author that answers a promise is a mistake everywhere but in `asyncMap`: what it does after its first
 * `await` would happen to another record, with another key's state. So its answer is refused.
 */

/** `who`: the function, in the error. */
export function refusePromise(answer: unknown, who: string): void {
  if (typeof answer !== 'object' || answer === null) return;
  const { then } = answer as { readonly then?: unknown };
  if (typeof then !== 'function') return;
  // The job fails for the promise itself; what becomes of it must not be told once more, as an error of nobody.
  then.call(answer, ignored, ignored);
  throw new TypeError(
    `${who} answered a promise. Functions of a pipeline must not be async: wait for something with asyncMap, and go on with its result.`,
  );
}

const ignored = (): void => {};
