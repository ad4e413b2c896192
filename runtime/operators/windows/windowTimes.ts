/**
 * What event time and processing time have in common for windows: when one is complete, when its state may go, and which
 * timers say so.
 *
 *   event time        ├───── window ─────┤ · · allowed lateness · ·│
 *                    start            end−1: fires          end−1+lateness: state goes, later records are late
 *
 *   processing time   ├───── window ─────┤
 *                    start              end: fires and goes; no record is late
 *
 * A watermark t says that everything up to and with t has come, so a window is complete at its last millisecond. A clock
 * that shows t is still in that millisecond, and a record may come in it: so there the timer is at the end.
 */
import type { Clock } from '../../base/clock.ts';
import { NO_TIMESTAMP, type Timers, type Timestamp } from '../operator.ts';
import type { WindowTime } from './assigners.ts';

export class WindowTimes {
  readonly isEventTime: boolean;
  readonly #latenessMs: number;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #operator: string;

  constructor(options: {
    readonly time: WindowTime;
    readonly latenessMs: number;
    readonly timers: Timers;
    readonly clock: Clock;
    /** The operator's name, for errors. */
    readonly operator: string;
  }) {
    this.isEventTime = options.time === 'event';
    this.#latenessMs = options.latenessMs;
    this.#timers = options.timers;
    this.#clock = options.clock;
    this.#operator = options.operator;
  }

  /** The time by which a record with this timestamp is put into windows. */
  timeOf(timestamp: Timestamp): Timestamp {
    if (!this.isEventTime) return this.#clock.now();
    if (timestamp === NO_TIMESTAMP || Number.isNaN(timestamp)) {
      throw new Error(
        `A record came to the window "${this.#operator}" without an event time: ` +
          'give its source a watermark strategy whose function answers a number.',
      );
    }
    return timestamp;
  }

  /** When a window with this end is complete. */
  fireTime(end: Timestamp): Timestamp {
    return this.isEventTime ? end - 1 : end;
  }

  /** The end of the window that is complete then. */
  endOf(fireTime: Timestamp): Timestamp {
    return this.isEventTime ? fireTime + 1 : fireTime;
  }

  /** When the state of a window with this end goes. */
  cleanupTime(end: Timestamp): Timestamp {
    return this.isEventTime ? end - 1 + this.#latenessMs : end;
  }

  /** The window is complete; what still comes for it is a late record that is allowed. */
  isComplete(end: Timestamp): boolean {
    return this.isEventTime && end - 1 <= this.#timers.currentWatermark();
  }

  /** The state of the window is gone. */
  isOver(end: Timestamp): boolean {
    return this.isEventTime && end - 1 + this.#latenessMs <= this.#timers.currentWatermark();
  }

  /** A record of this time that no window takes comes too late, rather than into a gap between windows. */
  isLate(time: Timestamp): boolean {
    return this.isEventTime && time + this.#latenessMs <= this.#timers.currentWatermark();
  }

  register(time: Timestamp, namespace: Timestamp | string): void {
    if (this.isEventTime) this.#timers.registerEventTime(time, namespace);
    else this.#timers.registerProcessingTime(time, namespace);
  }

  delete(time: Timestamp, namespace: Timestamp | string): void {
    if (this.isEventTime) this.#timers.deleteEventTime(time, namespace);
    else this.#timers.deleteProcessingTime(time, namespace);
  }
}
