/**
 * Assertions: for bugs, never for expected outcomes. They stay on in production; a broken one fails the job with the
 * sentence given here, not the editor.
 */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

/** Throws AssertionError with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The value, which must be there; `what` names it in the error. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new AssertionError(`${what} is missing`);
  return value;
}

/** The end of a `switch` over a union: a compile error when a member was forgotten. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(JSON.stringify(value))}`);
}
