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
import { allOfTime, windowStart } from './window.ts';
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
  /** Windows do not overlap: each is one pane. */
  readonly #isSinglePane: boolean;
  readonly #lifecycle: OperatorLifecycle;
  #panes!: Panes<T, Content>;
  #times!: WindowTimes;
  #late!: LateRecords;
  #emitter!: WindowEmitter<Content>;

  constructor(options: AlignedWindows<T, Content>) {
    this.#options = options;
    this.#grid = paneGrid(options.windows);
    this.#isSinglePane = this.#grid.paneMs === this.#grid.sizeMs;
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
    const { sizeMs, slideMs, offsetMs } = this.#grid;
    const last = windowStart(time, slideMs, offsetMs);
    const first = this.#isSinglePane ? last : firstWindowStart(time, this.#grid);
    // Where the first of its windows has not fired, none is over.
    if (time >= last + sizeMs || times.isComplete(first + sizeMs)) {
      this.#processApart(value, timestamp, time, first, last);
      return;
    }
    const isFirst = this.#panes.add(this.#isSinglePane ? last : paneOf(time, this.#grid), value as T);
    if (isFirst) times.register(times.fireTime(first + sizeMs), first);
  }

  onTimer(timer: Timer): void {
    const { namespace, time } = timer;
    if (namespace === CLEANUP) {
      const panes = this.#panes.within(allOfTime);
      this.#panes.drop(panes.slice(0, this.#leaving(panes, time)));
      return;
    }
    assert(typeof namespace === 'number', 'a timer of a window has its start');
    const end = this.#times.endOf(time);
    if (this.#isSinglePane && this.#options.latenessMs === 0) {
      this.#fire(this.#panes.take(namespace), namespace, end);
      return;
    }
    const panes = this.#panes.within({ start: namespace, end });
    if (panes.length === 0) return;
    const leaving = this.#leaving(panes, time);
    const content = this.#panes.combine(panes, leaving);
    // Dropped before it is emitted: what the functions of an author throw must not leave half of it behind.
    this.#panes.drop(panes.slice(0, leaving));
    this.#handOn(end, panes);
    this.#fire(content, namespace, end);
  }

  close(): void {
    this.#late?.close();
    this.#lifecycle.close();
  }

  /** A record that comes into a gap between windows, or whose windows, from `first` to `last`, have fired in part. */
  #processApart(
    value: unknown,
    timestamp: Timestamp,
    time: Timestamp,
    first: Timestamp,
    last: Timestamp,
  ): void {
    const times = this.#times;
    const { sizeMs } = this.#grid;
    const isInGap = time >= last + sizeMs;
    if (isInGap ? times.isLate(time) : times.isOver(last + sizeMs)) this.#late.take(value, timestamp);
    else if (!isInGap) {
      this.#panes.add(paneOf(time, this.#grid), value as T);
      this.#fireAgain(first, last);
    }
  }

  /** W2 */
  #fireAgain(first: Timestamp, last: Timestamp): void {
    const times = this.#times;
    const { sizeMs, slideMs } = this.#grid;
    for (let start = first; start <= last; start += slideMs) {
      const end = start + sizeMs;
      if (!times.isComplete(end)) {
        times.register(times.fireTime(end), start);
        return;
      }
      if (times.isOver(end)) continue;
      times.register(times.cleanupTime(end), CLEANUP);
      this.#fire(this.#panes.combine(this.#panes.within({ start, end }), 0), start, end);
    }
  }

  #fire(content: Content | undefined, start: Timestamp, end: Timestamp): void {
    if (content !== undefined) this.#emitter.fire(content, start, end, end);
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
  #handOn(end: Timestamp, panes: readonly Timestamp[]): void {
    const times = this.#times;
    const { sizeMs } = this.#grid;
    if (this.#options.latenessMs > 0) times.register(times.cleanupTime(end), CLEANUP);
    const next = firstWindowStart(end, this.#grid);
    if (panes.some((pane) => pane >= next)) times.register(times.fireTime(next + sizeMs), next);
  }
}
