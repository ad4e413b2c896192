/** How event time is found in the records of a source. */
import type { Timestamp } from '../operators/operator.ts';
import type { WatermarkStrategy } from '../operators/source.ts';
import { callerLocation } from './callerLocation.ts';
import { type Duration, durationMs, positiveDurationMs } from './duration.ts';
import { located } from './pipelineError.ts';

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
  return located(callerLocation(), () => strategy(outOfOrderness, timestamp, options));
}

/** Within each split, times never go down. */
export function monotonousTimestamps<T>(
  timestamp: (value: T) => Timestamp,
  options: WatermarkOptions = {},
): WatermarkStrategy<T> {
  return located(callerLocation(), () => strategy(0, timestamp, options));
}

function strategy<T>(
  outOfOrderness: Duration,
  timestamp: (value: T) => Timestamp,
  { idleAfter }: WatermarkOptions,
): WatermarkStrategy<T> {
  return {
    timestamp,
    outOfOrdernessMs: durationMs(outOfOrderness, 'The bound of boundedOutOfOrderness'),
    idleAfterMs: idleAfter === undefined ? null : positiveDurationMs(idleAfter, 'idleAfter'),
  };
}
