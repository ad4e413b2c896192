/**
 * The order in which what is in flight leaves an `asyncMap`: records, and between them the marks (watermarks, idleness)
 * that may neither overtake them nor be overtaken. Two orders, after Flink's OrderedStreamElementQueue and
 * UnorderedStreamElementQueue:
 *
 *   in       r1 r2 ─5─ r3 r4 ─9─                  calls complete: r4 r2 r3 r1
 *   ordered          r1 r2 ─5─ r3 r4 ─9─          the first of all, as soon as it is done
 *   unordered        r2 r1 ─5─ r4 r3 ─9─          whatever is done in the first segment; marks end segments
 *
 * So without watermarks the unordered one is as fast as the calls are, and with one after every record it is the ordered
 * one.
 */
import { present } from '../../base/assert.ts';
import type { Idleness, Timestamp } from '../operator.ts';
import { Fifo } from './fifo.ts';
import type { InFlightRecord } from './inFlightRecord.ts';

/** What came between two records, put together: of several watermarks in a row the last one says it all. */
export class Mark {
  watermark: Timestamp | null = null;
  idleness: Idleness | null = null;

  add(change: Timestamp | Idleness): void {
    if (typeof change === 'number') this.watermark = change;
    else this.idleness = change;
  }
}

export interface AsyncQueue {
  /** Records that have not left. */
  readonly size: number;
  /** Neither records nor marks. */
  readonly isEmpty: boolean;
  addRecord(record: InFlightRecord): void;
  addMark(change: Timestamp | Idleness): void;
  /** The record has become one that is done. */
  completed(record: InFlightRecord): void;
  /** Takes out what may leave now; null: nothing may. */
  next(): InFlightRecord | Mark | null;
  /** Those that have not left; of those between two marks in any order. */
  records(): Iterable<InFlightRecord>;
}

export class OrderedQueue implements AsyncQueue {
  readonly #items = new Fifo<InFlightRecord | Mark>();
  size = 0;

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  addRecord(record: InFlightRecord): void {
    this.#items.push(record);
    this.size++;
  }

  addMark(change: Timestamp | Idleness): void {
    let mark = this.#items.last();
    if (!(mark instanceof Mark)) {
      mark = new Mark();
      this.#items.push(mark);
    }
    mark.add(change);
  }

  completed(): void {
    // The first one is looked at when something is to leave.
  }

  next(): InFlightRecord | Mark | null {
    const first = this.#items.first();
    if (first === undefined) return null;
    if (!(first instanceof Mark)) {
      if (first.state.type !== 'done') return null;
      this.size--;
    }
    this.#items.shift();
    return first;
  }

  *records(): Iterable<InFlightRecord> {
    for (const item of this.#items) if (!(item instanceof Mark)) yield item;
  }
}

/** Records between two marks. */
interface Segment {
  readonly pending: Set<InFlightRecord>;
  /** In the order in which they were completed. */
  readonly done: Fifo<InFlightRecord>;
  /** Behind all of them; null in the last segment, to which records are still added. */
  mark: Mark | null;
}

export class UnorderedQueue implements AsyncQueue {
  /** Never empty: the last one is open. */
  readonly #segments = new Fifo<Segment>();
  readonly #segmentOf = new Map<InFlightRecord, Segment>();
  #open = newSegment();
  /** Of the last segment that was closed, while it has not left. */
  #lastMark: Mark | null = null;
  size = 0;

  constructor() {
    this.#segments.push(this.#open);
  }

  get isEmpty(): boolean {
    return this.size === 0 && this.#segments.size === 1;
  }

  addRecord(record: InFlightRecord): void {
    this.#open.pending.add(record);
    this.#segmentOf.set(record, this.#open);
    this.size++;
  }

  addMark(change: Timestamp | Idleness): void {
    const isBehindMark = this.#open.pending.size === 0 && this.#open.done.size === 0;
    if (!isBehindMark || this.#lastMark === null) {
      this.#lastMark = new Mark();
      this.#open.mark = this.#lastMark;
      this.#open = newSegment();
      this.#segments.push(this.#open);
    }
    this.#lastMark.add(change);
  }

  completed(record: InFlightRecord): void {
    const segment = present(this.#segmentOf.get(record), 'the segment of a record');
    this.#segmentOf.delete(record);
    segment.pending.delete(record);
    segment.done.push(record);
  }

  next(): InFlightRecord | Mark | null {
    const first = present(this.#segments.first(), 'the open segment');
    const record = first.done.shift();
    if (record !== undefined) {
      this.size--;
      return record;
    }
    if (first.pending.size > 0 || first.mark === null) return null;
    this.#segments.shift();
    if (first.mark === this.#lastMark) this.#lastMark = null;
    return first.mark;
  }

  *records(): Iterable<InFlightRecord> {
    for (const { done, pending } of this.#segments) {
      yield* done;
      yield* pending;
    }
  }
}

function newSegment(): Segment {
  return { pending: new Set(), done: new Fifo(), mark: null };
}
