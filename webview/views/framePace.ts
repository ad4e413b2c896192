/**
 * When the next frame may be drawn. In an editor the dashboard shares its thread with everything else on the page, on
 * some hosts with the whole workbench, and a frame may cost more than a sixtieth of a second: without a GPU, or on a
 * machine that is busy running the very pipeline that is watched. A loop that asks for frame after frame then leaves
 * nothing to the messages that wait behind it, and the page falls behind by seconds, and further with each.
 *
 * So drawing takes at most half of the time: after a frame that cost c milliseconds comes a pause of c. What a frame
 * costs is what passes from its beginning until the page gets to other work again. Its rasterising goes on elsewhere,
 * during the pause, and shows as nothing but a late frame after it: then it was under way all the time between the two.
 */

const refreshMs = 1_000 / 60;
/** A frame that nothing keeps waiting begins within this time of being asked for. */
const promptMs = refreshMs + 2;
/** However slow the machine is, the page stays alive. */
const pauseMsMax = 500;

export class FramePace {
  #askedAt = 0;
  #beganAt = Number.NEGATIVE_INFINITY;
  /** As the last late frame showed it; forgotten slowly. */
  #rasterMs = 0;
  #endedAt = 0;
  #freeAt = Number.NEGATIVE_INFINITY;

  /** Milliseconds to wait before a frame is asked for, when frames come at most every `leastMs`. */
  pauseMs(now: number, leastMs: number): number {
    return Math.max(0, this.#freeAt - now, this.#beganAt + leastMs - refreshMs / 2 - now);
  }

  asked(now: number): void {
    this.#askedAt = now;
  }

  began(now: number): void {
    // A frame that was asked for as soon as it might be followed the last one; another was late on its own.
    const since = this.#askedAt > this.#freeAt + promptMs ? this.#askedAt : this.#endedAt;
    const isLate = now - this.#askedAt > promptMs;
    this.#rasterMs = isLate ? Math.min(pauseMsMax, now - since) : this.#rasterMs * 0.8;
    this.#beganAt = now;
  }

  /** The page is at other work again. */
  ended(now: number): void {
    this.#endedAt = now;
    this.#freeAt = now + Math.min(pauseMsMax, now - this.#beganAt + 2 * this.#rasterMs);
  }
}
