/**
 * Windows: how a stream is cut into pieces of time. What is made of each piece is said by `reduce`, `aggregate` or
 * `process` on the stream of windows; when it fires, what of it stays and what becomes of late records by `WindowOptions`.
 */
import type {
  GlobalWindows,
  SessionWindows,
  SlidingWindows,
  TumblingWindows,
  WindowAssigner,
  WindowTime,
} from '../operators/windows/assigners.ts';
import type { KeyedWindow, TimeWindow } from '../operators/windows/window.ts';
import { callerLocation } from './callerLocation.ts';
import { type Duration, positiveDurationMs, signedDurationMs } from './duration.ts';
import type { Evictor } from './evictors.ts';
import type { OutputTag } from './outputTag.ts';
import { located } from './pipelineError.ts';
import type { Trigger, TriggerStates } from './triggers.ts';

export type {
  GlobalWindows,
  KeyedWindow,
  SessionWindows,
  SlidingWindows,
  TimeWindow,
  TumblingWindows,
  WindowAssigner,
  WindowTime,
};

export interface WindowTimeOptions {
  /** Windows of the records' own time, the default, or of the machine's clock. */
  readonly time?: WindowTime;
}

export interface AlignedWindowOptions extends WindowTimeOptions {
  /** Windows are aligned to 1970-01-01T00:00Z plus this: '-8 h' is midnight in China. */
  readonly offset?: Duration;
}

/** Windows of one size, one after the other. */
export function tumbling(size: Duration, options: AlignedWindowOptions = {}): TumblingWindows {
  return located(callerLocation(), () => ({
    type: 'tumbling',
    sizeMs: positiveDurationMs(size, 'The size of a tumbling window'),
    offsetMs: signedDurationMs(options.offset ?? 0, 'The offset of a tumbling window'),
    time: options.time ?? 'event',
  }));
}

/**
 * Windows of one size that begin `slide` apart. A record is in all that hold its time; with a slide above the size there
 * are gaps, and records in them are in none.
 */
export function sliding(size: Duration, slide: Duration, options: AlignedWindowOptions = {}): SlidingWindows {
  return located(callerLocation(), () => ({
    type: 'sliding',
    sizeMs: positiveDurationMs(size, 'The size of a sliding window'),
    slideMs: positiveDurationMs(slide, 'The slide of a sliding window'),
    offsetMs: signedDurationMs(options.offset ?? 0, 'The offset of a sliding window'),
    time: options.time ?? 'event',
  }));
}

/**
 * A window lasts as long as records come, and ends a gap after the last of them; two records that are just a gap apart are in
 * one session. A function gives each record a gap of its own.
 */
export function session<T>(
  gap: Duration | ((value: T) => Duration),
  options: WindowTimeOptions = {},
): SessionWindows<T> {
  const time = options.time ?? 'event';
  const what = 'The gap of a session window';
  if (typeof gap === 'function')
    return { type: 'session', gapOf: (value) => positiveDurationMs(gap(value), what), time };
  const gapMs = located(callerLocation(), () => positiveDurationMs(gap, what));
  return { type: 'session', gapOf: () => gapMs, time };
}

/** One window of all records of a key. It never ends, so it fires only when a trigger says so. */
export function globalWindow(): GlobalWindows {
  return { type: 'global' };
}

export interface WindowOptions<T, States extends TriggerStates = Record<never, never>> {
  /** When a window fires. Default: at its end; a global window never does. */
  readonly trigger?: Trigger<T, States>;
  /** Takes records out of a window when it fires. All records are kept then, and folded anew each time. */
  readonly evictor?: Evictor<T>;
  /**
   * How long the state of a window is kept when the watermark has passed its end. A record that comes for it meanwhile makes
   * it fire again, with everything that it holds. Only for windows of event time. Default 0.
   */
  readonly allowedLateness?: Duration;
  /** Where records go that come later than that: `sideOutput(tag)` of the stream behind. Default: counted and dropped. */
  readonly lateTo?: OutputTag<T>;
}
