/**
 * What is taken out of a window before its function sees it, or afterwards: Flink's evictor. Windows with one keep all
 * their records, with timestamps, and what is folded is folded anew each time they fire.
 */
import type { Timestamp } from '../operator.ts';
import type { TimeWindow } from './window.ts';

/** A record as an evictor sees it. */
export interface TimestampedValue<T> {
  readonly value: T;
  /** Event time; -Infinity where the record has none. */
  readonly timestamp: Timestamp;
}

/** Valid only during the call. */
export interface EvictorContext {
  readonly window: TimeWindow;
  currentWatermark(): Timestamp;
  currentProcessingTime(): Timestamp;
}

export interface Evictor<T> {
  /** Answers what stays, of the records in the order in which they came. The others are gone for good. */
  evictBefore?(
    elements: readonly TimestampedValue<T>[],
    context: EvictorContext,
  ): readonly TimestampedValue<T>[];
  /** The same, when the function has seen the window. */
  evictAfter?(
    elements: readonly TimestampedValue<T>[],
    context: EvictorContext,
  ): readonly TimestampedValue<T>[];
}
