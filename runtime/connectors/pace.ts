/**
 * How many records may have been made by now, at a rate and by the clock. It counts from when it was made: what a restored
 * run has missed is not caught up, what a slow reader has missed since then is.
 */
import type { Clock } from '../base/clock.ts';

export class Pace {
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #startedAtMs: number;

  /** Infinity: as fast as they are taken. */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** Records since the start that are due. */
  due(): number {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return this.#perSecond;
    return Math.floor((this.#elapsedMs() * this.#perSecond) / 1_000);
  }

  /** By Clock.now(): when record number `count` since the start will be due. */
  dueAt(count: number): number {
    const dueMs = (count * 1_000) / this.#perSecond;
    return this.#clock.now() + Math.max(1, Math.ceil(dueMs - this.#elapsedMs()));
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startedAtMs;
  }
}
