import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DataStream, ofType, outputTag } from '../../runtime/api/index.ts';
import type { IntervalJoin } from '../../runtime/api/joins.ts';
import { type Interval, IntervalJoinOperator } from '../../runtime/operators/intervalJoinOperator.ts';
import { type Emitted, testOperator2 } from '../../runtime/testing/index.ts';
import { type Arrived, againstNaive2, type Timed, timed } from '../testing/againstNaive.ts';
import { OperatorHarness } from './harness.ts';

interface Reading {
  readonly key: string;
  readonly n: number;
}

const reading: fc.Arbitrary<Reading> = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  n: fc.nat(9),
});
const keyOf = ({ key }: Reading) => key;
const leftLate = outputTag<Reading>('left late');
const rightLate = outputTag<Reading>('right late');

const join =
  (how: IntervalJoin<Reading, Reading>) => (left: DataStream<Reading>, right: DataStream<Reading>) =>
    left.keyBy(keyOf).join(right.keyBy(keyOf), how, (l, r, pair) => `${pair.key} ${l.n} ${r.n}`);

/** Flink: a record is late when the watermark is above its time. */
const isLate = ({ timestamp, watermark }: Arrived<Reading>) => timestamp < watermark;

function naivePairs(
  left: readonly Arrived<Reading>[],
  right: readonly Arrived<Reading>[],
  isNear: (distanceMs: number) => boolean,
) {
  const pairs = left.flatMap((l) =>
    right
      .filter((r) => !isLate(l) && !isLate(r))
      .filter((r) => l.value.key === r.value.key && isNear(r.timestamp - l.timestamp))
      .map((r) => ({
        value: `${l.value.key} ${l.value.n} ${r.value.n}`,
        timestamp: Math.max(l.timestamp, r.timestamp),
      })),
  );
  const late = (records: readonly Arrived<Reading>[]) => records.filter(isLate).map(({ value }) => value);
  return { output: pairs, sideOutputs: { 'left late': late(left), 'right late': late(right) } };
}

const intervals: readonly (readonly [IntervalJoin<Reading, Reading>, (distanceMs: number) => boolean])[] = [
  [{ between: [-20, 20] }, (d) => d >= -20 && d <= 20],
  [{ between: ['-5ms', '30ms'], lowerExclusive: true, upperExclusive: true }, (d) => d > -5 && d < 30],
  [{ between: [10, 25], upperExclusive: true }, (d) => d >= 10 && d < 25],
  [{ between: [-40, -15], lowerExclusive: true }, (d) => d > -40 && d <= -15],
  [{ between: [0, 0] }, (d) => d === 0],
];

describe.each(intervals)('%j', (how, isNear) => {
  const records = timed(reading, { lateShare: 0.2 });

  test('makes the pairs of a naive join, with late records on the side', () => {
    againstNaive2<Reading, Reading, string, Emitted<string>>({
      piece: join({ ...how, leftLateTo: leftLate, rightLateTo: rightLate }),
      first: records,
      second: records,
      kit: { sideOutputs: [leftLate, rightLate] },
      anyOrder: true,
      idle: true,
      shown: (emitted) => emitted,
      naive: (left, right) => naivePairs(left, right, isNear),
      runs: { numRuns: 60 },
    });
  });

  test('keeps a record while a partner can still come, and not longer', () => {
    const [lowerMs = 0, upperMs = 0] = how.between.map((bound) => Number.parseInt(String(bound), 10));
    const { lowerExclusive = false, upperExclusive = false } = how;
    const interval: Interval = { lowerMs, upperMs, lowerExclusive, upperExclusive };
    fc.assert(
      fc.property(records, records, fc.infiniteStream(fc.boolean()), (left, right, sides) => {
        const harness = harnessOf(interval);
        const kept: { readonly input: number; readonly timestamp: number; readonly key: string }[] = [];
        let watermark = Number.NEGATIVE_INFINITY;
        let highest = watermark;
        const lefts = [...left];
        const rights = [...right];
        const check = () => {
          // A partner that is not late has the time of the watermark or a later one.
          const wanted = kept.filter(({ input, timestamp }) =>
            couldCome(watermark - timestamp, input, isNear),
          );
          // Each time of each key has one entry of state and one timer.
          const times = new Set(wanted.map(({ input, timestamp, key }) => `${input} ${timestamp} ${key}`));
          expect(harness.stateEntries()).toBe(2 * times.size);
        };
        for (const isLeft of sides) {
          const record: Timed<Reading> | undefined = (isLeft ? lefts : rights).shift();
          if (record === undefined) break;
          const { value, timestamp } = record;
          const input = isLeft ? 0 : 1;
          harness.record(value, timestamp, input);
          if (timestamp >= watermark) kept.push({ input, timestamp, key: value.key });
          check();
          highest = Math.max(highest, timestamp);
          watermark = Math.max(watermark, highest - 11);
          harness.watermark(watermark);
          check();
        }
        harness.watermark(Number.POSITIVE_INFINITY);
        expect(harness.stateEntries()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

/** Whether a partner that is at least so much later than a record of this input would be near it. */
function couldCome(laterMs: number, input: number, isNear: (distanceMs: number) => boolean): boolean {
  // Before the first watermark anything can.
  if (laterMs === Number.NEGATIVE_INFINITY) return true;
  const sign = input === 0 ? 1 : -1;
  return Array.from({ length: 500 }, (_, more) => sign * (laterMs + more)).some(isNear);
}

function harnessOf(interval: Interval): OperatorHarness {
  const operator = new IntervalJoinOperator({
    interval,
    onPair: (left, right, context) => context.emit([left, right]),
    leftLateTo: null,
    rightLateTo: null,
    lifecycle: {},
  });
  return new OperatorHarness(operator, keyOf, keyOf);
}

test('a record of the time of the watermark is not late, one before it is', () => {
  const piece = join({ between: [-10, 10], leftLateTo: leftLate });
  const operator = testOperator2(piece, { sideOutputs: [leftLate] });
  operator.second.push({ key: 'a', n: 1 }, 90);
  operator.watermark(100);
  operator.first.push({ key: 'a', n: 2 }, 100);
  operator.first.push({ key: 'a', n: 3 }, 99);
  expect(operator.output).toEqual(['a 2 1']);
  expect(operator.outputOf(leftLate)).toEqual([{ key: 'a', n: 3 }]);
});

test('late records that nobody asked for are counted', () => {
  const harness = harnessOf({ lowerMs: 0, upperMs: 5, lowerExclusive: false, upperExclusive: false });
  harness.watermark(100);
  for (let n = 0; n < 3; n++) harness.record({ key: 'a', n }, 99, 1);
  harness.end();
  expect(harness.emitted).toEqual([]);
  expect(harness.logged).toEqual([
    'warning: "operator" has dropped 1 late record(s): they came on the right side, and the watermark was above their time.',
    'warning: 3 late records were dropped in all.',
  ]);
  expect(harness.stateEntries()).toBe(0);
});

test('a record without an event time is an error that says what to do', () => {
  const harness = harnessOf({ lowerMs: 0, upperMs: 5, lowerExclusive: false, upperExclusive: false });
  expect(() => harness.record({ key: 'a', n: 1 }, Number.NEGATIVE_INFINITY, 1)).toThrow(
    'A right record came to the join "operator" without an event time: give its source a watermark strategy',
  );
  expect(() => harness.record({ key: 'a', n: 1 }, Number.NaN, 0)).toThrow('A left record');
});

test('a function with a lifecycle emits as much as it likes, also to a side output', () => {
  const far = outputTag<number>('far');
  const operator = testOperator2(
    (left: DataStream<Reading>, right: DataStream<Reading>) =>
      left.keyBy(keyOf).join(
        right.keyBy(keyOf),
        { between: [-10, 10] },
        {
          output: ofType<string>(),
          open: () => 'opened',
          onPair(l, r, { opened, key, leftTimestamp, rightTimestamp, emit, emitTo }) {
            const distance = rightTimestamp - leftTimestamp;
            if (Math.abs(distance) > 5) emitTo(far, distance);
            else for (let n = 0; n < r.n; n++) emit(`${opened} ${key} ${l.n}`, leftTimestamp + n);
          },
        },
      ),
    { sideOutputs: [far] },
  );
  operator.first.push({ key: 'a', n: 7 }, 100);
  operator.second.push({ key: 'a', n: 2 }, 98);
  operator.second.push({ key: 'a', n: 5 }, 110);
  expect(operator.emitted).toEqual<Emitted<string>[]>([
    { value: 'opened a 7', timestamp: 100 },
    { value: 'opened a 7', timestamp: 101 },
  ]);
  expect(operator.outputOf(far)).toEqual([10]);
});
