/**
 * Windows of every kind, with triggers, evictors, sessions and allowed lateness: Flink's WindowOperator.
 *
 *   record ─▶ its windows ─▶ those that are over are left out ─▶ kept ─▶ the trigger is asked ─▶ fire, purge
 *             (sessions merge first)       all of them: late                ▲
 *                                                                timer ─────┘      at the end of its time a window is dropped
 *
 * - W1. What a window holds, the states and timers of its trigger and the timer that ends it are there until its time is
 *   over (its end, and the allowed lateness), and not a millisecond longer.
 * - W2. A record is late when all of its windows are over; a session counts as what it became.
 *
 * Timers have the start of their window as their namespace. Windows that fire at their end only are in
 * `alignedWindowOperator.ts`.
 */
import { assert, present, unreachable } from '../../base/assert.ts';
import { OperatorLifecycle } from '../lifecycle.ts';
import {
  type KeyedStates,
  NO_TIMESTAMP,
  type OperatorContext,
  type StreamOperator,
  type Timer,
  type Timestamp,
} from '../operator.ts';
import { type WindowAssigner, type WindowTime, windowsOf } from './assigners.ts';
import { LateRecords } from './lateRecords.ts';
import { Sessions } from './sessions.ts';
import type { TriggerResult, WindowTrigger } from './trigger.ts';
import { TriggerRun } from './triggerRun.ts';
import { allOfTime, type TimeWindow } from './window.ts';
import type { WindowContents } from './windowContents.ts';
import { WindowEmitter } from './windowEmitter.ts';
import type { WindowFunction } from './windowFunction.ts';
import { WindowTimes } from './windowTimes.ts';

export interface TriggeredWindows<T, Content> {
  readonly assigner: WindowAssigner<T>;
  readonly trigger: WindowTrigger;
  readonly latenessMs: number;
  /** The name of the side output for late records. */
  readonly lateTo: string | null;
  readonly function: WindowFunction<T, Content>;
  readonly openContents: (
    context: OperatorContext,
    keyed: KeyedStates,
    opened: never,
  ) => WindowContents<T, Content>;
}

export class WindowOperator<T, Content> implements StreamOperator {
  readonly #options: TriggeredWindows<T, Content>;
  readonly #lifecycle: OperatorLifecycle;
  #contents!: WindowContents<T, Content>;
  #sessions: Sessions | null = null;
  #triggers!: TriggerRun;
  #times!: WindowTimes;
  #late!: LateRecords;
  #emitter!: WindowEmitter<Content>;

  constructor(options: TriggeredWindows<T, Content>) {
    this.#options = options;
    this.#lifecycle = new OperatorLifecycle(options.function.lifecycle);
  }

  /** Records of this subtask since its deployment that came when their windows were over. */
  get lateCount(): number {
    return this.#late.count;
  }

  open(context: OperatorContext): void {
    const { assigner, trigger, latenessMs, lateTo, function: author, openContents } = this.#options;
    const keyed = present(context.keyed, `the keyed state of ${context.uid}`);
    const { clock, name: operator } = context;
    this.#lifecycle.open(context);
    const { opened } = this.#lifecycle;
    this.#contents = openContents(context, keyed, opened);
    this.#sessions = assigner.type === 'session' ? new Sessions(keyed) : null;
    this.#triggers = new TriggerRun(trigger, keyed, clock);
    const time = timeOf(assigner);
    this.#times = new WindowTimes({ time, latenessMs, timers: keyed.timers, clock, operator });
    this.#late = new LateRecords(context, lateTo);
    this.#emitter = new WindowEmitter(author, context, keyed, opened);
  }

  process(value: unknown, timestamp: Timestamp): void {
    const times = this.#times;
    const time = times.timeOf(timestamp);
    const assigned = windowsOf(this.#options.assigner, value as T, time);
    const windows = this.#sessions === null ? this.#alive(assigned) : this.#merged(this.#sessions, assigned);
    if (windows.length === 0) {
      // W2. Without any window it fell into a gap between them, and is late only by its own time.
      if (assigned.length > 0 || times.isLate(time)) this.#late.take(value, timestamp);
      return;
    }
    this.#contents.add(windows, value as T, timestamp, time);
    for (const window of windows) {
      this.#act(this.#triggers.onElement(window, value, timestamp), window, timestamp, true);
      this.#registerCleanup(window);
    }
  }

  onTimer(timer: Timer): void {
    const { namespace, domain, time } = timer;
    assert(typeof namespace === 'number', 'a timer of a window has its start');
    const window = this.#windowAt(namespace);
    if (window === undefined) return;
    const isEventTimer = domain === 'event-time';
    const ends = isEventTimer === this.#times.isEventTime && time === this.#times.cleanupTime(window.end);
    // What an event-time timer emits belongs to its time; the machine's clock says nothing about event time.
    const cause = isEventTimer && Number.isFinite(time) ? time : NO_TIMESTAMP;
    this.#act(this.#triggers.onTimer(window, timer), window, cause, !ends);
    if (ends) this.#drop(window);
    else this.#registerCleanup(window);
  }

  close(): void {
    this.#late?.close();
    this.#lifecycle.close();
  }

  #alive(windows: readonly TimeWindow[]): readonly TimeWindow[] {
    return windows.filter(({ end }) => !this.#times.isOver(end));
  }

  /** The record's own window becomes part of the sessions that it touches. */
  #merged(sessions: Sessions, [own]: readonly TimeWindow[]): readonly TimeWindow[] {
    const merge = sessions.merge(present(own, 'the window of a record'));
    const { into, merged } = merge;
    if (this.#times.isOver(into.end)) return [];
    const [only] = merged;
    const isSame = merged.length === 1 && only?.start === into.start && only.end === into.end;
    if (isSame) return [into];
    sessions.put(merge);
    if (merged.length > 0) {
      // Before the trigger sets timers of the whole one, which may begin where a part of it does.
      for (const { start, end } of merged) this.#times.delete(this.#times.cleanupTime(end), start);
      this.#triggers.merge(into, merged);
      this.#contents.merge(into, merged);
    }
    return [into];
  }

  /** `stays`: the window goes on after this. */
  #act(result: TriggerResult, window: TimeWindow, cause: Timestamp, stays: boolean): void {
    switch (result) {
      case 'continue':
        return;
      case 'fire':
        this.#fire(window, cause, stays);
        return;
      case 'purge':
        this.#contents.purge(window);
        return;
      case 'fire-and-purge':
        this.#fire(window, cause, false);
        this.#contents.purge(window);
        return;
      default:
        unreachable(result);
    }
  }

  #fire(window: TimeWindow, cause: Timestamp, stays: boolean): void {
    this.#contents.fire(window, stays, (content) =>
      this.#emitter.fire(content, window.start, window.end, cause),
    );
  }

  /** W1 */
  #registerCleanup({ start, end }: TimeWindow): void {
    const time = this.#times.cleanupTime(end);
    if (time !== Number.POSITIVE_INFINITY) this.#times.register(time, start);
  }

  /** W1 */
  #drop(window: TimeWindow): void {
    this.#contents.drop(window);
    this.#triggers.clear(window);
    this.#emitter.clear(window);
    this.#sessions?.drop(window);
  }

  #windowAt(start: Timestamp): TimeWindow | undefined {
    const { assigner } = this.#options;
    switch (assigner.type) {
      case 'tumbling':
      case 'sliding':
        return { start, end: start + assigner.sizeMs };
      case 'session':
        return this.#sessions?.at(start);
      case 'global':
        return allOfTime;
      default:
        return unreachable(assigner);
    }
  }
}

/** A global window is never over, so that no time ends it: not event time either. */
function timeOf<T>(assigner: WindowAssigner<T>): WindowTime {
  return assigner.type === 'global' ? 'processing' : assigner.time;
}
