/** One record in, one record out, with its timestamp. */
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import type { OperatorContext, Output, StreamOperator, Timestamp } from './operator.ts';

export class MapOperator<In, Out> implements StreamOperator<Out> {
  readonly #map: (value: In, opened: never) => Out;
  readonly #lifecycle: OperatorLifecycle;
  #output!: Output<Out>;

  constructor(map: (value: In, opened: never) => Out, lifecycle?: AnyLifecycle) {
    this.#lifecycle = new OperatorLifecycle(lifecycle);
    this.#map = map;
  }

  open(context: OperatorContext<Out>): void {
    this.#output = context.output;
    this.#lifecycle.open(context);
  }

  process(value: unknown, timestamp: Timestamp): void {
    this.#output.collect(this.#map(value as In, this.#lifecycle.opened), timestamp);
  }

  close(): void {
    this.#lifecycle.close();
  }
}
