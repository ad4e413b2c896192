import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  boundedOutOfOrderness,
  type DataStream,
  forGenerator,
  monotonousTimestamps,
  tumbling,
  type WatermarkStrategy,
} from '../../runtime/api/index.ts';
import { TimestampsAndWatermarksOperator } from '../../runtime/operators/timestampsAndWatermarksOperator.ts';
import { type Emitted, OperatorFailed, testOperator } from '../../runtime/testing/index.ts';
import { dataFrame, type OneTask, oneTask } from '../engine/oneTask.ts';
import { againstNaive, timed } from '../testing/againstNaive.ts';

const byItself = (n: number) => n;

/** The records are their own times; each word happens when nothing moves any more after the one before. */
function tell(strategy: WatermarkStrategy<number>, ...words: readonly (number | string)[]): string {
  const task = oneTask(new TimestampsAndWatermarksOperator(strategy as WatermarkStrategy<unknown>));
  const told: string[] = [];
  for (const word of words) {
    happen(word, task);
    task.settle();
    told.push(...task.out().map((out) => out.replace(/^watermark /, 'w')));
  }
  return told.join(' ');
}

function happen(word: number | string, task: OneTask): void {
  const [, kind = '', number = ''] = /^(w|\+)(\w+)$/.exec(String(word)) ?? [];
  if (kind === '+') task.clock.advance(Number(number));
  else if (kind === 'w') task.into[0]?.offer({ kind: 'watermark', time: Number(number) });
  else if (word === 'idle' || word === 'active' || word === 'end') task.into[0]?.offer({ kind: word });
  else task.into[0]?.offer(dataFrame(...String(word).split(',').map(Number)));
}

describe('watermarks and idleness', () => {
  const monotonous = monotonousTimestamps(byItself);
  const idling = monotonousTimestamps(byItself, { idleAfter: 100 });
  test.each<readonly [string, WatermarkStrategy<number>, readonly (number | string)[], string]>([
    ['trail the highest timestamp', monotonous, [5, 9, 7], '5 w4 9 w8 7'],
    ['trail it by the bound', boundedOutOfOrderness(3, byItself), [5, 4, 9], '5 w1 4 9 w5'],
    ['are made of all that came at once', monotonous, ['5,9,7'], '5 9 7 w8'],
    ['from upstream end here', monotonous, ['w3', 5, 'w20', 'idle', 'active', 6], '5 w4 6 w5'],
    ['but for the last one', monotonous, [5, 'wInfinity', 'end'], '5 w4 wInfinity end'],
    ['whoever is silent is idle', idling, [5, '+99', '+1', '+500', 6], '5 w4 idle 6 active w5'],
    ['from the start, where nothing comes', idling, ['+100', 5], 'idle 5 active w4'],
    ['where nothing is said about silence, nobody is idle', monotonous, [5, '+100000'], '5 w4'],
  ])('%s', (_what, strategy, words, told) => {
    expect(tell(strategy, ...words)).toBe(told);
  });

  test('are those of a generator, which is asked again while nothing comes', () => {
    let complete = Number.NEGATIVE_INFINITY;
    const create = () => ({
      onEvent: (n: number) => (complete = Math.max(complete, n - 10)),
      currentWatermark: () => complete,
    });
    expect(tell(forGenerator(create, byItself), 5, 30, 20)).toBe('5 w-5 30 w20 20');
    const task = oneTask(
      new TimestampsAndWatermarksOperator(forGenerator(create, byItself) as WatermarkStrategy<unknown>),
    );
    task.settle();
    task.out();
    complete = 77;
    task.clock.advance(task.thread.step().wakeAt! - task.clock.now());
    task.settle();
    expect(task.out()).toEqual(['watermark 77']);
  });

  test('records that wait in a channel are no silence', () => {
    const task = oneTask(new TimestampsAndWatermarksOperator(idling as WatermarkStrategy<unknown>));
    task.into[0]?.offer(dataFrame(5));
    task.settle();
    task.clock.advance(5_000);
    task.into[0]?.offer(dataFrame(6));
    task.settle();
    expect(task.out()).toEqual(['5', 'watermark 4', '6', 'watermark 5']);
  });
});

test('the records have the new timestamps', () => {
  const operator = testOperator((stream: DataStream<number>) =>
    stream.assignTimestampsAndWatermarks(monotonousTimestamps((n) => n * 10)),
  );
  operator.push(5, 1);
  expect(operator.emitted).toEqual<Emitted<number>[]>([{ value: 5, timestamp: 50 }]);
});

test('a strategy that finds no time keeps the one that the record has', () => {
  const operator = testOperator((stream: DataStream<number>) =>
    stream.assignTimestampsAndWatermarks({ timestamp: null, outOfOrdernessMs: 2, idleAfterMs: null }),
  );
  operator.push(5, 7);
  expect(operator.emitted).toEqual<Emitted<number>[]>([{ value: 5, timestamp: 7 }]);
  expect(operator.outputWatermark).toBe(4);
});

test('what a strategy throws is named with the record', () => {
  const operator = testOperator((stream: DataStream<number>) =>
    stream.assignTimestampsAndWatermarks(
      monotonousTimestamps(() => {
        throw new RangeError('no time');
      }),
      { uid: 'times' },
    ),
  );
  expect(() => operator.push(5)).toThrow(OperatorFailed);
  expect(() => operator.run()).toThrow('Operator "times", subtask 0, failed at 5: RangeError: no time');
});

describe('over a restore', () => {
  const times = (stream: DataStream<number>) =>
    stream.assignTimestampsAndWatermarks(boundedOutOfOrderness(0, byItself));

  test('event time goes on where it was', () => {
    const operator = testOperator(times);
    operator.push(50);
    const again = operator.restore(operator.savepoint());
    again.run();
    expect(again.outputWatermark).toBe(49);
    again.push(20);
    expect(again.outputWatermark).toBe(49);
    again.push(60);
    expect(again.outputWatermark).toBe(59);
  });

  test.each([1, 2, 3])('at parallelism %i it is that of the slowest', (parallelism) => {
    const operator = testOperator(times, { parallelism: 2, splits: 2 });
    operator.split(0).push(100);
    operator.split(1).push(50);
    expect(operator.outputWatermark).toBe(49);
    const again = operator.restore(operator.savepoint(), { parallelism });
    again.run();
    expect(again.outputWatermark).toBe(49);
  });

  test('whoever was idle does not count', () => {
    const idling = (stream: DataStream<number>) =>
      stream.assignTimestampsAndWatermarks(monotonousTimestamps(byItself, { idleAfter: '1 s' }));
    const operator = testOperator(idling, { parallelism: 2, splits: 2 });
    operator.split(1).push(50);
    operator.advance('1 s');
    operator.split(0).push(100);
    expect(operator.outputWatermark).toBe(99);
    const again = operator.restore(operator.savepoint());
    again.run();
    expect(again.outputWatermark).toBe(99);
  });

  test('a generator goes on from what it had come to', () => {
    const operator = testOperator((stream: DataStream<number>) =>
      stream.assignTimestampsAndWatermarks(
        forGenerator(() => {
          let last = Number.NEGATIVE_INFINITY;
          return { onEvent: (n) => (last = n), currentWatermark: () => last - 100 };
        }, byItself),
      ),
    );
    operator.push(500);
    expect(operator.outputWatermark).toBe(400);
    const again = operator.restore(operator.savepoint());
    again.run();
    again.push(450);
    expect(again.outputWatermark).toBe(400);
    again.push(510);
    expect(again.outputWatermark).toBe(410);
  });
});

interface Reading {
  readonly key: string;
  readonly at: number;
}

const BOUND = 20;

test('a window behind it goes by its times alone, also after a restore', () => {
  againstNaive<Reading, string>({
    piece: (stream) =>
      stream
        .assignTimestampsAndWatermarks(
          boundedOutOfOrderness(BOUND, ({ at }) => at),
          { parallelism: 1 },
        )
        .keyBy(({ key }) => key)
        .window(tumbling(5))
        .aggregate({
          create: () => 0,
          add: (count) => count + 1,
          result: (count, { key, start }) => `${key} ${start} ${count}`,
        }),
    // The times of the records have nothing to do with those of the stream, whose watermarks come at random.
    records: timed(fc.record({ key: fc.constantFrom('a', 'b'), at: fc.nat(200) })),
    naive: (arrived) => {
      const counts = new Map<string, number>();
      let highest = Number.NEGATIVE_INFINITY;
      for (const { value } of arrived) {
        const start = Math.floor(value.at / 5) * 5;
        const isLate = start + 4 <= highest - BOUND - 1;
        highest = Math.max(highest, value.at);
        if (isLate) continue;
        const window = `${value.key} ${start}`;
        counts.set(window, (counts.get(window) ?? 0) + 1);
      }
      return [...counts].map(([window, count]) => `${window} ${count}`);
    },
  });
});
