/** One record in, any number out, in the order in which the function gives them, all with the record's timestamp. */
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import type { OperatorContext, Output, StreamOperator, Timestamp } from './operator.ts';
import { refusePromise } from './synchronous.ts';

export class FlatMapOperator<In, Out> implements StreamOperator<Out> {
  readonly #flatMap: (value: In, opened: never) => Iterable<Out>;
  readonly #lifecycle: OperatorLifecycle;
  #output!: Output<Out>;

  constructor(flatMap: (value: In, opened: never) => Iterable<Out>, lifecycle?: AnyLifecycle) {
    this.#lifecycle = new OperatorLifecycle(lifecycle);
    this.#flatMap = flatMap;
  }

  open(context: OperatorContext<Out>): void {
    this.#output = context.output;
    this.#lifecycle.open(context);
  }

  process(value: unknown, timestamp: Timestamp): void {
    const results = this.#flatMap(value as In, this.#lifecycle.opened);
    if (Array.isArray(results)) {
      // The usual case, without an iterator for every record.
      for (let index = 0; index < results.length; index++)
        this.#output.collect(results[index] as Out, timestamp);
    } else {
      refusePromise(results, 'The function of a flatMap');
      for (const result of results) this.#output.collect(result, timestamp);
    }
  }

  close(): void {
    this.#lifecycle.close();
  }
}
