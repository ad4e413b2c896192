/** How event time is found in the records of a source. */
import type { Timestamp } from '../operators/operator.ts';
import type { WatermarkStrategy } from '../operators/source.ts';
import { type Duration, durationMs, positiveDurationMs } from './duration.ts';

export interface WatermarkOptions {
  /** A split (a file, a partition) that was silent this long no longer holds the watermark back. Default: never. */
  readonly idleAfter?: Duration;
}

/** Records may come out of order by up to `outOfOrderness`; later ones are late. */
export function boundedOutOfOrderness<T>(
  outOfOrderness: Duration,
  timestamp: (value: T) => Timestamp,
  options: WatermarkOptions = {},
): WatermarkStrategy<T> {
  return {
    timestamp,
    outOfOrdernessMs: durationMs(outOfOrderness, 'The bound of boundedOutOfOrderness'),
    idleAfterMs: options.idleAfter === undefined ? null : positiveDurationMs(options.idleAfter, 'idleAfter'),
  };
}

/** Within each split, times never go down. */
export function monotonousTimestamps<T>(
  timestamp: (value: T) => Timestamp,
  options: WatermarkOptions = {},
): WatermarkStrategy<T> {
  return boundedOutOfOrderness(0, timestamp, options);
}
