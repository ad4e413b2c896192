/**
 * What a barrier handler remembers of checkpoints that were aborted from outside: by the coordinator's notice or by
 * the task's own decline.
 *
 * A notice overtakes the stream. Were it to act at once on a checkpoint whose barrier has not come yet, the
 * cancellation that it sends downstream would run ahead of *older* barriers and kill those too:
 *
 *   coordinator ── abort 4 ──────────────▶ task          3 is well and still on its way; if 4 counted as seen now,
 *   upstream     ══ ║3 ══ ║4 ══════════▶ task            barrier 3 would be obsolete, here and downstream
 *
 * So a notice that is ahead of its barrier is put down and acts when the barrier comes: no snapshot, and the
 * cancellation goes downstream in the barrier's place. Each id is aborted once, however many notices and markers come.
 */
import type { CheckpointFailureReason } from './barrier.ts';

/** Somebody else's decision, brought by a marker or a notice: the coordinator knows the cause and does not count it. */
export const cancelled: CheckpointFailureReason = 'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER';

export class AbortNotices {
  /** Waiting for their barrier. */
  readonly #awaited = new Set<number>();
  /** Told already. */
  readonly #told = new Set<number>();

  await(checkpointId: number): void {
    remember(this.#awaited, checkpointId);
  }

  /** True once, when the barrier of an announced abort comes. */
  take(checkpointId: number): boolean {
    return this.#awaited.delete(checkpointId);
  }

  /** True the first time; nobody is told twice. */
  tell(checkpointId: number): boolean {
    if (this.#told.has(checkpointId)) return false;
    this.#awaited.delete(checkpointId);
    remember(this.#told, checkpointId);
    return true;
  }
}

/** As many as Flink remembers; ids grow, so the first one put in is the oldest. */
const rememberedMax = 128;

function remember(ids: Set<number>, checkpointId: number): void {
  ids.add(checkpointId);
  if (ids.size <= rememberedMax) return;
  for (const oldest of ids) {
    ids.delete(oldest);
    return;
  }
}
