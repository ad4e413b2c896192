/**
 * Where a task's records come from: its input channels or a source. The task asks for a step when there is room
 * downstream; what the coordinator says about checkpoints goes through here first, because a source answers a trigger by
 * itself while an operator waits for barriers.
 */
import type { Barrier } from '../checkpoint/barrier.ts';
import type { CheckpointMode } from '../checkpoint/checkpointMode.ts';
import type { SourcePosition } from '../operators/operator.ts';
import type { InFlight } from './inFlight.ts';
import type { MarkedOperator, MarkingPlace } from './marking.ts';
import type { GateEffect, Task } from './task.ts';

export interface Intake {
  open(task: Task): void;
  /**
   * Control work that must not wait for room downstream: a trigger at a source, an announcement. Answers whether there was any.
   * `isFree` false: a watermark is being walked; only what overtakes goes on then.
   */
  control(isFree: boolean): boolean;
  /** When control has something to do by itself, also while nothing finds room: Clock.now(); null: never. */
  controlAt(): number | null;
  /** Takes a bounded amount of input; answers whether there was any. No records for a chain that accepts none. */
  step(): boolean;
  /** There is input to take now: a task that waits for its turn with this is busy, one without it is idle. */
  hasMore(): boolean;
  wakeAt(): number | null;
  trigger(barrier: Barrier): void;
  /** Ends as if the input had ended. */
  drain(): void;
  completed(checkpointId: number): void;
  aborted(checkpointId: number): void;
  /** Barriers that come from now on cross this task in another mode. */
  switchMode(mode: CheckpointMode): void;
  apply(effect: GateEffect): void;
  /** What is in flight at the cut of this unaligned checkpoint, which is being made; it may be complete only later. */
  capture(checkpointId: number): InFlight;
  /** A source's part of the snapshot. */
  mark(place: MarkingPlace): MarkedOperator | null;
  changedPositions(): { readonly operator: string; readonly positions: readonly SourcePosition[] } | null;
  close(): void;
}
