/** Calls that a test completes, in any order, without a promise: what they answer has a `then`, and that is all. */

import type { AsyncContext } from '../../../runtime/api/index.ts';
import { present } from '../../../runtime/base/assert.ts';

export interface HandCall {
  readonly value: string;
  readonly context: AsyncContext<unknown>;
  answer(result: unknown): void;
  fail(error: unknown): void;
}

export class HandCalls {
  /** All of them, in the order in which they began. */
  readonly begun: HandCall[] = [];
  readonly #open: HandCall[] = [];

  readonly call = (value: string, context: AsyncContext<unknown>): PromiseLike<string> => {
    return {
      // biome-ignore lint/suspicious/noThenProperty: a promise by hand.
      then: (fulfilled: unknown, rejected: unknown) => {
        const call: HandCall = {
          value,
          context,
          answer: fulfilled as HandCall['answer'],
          fail: rejected as HandCall['fail'],
        };
        this.begun.push(call);
        this.#open.push(call);
        return undefined as never;
      },
    };
  };

  /** Values of the calls since the last time, in their order. */
  taken = 0;
  take(): string {
    const values = this.begun.slice(this.taken).map(({ value }) => value);
    this.taken = this.begun.length;
    return values.join(' ');
  }

  /** Those of a run that is over: nobody waits for them. */
  forget(): void {
    this.#open.length = 0;
  }

  /** Those that have neither been answered nor failed. */
  get open(): readonly HandCall[] {
    return this.#open;
  }

  /** The oldest open call for the value is answered by the same in capitals. */
  answer(value: string, result: unknown = value.toUpperCase()): void {
    this.#close(value).answer(result);
  }

  fail(value: string, error: unknown = new Error(`no ${value}`)): void {
    this.#close(value).fail(error);
  }

  #close(value: string): HandCall {
    const place = this.#open.findIndex((call) => call.value === value);
    return present(this.#open.splice(place, place < 0 ? 0 : 1)[0], `an open call for ${value}`);
  }
}
