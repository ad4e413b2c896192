/** The stream of the auction as a source, and how its event time is found. */
import { boundedOutOfOrderness, type Source } from 'sluice';
import { generator } from 'sluice/connectors';
import { type Dice, nexmarkEvent, SHUFFLE_STEP } from './events.ts';
import type { NexmarkEvent } from './model.ts';

export interface NexmarkOptions {
  readonly count: number;
  readonly seed?: number;
  /** Lanes that can be read by different subtasks. Default 4. */
  readonly splits?: number;
  /** Milliseconds since the epoch. Default 2015-07-15T00:00Z. */
  readonly firstEventAt?: number;
  /** In event time. Default 10,000. */
  readonly eventsPerSecond?: number;
  /** By the clock. Default: as fast as they are taken. */
  readonly perSecond?: number;
  /** Every so many events come in shuffled order. Default 1: all come in the order of their times. */
  readonly outOfOrderGroup?: number;
}

export function nexmark(options: NexmarkOptions): Source<NexmarkEvent> {
  const { count, seed = 1, splits = 4, perSecond = Number.POSITIVE_INFINITY } = options;
  const { firstEventAt = Date.UTC(2015, 6, 15), eventsPerSecond = 10_000, outOfOrderGroup = 1 } = options;
  if (!Number.isInteger(outOfOrderGroup) || outOfOrderGroup < 1 || outOfOrderGroup % SHUFFLE_STEP === 0) {
    throw new RangeError(
      `${outOfOrderGroup} events cannot be shuffled: take a whole number from 1 on that is no multiple of ${SHUFFLE_STEP}.`,
    );
  }
  const times = { firstEventAt, eventsPerSecond, outOfOrderGroup };
  const make = (index: number, dice: Dice) => nexmarkEvent(index, dice, times);
  return generator({ make, count, perSecond, seed, splits });
}

/** What a run of the benchmark reads; `main.ts` says how much of it. */
export const benchEvents = nexmark({ count: Number(process.env.NEXMARK_EVENTS ?? 1_000_000) });

/** Four seconds of disorder, as in Flink's version. */
export const eventTime = boundedOutOfOrderness<NexmarkEvent>('4 s', (event) => event.dateTime);
