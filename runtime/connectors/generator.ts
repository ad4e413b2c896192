/**
 * Records out of nothing, the same ones every time: record i is made from the seed and i alone, so its state is a number and
 * a restored run goes on with the very records that the failed one would have made.
 */
import { type Random, seededRandom } from '../base/random.ts';
import {
  type PollResult,
  type Source,
  type SourceContext,
  SourceError,
  type SplitPosition,
  type SplitReader,
} from '../operators/source.ts';
import { Pace } from './pace.ts';

export interface GeneratorOptions<T> {
  /** Makes record `index`, from 0 on. Chance must come from `random`. */
  readonly make: (index: number, random: Random) => T;
  /** How many in all. Default: without end. */
  readonly count?: number;
  /** How many a second in all, by the clock. Default: as fast as they are taken. */
  readonly perSecond?: number;
  /** Lanes that can be read by different subtasks. Lane k makes the records k, k + splits, k + 2 · splits, … Default 1. */
  readonly splits?: number;
  readonly seed?: number;
}

export function generator<T>(options: GeneratorOptions<T>): Source<T> {
  const {
    count = Number.POSITIVE_INFINITY,
    perSecond = Number.POSITIVE_INFINITY,
    splits = 1,
    seed = 0,
  } = options;
  if (!Number.isInteger(splits) || splits < 1)
    throw new SourceError(`A generator has at least one split, not ${splits}.`);
  if (!(count >= 0)) throw new SourceError(`A generator cannot make ${count} records.`);
  if (!(perSecond > 0)) throw new SourceError(`A generator cannot make ${perSecond} records a second.`);
  // Ids sort as the lanes do.
  const digits = String(splits - 1).length;
  return {
    name: 'generator',
    bounded: Number.isFinite(count),
    splits: () => Array.from({ length: splits }, (_, lane) => `lane-${String(lane).padStart(digits, '0')}`),
    openSplit(split, from, context) {
      const lane = Number(split.slice('lane-'.length));
      return new Lane(
        options.make,
        { lane, splits, seed, count, perSecond: perSecond / splits },
        from,
        context,
      );
    },
  };
}

interface LaneSettings {
  readonly lane: number;
  readonly splits: number;
  readonly seed: number;
  readonly count: number;
  readonly perSecond: number;
}

class Lane<T> implements SplitReader<T> {
  readonly #make: (index: number, random: Random) => T;
  readonly #settings: LaneSettings;
  /** Of this lane. */
  readonly #count: number;
  #made: number;
  readonly #pace: Pace;
  readonly #madeAtOpen: number;

  constructor(
    make: (index: number, random: Random) => T,
    settings: LaneSettings,
    from: SplitPosition | null,
    context: SourceContext,
  ) {
    this.#make = make;
    this.#settings = settings;
    this.#count = Math.max(0, Math.ceil((settings.count - settings.lane) / settings.splits));
    this.#made = from?.offset ?? 0;
    this.#madeAtOpen = this.#made;
    this.#pace = new Pace(settings.perSecond, context.clock);
  }

  poll(emit: (value: T) => boolean, budget: number): PollResult {
    const { lane, splits, seed } = this.#settings;
    const due = this.#madeAtOpen + this.#pace.due();
    const until = Math.min(this.#count, due, this.#made + budget);
    while (this.#made < until) {
      const index = lane + this.#made * splits;
      const value = this.#make(index, randomOf(seed, index));
      this.#made++;
      if (!emit(value)) return { status: 'more' };
    }
    if (this.#made >= this.#count) return { status: 'finished' };
    if (this.#made < due) return { status: 'more' };
    return { status: 'waiting', at: this.#pace.dueAt(this.#made + 1 - this.#madeAtOpen) };
  }

  position(): SplitPosition {
    return { offset: this.#made, resume: null, finished: this.#made >= this.#count };
  }

  close(): void {}
}

/** The dice of one record, made only when it is thrown. */
function randomOf(seed: number, index: number): Random {
  let dice: Random | null = null;
  const thrown = (): Random => {
    dice ??= seededRandom(Math.imul(seed, 0x9e3779b1) ^ (index + Math.floor(index / 0x1_0000_0000)));
    return dice;
  };
  return { next: () => thrown().next(), below: (bound) => thrown().below(bound) };
}
