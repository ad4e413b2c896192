/** Lets a record through or not. */
import type { OperatorContext, Output, StreamOperator, Timestamp } from './operator.ts';

export class FilterOperator<T> implements StreamOperator<T> {
  readonly #keeps: (value: T) => boolean;
  #output!: Output<T>;

  constructor(keeps: (value: T) => boolean) {
    this.#keeps = keeps;
  }

  open(context: OperatorContext<T>): void {
    this.#output = context.output;
  }

  process(value: unknown, timestamp: Timestamp): void {
    if (this.#keeps(value as T)) this.#output.collect(value as T, timestamp);
  }
}
