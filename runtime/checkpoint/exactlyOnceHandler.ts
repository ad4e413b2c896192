/**
 * The barrier handler for exactly-once: one checkpoint at a time, aligned or unaligned, and the one that turns into
 * the other when it has taken too long. Its four states are two booleans of the pending checkpoint: has the first
 * channel delivered (*collecting*, else *waiting*), and is it unaligned.
 *
 *               first delivers                    all have delivered
 *   waiting ───────────────────▶ collecting ─────────────────────────▶ (nothing pending)
 *      │ timeout                     │ timeout: snapshot now, release
 *      ▼ snapshot at the first       ▼                 channel state complete
 *   waiting, unaligned ────────▶ collecting, unaligned ──────────────▶ (nothing pending)
 *
 * Invariants:
 *  1. Ids only grow: what is not newer than `#current`, nor pending, is obsolete and changes nothing.
 *  2. A channel is blocked only while an aligned checkpoint is pending that it has delivered.
 *  3. The snapshot of a checkpoint is marked at most once, and never after it was aborted.
 *  4. A channel counts once: by its barrier or by its end, whichever comes first.
 *  5. Aligned, the snapshot comes when every channel has delivered or ended; blocked channels are released after it.
 */
import { assert, present } from '../base/assert.ts';
import type { Moment } from '../base/clock.ts';
import { type AbortNotices, cancelled } from './abortNotices.ts';
import type { Barrier, CheckpointFailureReason } from './barrier.ts';
import { type BarrierEffect, nothingHappens } from './barrierEffects.ts';
import type {
  BarrierHandler,
  BarrierHandlerOptions,
  HandlerMemory,
  PendingAlignment,
} from './barrierHandler.ts';

export function createExactlyOnceHandler(
  options: BarrierHandlerOptions,
  memory: HandlerMemory,
): BarrierHandler {
  return new ExactlyOnceHandler(options, memory);
}

interface Pending {
  readonly barrier: Barrier;
  readonly openedMs: number;
  /** Monotonic; null: it never times out. */
  readonly deadlineMs: number | null;
  unaligned: boolean;
  /** Monotonic; null: nobody has delivered. */
  alignmentStartMs: number | null;
  snapshotTaken: boolean;
  timerArmed: boolean;
  /** Channels whose barrier or end has come, in that order. */
  readonly delivered: Set<number>;
  /** Channels into which the barrier was written but which have not delivered it, in that order. */
  readonly announced: Set<number>;
  readonly capturing: Set<number>;
}

type Arrival = 'at-the-head' | 'announced' | 'ended';

class ExactlyOnceHandler implements BarrierHandler {
  readonly #channels: number;
  readonly #alignedTimeoutMs: number;
  readonly #alignedOnly: boolean;
  readonly #ended: Set<number>;
  /** In the order in which they were blocked. */
  readonly #blocked = new Set<number>();
  readonly #notices: AbortNotices;
  /** The highest id that was opened or aborted. */
  #current: number;
  #pending: Pending | null = null;

  constructor(options: BarrierHandlerOptions, memory: HandlerMemory) {
    this.#ended = new Set(memory.ended);
    this.#notices = memory.notices;
    this.#current = memory.newest;
    this.#channels = options.channels;
    this.#alignedTimeoutMs = options.alignedTimeoutMs ?? 0;
    this.#alignedOnly = options.alignedOnly ?? false;
  }

  get pending(): PendingAlignment | null {
    const pending = this.#pending;
    if (pending === null) return null;
    return {
      checkpointId: pending.barrier.checkpointId,
      sinceMs: pending.alignmentStartMs ?? pending.openedMs,
      delivered: [...pending.delivered],
    };
  }

  isBlocked(channel: number): boolean {
    return this.#blocked.has(channel);
  }

  barrier(channel: number, barrier: Barrier, at: Moment): readonly BarrierEffect[] {
    this.#assertReadable(channel);
    if (this.#isObsolete(barrier.checkpointId)) return nothingHappens;
    const effects: BarrierEffect[] = [];
    const pending = this.#open(barrier, at, effects);
    // Invariant 4; a barrier that was overtaken by its announcement is read here when its turn comes.
    if (pending === null || pending.delivered.has(channel)) return effects;
    pending.announced.delete(channel);
    if (this.#isUnaligned(barrier)) this.#turnUnaligned(pending, at, effects);
    this.#arrive(pending, channel, 'at-the-head', at, effects);
    return effects;
  }

  announcement(channel: number, barrier: Barrier, at: Moment): readonly BarrierEffect[] {
    if (this.#ended.has(channel) || this.#isObsolete(barrier.checkpointId)) return nothingHappens;
    // Where nothing can overtake, an announcement is no news; it must not subsume an older checkpoint either.
    if (!this.#isUnaligned(barrier) && !this.#canTimeOut(barrier)) return nothingHappens;
    const effects: BarrierEffect[] = [];
    const pending = this.#open(barrier, at, effects);
    if (pending === null || pending.delivered.has(channel)) return effects;
    pending.announced.add(channel);
    if (pending.unaligned) this.#arrive(pending, channel, 'announced', at, effects);
    else if (this.#isUnaligned(barrier) || isTimedOut(pending, at)) this.#turnUnaligned(pending, at, effects);
    return effects;
  }

  cancellation(checkpointId: number): readonly BarrierEffect[] {
    if (this.#isObsolete(checkpointId)) return nothingHappens;
    const effects: BarrierEffect[] = [];
    if (checkpointId > this.#current) this.#subsume(effects);
    this.#abort(checkpointId, cancelled, effects);
    return effects;
  }

  trigger(barrier: Barrier, at: Moment): readonly BarrierEffect[] {
    const isRepeated = this.#pending?.barrier.checkpointId === barrier.checkpointId;
    if (isRepeated || this.#isObsolete(barrier.checkpointId)) return nothingHappens;
    const effects: BarrierEffect[] = [];
    const pending = this.#open(barrier, at, effects);
    if (pending !== null && this.#ended.size > 0) {
      this.#startAlignment(pending, at, effects);
      this.#advance(pending, at, effects);
    }
    return effects;
  }

  abort(
    checkpointId: number,
    _at: Moment,
    reason: CheckpointFailureReason = cancelled,
  ): readonly BarrierEffect[] {
    if (checkpointId > this.#current) {
      this.#notices.await(checkpointId);
      return nothingHappens;
    }
    const effects: BarrierEffect[] = [];
    this.#abort(checkpointId, reason, effects);
    return effects.length === 0 ? nothingHappens : effects;
  }

  end(channel: number, at: Moment): readonly BarrierEffect[] {
    this.#assertReadable(channel);
    this.#ended.add(channel);
    const pending = this.#pending;
    if (pending === null || pending.delivered.has(channel)) return nothingHappens;
    const effects: BarrierEffect[] = [];
    this.#arrive(pending, channel, 'ended', at, effects);
    return effects.length === 0 ? nothingHappens : effects;
  }

  timeout(at: Moment): readonly BarrierEffect[] {
    const pending = this.#pending;
    if (pending === null || pending.unaligned || !isTimedOut(pending, at)) return nothingHappens;
    pending.timerArmed = false;
    const effects: BarrierEffect[] = [];
    this.#turnUnaligned(pending, at, effects);
    return effects.length === 0 ? nothingHappens : effects;
  }

  retire(): { readonly effects: readonly BarrierEffect[]; readonly memory: HandlerMemory } {
    const effects: BarrierEffect[] = [];
    if (this.#pending !== null) this.#abort(this.#pending.barrier.checkpointId, cancelled, effects);
    return { effects, memory: { ended: this.#ended, newest: this.#current, notices: this.#notices } };
  }

  /** Invariant 1. */
  #isObsolete(checkpointId: number): boolean {
    return checkpointId < this.#current || (checkpointId === this.#current && this.#pending === null);
  }

  /** Makes the barrier's checkpoint the pending one; null when it had been aborted before it came. */
  #open(barrier: Barrier, at: Moment, effects: BarrierEffect[]): Pending | null {
    if (this.#pending !== null && this.#pending.barrier.checkpointId === barrier.checkpointId)
      return this.#pending;
    this.#subsume(effects);
    this.#current = barrier.checkpointId;
    if (this.#notices.take(barrier.checkpointId)) {
      this.#abort(barrier.checkpointId, cancelled, effects);
      return null;
    }
    const canTimeOut = this.#canTimeOut(barrier) && !this.#isUnaligned(barrier);
    const delayMs = Math.max(0, barrier.timestamp + this.#alignedTimeoutMs - at.now);
    this.#pending = {
      barrier,
      openedMs: at.monotonicMs,
      deadlineMs: canTimeOut ? at.monotonicMs + delayMs : null,
      unaligned: this.#isUnaligned(barrier),
      alignmentStartMs: null,
      snapshotTaken: false,
      timerArmed: canTimeOut && delayMs > 0,
      delivered: new Set(),
      announced: new Set(),
      capturing: new Set(),
    };
    if (this.#pending.timerArmed)
      effects.push({ type: 'arm-timer', checkpointId: barrier.checkpointId, delayMs });
    return this.#pending;
  }

  /** Invariant 4 is the caller's: the channel has not delivered before. */
  #arrive(pending: Pending, channel: number, arrival: Arrival, at: Moment, effects: BarrierEffect[]): void {
    pending.announced.delete(channel);
    this.#startAlignment(pending, at, effects);
    pending.delivered.add(channel);
    const { checkpointId } = pending.barrier;
    const wasCaptured = pending.capturing.delete(channel);
    if (arrival === 'announced') effects.push({ type: 'overtake', checkpointId, channel });
    else if (wasCaptured) effects.push({ type: 'capture-end', checkpointId, channel });

    const isWaiting = !this.#isComplete(pending) && !pending.unaligned && !isTimedOut(pending, at);
    if (isWaiting && arrival === 'at-the-head') {
      this.#blocked.add(channel);
      effects.push({ type: 'block', channel });
    }
    this.#advance(pending, at, effects);
  }

  /** After every arrival: is it complete, or has it taken too long. */
  #advance(pending: Pending, at: Moment, effects: BarrierEffect[]): void {
    const { checkpointId } = pending.barrier;
    if (!pending.unaligned) {
      if (this.#isComplete(pending)) {
        this.#finish(effects);
        this.#snapshot(pending, at, effects);
        this.#release(effects);
      } else if (isTimedOut(pending, at)) {
        this.#turnUnaligned(pending, at, effects);
      }
      return;
    }
    if (!pending.snapshotTaken) {
      const others = this.#missing(pending).filter((channel) => !pending.announced.has(channel));
      for (const channel of others) pending.capturing.add(channel);
      if (others.length > 0) effects.push({ type: 'capture', checkpointId, channels: others });
      this.#snapshot(pending, at, effects);
    }
    if (!this.#isComplete(pending)) return;
    this.#finish(effects);
    const alignmentMs = at.monotonicMs - present(pending.alignmentStartMs, 'the start of the alignment');
    effects.push({ type: 'channel-state-complete', checkpointId, alignmentMs });
  }

  /** The timeout, or an unaligned barrier of an aligned checkpoint: announced barriers overtake, nobody waits longer. */
  #turnUnaligned(pending: Pending, at: Moment, effects: BarrierEffect[]): void {
    if (pending.unaligned) return;
    pending.unaligned = true;
    this.#clearTimer(pending, effects);
    if (pending.alignmentStartMs !== null) this.#advance(pending, at, effects);
    this.#release(effects);
    for (const channel of [...pending.announced]) this.#arrive(pending, channel, 'announced', at, effects);
  }

  #startAlignment(pending: Pending, at: Moment, effects: BarrierEffect[]): void {
    if (pending.alignmentStartMs !== null) return;
    pending.alignmentStartMs = at.monotonicMs;
    effects.push({ type: 'first-barrier', barrier: pending.barrier });
  }

  #snapshot(pending: Pending, at: Moment, effects: BarrierEffect[]): void {
    assert(!pending.snapshotTaken, `checkpoint ${pending.barrier.checkpointId} is marked twice`);
    pending.snapshotTaken = true;
    const { unaligned } = pending;
    const asItCame = this.#alignedOnly || pending.barrier.unaligned === unaligned;
    effects.push({
      type: 'snapshot',
      barrier: asItCame ? pending.barrier : { ...pending.barrier, unaligned },
      alignmentMs: at.monotonicMs - present(pending.alignmentStartMs, 'the start of the alignment'),
      unaligned,
    });
  }

  #finish(effects: BarrierEffect[]): void {
    if (this.#pending !== null) this.#clearTimer(this.#pending, effects);
    this.#pending = null;
  }

  #subsume(effects: BarrierEffect[]): void {
    if (this.#pending !== null)
      this.#abort(this.#pending.barrier.checkpointId, 'CHECKPOINT_SUBSUMED', effects);
  }

  #abort(checkpointId: number, reason: CheckpointFailureReason, effects: BarrierEffect[]): void {
    this.#current = Math.max(this.#current, checkpointId);
    const pending = this.#pending;
    // A notice about an older checkpoint (its snapshot may still be written) leaves the one under way alone.
    if (pending !== null && pending.barrier.checkpointId === checkpointId) {
      this.#finish(effects);
      if (pending.snapshotTaken) effects.push({ type: 'capture-stop', checkpointId });
      this.#release(effects);
    }
    if (this.#notices.tell(checkpointId)) effects.push({ type: 'abort', checkpointId, reason });
  }

  #release(effects: BarrierEffect[]): void {
    if (this.#blocked.size === 0) return;
    effects.push({ type: 'release', channels: [...this.#blocked] });
    this.#blocked.clear();
  }

  #clearTimer(pending: Pending, effects: BarrierEffect[]): void {
    if (pending.timerArmed) effects.push({ type: 'clear-timer' });
    pending.timerArmed = false;
  }

  #missing(pending: Pending): number[] {
    const missing: number[] = [];
    for (let channel = 0; channel < this.#channels; channel++) {
      if (!this.#ended.has(channel) && !pending.delivered.has(channel)) missing.push(channel);
    }
    return missing;
  }

  #isComplete(pending: Pending): boolean {
    return this.#missing(pending).length === 0;
  }

  #canTimeOut(barrier: Barrier): boolean {
    return this.#alignedTimeoutMs > 0 && !this.#alignedOnly && !barrier.isSavepoint;
  }

  /** Savepoints are aligned whatever their barrier says. */
  #isUnaligned(barrier: Barrier): boolean {
    return barrier.unaligned && !barrier.isSavepoint && !this.#alignedOnly;
  }

  #assertReadable(channel: number): void {
    assert(channel >= 0 && channel < this.#channels, `there is no channel ${channel}`);
    assert(!this.#ended.has(channel), `channel ${channel} has ended and cannot bring anything`);
    assert(!this.#blocked.has(channel), `channel ${channel} is blocked and must not be read`);
  }
}

function isTimedOut(pending: Pending, at: Moment): boolean {
  return pending.deadlineMs !== null && at.monotonicMs >= pending.deadlineMs;
}
