/** `asyncMap` against a plain map, with calls that complete in any order and savepoints in which they are under way. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AsyncMapOptions, type DataStream, tumbling } from '../../../runtime/api/index.ts';
import { present } from '../../../runtime/base/assert.ts';
import { type Random, seededRandom } from '../../../runtime/base/random.ts';
import { testOperator } from '../../../runtime/testing/index.ts';
import { type Arrived, againstNaiveSettling, isLate, timed } from '../../testing/againstNaive.ts';
import { HandCalls } from './handCalls.ts';

interface Reading {
  readonly key: string;
  readonly n: number;
}
type Order = NonNullable<AsyncMapOptions<Reading, Reading>['order']>;

const readings = fc.record({ key: fc.constantFrom('a', 'b', 'c'), n: fc.integer({ min: 1, max: 9 }) });
const doubled = ({ key, n }: Reading): Reading => ({ key, n: 2 * n });
const orders: readonly Order[] = ['ordered', 'unordered'];

/** Takes a few turns, other ones for each call; some of the first calls for a record fail. */
function slowly(): (reading: Reading, context: { readonly attempt: number }) => Promise<Reading> {
  const random = seededRandom(1);
  return async (reading, { attempt }) => {
    for (let turns = random.below(12); turns > 0; turns--) await null;
    if (attempt === 1 && random.below(3) === 0) throw new Error('not yet');
    return doubled(reading);
  };
}

const retry = { attempts: 1, delay: 0 };

test.each(orders)('%s: what comes out is what a map gives', async (order) => {
  await againstNaiveSettling<Reading, Reading>({
    piece: (stream) => stream.rebalance().asyncMap(slowly(), { order, retry }),
    records: timed(readings),
    anyOrder: true,
    runs: { numRuns: 50 },
    naive: (arrived) => arrived.map(({ value }) => doubled(value)),
  });
});

test('ordered: it comes out in the order in which it came in, with its timestamps', async () => {
  await againstNaiveSettling<Reading, Reading, unknown>({
    piece: (stream) => stream.asyncMap(slowly(), { retry, parallelism: 1 }),
    records: timed(readings, { lateShare: 0.2 }),
    orderedBy: () => 'all',
    shown: (emitted) => emitted,
    runs: { numRuns: 50 },
    naive: (arrived) => arrived.map(({ value, timestamp }) => ({ value: doubled(value), timestamp })),
  });
});

// One subtask: with more, what is late behind them depends on which of them was faster.
test.each(orders)(
  '%s: whoever was late is late in a window behind it, also after a restore',
  async (order) => {
    await againstNaiveSettling<Reading, string>({
      piece: (stream) => sums(stream.asyncMap(slowly(), { order, retry, parallelism: 1 })),
      records: timed(readings, { lateShare: 0.3 }),
      runs: { numRuns: 50 },
      naive: (arrived) => sumsOf(arrived.map((each) => ({ ...each, value: doubled(each.value) }))),
    });
  },
);

function sums(stream: DataStream<Reading>): DataStream<string> {
  return stream
    .keyBy(({ key }) => key)
    .window(tumbling(5))
    .aggregate({
      create: () => 0,
      add: (sum, { n }) => sum + n,
      result: (sum, { key, start }) => `${key} ${start} ${sum}`,
    });
}

function sumsOf(arrived: readonly Arrived<Reading>[]): readonly string[] {
  const found = new Map<string, number>();
  for (const { value, timestamp, watermark } of arrived) {
    const start = Math.floor(timestamp / 5) * 5;
    if (isLate({ timestamp: start + 4, watermark })) continue;
    const window = `${value.key} ${start}`;
    found.set(window, (found.get(window) ?? 0) + value.n);
  }
  return [...found].map(([window, sum]) => `${window} ${sum}`);
}

const life = fc.record({
  seed: fc.nat(),
  records: fc.nat(25),
  order: fc.constantFrom(...orders),
  capacity: fc.constantFrom(1, 2, 3, 100),
  parallelism: fc.integer({ min: 1, max: 3 }),
  savepointAfter: fc.option(fc.nat(25)),
  parallelismAfter: fc.integer({ min: 1, max: 3 }),
});

test('with any room, and calls that are answered by hand in any order', () => {
  fc.assert(
    fc.property(life, ({ seed, records, order, capacity, parallelism, savepointAfter, parallelismAfter }) => {
      const random = seededRandom(seed);
      const calls = new HandCalls();
      const out: string[] = [];
      const piece = (stream: DataStream<string>) =>
        stream.asyncMap(calls.call, { order, capacity, retry: { attempts: 2, delay: 5 } });
      let operator = testOperator(piece, { parallelism, splits: 1 });
      for (let pushed = 0; pushed < records; pushed++) {
        operator.push(`r${pushed}`, pushed);
        if (random.below(3) === 0) operator.watermark(pushed);
        for (let answers = random.below(3); answers > 0; answers--) answerOne(calls, random, operator);
        expect(calls.open.length).toBeLessThanOrEqual(capacity * Math.max(parallelism, parallelismAfter));
        if (pushed !== savepointAfter) continue;
        // A barrier comes through when the records before it have found room.
        while (pushed + 1 - out.length - operator.output.length > capacity)
          answerOne(calls, random, operator);
        const savepoint = operator.savepoint();
        out.push(...operator.output);
        calls.forget();
        operator = operator.restore(savepoint, { parallelism: parallelismAfter });
        operator.run();
      }
      operator.end();
      while (!operator.isOver) answerOne(calls, random, operator);
      out.push(...operator.output);
      const wanted = Array.from({ length: records }, (_, place) => `R${place}`);
      if (order === 'ordered' && parallelism === 1 && parallelismAfter === 1) expect(out).toEqual(wanted);
      else expect(out.sort()).toEqual(wanted.sort());
    }),
    { numRuns: 150 },
  );
});

/** Some open call is answered, or fails if there is another try; or time passes. */
function answerOne(
  calls: HandCalls,
  random: Random,
  operator: { run(): void; advance(ms: number): void },
): void {
  if (calls.open.length === 0 || random.below(5) === 0) {
    operator.advance(random.below(4));
    return;
  }
  const { value, context } = present(calls.open[random.below(calls.open.length)], 'an open call');
  if (context.attempt < 3 && random.below(4) === 0) calls.fail(value);
  else calls.answer(value);
  operator.run();
}
