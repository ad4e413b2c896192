/**
 * What a barrier handler asks of its task. The task carries the effects of one call out in their order, as one step
 * between two records.
 */
import type { Barrier, CheckpointFailureReason } from './barrier.ts';

export type BarrierEffect =
  /** The channel is not read until it is released. */
  | { readonly type: 'block'; readonly channel: number }
  /** In the order in which they were blocked; they are drained in this order before newer input. */
  | { readonly type: 'release'; readonly channels: readonly number[] }
  /** Alignment starts here; for the start delay. */
  | { readonly type: 'first-barrier'; readonly barrier: Barrier }
  /**
   * Forward this barrier and mark the snapshot, now, between two records. Unaligned, the alignment goes on: its whole
   * duration comes with `channel-state-complete`.
   */
  | {
      readonly type: 'snapshot';
      readonly barrier: Barrier;
      readonly alignmentMs: number;
      readonly unaligned: boolean;
    }
  /**
   * The checkpoint will not be taken here: tell the coordinator, cancel a running snapshot of it, broadcast the
   * cancellation. At most once per id.
   */
  | { readonly type: 'abort'; readonly checkpointId: number; readonly reason: CheckpointFailureReason }
  /** Unaligned: what is read of these channels from now on also goes into the channel state, each up to its barrier. */
  | { readonly type: 'capture'; readonly checkpointId: number; readonly channels: readonly number[] }
  /** Its barrier (or its end) is at the head. */
  | { readonly type: 'capture-end'; readonly checkpointId: number; readonly channel: number }
  /** Its barrier counts as arrived although records lie before it: those are channel state; its capture ends there. */
  | { readonly type: 'overtake'; readonly checkpointId: number; readonly channel: number }
  /** Aborted: what was captured is thrown away. */
  | { readonly type: 'capture-stop'; readonly checkpointId: number }
  | { readonly type: 'channel-state-complete'; readonly checkpointId: number; readonly alignmentMs: number }
  /** Call `timeout` after this; an earlier timer is replaced. */
  | { readonly type: 'arm-timer'; readonly checkpointId: number; readonly delayMs: number }
  | { readonly type: 'clear-timer' };

/** What every call answers in which nothing happens: effects are only allocated when there are some. */
export const nothingHappens: readonly BarrierEffect[] = Object.freeze([]);
