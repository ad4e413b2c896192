/**
 * Time in which a task could take input. It stands still while there is no room downstream, while a watermark is walked
 * down, and while an operator has enough: what is not read meanwhile is not silent, and calling it idle would let event
 * time run ahead of records that wait (Flink's FLIP-471).
 */
import type { Clock } from '../base/clock.ts';

export class InputClock {
  readonly #clock: Clock;
  #heldSince: number | null = null;
  #heldMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds, for durations. */
  nowMs(): number {
    return (this.#heldSince ?? this.#clock.monotonicMs()) - this.#heldMs;
  }

  /** No input from here on. */
  hold(): void {
    this.#heldSince ??= this.#clock.monotonicMs();
  }

  /** The input has its turn. */
  release(): void {
    if (this.#heldSince === null) return;
    this.#heldMs += this.#clock.monotonicMs() - this.#heldSince;
    this.#heldSince = null;
  }
}
