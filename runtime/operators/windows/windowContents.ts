/**
 * What the windows of the current key hold, for windows that fire by a trigger of their own: an accumulator or a list per
 * window, or panes that sliding windows share. Those of an evictor are in `evictingWindows.ts`.
 */
import { assert } from '../../base/assert.ts';
import type { MapState } from '../../state/declarations.ts';
import type { Timestamp } from '../operator.ts';
import { lastEndOf, type PaneGrid, type Panes, paneOf } from './panes.ts';
import type { TimeWindow } from './window.ts';
import type { WindowFold } from './windowFunction.ts';

export interface WindowContents<T, Content> {
  /** The windows are those of the record that are not over yet; `time` is the one that put it into them. */
  add(windows: readonly TimeWindow[], value: T, timestamp: Timestamp, time: Timestamp): void;
  /**
   * Hands out what the window holds, where it holds something. `stays`: it is not cleared next, so what is handed out shares
   * nothing with it that is changed later.
   */
  fire(window: TimeWindow, stays: boolean, emit: (content: Content) => void): void;
  /** What the window holds goes; the window stays. */
  purge(window: TimeWindow): void;
  /** The window is over. */
  drop(window: TimeWindow): void;
  /** Windows have become one. Those are in the order of their starts; it may begin where one of them does. */
  merge(into: TimeWindow, merged: readonly TimeWindow[]): void;
}

/** Each window for itself. */
export class FoldedWindows<T, Content> implements WindowContents<T, Content> {
  readonly #kept: MapState<Timestamp, Content>;
  readonly #fold: WindowFold<T, Content>;
  readonly #opened: never;

  constructor(kept: MapState<Timestamp, Content>, fold: WindowFold<T, Content>, opened: never) {
    this.#kept = kept;
    this.#fold = fold;
    this.#opened = opened;
  }

  add(windows: readonly TimeWindow[], value: T): void {
    for (const { start } of windows) {
      const after = this.#fold.add(this.#kept.get(start), value, this.#opened);
      assert(after !== undefined, 'the accumulator of a window must not be undefined');
      this.#kept.set(start, after);
    }
  }

  fire({ start }: TimeWindow, stays: boolean, emit: (content: Content) => void): void {
    const content = this.#kept.get(start);
    if (content !== undefined) emit(stays ? this.#fold.copy(content) : content);
  }

  purge({ start }: TimeWindow): void {
    this.#kept.delete(start);
  }

  drop({ start }: TimeWindow): void {
    this.#kept.delete(start);
  }

  merge(into: TimeWindow, merged: readonly TimeWindow[]): void {
    // A session that has only grown longer.
    if (merged.length === 1 && merged[0]?.start === into.start) return;
    const { merge } = this.#fold;
    let whole: Content | undefined;
    for (const { start } of merged) {
      const content = this.#kept.get(start);
      if (content === undefined) continue;
      this.#kept.delete(start);
      assert(merge !== null, 'windows that merge have a function that merges what they hold');
      whole = whole === undefined ? content : merge(whole, content, this.#opened);
    }
    if (whole !== undefined) this.#kept.set(into.start, whole);
  }
}

/** Each record once, in the pane of its time. A trigger that purges one window would empty others with it. */
export class SharedPanes<T, Content> implements WindowContents<T, Content> {
  readonly #panes: Panes<T, Content>;
  readonly #grid: PaneGrid;

  constructor(panes: Panes<T, Content>, grid: PaneGrid) {
    this.#panes = panes;
    this.#grid = grid;
  }

  add(_windows: readonly TimeWindow[], value: T, _timestamp: Timestamp, time: Timestamp): void {
    this.#panes.add(paneOf(time, this.#grid), value);
  }

  fire(window: TimeWindow, _stays: boolean, emit: (content: Content) => void): void {
    const content = this.#panes.combine(this.#panes.within(window), 0);
    if (content !== undefined) emit(content);
  }

  purge(): void {
    throw new Error(
      'A trigger of sliding windows that says `purges: false` answered that its window is to be purged: ' +
        'leave `purges` out, and each window keeps what it holds for itself.',
    );
  }

  drop(window: TimeWindow): void {
    const panes = this.#panes.within(window);
    this.#panes.drop(panes.filter((pane) => lastEndOf(pane, this.#grid) <= window.end));
  }

  merge(): void {
    assert(false, 'sliding windows do not merge');
  }
}
