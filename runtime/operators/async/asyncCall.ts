/**
 * One call of an author's function for one record, and what the function knows of it. Whatever it answers has a `then`;
 * that is all that is asked of it, so that a simulation can let calls complete in any order without a promise.
 */
import type { Abort, Timestamp } from '../operator.ts';

export type Outcome =
  | { readonly type: 'fulfilled'; readonly result: unknown }
  | { readonly type: 'rejected'; readonly error: unknown };

export class AsyncCall {
  /** What the author's `open` answered. */
  readonly opened: unknown;
  readonly timestamp: Timestamp;
  /** 1 for the first call of a record. */
  readonly attempt: number;
  readonly #newAbort: () => Abort;
  #abort: Abort | null = null;
  /** Nobody waits for it any more, and why. */
  #aborted: { readonly reason: unknown } | null = null;
  #isSettled = false;

  constructor(opened: unknown, timestamp: Timestamp, attempt: number, newAbort: () => Abort) {
    this.opened = opened;
    this.timestamp = timestamp;
    this.attempt = attempt;
    this.#newAbort = newAbort;
  }

  /** An AbortSignal of the platform; made when it is asked for, since many calls cannot be aborted anyway. */
  get signal(): object {
    if (this.#abort === null) {
      this.#abort = this.#newAbort();
      // It may be asked for only now, by a function that had waited for something else before.
      if (this.#aborted !== null) this.#abort.abort(this.#aborted.reason);
    }
    return this.#abort.signal;
  }

  /**
   * Calls the function. `settled` is called at most once, perhaps at once. False: what the function answered has no
   * `then`.
   */
  begin(call: (context: AsyncCall) => unknown, settled: (outcome: Outcome) => void): boolean {
    const settle = (outcome: Outcome): void => {
      if (this.#isSettled) return;
      this.#isSettled = true;
      settled(outcome);
    };
    const rejected = (error: unknown): void => settle({ type: 'rejected', error });
    try {
      const answer = call(this);
      if (!isThenable(answer)) return false;
      answer.then((result) => settle({ type: 'fulfilled', result }), rejected);
    } catch (error) {
      rejected(error);
    }
    return true;
  }

  /** What it still answers counts no more. Without a reason the platform gives its own. */
  abort(reason?: unknown): void {
    this.#isSettled = true;
    this.#aborted = { reason };
    this.#abort?.abort(reason);
  }
}

interface Thenable {
  then(fulfilled: (result: unknown) => void, rejected: (error: unknown) => void): unknown;
}

function isThenable(answer: unknown): answer is Thenable {
  const isObject = (typeof answer === 'object' && answer !== null) || typeof answer === 'function';
  return isObject && typeof (answer as { readonly then?: unknown }).then === 'function';
}
