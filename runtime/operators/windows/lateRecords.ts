/**
 * Records that come when all their windows are gone. They go to a side output where the author asked for it; where not,
 * they are counted and dropped, since a result that is computed without the window's other records would contradict
 * those before it.
 */
import type { Counter } from '../metrics.ts';
import type { OperatorContext, Output, Timestamp } from '../operator.ts';

export class LateRecords {
  readonly #context: OperatorContext<never>;
  readonly #output: Output<unknown> | null;
  /** As Flink calls it. */
  readonly #dropped: Counter | null;
  readonly #because: string;
  #count = 0;

  /** `lateTo`: the name of the side output. `because`: why they are dropped, for the log. */
  constructor(
    context: OperatorContext<never>,
    lateTo: string | null,
    because = 'their windows had already been emitted',
  ) {
    this.#context = context;
    this.#because = because;
    this.#output = lateTo === null ? null : context.sideOutput(lateTo);
    this.#dropped = lateTo === null ? context.metrics.counter('numLateRecordsDropped') : null;
  }

  /** Those of this subtask since its deployment. */
  get count(): number {
    return this.#count;
  }

  take(value: unknown, timestamp: Timestamp): void {
    this.#count++;
    if (this.#output !== null) {
      this.#output.collect(value, timestamp);
      return;
    }
    this.#dropped?.inc();
    // Told at the first, the tenth, the hundredth …: loud enough to be seen, too rare to hurt.
    if (!Number.isInteger(Math.log10(this.#count))) return;
    this.#context.log(
      'warning',
      `"${this.#context.name}" has dropped ${this.#count} late record(s): ${this.#because}.`,
    );
  }

  close(): void {
    if (this.#output === null && this.#count > 1)
      this.#context.log('warning', `${this.#count} late records were dropped in all.`);
  }
}
