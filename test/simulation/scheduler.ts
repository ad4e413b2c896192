/**
 * Who acts next is drawn from a seed: a thread steps, a message arrives, a disk answers, time passes. Messages of one
 * sender to one receiver keep their order; everything else may overtake everything else.
 *
 * Time that passes is seen by everybody. What the wall clock shows is another matter: it may be set, also backwards, and
 * `clockOf` gives somebody a clock that is wrong by a fixed time. Durations stay true whatever happens to it.
 */
import type { Clock } from '../../runtime/base/clock.ts';
import { type Random, seededRandom } from '../../runtime/base/random.ts';

export class Scheduler implements Clock {
  readonly random: Random;
  #passed = 1_700_000_000_000;
  /** By how much the wall clock was set. */
  #setBy = 0;
  /** What was computed has taken time too: a look at the clock may find it gone on, so that slices end anywhere. */
  #worked = 0;
  readonly #effort = seededRandom(1);
  readonly #lines = new Map<string, (() => void)[]>();
  #loose: (() => void)[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  now(): number {
    return this.#passed + this.#setBy;
  }

  monotonicMs(): number {
    if (this.#effort.below(4) === 0) this.#worked++;
    return this.#passed + this.#worked;
  }

  pass(durationMs: number): void {
    this.#passed += durationMs;
  }

  /** Somebody sets the wall clock: forward, or with a negative number back. */
  setWallClock(byMs: number): void {
    this.#setBy += byMs;
  }

  clockOf(skewMs: number): Clock {
    return { now: () => this.now() + skewMs, monotonicMs: () => this.monotonicMs() };
  }

  /** In order with everything else on this line. */
  inLine(line: string, call: () => void): void {
    const queue = this.#lines.get(line);
    if (queue === undefined) this.#lines.set(line, [call]);
    else queue.push(call);
  }

  /** At any time. */
  later(call: () => void): void {
    this.#loose.push(call);
  }

  /** A process died: what was on its way to or from it never arrives. */
  forget(): void {
    this.#lines.clear();
    this.#loose = [];
  }

  get pending(): number {
    return this.#lines.size + this.#loose.length;
  }

  /** Lets one waiting call happen; false when none waits. */
  deliver(): boolean {
    const choices = this.#lines.size + this.#loose.length;
    if (choices === 0) return false;
    const chosen = this.random.below(choices);
    if (chosen < this.#loose.length) {
      const [call] = this.#loose.splice(chosen, 1);
      call?.();
      return true;
    }
    const line = [...this.#lines.keys()][chosen - this.#loose.length] as string;
    const queue = this.#lines.get(line) as (() => void)[];
    const call = queue.shift();
    if (queue.length === 0) this.#lines.delete(line);
    call?.();
    return true;
  }
}
