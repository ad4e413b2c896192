/** First in, first out, at the same cost however long it is: `shift` of a long array moves all of it. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Undefined when it is empty. */
  first(): T | undefined {
    return this.#items[this.#head];
  }

  last(): T | undefined {
    return this.size === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  /** Undefined when it is empty. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head++;
    if (this.#head * 2 >= this.#items.length) this.#pack();
    return item;
  }

  /** Leaves out what `keeps` answers false for. */
  retain(keeps: (item: T) => boolean): void {
    this.#pack();
    this.#items = (this.#items as T[]).filter(keeps);
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let place = this.#head; place < this.#items.length; place++) yield this.#items[place] as T;
  }

  /** Half of it is gone: what is moved was paid for by what left. */
  #pack(): void {
    this.#items.splice(0, this.#head);
    this.#head = 0;
  }
}
