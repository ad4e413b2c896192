/**
 * Sorting in portions: items are put in one by one, sorted in runs of a few hundred, and taken out in order by merging
 * the runs over a heap. No step of it is long, however many items there are, so it fits between the batches of a task.
 * An item that was put in several times (items that compare as equal) comes out once.
 */
export const runLength = 512;

export class SortedRuns<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #runs: Run<T>[] = [];
  #open: T[] = [];
  #merging = false;
  #last: { readonly item: T } | null = null;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Answers true when this completed a run, which costs as much as some thousand other calls. */
  add(item: T): boolean {
    this.#open.push(item);
    if (this.#open.length < runLength) return false;
    this.#close();
    return true;
  }

  /** The least item that is left; undefined when none is. Nothing may be added after the first call. */
  next(): T | undefined {
    if (!this.#merging) this.#startMerge();
    for (let item = this.#pop(); item !== undefined; item = this.#pop()) {
      if (this.#last !== null && this.#compare(this.#last.item, item) === 0) continue;
      this.#last = { item };
      return item;
    }
    return undefined;
  }

  #close(): void {
    if (this.#open.length > 0) this.#runs.push({ items: this.#open.sort(this.#compare), at: 0 });
    this.#open = [];
  }

  #startMerge(): void {
    this.#close();
    this.#merging = true;
    for (let i = (this.#runs.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  #pop(): T | undefined {
    const top = this.#runs[0];
    if (top === undefined) return undefined;
    const item = top.items[top.at++];
    if (top.at === top.items.length) {
      const last = this.#runs.pop()!;
      if (this.#runs.length > 0) this.#runs[0] = last;
    }
    if (this.#runs.length > 1) this.#sink(0);
    return item;
  }

  #sink(from: number): void {
    const runs = this.#runs;
    const sinking = runs[from]!;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= runs.length) break;
      if (child + 1 < runs.length && this.#before(runs[child + 1]!, runs[child]!)) child++;
      if (!this.#before(runs[child]!, sinking)) break;
      runs[i] = runs[child]!;
      i = child;
    }
    runs[i] = sinking;
  }

  #before(a: Run<T>, b: Run<T>): boolean {
    return this.#compare(a.items[a.at]!, b.items[b.at]!) < 0;
  }
}

interface Run<T> {
  readonly items: readonly T[];
  at: number;
}
