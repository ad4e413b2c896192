/** The operators that pipelines are made of, each against a naive recomputation of its whole input. */
import fc from 'fast-check';
import { test } from 'vitest';
import { ofType, tumbling, valueState } from '../../runtime/api/index.ts';
import { type Arrived, againstNaive, againstNaive2, isLate, timed } from './againstNaive.ts';

interface Reading {
  readonly key: string;
  readonly n: number;
}

const reading: fc.Arbitrary<Reading> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  n: fc.integer({ min: 0, max: 9 }),
});
const keyOf = ({ key }: Reading) => key;
const values = <T>(records: readonly Arrived<T>[]) => records.map(({ value }) => value);

test('map, filter and flatMap', () => {
  againstNaive({
    piece: (readings) =>
      readings
        .map(({ key, n }) => ({ key, n: n + 1 }))
        .filter(({ n }) => n % 3 !== 0)
        .flatMap(({ key, n }) => Array.from({ length: n }, (_, place) => `${key}${place}`)),
    records: timed(reading),
    anyOrder: true,
    naive: (records) =>
      values(records)
        .filter(({ n }) => (n + 1) % 3 !== 0)
        .flatMap(({ key, n }) => Array.from({ length: n + 1 }, (_, place) => `${key}${place}`)),
  });
});

test('reduce, in the order of each key', () => {
  againstNaive<Reading, Reading>({
    piece: (readings) =>
      readings.keyBy(keyOf).reduce((left, right) => ({ key: left.key, n: left.n * 10 + right.n })),
    records: timed(reading),
    orderedBy: keyOf,
    naive: (records) => {
      const reduced = new Map<string, number>();
      return values(records).map(({ key, n }) => {
        const before = reduced.get(key);
        const now = before === undefined ? n : before * 10 + n;
        reduced.set(key, now);
        return { key, n: now };
      });
    },
  });
});

test('a keyed process with state and an event-time timer', () => {
  againstNaive<Reading, string>({
    piece: (readings) =>
      readings.keyBy(keyOf).process({
        output: ofType<string>(),
        state: { sum: valueState<number>({ initial: 0 }) },
        onElement({ n }, { state, timers, timestamp }) {
          state.sum.set(state.sum.get() + n);
          timers.registerEventTime(Math.ceil(timestamp / 50) * 50);
        },
        onTimer: ({ time }, context) => context.emit(`${context.key} at ${time}`),
      }),
    records: timed(reading),
    anyOrder: true,
    shown: ({ value, timestamp }) => `${value}, ${timestamp}`,
    naive: (records) => {
      const due = new Set(
        records.map(({ value, timestamp }) => {
          const time = Math.ceil(timestamp / 50) * 50;
          return `${value.key} at ${time}, ${time}`;
        }),
      );
      return [...due];
    },
  });
});

test('a tumbling window, with late records dropped', () => {
  const size = 50;
  againstNaive<Reading, { key: string; start: number; n: number }, unknown>({
    piece: (readings) =>
      readings
        .keyBy(keyOf)
        .window(tumbling(size))
        .aggregate({
          create: () => 0,
          add: (sum, { n }) => sum + n,
          result: (n, { key, start }) => ({ key, start, n }),
        }),
    records: timed(reading, { lateShare: 0.3 }),
    anyOrder: true,
    naive: (records) => {
      const sums = new Map<string, { key: string; start: number; n: number }>();
      for (const { value, timestamp, watermark } of records) {
        const start = Math.floor(timestamp / size) * size;
        if (isLate({ timestamp: start + size - 1, watermark })) continue;
        const id = `${value.key} ${start}`;
        const { n } = sums.get(id) ?? { n: 0 };
        sums.set(id, { key: value.key, start, n: n + value.n });
      }
      return [...sums.values()];
    },
  });
});

test('a keyed connect', () => {
  againstNaive2<Reading, string, string>({
    piece: (readings, names) =>
      readings
        .keyBy(keyOf)
        .connect(names.keyBy((name) => name.slice(0, 1)))
        .process({
          output: ofType<string>(),
          state: { name: valueState<string>({ initial: 'nobody' }) },
          onFirst: ({ n }, context) => context.emit(`${context.state.name.get()} ${n}`),
          onSecond: (name, { state }) => state.name.set(name),
        }),
    first: timed(reading),
    second: timed(fc.constantFrom('ann', 'bob', 'cid', 'dan', 'alf', 'ben')),
    naive: (first, second) =>
      first.map(({ value, arrival }) => {
        const name = second
          .filter((named) => named.arrival < arrival && named.value.startsWith(value.key))
          .at(-1)?.value;
        return `${name ?? 'nobody'} ${value.n}`;
      }),
  });
});

test('a union, of streams that spread in other ways', () => {
  againstNaive2<number, number, number>({
    piece: (first, second) =>
      first
        .rebalance()
        .map((n) => n + 1)
        .union(
          second.shuffle().map((n) => n * 2),
          first,
        ),
    first: timed(fc.nat(9)),
    second: timed(fc.nat(9)),
    anyOrder: true,
    naive: (first, second) => [
      ...values(first).flatMap((n) => [n, n + 1]),
      ...values(second).map((n) => n * 2),
    ],
  });
});
