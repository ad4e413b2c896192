/** Query 12 counts by the machine's clock: here a test has its hand on it, and knows when each bid came. */
import { testPipeline, testSource } from 'sluice/testing';
import { expect, test } from 'vitest';
import type { Bid, NexmarkEvent } from '../../bench/nexmark/model.ts';
import q12, { type BidderCount } from '../../bench/nexmark/q12.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { eventsOf } from './events.ts';
import { countsByClock } from './oracle/windows.ts';

const start = Date.UTC(2026, 0, 1, 12, 0, 3);

/** Pushes the events with some time before each, and lets the last window pass. Halfway it may be stopped and restored. */
function counted(seed: number, parallelism: number, restoredAt: number | null): void {
  const random = seededRandom(seed);
  const events = eventsOf({ count: 400, seed, outOfOrderGroup: 20 });
  const taken: { bid: Bid; at: number }[] = [];
  const committed: BidderCount[] = [];
  let run = testPipeline(q12, {
    parallelism,
    now: start,
    sources: { events: testSource<NexmarkEvent>({ splits: 3 }) },
  });
  for (const [place, event] of events.entries()) {
    // Now and then a whole window passes in silence.
    run.advance(random.below(50) === 0 ? 20_000 + random.below(10_000) : random.below(400));
    if (event.kind === 'bid') taken.push({ bid: event, at: run.now });
    run.source('events').push(event);
    if (place === 200 && restoredAt !== null) {
      const savepoint = run.stop();
      committed.push(...run.sink<BidderCount>('out').committed);
      run = run.restore(savepoint, { parallelism: restoredAt });
    }
  }
  run.advance('10 s');
  run.source('events').end();
  committed.push(...run.sink<BidderCount>('out').committed);
  const texts = (rows: readonly BidderCount[]) => rows.map((row) => JSON.stringify(row)).sort();
  expect(texts(committed)).toEqual(texts(countsByClock(taken)));
}

test.each([
  [1, 1, null],
  [2, 2, null],
  [3, 3, null],
  [4, 1, 3],
  [5, 3, 2],
  [6, 2, 2],
])('q12 agrees with the oracle: seed %i at parallelism %i, restored at %s', counted);

test('q12: a window is told when the clock is past it, and not before', () => {
  const run = testPipeline(q12, { now: 7_000, sources: { events: testSource<NexmarkEvent>() } });
  for (const event of eventsOf({ count: 5 })) run.source('events').push(event);
  run.advance(2_999);
  expect(run.sink('out').written).toEqual([]);
  run.advance(1);
  expect(run.sink('out').written).toMatchObject([{ bidCount: 1, startTime: 0, endTime: 10_000 }]);
});

test('q12: the window in which the events end is not told, as in Flink: the clock was not past it', () => {
  const run = testPipeline(q12, { now: 7_000, sources: { events: testSource<NexmarkEvent>() } });
  for (const event of eventsOf({ count: 5 })) run.source('events').push(event);
  run.source('events').end();
  expect(run.isOver).toBe(true);
  expect(run.sink('out').committed).toEqual([]);
});
