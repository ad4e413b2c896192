/**
 * How a source makes watermarks, and how an operator with several inputs puts theirs together. Both are numbers in,
 * numbers out; the source task and the input gate are thin skins around them.
 *
 * A watermark t says: no record with a timestamp up to t will come. Like Flink's, a split's watermark therefore trails
 * its highest timestamp by the allowed disorder *and one millisecond*: a second record of the highest one may come.
 *
 * - W1. What is answered never goes backwards, whatever comes in.
 * - W2. The slowest active part decides; a part that is idle or has ended does not hold the others back.
 * - W3. When nothing active is left, idleness itself is passed on, so that those downstream do not wait for us either.
 */
import { assert, present } from '../base/assert.ts';
import { MAX_WATERMARK, MIN_WATERMARK, type Timestamp } from './operator.ts';
import type { WatermarkGenerator, WatermarkStrategy } from './source.ts';

export interface WatermarkReading {
  readonly watermark: Timestamp;
  /** Nothing active is left that could move it; not the same as ended. */
  readonly idle: boolean;
}

interface SplitClock {
  highest: Timestamp;
  watermark: Timestamp;
  lastRecordAt: number;
  readonly generator: WatermarkGenerator<unknown> | null;
}

/** How often a generator of an author's is asked while no record comes, as Flink does by default. */
const GENERATORS_ASKED_EVERY_MS = 200;

/** Per split its own watermark; over the active ones the lowest. `nowMs` is any clock that does not run backwards. */
export class SplitWatermarks {
  readonly #outOfOrdernessMs: number;
  readonly #idleAfterMs: number | null;
  readonly #createGenerator: (() => WatermarkGenerator<unknown>) | null;
  readonly #splits = new Map<string, SplitClock>();
  #watermark: Timestamp = MIN_WATERMARK;

  constructor(
    strategy: Pick<WatermarkStrategy<unknown>, 'outOfOrdernessMs' | 'idleAfterMs' | 'createGenerator'>,
  ) {
    this.#outOfOrdernessMs = strategy.outOfOrdernessMs;
    this.#idleAfterMs = strategy.idleAfterMs;
    this.#createGenerator = strategy.createGenerator ?? null;
  }

  /** What a restored split had come to; null for one that is read from its start. */
  add(
    split: string,
    restored: { readonly highestTimestamp: Timestamp | null; readonly watermark?: Timestamp } | null,
    nowMs: number,
  ): void {
    assert(!this.#splits.has(split), `split ${split} was added twice`);
    this.#splits.set(split, {
      highest: restored?.highestTimestamp ?? MIN_WATERMARK,
      watermark: restored?.watermark ?? MIN_WATERMARK,
      lastRecordAt: nowMs,
      generator: this.#createGenerator?.() ?? null,
    });
  }

  /** The generator of the split, which wants to see every record; null: `observe` is all that is needed. */
  generatorOf(split: string): WatermarkGenerator<unknown> | null {
    return this.#clock(split).generator;
  }

  /** `timestamp`: the highest of some records that came. */
  observe(split: string, timestamp: Timestamp, nowMs: number): void {
    const clock = this.#clock(split);
    clock.lastRecordAt = nowMs;
    if (timestamp > clock.highest) clock.highest = timestamp;
  }

  /** It is made to wait, and not silent. */
  hold(split: string, nowMs: number): void {
    this.#clock(split).lastRecordAt = nowMs;
  }

  /** The split is read to its end and no longer counts. */
  end(split: string): void {
    this.#splits.delete(split);
  }

  /** For snapshots. */
  highestOf(split: string): Timestamp | null {
    const highest = this.#splits.get(split)?.highest ?? MIN_WATERMARK;
    return highest === MIN_WATERMARK ? null : highest;
  }

  /** W1 holds for each split too. */
  watermarkOf(split: string): Timestamp {
    const clock = this.#clock(split);
    const now =
      clock.generator === null
        ? clock.highest - this.#outOfOrdernessMs - 1
        : clock.generator.currentWatermark();
    if (now > clock.watermark) clock.watermark = now;
    return clock.watermark;
  }

  read(nowMs: number): WatermarkReading {
    let lowest = MAX_WATERMARK;
    let active = 0;
    for (const [split, { lastRecordAt }] of this.#splits) {
      if (this.#idleAfterMs !== null && nowMs - lastRecordAt >= this.#idleAfterMs) continue;
      active++;
      lowest = Math.min(lowest, this.watermarkOf(split));
    }
    if (active > 0) this.#watermark = Math.max(this.#watermark, lowest);
    return { watermark: this.#watermark, idle: active === 0 && this.#splits.size > 0 };
  }

  /** When `read` may answer something else though nothing was observed; null: never. */
  nextReadAt(nowMs: number): number | null {
    let next =
      this.#createGenerator === null || this.#splits.size === 0 ? null : nowMs + GENERATORS_ASKED_EVERY_MS;
    if (this.#idleAfterMs === null) return next;
    for (const { lastRecordAt } of this.#splits.values()) {
      const at = lastRecordAt + this.#idleAfterMs;
      if (at > nowMs && (next === null || at < next)) next = at;
    }
    return next;
  }

  #clock(split: string): SplitClock {
    return present(this.#splits.get(split), `split ${split}`);
  }
}

/** What an input gate has to send on after something happened on one of its channels. */
export type WatermarkChange =
  | { readonly type: 'watermark'; readonly watermark: Timestamp }
  | { readonly type: 'idle' }
  | { readonly type: 'active' };

export interface ChannelWatermark {
  readonly watermark: Timestamp;
  readonly state: 'active' | 'idle' | 'ended';
}

const nothing: readonly WatermarkChange[] = Object.freeze([]);

/**
 * The watermarks of an operator's channels, put together. A channel at MAX_WATERMARK is at its end, which follows, and
 * counts as ended: were it the lowest of the active ones, it would end the time of those that are only silent.
 */
export class WatermarkCoalescer {
  readonly #watermarks: Float64Array;
  readonly #states: ('active' | 'idle' | 'ended')[];
  #combined: Timestamp = MIN_WATERMARK;
  #idle = false;

  /** `from`: what was told before these channels began, as those downstream know it. */
  constructor(channels: number, from: WatermarkReading | null = null) {
    assert(channels > 0, 'watermarks come from at least one channel');
    if (from !== null) {
      this.#combined = from.watermark;
      this.#idle = from.idle;
    }
    this.#watermarks = new Float64Array(channels).fill(MIN_WATERMARK);
    this.#states = new Array(channels).fill('active');
  }

  get watermark(): Timestamp {
    return this.#combined;
  }

  /** What it has told. */
  get reading(): WatermarkReading {
    return { watermark: this.#combined, idle: this.#idle };
  }

  stateOf(channel: number): ChannelWatermark {
    return {
      watermark: this.#watermarks[channel] ?? MIN_WATERMARK,
      state: this.#states[channel] ?? 'active',
    };
  }

  /** Before anything comes: a channel begins where it was; `begin` then tells what that makes together. */
  place(channel: number, { watermark, state }: ChannelWatermark): void {
    this.#watermarks[channel] = watermark;
    this.#states[channel] = state;
  }

  begin(): readonly WatermarkChange[] {
    return this.#changes();
  }

  /** A watermark makes an idle channel active again. */
  onWatermark(channel: number, watermark: Timestamp): readonly WatermarkChange[] {
    if (this.#states[channel] === 'ended') return nothing;
    this.#states[channel] = 'active';
    const before = this.#watermarks[channel] ?? MIN_WATERMARK;
    if (watermark > before) this.#watermarks[channel] = watermark;
    return this.#changes();
  }

  onIdle(channel: number): readonly WatermarkChange[] {
    if (this.#states[channel] !== 'active') return nothing;
    this.#states[channel] = 'idle';
    return this.#changes();
  }

  /** Records came again on an idle channel. */
  onActive(channel: number): readonly WatermarkChange[] {
    if (this.#states[channel] !== 'idle') return nothing;
    this.#states[channel] = 'active';
    return this.#changes();
  }

  onEnd(channel: number): readonly WatermarkChange[] {
    this.#states[channel] = 'ended';
    return this.#changes();
  }

  #changes(): readonly WatermarkChange[] {
    let lowestActive = MAX_WATERMARK;
    let highestIdle = MIN_WATERMARK;
    let active = 0;
    let idle = 0;
    for (const [channel, state] of this.#states.entries()) {
      const watermark = this.#watermarks[channel] ?? MIN_WATERMARK;
      if (watermark === MAX_WATERMARK) continue;
      if (state === 'active') {
        active++;
        if (watermark < lowestActive) lowestActive = watermark;
      } else if (state === 'idle') {
        idle++;
        if (watermark > highestIdle) highestIdle = watermark;
      }
    }
    // When all are idle none of them holds the others back (as in Flink's valve); when all have ended, nothing does.
    const watermark = active > 0 ? lowestActive : idle > 0 ? highestIdle : MAX_WATERMARK;
    const isIdle = active === 0 && idle > 0;
    const rises = watermark > this.#combined;
    const turns = isIdle !== this.#idle;
    if (!rises && !turns) return nothing;
    const changes: WatermarkChange[] = [];
    if (turns && !isIdle) changes.push({ type: 'active' });
    if (rises) changes.push({ type: 'watermark', watermark });
    if (turns && isIdle) changes.push({ type: 'idle' });
    this.#idle = isIdle;
    if (rises) this.#combined = watermark;
    return changes;
  }
}
