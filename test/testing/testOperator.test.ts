/** The kit that authors test with: what goes in by hand comes out as the engine makes it. */
import { expect, test } from 'vitest';
import { type DataStream, tumbling } from '../../runtime/api/index.ts';
import { testOperator, testOperator2 } from '../../runtime/testing/index.ts';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

const mean = {
  create: () => ({ sum: 0, count: 0 }),
  add: ({ sum, count }: { sum: number; count: number }, { delay }: Flight) => ({
    sum: sum + delay,
    count: count + 1,
  }),
  result: ({ sum, count }: { sum: number; count: number }, { key, start }: { key: string; start: number }) =>
    `${key}@${start}: ${sum / count}`,
};
const hourly = (flights: DataStream<Flight>) =>
  flights
    .keyBy(({ origin }) => origin)
    .window(tumbling('1 h'))
    .aggregate(mean, { uid: 'mean' });

test.each([1, 2, 3])('a window fires when the watermark passes its end, at parallelism %i', (parallelism) => {
  const operator = testOperator(hourly, { parallelism });
  operator.push({ origin: 'SEA', delay: 3 }, 1_000);
  operator.push({ origin: 'SFO', delay: 9 }, 2_000);
  operator.push({ origin: 'SEA', delay: 5 }, 3_000);
  expect(operator.output).toEqual([]);
  operator.watermark(3_599_998);
  expect(operator.output).toEqual([]);
  operator.watermark(3_600_000);
  expect([...operator.output].sort()).toEqual(['SEA@0: 4', 'SFO@0: 9']);
  expect(operator.emitted[0]?.timestamp).toBe(3_599_999);
  expect(operator.outputWatermark).toBe(3_600_000);
});

test('a savepoint goes on at another parallelism', () => {
  const operator = testOperator(hourly, { parallelism: 2 });
  operator.push({ origin: 'SEA', delay: 3 }, 1_000);
  operator.watermark(2_000);
  const again = operator.restore(operator.savepoint(), { parallelism: 3 });
  expect(again.outputWatermark).toBe(2_000);
  again.push({ origin: 'SEA', delay: 5 }, 3_000);
  again.end();
  expect(again.output).toEqual(['SEA@0: 4']);
  expect(again.isOver).toBe(true);
});

test('two inputs meet under one key', () => {
  const join = testOperator2((numbers: DataStream<number>, words: DataStream<string>) =>
    numbers
      .keyBy((n) => n % 2)
      .connect(words.keyBy((word) => word.length % 2))
      .process<string>({
        onFirst: (n, context) => context.emit(`first ${n} of ${context.key}`),
        onSecond: (word, context) => context.emit(`second ${word} of ${context.key}`),
      }),
  );
  join.first.push(3);
  join.second.push('ab');
  expect(join.output).toEqual(['first 3 of 1', 'second ab of 0']);
});
