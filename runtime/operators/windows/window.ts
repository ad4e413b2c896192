/** A window: a piece of time of one key. Global windows have one piece, all of time. */
import type { Key } from '../../state/declarations.ts';
import type { Timestamp } from '../operator.ts';

/** `start` is in it, `end` is not; milliseconds since the epoch. -Infinity to Infinity in a global window. */
export interface TimeWindow {
  readonly start: Timestamp;
  readonly end: Timestamp;
}

export interface KeyedWindow<K = Key> extends TimeWindow {
  /** Null in windows of a stream without keys. */
  readonly key: K;
}

/** The window of `globalWindow()`. */
export const allOfTime: TimeWindow = Object.freeze({
  start: Number.NEGATIVE_INFINITY,
  end: Number.POSITIVE_INFINITY,
});

/** The start of the window that a time falls into; right for times before 1970 too. */
export function windowStart(timestamp: Timestamp, sizeMs: number, offsetMs: number): Timestamp {
  return Math.floor((timestamp - offsetMs) / sizeMs) * sizeMs + offsetMs;
}
