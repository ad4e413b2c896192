/**
 * Interval join: pairs of two keyed streams whose times lie near each other, as Flink's IntervalJoinOperator.
 *
 *   left     ──────────────●───────────────────▶        the pairs of ●: right.time − left.time
 *   right    ──────[lower ─┼──────── upper]────▶        is in [lower, upper]; both may be negative
 *
 * Each side keeps its records in map state by their time, until no partner can come any more. A record is late when the
 * watermark is *above* its time; one whose time is the watermark's is not (so it is in Flink too). Seen from a record of
 * time t, a partner is at most t + upper (of a right one: t − lower), so:
 *
 * - I1. A record is kept while the watermark is at most t + upper, and not at all where it is above that from the start. So
 *   two records that are near enough meet, in whichever order they come, unless one of them is late. (Flink drops a
 *   record one millisecond earlier, and then misses a partner that it does not take for late.)
 * - I2. Whatever is kept has a timer that removes it: one for each time at which records are kept. After the last watermark
 *   nothing is left.
 */
import { assert, present } from '../base/assert.ts';
import type { Key, MapState, StateDeclaration } from '../state/declarations.ts';
import { AuthorContext } from './authorContext.ts';
import { type AnyLifecycle, OperatorLifecycle } from './lifecycle.ts';
import {
  type KeyedStates,
  NO_TIMESTAMP,
  type OperatorContext,
  type StreamOperator,
  type Timer,
  type Timestamp,
} from './operator.ts';
import { LateRecords } from './windows/lateRecords.ts';

/** Where the time of a right record must lie, seen from that of a left one. Milliseconds; the bounds belong to it. */
export interface Interval {
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly lowerExclusive: boolean;
  readonly upperExclusive: boolean;
}

export interface PairContext extends AuthorContext {
  readonly key: Key;
  readonly leftTimestamp: Timestamp;
  readonly rightTimestamp: Timestamp;
}

export interface IntervalJoinFunctions {
  readonly interval: Interval;
  readonly onPair: (left: unknown, right: unknown, context: PairContext) => void;
  /** Names of side outputs. */
  readonly leftLateTo: string | null;
  readonly rightLateTo: string | null;
  readonly lifecycle: AnyLifecycle;
}

type Buffer = MapState<Timestamp, unknown[]>;

/** One input, seen from itself. */
interface Side {
  readonly name: 'left' | 'right';
  readonly own: Buffer;
  readonly others: Buffer;
  readonly partners: Interval;
  readonly late: LateRecords;
}

const buffer = (name: Side['name']): StateDeclaration<unknown[]> => ({ name, type: 'map', schemaVersion: 1 });
const leftDeclaration = buffer('left');
const rightDeclaration = buffer('right');

export const intervalJoinStates: readonly StateDeclaration[] = [
  leftDeclaration as StateDeclaration,
  rightDeclaration as StateDeclaration,
];

export class IntervalJoinOperator implements StreamOperator {
  readonly #functions: IntervalJoinFunctions;
  readonly #lifecycle: OperatorLifecycle;
  #name!: string;
  #keyed!: KeyedStates;
  #context!: OpenedPairContext;
  /** By input. */
  #sides: readonly Side[] = [];

  constructor(functions: IntervalJoinFunctions) {
    this.#functions = functions;
    this.#lifecycle = new OperatorLifecycle(functions.lifecycle);
  }

  open(context: OperatorContext): void {
    const { interval, leftLateTo, rightLateTo } = this.#functions;
    this.#lifecycle.open(context);
    this.#name = context.name;
    this.#keyed = present(context.keyed, `the keyed state of ${context.uid}`);
    this.#context = new OpenedPairContext(context, this.#lifecycle.opened, this.#keyed);
    const left: Buffer = this.#keyed.map(leftDeclaration);
    const right: Buffer = this.#keyed.map(rightDeclaration);
    const late = (name: Side['name'], lateTo: string | null) =>
      new LateRecords(
        context,
        lateTo,
        `they came on the ${name} side, and the watermark was above their time`,
      );
    this.#sides = [
      { name: 'left', own: left, others: right, partners: interval, late: late('left', leftLateTo) },
      {
        name: 'right',
        own: right,
        others: left,
        partners: mirrored(interval),
        late: late('right', rightLateTo),
      },
    ];
  }

  process(value: unknown, timestamp: Timestamp, input: number): void {
    const side = present(this.#sides[input], `input ${input} of a join`);
    if (timestamp === NO_TIMESTAMP || Number.isNaN(timestamp)) {
      throw new Error(
        `A ${side.name} record came to the join "${this.#name}" without an event time: ` +
          'give its source a watermark strategy whose function answers a number.',
      );
    }
    const { timers } = this.#keyed;
    if (timestamp < timers.currentWatermark()) {
      side.late.take(value, timestamp);
      return;
    }
    this.#keep(side, value, timestamp);
    for (const [time, others] of side.others.entries()) {
      if (!isWithin(time - timestamp, side.partners)) continue;
      for (const other of others) {
        if (side.name === 'left') this.#pair(value, timestamp, other, time);
        else this.#pair(other, time, value, timestamp);
      }
    }
  }

  onTimer({ namespace }: Timer): void {
    const { name, time } = kept(namespace);
    present(
      this.#sides.find((side) => side.name === name),
      `the side ${name} of a join`,
    ).own.delete(time);
  }

  close(): void {
    for (const { late } of this.#sides) late.close();
    this.#lifecycle.close();
  }

  /** I1 and I2. */
  #keep({ name, own, partners }: Side, value: unknown, timestamp: Timestamp): void {
    const { timers } = this.#keyed;
    const overAt = timestamp + partners.upperMs + (partners.upperExclusive ? 0 : 1);
    if (overAt <= timers.currentWatermark()) return;
    const before = own.get(timestamp);
    if (before === undefined) {
      own.set(timestamp, [value]);
      timers.registerEventTime(overAt, keptBy(name, timestamp));
    } else {
      // Changed in place and set again, which state allows: a copy for every record would be quadratic.
      before.push(value);
      own.set(timestamp, before);
    }
  }

  #pair(left: unknown, leftTimestamp: Timestamp, right: unknown, rightTimestamp: Timestamp): void {
    const context = this.#context;
    context.leftTimestamp = leftTimestamp;
    context.rightTimestamp = rightTimestamp;
    context.timestamp = Math.max(leftTimestamp, rightTimestamp);
    this.#functions.onPair(left, right, context);
  }
}

class OpenedPairContext extends AuthorContext implements PairContext {
  leftTimestamp: Timestamp = NO_TIMESTAMP;
  rightTimestamp: Timestamp = NO_TIMESTAMP;
  readonly #keyed: KeyedStates;

  constructor(operator: OperatorContext, opened: unknown, keyed: KeyedStates) {
    super(operator, opened);
    this.#keyed = keyed;
  }

  get key(): Key {
    return this.#keyed.currentKey();
  }
}

/**
 * The namespace of the timer that ends what a side keeps of one time: also when the bounds are others by then, in another
 * version of the code. One string, because a pair of both costs as much as everything else that is done for a record.
 */
const keptBy = (name: Side['name'], time: Timestamp): string => `${name} ${time}`;

function kept(namespace: Key): { readonly name: string; readonly time: Timestamp } {
  assert(typeof namespace === 'string', 'the timers of a join have a side and a time');
  const space = namespace.indexOf(' ');
  return { name: namespace.slice(0, space), time: Number(namespace.slice(space + 1)) };
}

/** The same interval, seen from the right side. */
function mirrored({ lowerMs, upperMs, lowerExclusive, upperExclusive }: Interval): Interval {
  return {
    lowerMs: -upperMs,
    upperMs: -lowerMs,
    lowerExclusive: upperExclusive,
    upperExclusive: lowerExclusive,
  };
}

function isWithin(distanceMs: number, interval: Interval): boolean {
  const { lowerMs, upperMs, lowerExclusive, upperExclusive } = interval;
  if (lowerExclusive ? distanceMs <= lowerMs : distanceMs < lowerMs) return false;
  return upperExclusive ? distanceMs < upperMs : distanceMs <= upperMs;
}
