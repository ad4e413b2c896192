/** One record in, one record out, with its timestamp. */
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import type { OperatorContext, Output, StreamOperator, Timestamp } from './operator.ts';
import { refusePromise } from './synchronous.ts';

export class MapOperator<In, Out> implements StreamOperator<Out> {
  readonly #map: (value: In, opened: never) => Out;
  readonly #lifecycle: OperatorLifecycle;
  #output!: Output<Out>;
  #isChecked = false;

  constructor(map: (value: In, opened: never) => Out, lifecycle?: AnyLifecycle) {
    this.#lifecycle = new OperatorLifecycle(lifecycle);
    this.#map = map;
  }

  open(context: OperatorContext<Out>): void {
    this.#output = context.output;
    this.#lifecycle.open(context);
  }

  process(value: unknown, timestamp: Timestamp): void {
    const result = this.#map(value as In, this.#lifecycle.opened);
    // An async function answers promises only: one look is enough.
    if (!this.#isChecked) refusePromise(result, 'The function of a map');
    this.#isChecked = true;
    this.#output.collect(result, timestamp);
  }

  close(): void {
    this.#lifecycle.close();
  }
}
