/**
 * When the next periodic checkpoint is due. Ticks keep a rhythm of their own: one that comes late does not move those
 * after it, and those that were missed (a suspended laptop, a long pause) are not made up for.
 *
 *   due      |    |    |    |    |    |
 *   called   ^    ^              ^^                 the two that were missed are gone; the next is due as ever
 *   ticks    x    x              x     x
 */
export class PeriodicSchedule {
  readonly #intervalMs: number | null;
  #nextMs: number | null = null;

  /** Null: no periodic checkpoints. */
  constructor(intervalMs: number | null) {
    this.#intervalMs = intervalMs;
  }

  /** Monotonic; null: none is due. */
  get nextMs(): number | null {
    return this.#nextMs;
  }

  /** The first is due a whole interval from now. */
  start(nowMs: number): void {
    this.#nextMs = this.#intervalMs === null ? null : nowMs + this.#intervalMs;
  }

  stop(): void {
    this.#nextMs = null;
  }

  /** The rhythm goes on from there. */
  postponeTo(atMs: number): void {
    this.#nextMs = atMs;
  }

  /** Whether a checkpoint is due now; true once for each. */
  isDue(nowMs: number): boolean {
    const dueMs = this.#nextMs;
    if (this.#intervalMs === null || dueMs === null || nowMs < dueMs) return false;
    this.#nextMs = nowMs + this.#intervalMs - ((nowMs - dueMs) % this.#intervalMs);
    return true;
  }
}
