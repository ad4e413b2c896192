/** Evictors: what is taken out of a window when it fires. These are Flink's; an author's own are written in the same way. */
import { NO_TIMESTAMP } from '../operators/operator.ts';
import type { Evictor, EvictorContext, TimestampedValue } from '../operators/windows/evictor.ts';
import { callerLocation } from './callerLocation.ts';
import { type Duration, positiveDurationMs } from './duration.ts';
import { located, PipelineError } from './pipelineError.ts';

export type { Evictor, EvictorContext, TimestampedValue };

export interface EvictorOptions {
  /** Records are taken out before the window's function sees them (the default), or when it has. */
  readonly evict?: 'before' | 'after';
}

/** Keeps the last n records. */
export function countEvictor<T>(n: number, options: EvictorOptions = {}): Evictor<T> {
  if (!Number.isInteger(n) || n < 1) {
    const location = callerLocation();
    throw new PipelineError(location, 'countEvictor', location, ` takes a whole number from 1 on, not ${n}.`);
  }
  return evictorOf((elements) => elements.slice(-n), options);
}

/** Keeps what is less than the duration older than the newest record, by event time. Records without one are kept. */
export function timeEvictor<T>(duration: Duration, options: EvictorOptions = {}): Evictor<T> {
  const what = 'The duration of a time evictor';
  const durationMs = located(callerLocation(), () => positiveDurationMs(duration, what));
  return evictorOf((elements) => {
    const newest = elements.reduce((latest, { timestamp }) => Math.max(latest, timestamp), NO_TIMESTAMP);
    if (newest === NO_TIMESTAMP) return elements;
    return elements.filter(({ timestamp }) => timestamp > newest - durationMs);
  }, options);
}

/** Keeps what differs from the last record by less than the threshold. */
export function deltaEvictor<T>(
  threshold: number,
  deltaOf: (value: T, last: T) => number,
  options: EvictorOptions = {},
): Evictor<T> {
  return evictorOf<T>((elements) => {
    const last = elements.at(-1);
    return last === undefined
      ? elements
      : elements.filter(({ value }) => deltaOf(value, last.value) < threshold);
  }, options);
}

type Evict<T> = (elements: readonly TimestampedValue<T>[]) => readonly TimestampedValue<T>[];

function evictorOf<T>(evict: Evict<T>, { evict: when = 'before' }: EvictorOptions): Evictor<T> {
  return when === 'before' ? { evictBefore: evict } : { evictAfter: evict };
}
