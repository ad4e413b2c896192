/** How event time is found in the records of a source, or of a stream. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { Timestamp } from '../operators/operator.ts';
import type { WatermarkGenerator, WatermarkStrategy } from '../operators/source.ts';
import {
  eventTimeState,
  TimestampsAndWatermarksOperator,
} from '../operators/timestampsAndWatermarksOperator.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { type Duration, durationMs, positiveDurationMs } from './duration.ts';
import { located, PipelineError } from './pipelineError.ts';
import type { PlannedFunction } from './plan.ts';

export interface WatermarkOptions {
  /** A split (a file, a partition) that was silent this long no longer holds the watermark back. Default: never. */
  readonly idleAfter?: Duration;
  /**
   * Sources with the same `group` wait for each other: a split that is further ahead of the slowest of them than
   * `maxDrift` of event time is not read until that one has come after. Default: nobody waits.
   */
  readonly alignment?: { readonly group: string; readonly maxDrift: Duration };
}

/** Records may come out of order by up to `outOfOrderness`; later ones are late. */
export function boundedOutOfOrderness<T>(
  outOfOrderness: Duration,
  timestamp: (value: T) => Timestamp,
  options: WatermarkOptions = {},
): WatermarkStrategy<T> {
  return located(callerLocation(), () => {
    const outOfOrdernessMs = durationMs(outOfOrderness, 'The bound of boundedOutOfOrderness');
    return { timestamp, outOfOrdernessMs, ...settings(options) };
  });
}

/** Within each split, times never go down. */
export function monotonousTimestamps<T>(
  timestamp: (value: T) => Timestamp,
  options: WatermarkOptions = {},
): WatermarkStrategy<T> {
  return located(callerLocation(), () => ({ timestamp, outOfOrdernessMs: 0, ...settings(options) }));
}

/**
 * Watermarks of your own. `create` is called once for each split: what it answers sees every record of the split and says
 * how far event time has come there.
 */
export function forGenerator<T>(
  create: () => WatermarkGenerator<T>,
  timestamp: (value: T) => Timestamp,
  options: WatermarkOptions = {},
): WatermarkStrategy<T> {
  return located(callerLocation(), () => {
    return { timestamp, outOfOrdernessMs: 0, createGenerator: create, ...settings(options) };
  });
}

/** Of a stream instead of a source. Throws PipelineError. */
export function plannedWatermarks(
  strategy: WatermarkStrategy<unknown>,
  location: SourceLocation | null,
): PlannedFunction {
  if (strategy.alignment !== undefined) {
    const problem =
      ' is in mid-stream, where nobody can wait for others: give the `alignment` to the sources.';
    throw new PipelineError(location, 'assignTimestampsAndWatermarks', location, problem);
  }
  return {
    states: [eventTimeState as StateDeclaration],
    create: () => new TimestampsAndWatermarksOperator(strategy),
  };
}

function settings({
  idleAfter,
  alignment,
}: WatermarkOptions): Pick<WatermarkStrategy<unknown>, 'idleAfterMs' | 'alignment'> {
  const idleAfterMs = idleAfter === undefined ? null : positiveDurationMs(idleAfter, 'idleAfter');
  if (alignment === undefined) return { idleAfterMs };
  const { group } = alignment;
  if (typeof group !== 'string' || group.trim() === '')
    throw new PipelineError(null, 'The group of a watermark alignment needs a name.');
  return { idleAfterMs, alignment: { group, maxDriftMs: durationMs(alignment.maxDrift, 'maxDrift') } };
}
