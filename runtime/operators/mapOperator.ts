/** One record in, one record out, with its timestamp. */
import type { OperatorContext, Output, StreamOperator, Timestamp } from './operator.ts';

export class MapOperator<In, Out> implements StreamOperator<Out> {
  readonly #map: (value: In) => Out;
  #output!: Output<Out>;

  constructor(map: (value: In) => Out) {
    this.#map = map;
  }

  open(context: OperatorContext<Out>): void {
    this.#output = context.output;
  }

  process(value: unknown, timestamp: Timestamp): void {
    this.#output.collect(this.#map(value as In), timestamp);
  }
}
