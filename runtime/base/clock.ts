/**
 * Time is handed in. `host` gives the machine's clocks; a simulation gives a hand-driven one that may skew and jump.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch; may jump. For timestamps that people read. */
  now(): number;
  /** Milliseconds since some start, never backwards, sub-millisecond where the platform has it. For durations. */
  monotonicMs(): number;
}

/** A clock that moves only when told to. Both of its readings move together. */
export class ManualClock implements Clock {
  #now: number;

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  advance(durationMs: number): void {
    this.#now += durationMs;
  }
}

/** Both readings of a clock at one moment, for the pure machines that are handed time instead of a clock. */
export interface Moment {
  /** Clock.now(): for timestamps. */
  readonly now: number;
  /** Clock.monotonicMs(): for durations and deadlines. */
  readonly monotonicMs: number;
}

export function momentOf(clock: Clock): Moment {
  return { now: clock.now(), monotonicMs: clock.monotonicMs() };
}
