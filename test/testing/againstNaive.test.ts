/**
 * The driver of the property tests finds what it is there to find: pieces that are wrong in the ways in which operators
 * are wrong, each right as long as nothing special happens.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DataStream, ofType, tumbling, valueState } from '../../runtime/api/index.ts';
import { type Arrived, againstNaive, againstNaive2, isLate, timed } from './againstNaive.ts';
import { differences } from './differences.ts';

interface Reading {
  readonly key: string;
  readonly n: number;
}

const records = timed(
  fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), n: fc.integer({ min: 1, max: 9 }) }),
);
const late = timed(fc.record({ key: fc.constantFrom('a', 'b'), n: fc.constant(1) }), { lateShare: 0.3 });
const keyOf = ({ key }: Reading) => key;

/** They are to fail, and nobody looks at how. */
const unshrunk = { endOnFailure: true };

/** The sum of each key so far, after each record. */
const runningSums = (arrived: readonly Arrived<Reading>[]) => {
  const sums = new Map<string, number>();
  return arrived.map(({ value: { key, n } }) => {
    const sum = (sums.get(key) ?? 0) + n;
    sums.set(key, sum);
    return { key, n: sum };
  });
};
const keyedSums = (readings: DataStream<Reading>) =>
  readings.keyBy(keyOf).reduce((left, right) => ({ key: left.key, n: left.n + right.n }));
/** Sums without state of Sluice's. */
const remembered = () => {
  const sums = new Map<string, number>();
  return ({ key, n }: Reading): Reading => {
    const sum = (sums.get(key) ?? 0) + n;
    sums.set(key, sum);
    return { key, n: sum };
  };
};
const windowSums = (size: number) => (arrived: readonly Arrived<Reading>[]) => {
  const sums = new Map<string, Reading>();
  for (const { value, timestamp, watermark } of arrived) {
    const end = (Math.floor(timestamp / size) + 1) * size;
    if (isLate({ timestamp: end - 1, watermark })) continue;
    const id = `${value.key} ${end}`;
    sums.set(id, { key: value.key, n: (sums.get(id)?.n ?? 0) + value.n });
  }
  return [...sums.values()];
};
const windowed = (size: number) => (readings: DataStream<Reading>) =>
  readings
    .keyBy(keyOf)
    .window(tumbling(size))
    .reduce((left, right) => ({ key: left.key, n: left.n + right.n }));

test.each<[string, () => void]>([
  [
    'state that is not in the snapshot',
    () =>
      againstNaive<Reading, Reading>({
        piece: (readings) => {
          const sums = new Map<string, number>();
          return readings.keyBy(keyOf).process({
            output: ofType<Reading>(),
            onElement({ key, n }, context) {
              sums.set(key, (sums.get(key) ?? 0) + n);
              context.emit({ key, n: sums.get(key) ?? 0 });
            },
          });
        },
        records,
        naive: runningSums,
        runs: unshrunk,
      }),
  ],
  [
    'what is right in one subtask only',
    () =>
      againstNaive<Reading, Reading>({
        piece: (readings) =>
          readings.rebalance().map({
            open: remembered,
            map: (reading: Reading, sums) => sums(reading),
          }),
        records,
        naive: runningSums,
        runs: unshrunk,
      }),
  ],
  [
    'the order of arrival, where there is none',
    () => againstNaive({ piece: keyedSums, records, anyOrder: true, naive: runningSums, runs: unshrunk }),
  ],
  [
    'another order of a key',
    () =>
      againstNaive<Reading, Reading>({
        piece: keyedSums,
        records,
        orderedBy: keyOf,
        naive: (arrived) => runningSums(arrived).reverse(),
        runs: unshrunk,
      }),
  ],
  [
    'a late record that counts',
    () =>
      againstNaive({
        piece: windowed(50),
        records: late,
        naive: (all) => windowSums(50)(all.map(onTime)),
        runs: unshrunk,
      }),
  ],
  [
    'a record at the very edge',
    () => againstNaive({ piece: windowed(50), records, naive: windowSums(51), runs: unshrunk }),
  ],
  [
    'a timer that is registered once for all keys',
    () =>
      againstNaive<Reading, string>({
        piece: (readings) => {
          let isRegistered = false;
          return readings.keyBy(keyOf).process({
            output: ofType<string>(),
            onElement(_, { timers }) {
              if (!isRegistered) timers.registerEventTime(1);
              isRegistered = true;
            },
            onTimer: (_, context) => context.emit(context.key),
          });
        },
        records,
        naive: (arrived) => [...new Set(arrived.map(({ value }) => value.key))],
        runs: unshrunk,
      }),
  ],
  [
    'a wrong timestamp',
    () =>
      againstNaive<Reading, Reading, number>({
        piece: windowed(50),
        records,
        shown: ({ timestamp }) => timestamp,
        naive: (arrived) => windowSums(50)(arrived).map(() => 50),
        runs: unshrunk,
      }),
  ],
  [
    'two inputs that are mixed up in time',
    () =>
      againstNaive2<Reading, Reading, number>({
        piece: (first, second) =>
          first
            .keyBy(keyOf)
            .connect(second.keyBy(keyOf))
            .process({
              output: ofType<number>(),
              state: { sum: valueState<number>({ initial: 0 }) },
              onFirst: ({ n }, { state }) => state.sum.set(state.sum.get() + n),
              onSecond: (_, context) => context.emit(context.state.sum.get()),
            }),
        first: records,
        second: records,
        runs: unshrunk,
        // As if all of the first came before the second.
        naive: (first, second) =>
          second.map(({ value: { key } }) =>
            first.reduce((sum, { value }) => (value.key === key ? sum + value.n : sum), 0),
          ),
      }),
  ],
  [
    'the machine’s clock, where it stands still',
    () =>
      againstNaive<Reading, number>({
        piece: (readings) =>
          readings.process({
            output: ofType<number>(),
            onElement: (_, context) => context.emit(context.currentProcessingTime()),
          }),
        records,
        clockStepMs: 5,
        naive: (arrived) => arrived.map(() => 0),
        runs: unshrunk,
      }),
  ],
])('it finds %s', (_, check) => {
  expect(check).toThrow(/Property failed after/);
});

test('the clock, the watermark and the order that a naive function is told are those of the operator', () => {
  const told = ({ value, timestamp, watermark, processingTime }: Arrived<Reading>) => [
    value,
    timestamp,
    watermark,
    processingTime,
  ];
  againstNaive2<Reading, Reading, unknown>({
    piece: (first, second) =>
      first
        .keyBy(keyOf)
        .connect(second.keyBy(keyOf))
        .process({
          output: ofType<unknown>(),
          onFirst: (value, context) =>
            context.emit([
              value,
              context.timestamp,
              context.currentWatermark(),
              context.currentProcessingTime(),
            ]),
          onSecond: (value, context) =>
            context.emit([
              value,
              context.timestamp,
              context.currentWatermark(),
              context.currentProcessingTime(),
            ]),
        }),
    first: late,
    second: late,
    idle: true,
    clockStepMs: 7,
    naive: (first, second) => [...first, ...second].map(told),
  });
});

test.each([
  ['nothing', [1, 2], [2, 1], []],
  ['what is missing', [1, 1], [1], ['missing: 1']],
  ['what is too much', [1], [2, 1], ['too much: 2']],
])('as a multiset, %s differs', (_, expected, actual, found) => {
  expect(differences<unknown>(expected, actual)).toEqual(found);
});

test('the order of a key differs, that of others does not', () => {
  const parity = (n: number) => n % 2;
  expect(differences([1, 2, 3, 4], [2, 1, 4, 3], parity)).toEqual([]);
  expect(differences([1, 2, 3, 4], [3, 2, 1, 4], parity)).toEqual(['key 1: 3 1 instead of 1 3']);
});

function onTime<T>(arrived: Arrived<T>): Arrived<T> {
  return { ...arrived, watermark: Number.NEGATIVE_INFINITY };
}
