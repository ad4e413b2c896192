/**
 * J3: sources of one alignment group wait for each other. The fast one is not read further than the allowed drift ahead of the
 * slow one; what it may read, it reads at once.
 */
import { expect, test } from 'vitest';
import { monotonousTimestamps, pipeline } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';

interface Tick {
  readonly from: 'fast' | 'slow';
  readonly time: number;
}

const DRIFT = 30_000;

const aligned = pipeline('aligned', (env) => {
  const ticks = (uid: 'fast' | 'slow') =>
    env.fromSource(collection<Tick>([]), {
      uid,
      watermarks: monotonousTimestamps((tick) => tick.time, {
        idleAfter: '1 min',
        alignment: { group: 'ticks', maxDrift: DRIFT },
      }),
    });
  ticks('fast').union(ticks('slow')).sinkTo(collectingSink(), { uid: 'out' });
});

/** The fast source has a split whose records are a second apart; each poll gives what there is, at most 1,024. */
const start = (parallelism: number) => {
  const run = testPipeline(aligned, {
    parallelism,
    sources: { fast: testSource<Tick>(), slow: testSource<Tick>() },
  });
  const highest = () =>
    Math.max(-1, ...run.sink<Tick>('out').written.map(({ from, time }) => (from === 'fast' ? time : -1)));
  let pushed = 0;
  /** One record after the other, so that the watermark follows each. */
  const pushFast = (until: number) => {
    for (; pushed <= until; pushed += 1_000) run.source('fast').push({ from: 'fast', time: pushed });
  };
  return { run, highest, pushFast };
};

test.each([1, 2])(
  'J3 a fast source stays within the drift of the slow one, at parallelism %i',
  (parallelism) => {
    const { run, highest, pushFast } = start(parallelism);
    pushFast(200_000);
    // The slow one has not begun: it holds the fast one from its first record on.
    expect(highest()).toBe(0);
    run.source('slow').push({ from: 'slow', time: 0 });
    run.advance(20);
    // Its watermark is −1, so that a watermark of 29,999 may still be read on; the record behind it is at 30,000 or above.
    expect(highest()).toBeLessThanOrEqual(DRIFT + 1_000);
    expect(highest()).toBeGreaterThanOrEqual(DRIFT - 1_000);
    // No interval caps it: the clock stands still while a hundred seconds of event time are caught up.
    run.source('slow').push({ from: 'slow', time: 100_000 });
    run.advance(20);
    expect(highest()).toBeLessThanOrEqual(100_000 + DRIFT + 1_000);
    expect(highest()).toBeGreaterThanOrEqual(100_000 + DRIFT - 1_000);
  },
);

test('J3 a source that waits is not silent, and one that is silent or has ended holds nobody back', () => {
  const { run, highest, pushFast } = start(1);
  run.source('slow').push({ from: 'slow', time: 0 });
  pushFast(300_000);
  const held = highest();
  expect(held).toBeLessThanOrEqual(DRIFT + 1_000);
  // Silent for a minute: it no longer counts, and the fast one, which waited all the time, goes on.
  run.advance('61 s');
  expect(highest()).toBe(300_000);
  run.source('slow').push({ from: 'slow', time: 1_000 });
  pushFast(400_000);
  expect(highest()).toBeLessThan(400_000);
  run.source('slow').end();
  run.advance(20);
  expect(highest()).toBe(400_000);
  run.source('fast').end();
  expect(run.isOver).toBe(true);
});
