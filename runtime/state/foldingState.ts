/**
 * Reducing and aggregating state: a value state of accumulators, into which `add` folds what it is given. An `add`
 * function may change the accumulator in place and answer it; the value state has protected it by then.
 */
import type { AggregatingState, Fold, StateDeclaration, ValueState } from './declarations.ts';

export class FoldingState<In, Accumulator, Out> implements AggregatingState<In, Out> {
  readonly #accumulators: ValueState<Accumulator>;
  readonly #fold: Fold<In, Accumulator, Out>;
  readonly #declaration: StateDeclaration;
  readonly #operatorUid: string;

  constructor(
    accumulators: ValueState<Accumulator>,
    fold: Fold<In, Accumulator, Out>,
    declaration: StateDeclaration,
    operatorUid: string,
  ) {
    this.#accumulators = accumulators;
    this.#fold = fold;
    this.#declaration = declaration;
    this.#operatorUid = operatorUid;
  }

  get(): Out | undefined {
    const accumulator = this.#accumulators.get();
    return accumulator === undefined ? undefined : this.#fold.result(accumulator);
  }

  add(value: In): void {
    const after = this.#fold.add(this.#accumulators.get(), value);
    if (after === undefined) {
      throw new Error(
        `State "${this.#declaration.name}" of operator "${this.#operatorUid}" cannot become undefined: ` +
          `let ${this.#declaration.type === 'reducing' ? 'its reduce function' : 'the add function of its aggregate'} return a value.`,
      );
    }
    this.#accumulators.set(after);
  }

  clear(): void {
    this.#accumulators.clear();
  }
}
