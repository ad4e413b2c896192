/**
 * Two sources, one of them silent. It holds event time back until it was silent for long enough by the machine's clock;
 * when it speaks again, what it brings may be late.
 */
import { expect, test } from 'vitest';
import { boundedOutOfOrderness, pipeline, tumbling } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';

interface Reading {
  readonly sensor: string;
  readonly time: number;
}

const counts = pipeline('counts', (env) => {
  const readings = (uid: string) =>
    env.fromSource(collection<Reading>([]), {
      uid,
      watermarks: boundedOutOfOrderness('1 s', (reading) => reading.time, { idleAfter: '30 s' }),
    });
  readings('busy')
    .union(readings('silent'))
    .keyBy((reading) => reading.sensor)
    .window(tumbling('10 s'))
    .aggregate(
      {
        create: () => 0,
        add: (count) => count + 1,
        result: (count, { key, start }) => `${key}@${start}: ${count}`,
      },
      { uid: 'count' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

test.each([1, 2, 3])('a silent source no longer counts after a while, at parallelism %i', (parallelism) => {
  const run = testPipeline(counts, {
    parallelism,
    sources: { busy: testSource<Reading>(), silent: testSource<Reading>() },
  });
  const out = () => run.sink('out').written;
  run.source('silent').push({ sensor: 's', time: 2_000 });
  run.source('busy').push({ sensor: 'b', time: 5_000 });
  run.source('busy').push({ sensor: 'b', time: 30_000 });
  // Event time of the silent one is at 999 ms.
  expect(out()).toEqual([]);
  run.advance('29 s');
  run.source('busy').push({ sensor: 'b', time: 31_000 });
  expect(out()).toEqual([]);
  run.advance('1 s');
  expect([...out()].sort()).toEqual(['b@0: 1', 's@0: 1']);
  // It speaks again: what falls into a window that was emitted is late, the rest is not.
  run.source('silent').push({ sensor: 's', time: 3_000 });
  run.source('silent').push({ sensor: 's', time: 35_000 });
  for (const uid of ['busy', 'silent'] as const) run.source(uid).end();
  expect([...out()].sort()).toEqual(['b@0: 1', 'b@30000: 2', 's@0: 1', 's@30000: 1']);
});
