import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type DataStream,
  mapState,
  ofType,
  operatorListState,
  unionListState,
  valueState,
} from '../../runtime/api/index.ts';
import { type Emitted, testOperator, testOperator2 } from '../../runtime/testing/index.ts';
import { type Arrived, againstNaive, againstNaive2, timed } from '../testing/againstNaive.ts';

interface Reading {
  readonly key: string;
  readonly n: number;
}

const reading: fc.Arbitrary<Reading> = fc.record({ key: fc.constantFrom('a', 'b', 'c'), n: fc.nat(9) });
const keyOf = ({ key }: Reading) => key;

test('two keyed streams share state and timers of a key', () => {
  const BUCKET = 40;
  const bucketOf = (timestamp: number) => Math.ceil(timestamp / BUCKET) * BUCKET;
  againstNaive2<Reading, number, string, Emitted<string>>({
    piece: (readings, numbers) =>
      readings
        .keyBy(keyOf)
        .connect(numbers.keyBy((n) => 'abc'.charAt(n % 3)))
        .process({
          output: ofType<string>(),
          state: { sums: mapState<number, { readonly first: number; readonly second: number }>() },
          onFirst({ n }, { state: { sums }, timers, timestamp }) {
            const at = bucketOf(timestamp);
            const { first, second } = sums.get(at) ?? { first: 0, second: 0 };
            sums.set(at, { first: first + n, second });
            timers.registerEventTime(at);
          },
          onSecond(n, { state: { sums }, timers, timestamp }) {
            const at = bucketOf(timestamp);
            const { first, second } = sums.get(at) ?? { first: 0, second: 0 };
            sums.set(at, { first, second: second + n });
            timers.registerEventTime(at);
          },
          onTimer({ time }, { key, state: { sums }, emit }) {
            const { first, second } = sums.get(time) ?? { first: -1, second: -1 };
            sums.delete(time);
            emit(`${key} ${first} ${second}`);
          },
        }),
    first: timed(reading),
    second: timed(fc.nat(9)),
    anyOrder: true,
    shown: (emitted) => emitted,
    naive: (readings, numbers) => {
      const buckets = new Map<string, { key: string; timestamp: number; first: number; second: number }>();
      const of = (key: string, { timestamp }: Arrived<unknown>) => {
        const id = `${key} ${bucketOf(timestamp)}`;
        const bucket = buckets.get(id) ?? { key, timestamp: bucketOf(timestamp), first: 0, second: 0 };
        buckets.set(id, bucket);
        return bucket;
      };
      for (const record of readings) of(record.value.key, record).first += record.value.n;
      for (const record of numbers) of('abc'.charAt(record.value % 3), record).second += record.value;
      return [...buckets.values()].map(({ key, timestamp, first, second }) => ({
        value: `${key} ${first} ${second}`,
        timestamp,
      }));
    },
    runs: { numRuns: 60 },
  });
});

test('two streams without keys meet in one operator, which has state of its own and hears once of the end', () => {
  againstNaive2<Reading, number, string>({
    piece: (readings, numbers) =>
      readings.connect(numbers).process({
        output: ofType<string>(),
        state: { held: operatorListState<string>() },
        onFirst: ({ key, n }, { emit }) => emit(`${key} ${n}`),
        onSecond: (n, { state }) => state.held.add(`held ${n}`),
        onEnd: ({ state, emit }) => {
          for (const held of state.held.get()) emit(held);
        },
      }),
    first: timed(reading),
    second: timed(fc.nat(9)),
    anyOrder: true,
    naive: (readings, numbers) => [
      ...readings.map(({ value: { key, n } }) => `${key} ${n}`),
      ...numbers.map(({ value }) => `held ${value}`),
    ],
    runs: { numRuns: 60 },
  });
});

test('a keyed stream is connected with one without keys: its records are spread by key, and there is no keyed state', () => {
  const operator = testOperator2(
    (readings: DataStream<Reading>, numbers: DataStream<number>) =>
      readings
        .keyBy(keyOf)
        .connect(numbers)
        .process({
          output: ofType<string>(),
          open: ({ subtaskIndex }) => subtaskIndex,
          onFirst: ({ key }, { opened, emit }) => emit(`${key} in ${opened}`),
          onSecond: (n, { emit }) => emit(`${n}`),
        }),
    { parallelism: 3 },
  );
  for (let round = 0; round < 5; round++)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) operator.first.push({ key, n: 1 });
  operator.second.push(7);
  // As many different ones as there are keys, and the number.
  expect(new Set(operator.output).size).toBe(7);
  expect(new Set(operator.output.slice(0, -1).map((text) => text.slice(1))).size).toBeGreaterThan(1);
});

test('a stream without keys is connected with a keyed one in the same way', () => {
  const operator = testOperator2(
    (numbers: DataStream<number>, readings: DataStream<Reading>) =>
      numbers.connect(readings.keyBy(keyOf)).process({
        output: ofType<string>(),
        open: ({ subtaskIndex }) => subtaskIndex,
        onFirst() {},
        onSecond: ({ key }, { opened, emit }) => emit(`${key} in ${opened}`),
      }),
    { parallelism: 3 },
  );
  for (let round = 0; round < 5; round++)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) operator.second.push({ key, n: 1 });
  expect(new Set(operator.output).size).toBe(6);
});

test('what a keyed function keeps for its subtask lies beside what it keeps for each key', () => {
  againstNaive<Reading, string>({
    piece: (readings) =>
      readings.keyBy(keyOf).process({
        output: ofType<string>(),
        state: { seen: valueState<number>({ initial: 0 }), keys: unionListState<string>() },
        onElement(_reading, { key, state, emit }) {
          if (state.seen.get() === 0 && !state.keys.get().includes(key)) {
            state.keys.add(key);
            emit(`first of ${key}`);
          }
          state.seen.set(state.seen.get() + 1);
          emit(`${key} ${state.seen.get()}`);
        },
      }),
    records: timed(reading),
    naive: (records) => {
      const seen = new Map<string, number>();
      return records.flatMap(({ value: { key } }) => {
        const count = (seen.get(key) ?? 0) + 1;
        seen.set(key, count);
        return [...(count === 1 ? [`first of ${key}`] : []), `${key} ${count}`];
      });
    },
    runs: { numRuns: 60 },
  });
});

test('what is mapped behind keyBy is in the order of each key', () => {
  againstNaive<Reading, Reading>({
    piece: (readings) =>
      readings
        .keyBy(keyOf)
        .map(({ key, n }) => ({ key, n: n + 1 }))
        .filter(({ n }) => n > 2),
    records: timed(reading),
    orderedBy: keyOf,
    naive: (records) => records.map(({ value: { key, n } }) => ({ key, n: n + 1 })).filter(({ n }) => n > 2),
    runs: { numRuns: 30 },
  });
});

test('a keyed stream can be keyed anew, and the state is that of the new keys', () => {
  const operator = testOperator(
    (readings: DataStream<Reading>) =>
      readings
        .keyBy(keyOf)
        .keyBy(({ n }) => n)
        .process({
          output: ofType<string>(),
          state: { seen: valueState<number>({ initial: 0 }) },
          onElement(_reading, { key, state, emit }) {
            state.seen.set(state.seen.get() + 1);
            emit(`${key} ${state.seen.get()}`);
          },
        }),
    { parallelism: 2 },
  );
  operator.push({ key: 'a', n: 1 });
  operator.push({ key: 'b', n: 1 });
  operator.push({ key: 'a', n: 2 });
  expect(operator.output).toEqual(['1 1', '1 2', '2 1']);
});
