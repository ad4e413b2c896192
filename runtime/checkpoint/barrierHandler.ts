/**
 * The barrier handler of a task: what its input gate does when a barrier, a cancellation or the end of a channel comes.
 *
 * A barrier cuts each channel in two. With several channels the cuts come at different moments, and the handler holds
 * back what lies behind them until there is one on every channel, like a lock keeper who shuts one gate after the
 * other and opens them together once the water is level:
 *
 *   channel 0   a b ║ c d                    c d wait in the channel, which is simply not read
 *   channel 1   x y z ║ u
 *               ────┬──┬─────────▶ time
 *                   │  └ last barrier: alignment ends → snapshot: {a b x y z}, forward ║, release 0, then c d u
 *                   └ first barrier: block 0, alignment starts
 *
 * It is a pure machine: events in, effects out, time handed in. The task carries the effects out in their order, as
 * one step between two records. Effects are allocated only when something happens, so a call costs nothing on the
 * path of records (which never comes here anyway).
 *
 * Two machines stand behind `createBarrierHandler`:
 * - `exactlyOnceHandler.ts`: aligned, unaligned, and aligned-with-timeout. A barrier says itself that it is unaligned;
 *   one that is not (and is no savepoint) becomes it when `alignedTimeoutMs` has passed since its trigger.
 * - `atLeastOnceHandler.ts`: nothing is blocked, barriers are only counted.
 *
 * Unaligned, the snapshot is taken at the first barrier, and what lies before the others becomes *channel state*:
 *
 *   channel 0   a ║ b                        snapshot at ║ on 0: {a x}
 *   channel 1   x ┊ y z ║ u                  y z come after the snapshot but before their barrier: captured
 *
 * `capture` says "from here on, what is read of this channel is also channel state", `capture-end` that its barrier
 * has come to the head, and `overtake` that its barrier is known to lie further back: copy what lies before it, now.
 * When the frame of an overtaken barrier is read at last, it is obsolete. When every channel's capture has ended,
 * `channel-state-complete` closes the channel state.
 *
 * The rules and the names of Flink's handlers (SingleCheckpointBarrierHandler, CheckpointBarrierTracker) are followed,
 * except for the notice of an abort (see `abortNotices.ts`).
 */
import { assert } from '../base/assert.ts';
import type { Moment } from '../base/clock.ts';
import { AbortNotices } from './abortNotices.ts';
import { createAtLeastOnceHandler } from './atLeastOnceHandler.ts';
import type { Barrier, CheckpointFailureReason } from './barrier.ts';
import type { BarrierEffect } from './barrierEffects.ts';
import { createExactlyOnceHandler } from './exactlyOnceHandler.ts';

export type { BarrierEffect } from './barrierEffects.ts';

export interface BarrierHandlerOptions {
  /** Number of input channels; they are numbered from 0. */
  readonly channels: number;
  readonly mode: 'exactly-once' | 'at-least-once';
  /**
   * Exactly-once: an aligned barrier whose trigger is longer ago than this overtakes. Null or 0: it stays aligned.
   * Engines pass it only when unaligned checkpoints are on; with 0 then, barriers are unaligned from the start.
   */
  readonly alignedTimeoutMs: number | null;
  /** Where nothing may be overtaken: every checkpoint is aligned here, and its barrier goes on as it came. */
  readonly alignedOnly?: boolean;
}

export interface PendingAlignment {
  readonly checkpointId: number;
  /** Monotonic; the first barrier, or before it the announcement or the trigger. */
  readonly sinceMs: number;
  /** In the order in which they delivered. */
  readonly delivered: readonly number[];
}

export interface BarrierHandler {
  /** The barrier is at the head of the channel and was taken from it. */
  barrier(channel: number, barrier: Barrier, at: Moment): readonly BarrierEffect[];
  /** The barrier was written into the channel; it may still lie behind records. Matters only if it could overtake them. */
  announcement(channel: number, barrier: Barrier, at: Moment): readonly BarrierEffect[];
  /** A cancellation marker was taken from a channel. */
  cancellation(checkpointId: number, at: Moment): readonly BarrierEffect[];
  /**
   * From the coordinator, at a task whose predecessors have all ended or are about to: the barrier counts as arrived
   * on every channel that has ended, the rest is awaited.
   */
  trigger(barrier: Barrier, at: Moment): readonly BarrierEffect[];
  /**
   * The coordinator's notice that the checkpoint ended without completing, or the task's own decline with its reason.
   * Ahead of the barrier it is put down and acts when the barrier comes.
   */
  abort(checkpointId: number, at: Moment, reason?: CheckpointFailureReason): readonly BarrierEffect[];
  /** The channel has ended and will bring nothing more. */
  end(channel: number, at: Moment): readonly BarrierEffect[];
  /** The timer that was armed; a stray one does nothing. */
  timeout(at: Moment): readonly BarrierEffect[];
  /**
   * The task is switched to another mode: what is pending is aborted, and a handler of the new mode goes on from what this
   * one has seen. Barriers of what was aborted are still on their way, and mean no more to it than to this one.
   */
  retire(at: Moment): { readonly effects: readonly BarrierEffect[]; readonly memory: HandlerMemory };
  isBlocked(channel: number): boolean;
  /** For the dashboard: the newest checkpoint that is waited for. */
  readonly pending: PendingAlignment | null;
}

/** What a handler hands to its successor. */
export interface HandlerMemory {
  /** Channels. */
  readonly ended: ReadonlySet<number>;
  /** The highest id that was opened or aborted. */
  readonly newest: number;
  readonly notices: AbortNotices;
}

/** `memory`: of the handler before it; a task begins without one. */
export function createBarrierHandler(
  options: BarrierHandlerOptions,
  memory: HandlerMemory = { ended: new Set(), newest: -1, notices: new AbortNotices() },
): BarrierHandler {
  assert(
    Number.isInteger(options.channels) && options.channels > 0,
    'a barrier handler needs at least one channel',
  );
  return options.mode === 'exactly-once'
    ? createExactlyOnceHandler(options, memory)
    : createAtLeastOnceHandler(options, memory);
}
