/**
 * Finds alignments that last, and says so while they last: one open stall per waiting subtask and checkpoint, explained
 * anew when its cause changes, closed when the barrier has come or the checkpoint has ended. Why it waits is told by
 * `checkpoint/stallWalk.ts`; this only looks, and remembers what was said.
 */
import type { MetricsTable } from '../engine/metricsTable.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type { CheckpointDetails, Stall } from '../protocol/checkpoints.ts';

export class StallWatch {
  constructor(_graph: ExecutionGraph, _table: MetricsTable) {}

  /** Stalls that opened, are explained anew, or closed. */
  look(_checkpoints: readonly CheckpointDetails[], _now: number, _monotonicMs: number): readonly Stall[] {
    return [];
  }
}
