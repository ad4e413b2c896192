/** Windows as they stand in the plan until it is said what is made of them. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import { countEvictor } from './evictors.ts';
import { PipelineError } from './pipelineError.ts';
import type { Leg } from './plan.ts';
import { count, purging, type TriggerStates } from './triggers.ts';
import { globalWindow, type WindowAssigner, type WindowOptions } from './windows.ts';

export interface WrittenWindows {
  readonly assigner: WindowAssigner<never>;
  readonly options: WindowOptions<never, TriggerStates>;
  /** Of the whole stream rather than of its keys. */
  readonly isOfAll: boolean;
}

export function windowsOf<T, States extends TriggerStates>(
  assigner: WindowAssigner<T>,
  options: WindowOptions<T, States>,
  isOfAll = false,
): WrittenWindows {
  // Whose records and states they are is known by the author's functions; here they are only kept.
  return { assigner, options: options as unknown as WrittenWindows['options'], isOfAll };
}

/** As Flink makes them of global windows: purged when full, or thinned out to the last ones. */
export function countWindows(
  size: number,
  slide: number | undefined,
  location: SourceLocation | null,
  isOfAll = false,
): WrittenWindows {
  for (const [what, value] of [
    ['size', size],
    ['slide', slide ?? 1],
  ] as const) {
    if (Number.isInteger(value) && value >= 1) continue;
    const problem = ` of a window must be a whole number of records from 1 on, not ${value}.`;
    throw new PipelineError(location, `The ${what}`, location, problem);
  }
  const assigner = globalWindow();
  return slide === undefined
    ? windowsOf(assigner, { trigger: purging(count(size)) }, isOfAll)
    : windowsOf(assigner, { trigger: count(slide), evictor: countEvictor(size) }, isOfAll);
}

/** What `keyBy` does with a key that all records have: they meet in one subtask, in one state. */
export function allLegs(legs: readonly Leg[]): readonly Leg[] {
  return legs.map((leg) => ({
    ...leg,
    partitioning: 'hash',
    keyOf: () => null,
    partition: null,
    label: 'all',
  }));
}
