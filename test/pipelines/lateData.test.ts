/**
 * Late data, at the edge: a record whose window was emitted is late to the millisecond, and one of a window that is still
 * open never is, however far event time has come.
 */
import { expect, test } from 'vitest';
import { boundedOutOfOrderness, pipeline, type Source, tumbling } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';
import { check, type Step } from './scenario.ts';

const counts = pipeline('late-data', (env) => {
  env
    .fromSource(collection<number>([]), {
      uid: 'times',
      watermarks: boundedOutOfOrderness(5, (time) => time),
    })
    .keyBy(() => 'all')
    .window(tumbling(10))
    .aggregate(
      {
        create: () => 0,
        add: (count) => count + 1,
        result: (count, { start }) => `${start}: ${count}`,
      },
      { uid: 'count' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

const at = (time: number): Step => ({ source: 'times', push: time });

test('late is what comes when the watermark has passed the last millisecond of its window', () => {
  check({
    pipeline: counts,
    sources: ['times'],
    steps: [
      at(0),
      { source: 'times', watermark: 8 },
      // 9 is the last millisecond of the window: not late yet.
      at(9),
      { source: 'times', watermark: 9 },
      // Late.
      at(9),
      at(5),
      // Behind the watermark, in a window that is open: not late.
      { source: 'times', watermark: 18 },
      at(12),
    ],
    expected: { out: ['0: 2', '10: 1'] },
  });
});

test('the watermark trails the highest time by the bound and a millisecond, which decides what is late', () => {
  const run = testPipeline(counts, { sources: { times: testSource<number>() } });
  for (const time of [3, 15, 9, 16, 9]) run.source('times').push(time);
  // 15 − 5 − 1 = 9 is the last millisecond of the first window: the 9 that follows 15 is late, as is the one after 16.
  run.source('times').end();
  expect([...run.sink<string>('out').written].sort()).toEqual(['0: 1', '10: 2']);
});

/** Gives two times, and a third one when the clock has moved: at once, when a restored job polls it for the first time. */
const twoThenOne = (times: readonly [number, number, number]): Source<number> => ({
  name: 'two-then-one',
  bounded: true,
  splits: () => ['all'],
  openSplit(_split, from, context) {
    let given = from?.offset ?? 0;
    return {
      poll(emit) {
        const until = context.clock.now() >= 1 ? 3 : 2;
        while (given < until) emit(times[given++] ?? 0, Number.NEGATIVE_INFINITY);
        return given === 3 ? { status: 'finished' } : { status: 'waiting', at: 1 };
      },
      position: () => ({ offset: given, resume: null, finished: given === 3 }),
      close() {},
    };
  },
});

test('what was late before a savepoint is late after it, though nothing was read since', () => {
  const late = pipeline('late-after-restore', (env) => {
    env
      .fromSource(twoThenOne([3, 15, 5]), {
        uid: 'times',
        watermarks: boundedOutOfOrderness(5, (time) => time),
      })
      .keyBy(() => 'all')
      .window(tumbling(10))
      .aggregate(
        { create: () => 0, add: (count) => count + 1, result: (count, { start }) => `${start}: ${count}` },
        { uid: 'count' },
      )
      .sinkTo(collectingSink(), { uid: 'out' });
  });
  const before = testPipeline(late);
  before.run();
  const after = before.restore(before.stop(), { now: 1 });
  after.run();
  expect([...before.sink('out').written, ...after.sink('out').written]).toEqual(['0: 1', '10: 1']);
});

test.each([
  [1, 2],
  [2, 2],
  [2, 3],
  [1, 1],
])(
  'a record that was late is late after a restore from %i to %i, though a subtask has no split',
  (before, after) => {
    const sources = { times: testSource<number>() };
    const first = testPipeline(counts, { sources, parallelism: before });
    for (const time of [5, 100]) first.source('times').push(time);
    const second = first.restore(first.stop(), { parallelism: after });
    second.source('times').push(5);
    second.source('times').end();
    const written = [...first.sink<string>('out').written, ...second.sink<string>('out').written];
    expect(written.sort()).toEqual(['0: 1', '100: 1']);
  },
);
