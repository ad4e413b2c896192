/**
 * Late data, at the edge: a record whose window was emitted is late to the millisecond, and one of a window that is still
 * open never is, however far event time has come.
 */
import { expect, test } from 'vitest';
import { boundedOutOfOrderness, pipeline, tumbling } from '../../runtime/api/index.ts';
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
