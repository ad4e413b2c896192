/**
 * The barrier handler for at-least-once: it only counts. Nothing is blocked, so what follows a barrier on a fast
 * channel is processed before the snapshot, and again after a restore:
 *
 *   channel 0   a ║ b              b is in the snapshot, but source 0 is restored to ║: b comes twice
 *   channel 1   x     y ║
 *                       └ the last barrier: snapshot
 *
 * Several checkpoints can be pending, each with the channels that have delivered it. The first one that every channel
 * has delivered is taken, and all older ones are dropped without a word: they have been overtaken and the coordinator
 * subsumes them itself.
 *
 * Invariants:
 *  1. Ids only grow: a checkpoint is opened only when it is newer than every one that was opened or aborted before.
 *  2. A channel counts once per checkpoint: by its barrier or by its end.
 *  3. At most `pendingMax` are pending; the oldest is forgotten beyond that.
 */
import { assert } from '../base/assert.ts';
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

/** As many as Flink tracks. */
export const pendingMax = 50;

export function createAtLeastOnceHandler(
  options: BarrierHandlerOptions,
  memory: HandlerMemory,
): BarrierHandler {
  return new AtLeastOnceHandler(options.channels, memory);
}

interface Pending {
  readonly barrier: Barrier;
  readonly sinceMs: number;
  readonly delivered: Set<number>;
}

class AtLeastOnceHandler implements BarrierHandler {
  readonly #channels: number;
  readonly #ended: Set<number>;
  readonly #notices: AbortNotices;
  /** Ascending. */
  #pending: Pending[] = [];
  /** The highest id that was opened or aborted. */
  #newest: number;

  constructor(channels: number, memory: HandlerMemory) {
    this.#channels = channels;
    this.#ended = new Set(memory.ended);
    this.#notices = memory.notices;
    this.#newest = memory.newest;
  }

  get pending(): PendingAlignment | null {
    const newest = this.#pending.at(-1);
    if (newest === undefined) return null;
    const { barrier, sinceMs, delivered } = newest;
    return { checkpointId: barrier.checkpointId, sinceMs, delivered: [...delivered] };
  }

  isBlocked(): boolean {
    return false;
  }

  barrier(channel: number, barrier: Barrier, at: Moment): readonly BarrierEffect[] {
    this.#assertOpen(channel);
    const effects: BarrierEffect[] = [];
    const pending = this.#find(barrier.checkpointId) ?? this.#open(barrier, at, effects);
    if (pending !== undefined) {
      pending.delivered.add(channel);
      this.#takeNewestComplete(at, effects);
    }
    return orNothing(effects);
  }

  /** Nothing overtakes here. */
  announcement(): readonly BarrierEffect[] {
    return nothingHappens;
  }

  cancellation(checkpointId: number): readonly BarrierEffect[] {
    const effects: BarrierEffect[] = [];
    const isNew = checkpointId > this.#newest || this.#find(checkpointId) !== undefined;
    const aborted = this.#pending.filter(({ barrier }) => barrier.checkpointId <= checkpointId);
    this.#pending = this.#pending.filter((pending) => !aborted.includes(pending));
    this.#newest = Math.max(this.#newest, checkpointId);
    const ids = new Set(aborted.map(({ barrier }) => barrier.checkpointId));
    if (isNew) ids.add(checkpointId);
    for (const id of ids) this.#tell(id, cancelled, effects);
    return orNothing(effects);
  }

  trigger(barrier: Barrier, at: Moment): readonly BarrierEffect[] {
    if (this.#find(barrier.checkpointId) !== undefined) return nothingHappens;
    const effects: BarrierEffect[] = [];
    if (this.#open(barrier, at, effects) !== undefined) this.#takeNewestComplete(at, effects);
    return orNothing(effects);
  }

  abort(
    checkpointId: number,
    _at: Moment,
    reason: CheckpointFailureReason = cancelled,
  ): readonly BarrierEffect[] {
    if (checkpointId > this.#newest) {
      this.#notices.await(checkpointId);
      return nothingHappens;
    }
    const effects: BarrierEffect[] = [];
    this.#pending = this.#pending.filter(({ barrier }) => barrier.checkpointId !== checkpointId);
    this.#tell(checkpointId, reason, effects);
    return orNothing(effects);
  }

  end(channel: number, at: Moment): readonly BarrierEffect[] {
    this.#assertOpen(channel);
    this.#ended.add(channel);
    const effects: BarrierEffect[] = [];
    this.#takeNewestComplete(at, effects);
    return orNothing(effects);
  }

  timeout(): readonly BarrierEffect[] {
    return nothingHappens;
  }

  retire(): { readonly effects: readonly BarrierEffect[]; readonly memory: HandlerMemory } {
    const effects: BarrierEffect[] = [];
    for (const { barrier } of this.#pending) this.#tell(barrier.checkpointId, cancelled, effects);
    this.#pending = [];
    return { effects, memory: { ended: this.#ended, newest: this.#newest, notices: this.#notices } };
  }

  #find(checkpointId: number): Pending | undefined {
    return this.#pending.find(({ barrier }) => barrier.checkpointId === checkpointId);
  }

  /** Invariant 1. Undefined when the checkpoint is obsolete, or had been aborted before its first barrier came. */
  #open(barrier: Barrier, at: Moment, effects: BarrierEffect[]): Pending | undefined {
    if (barrier.checkpointId <= this.#newest) return undefined;
    this.#newest = barrier.checkpointId;
    if (this.#notices.take(barrier.checkpointId)) {
      this.#tell(barrier.checkpointId, cancelled, effects);
      return undefined;
    }
    const pending: Pending = { barrier, sinceMs: at.monotonicMs, delivered: new Set() };
    this.#pending.push(pending);
    if (this.#pending.length > pendingMax) this.#pending.shift();
    effects.push({ type: 'first-barrier', barrier });
    return pending;
  }

  #takeNewestComplete(at: Moment, effects: BarrierEffect[]): void {
    const index = this.#pending.findLastIndex((pending) => this.#isComplete(pending));
    const complete = this.#pending[index];
    if (complete === undefined) return;
    this.#pending = this.#pending.slice(index + 1);
    const { barrier, sinceMs } = complete;
    effects.push({ type: 'snapshot', barrier, alignmentMs: at.monotonicMs - sinceMs, unaligned: false });
  }

  /** Invariant 2: a channel that has ended counts whether or not it had delivered. */
  #isComplete(pending: Pending): boolean {
    for (let channel = 0; channel < this.#channels; channel++) {
      if (!this.#ended.has(channel) && !pending.delivered.has(channel)) return false;
    }
    return true;
  }

  #tell(checkpointId: number, reason: CheckpointFailureReason, effects: BarrierEffect[]): void {
    if (this.#notices.tell(checkpointId)) effects.push({ type: 'abort', checkpointId, reason });
  }

  #assertOpen(channel: number): void {
    assert(channel >= 0 && channel < this.#channels, `there is no channel ${channel}`);
    assert(!this.#ended.has(channel), `channel ${channel} has ended and cannot bring anything`);
  }
}

function orNothing(effects: readonly BarrierEffect[]): readonly BarrierEffect[] {
  return effects.length === 0 ? nothingHappens : effects;
}
