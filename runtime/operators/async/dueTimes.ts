/** What of an `asyncMap` comes with time: the deadlines of records that were called for, and their next calls. */
import type { Timestamp } from '../operator.ts';
import { Fifo } from './fifo.ts';
import type { InFlightRecord } from './inFlightRecord.ts';

/** So few that it does not matter how many of them are over. */
const KEPT_ANYWAY = 32;

/** All records have the same time, so whoever came first is due first. */
export class Deadlines {
  readonly #records = new Fifo<InFlightRecord>();
  /** Records that are not done. */
  #open = 0;

  add(record: InFlightRecord): void {
    this.#records.push(record);
    this.#open++;
    // Behind one that hangs, those that are done would gather until its deadline.
    if (this.#records.size > 2 * this.#open + KEPT_ANYWAY) this.#records.retain(isOpen);
  }

  /** One of them is done. */
  completed(): void {
    this.#open--;
  }

  next(): Timestamp | null {
    return this.#first()?.deadline ?? null;
  }

  /** One that is due; it is still not done. */
  due(now: Timestamp): InFlightRecord | null {
    const first = this.#first();
    return first !== undefined && first.deadline <= now ? first : null;
  }

  #first(): InFlightRecord | undefined {
    for (let first = this.#records.first(); first !== undefined; first = this.#records.first()) {
      if (isOpen(first)) return first;
      this.#records.shift();
    }
    return undefined;
  }
}

function isOpen({ state }: InFlightRecord): boolean {
  return state.type !== 'done';
}

/** Records that wait to be called for again. There are never more than the capacity. */
export class Retries {
  #records: InFlightRecord[] = [];
  #next: Timestamp | null = null;

  add(record: InFlightRecord, at: Timestamp): void {
    record.state = { type: 'retrying', at };
    this.#records.push(record);
    if (this.#next === null || at < this.#next) this.#next = at;
  }

  next(): Timestamp | null {
    return this.#next;
  }

  /** Takes out those that are due. One whose time ran out meanwhile is none of them. */
  due(now: Timestamp): readonly InFlightRecord[] {
    if (this.#next === null || this.#next > now) return [];
    const due: InFlightRecord[] = [];
    const left: InFlightRecord[] = [];
    this.#next = null;
    for (const record of this.#records) {
      const { state } = record;
      if (state.type !== 'retrying') continue;
      if (state.at <= now) due.push(record);
      else {
        left.push(record);
        if (this.#next === null || state.at < this.#next) this.#next = state.at;
      }
    }
    this.#records = left;
    return due;
  }
}
