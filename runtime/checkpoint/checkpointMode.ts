/**
 * How barriers cross the graph: the part of the checkpoint settings that can be changed while a job runs. Interval, timeout and
 * the like belong to the run, as in Flink.
 */
import { unreachable } from '../base/assert.ts';
import type { CheckpointSettings } from '../graph/jobGraph.ts';
import { durationText } from './sentences.ts';

export type CheckpointMode = Pick<CheckpointSettings, 'mode' | 'unaligned' | 'alignedTimeoutMs'>;

/** A sentence about why these do not go together; null: they do. */
export function modeProblem(
  { mode, unaligned, alignedTimeoutMs }: CheckpointMode,
  { maxConcurrent }: Pick<CheckpointSettings, 'maxConcurrent'>,
): string | null {
  if (unaligned && mode === 'at-least-once')
    return 'Unaligned checkpoints hold exactly-once anyway: choose either unaligned or at-least-once.';
  if (unaligned && maxConcurrent > 1)
    return `Unaligned checkpoints come one after the other, and this job takes up to ${maxConcurrent} at once: start it with one at once.`;
  if (!unaligned && alignedTimeoutMs > 0)
    return 'Only unaligned checkpoints have an aligned timeout: choose unaligned, or leave the timeout out.';
  return null;
}

/** Ends the sentence "The job's checkpoints are …". */
export function modeText({ mode, unaligned, alignedTimeoutMs }: CheckpointMode): string {
  switch (mode) {
    case 'at-least-once':
      return 'at-least-once';
    case 'exactly-once':
      if (!unaligned) return 'aligned';
      return alignedTimeoutMs === 0 ? 'unaligned' : `unaligned after ${durationText(alignedTimeoutMs)}`;
    default:
      return unreachable(mode);
  }
}
