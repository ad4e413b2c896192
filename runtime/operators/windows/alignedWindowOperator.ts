/**
 * Tumbling and sliding windows that fire when their time is over: nearly all windows that anybody writes, so their path is
 * short. Whatever else windows can do is in `windowOperator.ts`, which is held against this one by a test.
 *
 * Per key there is one entry for each pane (of tumbling windows: for each window), in map state by its start, so that a
 * comparison of two savepoints shows key and window. A timer's namespace is the start of the window that it is for, and
 * its time tells the end: so windows that were open when the code changed their size are emitted as what they were.
 *
 * A pane has timers for one window at a time, however many hold it:
 *
 * - W1. For each pane, the first of its windows that has not fired has a timer. The first record of a pane sees to it, and
 *   a window that fires hands on to the next one that holds a pane of its own.
 * - W2. A pane goes with its last window: when that fires, or, where late records are allowed, when their time is over too.
 *   A late record that is allowed makes each of its windows that has fired fire again, at once, as in Flink.
 */
import { assert, present } from '../../base/assert.ts';
import { OperatorLifecycle } from '../lifecycle.ts';
import type { KeyedStates, OperatorContext, StreamOperator, Timer, Timestamp } from '../operator.ts';
import { firstWindowStart, type SlidingWindows, type TumblingWindows } from './assigners.ts';
import { LateRecords } from './lateRecords.ts';
import { lastEndOf, type PaneGrid, type Panes, paneGrid, paneOf } from './panes.ts';
import { allOfTime, type TimeWindow, windowStart } from './window.ts';
import { WindowEmitter } from './windowEmitter.ts';
import type { WindowFunction } from './windowFunction.ts';
import { WindowTimes } from './windowTimes.ts';

export interface AlignedWindows<T, Content> {
  readonly windows: TumblingWindows | SlidingWindows;
  readonly latenessMs: number;
  /** The name of the side output for late records. */
  readonly lateTo: string | null;
  readonly function: WindowFunction<T, Content>;
  readonly openPanes: (keyed: KeyedStates, opened: never) => Panes<T, Content>;
}

/** Namespace of the timers that let go of panes whose windows have fired. */
const CLEANUP = 'cleanup';

export class AlignedWindowOperator<T, Content> implements StreamOperator {
  readonly #options: AlignedWindows<T, Content>;
  readonly #grid: PaneGrid;
  readonly #lifecycle: OperatorLifecycle;
  #panes!: Panes<T, Content>;
  #times!: WindowTimes;
  #late!: LateRecords;
  #emitter!: WindowEmitter<Content>;

  constructor(options: AlignedWindows<T, Content>) {
    this.#options = options;
    this.#grid = paneGrid(options.windows);
    this.#lifecycle = new OperatorLifecycle(options.function.lifecycle);
  }

  /** Records of this subtask since its deployment that came when their windows were over. */
  get lateCount(): number {
    return this.#late.count;
  }

  open(context: OperatorContext): void {
    const { windows, latenessMs, lateTo, function: author, openPanes } = this.#options;
    const keyed = present(context.keyed, `the keyed state of ${context.uid}`);
    this.#lifecycle.open(context);
    const { opened } = this.#lifecycle;
    this.#panes = openPanes(keyed, opened);
    const { clock, name: operator } = context;
    this.#times = new WindowTimes({ time: windows.time, latenessMs, timers: keyed.timers, clock, operator });
    this.#late = new LateRecords(context, lateTo);
    this.#emitter = new WindowEmitter(author, context, keyed, opened);
  }

  process(value: unknown, timestamp: Timestamp): void {
    const times = this.#times;
    const time = times.timeOf(timestamp);
    const { sizeMs, slideMs, offsetMs, paneMs } = this.#grid;
    const last = windowStart(time, slideMs, offsetMs);
    if (time >= last + sizeMs) {
      // In a gap between windows.
      if (times.isLate(time)) this.#late.take(value, timestamp);
      return;
    }
    if (times.isOver(last + sizeMs)) {
      this.#late.take(value, timestamp);
      return;
    }
    const isSingle = paneMs === sizeMs;
    const isFirst = this.#panes.add(isSingle ? last : paneOf(time, this.#grid), value as T);
    const first = isSingle ? last : firstWindowStart(time, this.#grid);
    if (times.isComplete(first + sizeMs)) this.#fireAgain(first, last);
    else if (isFirst) times.register(times.fireTime(first + sizeMs), first);
  }

  onTimer(timer: Timer): void {
    const { namespace, time } = timer;
    if (namespace === CLEANUP) {
      const panes = this.#panes.within(allOfTime);
      this.#panes.drop(panes.slice(0, this.#leaving(panes, time)));
      return;
    }
    assert(typeof namespace === 'number', 'a timer of a window has its start');
    const window = { start: namespace, end: this.#times.endOf(time) };
    const panes = this.#panes.within(window);
    if (panes.length === 0) return;
    const leaving = this.#leaving(panes, time);
    const content = this.#panes.combine(panes, leaving);
    // Dropped before it is emitted: what the functions of an author throw must not leave half of it behind.
    this.#panes.drop(leaving === panes.length ? panes : panes.slice(0, leaving));
    this.#handOn(window, panes);
    this.#fire(window, content);
  }

  close(): void {
    this.#late?.close();
    this.#lifecycle.close();
  }

  /** W2, for a record whose windows, from `first` to `last`, have fired in part. */
  #fireAgain(first: Timestamp, last: Timestamp): void {
    const times = this.#times;
    const { sizeMs, slideMs } = this.#grid;
    for (let start = first; start <= last; start += slideMs) {
      const window = { start, end: start + sizeMs };
      if (!times.isComplete(window.end)) {
        times.register(times.fireTime(window.end), start);
        return;
      }
      if (times.isOver(window.end)) continue;
      times.register(times.cleanupTime(window.end), CLEANUP);
      this.#fire(window, this.#panes.combine(this.#panes.within(window), 0));
    }
  }

  #fire(window: TimeWindow, content: Content | undefined): void {
    if (content !== undefined) this.#emitter.fire(content, window, window.end);
  }

  /** W2: how many of these panes, in their order, have no window any more by then. */
  #leaving(panes: readonly Timestamp[], time: Timestamp): number {
    let leaving = 0;
    for (const pane of panes) {
      if (this.#times.cleanupTime(lastEndOf(pane, this.#grid)) > time) break;
      leaving++;
    }
    return leaving;
  }

  /** W1, after a window fired: the next one that holds one of its panes. */
  #handOn(window: TimeWindow, panes: readonly Timestamp[]): void {
    const times = this.#times;
    const { sizeMs } = this.#grid;
    if (this.#options.latenessMs > 0) times.register(times.cleanupTime(window.end), CLEANUP);
    const next = firstWindowStart(window.end, this.#grid);
    if (panes.some((pane) => pane >= next)) times.register(times.fireTime(next + sizeMs), next);
  }
}
