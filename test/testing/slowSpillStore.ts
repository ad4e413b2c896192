/**
 * A spill store in memory. A write is done when the test says so (it may be told of the beginning of one); until then a
 * reader finds what was there before.
 */
import { assert } from '../../runtime/base/assert.ts';
import { SpillFailure, type SpillStore, type SpillWrite } from '../../runtime/state/spillStore.ts';

export class SlowSpillStore implements SpillStore {
  problem: string | null = null;
  reads = 0;
  puts = 0;
  isClosed = false;
  readonly #written = new Map<string, Uint8Array>();
  readonly #begun: () => void;
  #underWay: { readonly batch: readonly SpillWrite[]; readonly done: () => void } | null = null;

  constructor(begun: () => void = () => {}) {
    this.#begun = begun;
  }

  get size(): number {
    return this.#written.size;
  }

  get isWriting(): boolean {
    return this.#underWay !== null;
  }

  get(key: Uint8Array): Uint8Array {
    this.reads++;
    if (this.problem !== null) throw new SpillFailure(this.problem);
    const value = this.#written.get(nameOf(key));
    assert(value !== undefined, 'only what a finished write has put is read');
    return value.slice();
  }

  write(batch: readonly SpillWrite[], done: () => void): void {
    assert(this.#underWay === null, 'one write at a time');
    this.#underWay = { batch, done };
    this.#begun();
  }

  /** Answers whether one was under way. */
  finishWrite(problem: string | null = null): boolean {
    const write = this.#underWay;
    if (write === null) return false;
    this.#underWay = null;
    this.problem = problem;
    if (problem === null) {
      for (const { key, value } of write.batch) {
        if (value === null) this.#written.delete(nameOf(key));
        else {
          this.puts++;
          this.#written.set(nameOf(key), value.slice());
        }
      }
    }
    write.done();
    return true;
  }

  close(): void {
    this.isClosed = true;
  }
}

const nameOf = (key: Uint8Array): string => String.fromCharCode(...key);
