/**
 * A rolling reduce: keeps one value per key and emits it after every record, as Flink's keyed reduce does. The first
 * record of a key is its first value.
 */
import { assert, present } from '../base/assert.ts';
import type { StateDeclaration, ValueState } from '../state/declarations.ts';
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import type { OperatorContext, Output, StreamOperator, Timestamp } from './operator.ts';
import { refusePromise } from './synchronous.ts';

export class ReduceOperator<T> implements StreamOperator<T> {
  readonly #reduce: (left: T, right: T, opened: never) => T;
  readonly #lifecycle: OperatorLifecycle;
  readonly #declaration: StateDeclaration<T>;
  #output!: Output<T>;
  #isChecked = false;
  #reduced!: ValueState<T>;

  constructor(
    reduce: (left: T, right: T, opened: never) => T,
    declaration: StateDeclaration<T>,
    lifecycle?: AnyLifecycle,
  ) {
    this.#lifecycle = new OperatorLifecycle(lifecycle);
    this.#reduce = reduce;
    this.#declaration = declaration;
  }

  open(context: OperatorContext<T>): void {
    this.#output = context.output;
    this.#lifecycle.open(context);
    this.#reduced = present(context.keyed, `the keyed state of ${context.uid}`).value(this.#declaration);
  }

  process(value: unknown, timestamp: Timestamp): void {
    const before = this.#reduced.get();
    const after =
      before === undefined ? (value as T) : this.#reduce(before, value as T, this.#lifecycle.opened);
    if (!this.#isChecked && before !== undefined) {
      this.#isChecked = true;
      refusePromise(after, 'The function of a reduce');
    }
    assert(after !== undefined, 'a reduce function must return a value, not undefined');
    this.#reduced.set(after);
    this.#output.collect(after, timestamp);
  }

  close(): void {
    this.#lifecycle.close();
  }
}
