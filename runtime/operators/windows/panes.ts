/**
 * Sliding windows overlap, so they share what they hold: each record is kept once, in the pane that its time falls into,
 * and a window that fires is put together from its panes.
 *
 *   size 6, slide 4    ├──────────── window ────────────┤
 *                                            ├──────────── window ────────────┤
 *   panes of 2         ├─────────┼─────────┼─────────┼─────────┼─────────┤
 *
 * A pane must not reach across the start or the end of any window. Starts are whole slides apart, and each end is a size
 * behind its start; so the longest pane that never does is the greatest common divisor of size and slide. Where the slide
 * divides the size (nearly always), that is one pane per slide.
 */
import { assert } from '../../base/assert.ts';
import type { MapState, ValueState } from '../../state/declarations.ts';
import type { Timestamp } from '../operator.ts';
import type { SlidingWindows, TumblingWindows } from './assigners.ts';
import { type TimeWindow, windowStart } from './window.ts';
import type { WindowFold } from './windowFunction.ts';

export interface PaneGrid {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly paneMs: number;
}

export function paneGrid(windows: TumblingWindows | SlidingWindows): PaneGrid {
  const { sizeMs, offsetMs } = windows;
  const slideMs = windows.type === 'tumbling' ? sizeMs : windows.slideMs;
  return { sizeMs, slideMs, offsetMs, paneMs: greatestCommonDivisor(sizeMs, slideMs) };
}

/** The pane of a time, by its start. */
export const paneOf = (time: Timestamp, { paneMs, offsetMs }: PaneGrid): Timestamp =>
  windowStart(time, paneMs, offsetMs);

/** Of the windows that hold a pane, the end of the last: when that is gone, the pane may go. */
export const lastEndOf = (pane: Timestamp, { slideMs, offsetMs, sizeMs }: PaneGrid): Timestamp =>
  windowStart(pane, slideMs, offsetMs) + sizeMs;

/** The panes of the current key. */
export interface Panes<T, Content> {
  /** Answers whether it is the pane's first record. */
  add(pane: Timestamp, value: T): boolean;
  /** Those that begin in the window, in order. */
  within(window: TimeWindow): readonly Timestamp[];
  /**
   * What these panes hold together, in their order. The first `leaving` of them are dropped next; the answer shares nothing
   * with the others that is changed later.
   */
  combine(panes: readonly Timestamp[], leaving: number): Content | undefined;
  drop(panes: readonly Timestamp[]): void;
  /** What one pane holds, which goes with this. */
  take(pane: Timestamp): Content | undefined;
}

/** One accumulator per pane. */
export class FoldedPanes<T, Content> implements Panes<T, Content> {
  readonly #kept: MapState<Timestamp, Content>;
  readonly #fold: WindowFold<T, Content>;
  readonly #opened: never;
  readonly #paneMs: number;

  constructor(options: {
    readonly kept: MapState<Timestamp, Content>;
    readonly fold: WindowFold<T, Content>;
    readonly opened: never;
    readonly paneMs: number;
  }) {
    this.#kept = options.kept;
    this.#fold = options.fold;
    this.#opened = options.opened;
    this.#paneMs = options.paneMs;
  }

  add(pane: Timestamp, value: T): boolean {
    const before = this.#kept.get(pane);
    const after = this.#fold.add(before, value, this.#opened);
    assert(after !== undefined, 'the accumulator of a window must not be undefined');
    this.#kept.set(pane, after);
    return before === undefined;
  }

  within(window: TimeWindow): readonly Timestamp[] {
    if (window.end - window.start === this.#paneMs)
      return this.#kept.has(window.start) ? [window.start] : NONE;
    return startsWithin(this.#kept, window);
  }

  combine(panes: readonly Timestamp[], leaving: number): Content | undefined {
    let combined: Content | undefined;
    for (const [place, pane] of panes.entries()) {
      const content = this.#kept.get(pane);
      if (content === undefined) continue;
      const whole = combined === undefined ? content : this.#merged(combined, content);
      // The next merge may change its left side in place, and that must never be a pane that stays.
      combined = whole === content && place >= leaving ? this.#fold.copy(content) : whole;
    }
    return combined;
  }

  drop(panes: readonly Timestamp[]): void {
    for (const pane of panes) this.#kept.delete(pane);
  }

  take(pane: Timestamp): Content | undefined {
    const content = this.#kept.get(pane);
    if (content !== undefined) this.#kept.delete(pane);
    return content;
  }

  #merged(left: Content, right: Content): Content {
    const { merge } = this.#fold;
    assert(merge !== null, 'what is kept in several panes has a function that merges it');
    return merge(left, right, this.#opened);
  }
}

const NONE: readonly Timestamp[] = Object.freeze([]);

/** A record and its place among those of its key: what was kept in several panes is put in order by it. */
export interface ArrivedRecord<T> {
  readonly arrival: number;
  readonly value: T;
}

/** The records themselves, once each. */
export class ListedPanes<T> implements Panes<T, readonly T[]> {
  readonly #kept: MapState<Timestamp, ArrivedRecord<T>[]>;
  /** The place of the next record of the key; starts over when none is kept. */
  readonly #arrivals: ValueState<number>;

  constructor(kept: MapState<Timestamp, ArrivedRecord<T>[]>, arrivals: ValueState<number>) {
    this.#kept = kept;
    this.#arrivals = arrivals;
  }

  add(pane: Timestamp, value: T): boolean {
    const arrival = this.#arrivals.get() ?? 0;
    this.#arrivals.set(arrival + 1);
    const before = this.#kept.get(pane);
    // The list is changed in place and set again, which state allows: a copy for every record would be quadratic.
    if (before === undefined) this.#kept.set(pane, [{ arrival, value }]);
    else {
      before.push({ arrival, value });
      this.#kept.set(pane, before);
    }
    return before === undefined;
  }

  within(window: TimeWindow): readonly Timestamp[] {
    return startsWithin(this.#kept, window);
  }

  combine(panes: readonly Timestamp[]): readonly T[] | undefined {
    const records = panes.flatMap((pane) => this.#kept.get(pane) ?? []);
    if (records.length === 0) return undefined;
    return records.sort((a, b) => a.arrival - b.arrival).map(({ value }) => value);
  }

  drop(panes: readonly Timestamp[]): void {
    for (const pane of panes) this.#kept.delete(pane);
    if (this.#kept.isEmpty()) this.#arrivals.clear();
  }

  take(pane: Timestamp): readonly T[] | undefined {
    const values = this.combine([pane]);
    this.drop([pane]);
    return values;
  }
}

/**
 * By looking through all panes of the key rather than at every place where one may be: with a slide that hardly divides
 * the size there are far more places than panes.
 */
function startsWithin(kept: MapState<Timestamp, unknown>, { start, end }: TimeWindow): readonly Timestamp[] {
  const starts: Timestamp[] = [];
  for (const [pane] of kept.entries()) if (pane >= start && pane < end) starts.push(pane);
  return starts.sort((a, b) => a - b);
}

/** Of whole numbers above zero. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
