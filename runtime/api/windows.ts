/** Windows: how a keyed stream is cut into pieces of time, and what is made of each piece. */

import type { KeyedWindow } from '../operators/windowOperator.ts';
import type { Key } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { type Duration, durationMs, positiveDurationMs } from './duration.ts';
import { located } from './pipelineError.ts';

export interface TumblingWindows {
  readonly type: 'tumbling';
  readonly sizeMs: number;
  readonly offsetMs: number;
}

/** Windows of one size, one after the other, aligned to 1970-01-01T00:00Z plus `offset`, by event time. */
export function tumbling(size: Duration, options: { readonly offset?: Duration } = {}): TumblingWindows {
  return located(callerLocation(), () => ({
    type: 'tumbling',
    sizeMs: positiveDurationMs(size, 'The size of a tumbling window'),
    offsetMs: durationMs(options.offset ?? 0, 'The offset of a tumbling window'),
  }));
}

/** A window of one key: `start` is in it, `end` is not; milliseconds since the epoch. */
export type { KeyedWindow };

/** Folds the records of a window one by one, so that only the accumulator is kept. */
export interface AggregateFunction<T, Accumulator, Out, K extends Key = Key> {
  /** The accumulator of an empty window. */
  create(): Accumulator;
  /** The accumulator with one more record: a new one, or the same one changed. */
  add(accumulator: Accumulator, value: T): Accumulator;
  /** What the window emits. */
  result(accumulator: Accumulator, window: KeyedWindow<K>): Out;
}
