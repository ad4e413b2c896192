/** Lets a record through or not. */
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import type { OperatorContext, Output, StreamOperator, Timestamp } from './operator.ts';
import { refusePromise } from './synchronous.ts';

export class FilterOperator<T> implements StreamOperator<T> {
  readonly #keeps: (value: T, opened: never) => boolean;
  readonly #lifecycle: OperatorLifecycle;
  #output!: Output<T>;

  constructor(keeps: (value: T, opened: never) => boolean, lifecycle?: AnyLifecycle) {
    this.#lifecycle = new OperatorLifecycle(lifecycle);
    this.#keeps = keeps;
  }

  open(context: OperatorContext<T>): void {
    this.#output = context.output;
    this.#lifecycle.open(context);
  }

  process(value: unknown, timestamp: Timestamp): void {
    const keeps: unknown = this.#keeps(value as T, this.#lifecycle.opened);
    if (!keeps) return;
    if (keeps !== true) refusePromise(keeps, 'The function of a filter');
    this.#output.collect(value as T, timestamp);
  }

  close(): void {
    this.#lifecycle.close();
  }
}
