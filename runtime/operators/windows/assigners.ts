/**
 * Which windows a record belongs to: Flink's window assigners, as data. The start of a window tells the windows of one key
 * apart, so state and timers are kept by it: tumbling and sliding windows begin at different times, and two sessions of one
 * key never touch.
 */
import { unreachable } from '../../base/assert.ts';
import type { Timestamp } from '../operator.ts';
import { allOfTime, type TimeWindow, windowStart } from './window.ts';

/** Whether windows are of the records' own time or of the machine's clock. */
export type WindowTime = 'event' | 'processing';

export interface TumblingWindows {
  readonly type: 'tumbling';
  readonly sizeMs: number;
  /** Windows start at whole multiples of the size plus this: for time zones. */
  readonly offsetMs: number;
  readonly time: WindowTime;
}

export interface SlidingWindows {
  readonly type: 'sliding';
  readonly sizeMs: number;
  /** From the start of one window to that of the next. Above the size there are gaps, whose records are in no window. */
  readonly slideMs: number;
  readonly offsetMs: number;
  readonly time: WindowTime;
}

export interface SessionWindows<T> {
  readonly type: 'session';
  /** How long after a record its session ends, unless another record comes. Above zero. */
  gapOf(value: T): number;
  readonly time: WindowTime;
}

export interface GlobalWindows {
  readonly type: 'global';
}

export type WindowAssigner<T> = TumblingWindows | SlidingWindows | SessionWindows<T> | GlobalWindows;

/** In the order of their starts. `time` is that of the record or of the clock, as the windows say. */
export function windowsOf<T>(assigner: WindowAssigner<T>, value: T, time: Timestamp): readonly TimeWindow[] {
  switch (assigner.type) {
    case 'tumbling': {
      const start = windowStart(time, assigner.sizeMs, assigner.offsetMs);
      return [{ start, end: start + assigner.sizeMs }];
    }
    case 'sliding': {
      const { sizeMs, slideMs, offsetMs } = assigner;
      const windows: TimeWindow[] = [];
      const last = windowStart(time, slideMs, offsetMs);
      for (let start = firstWindowStart(time, assigner); start <= last; start += slideMs)
        windows.push({ start, end: start + sizeMs });
      return windows;
    }
    case 'session':
      return [{ start: time, end: time + assigner.gapOf(value) }];
    case 'global':
      return [allOfTime];
    default:
      return unreachable(assigner);
  }
}

/** Of the sliding windows that hold the time, the start of the first. Above the time where it lies in a gap. */
export function firstWindowStart(
  time: Timestamp,
  { sizeMs, slideMs, offsetMs }: Pick<SlidingWindows, 'sizeMs' | 'slideMs' | 'offsetMs'>,
): Timestamp {
  return windowStart(time - sizeMs, slideMs, offsetMs) + slideMs;
}
