/** One timer for one piece of work: whoever asks for an earlier time moves it forward, and it never keeps the process. */
import { machineClock } from './machineClock.ts';

export class Alarm {
  readonly #work: () => void;
  #timer: NodeJS.Timeout | null = null;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** In machineClock.monotonicMs(); null: nothing is due. */
  set(atMs: number | null): void {
    const wanted = atMs ?? Number.POSITIVE_INFINITY;
    if (wanted === this.#atMs && this.#timer !== null) return;
    this.clear();
    if (wanted === Number.POSITIVE_INFINITY) return;
    this.#atMs = wanted;
    // Node fires up to a millisecond early; what is due is asked again then.
    const delayMs = Math.min(60_000, Math.max(0, Math.ceil(wanted - machineClock.monotonicMs())));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#work();
    }, delayMs);
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
