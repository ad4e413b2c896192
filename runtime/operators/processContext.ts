/** What the functions of `process` get beside what every function gets: state, and behind a keyBy key and timers. */
import type { Key } from '../state/declarations.ts';
import { AuthorContext } from './authorContext.ts';
import type { KeyedStates, OperatorContext, Timers } from './operator.ts';

export class ProcessContext extends AuthorContext {
  /** By the names that the author's functions use. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly #uid: string;
  readonly #keyed: KeyedStates | null;

  constructor(operator: OperatorContext, state: Readonly<Record<string, unknown>>, opened: unknown) {
    super(operator, opened);
    this.state = state;
    this.#uid = operator.uid;
    this.#keyed = operator.keyed;
  }

  /** Of the record or timer at hand. */
  get key(): Key {
    return this.#current().currentKey();
  }

  get timers(): Timers {
    return this.#current().timers;
  }

  #current(): KeyedStates {
    if (this.#keyed === null)
      throw new Error(`Keys and timers exist only behind a keyBy; ${this.#uid} has none.`);
    return this.#keyed;
  }
}
