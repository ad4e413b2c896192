/**
 * Allowed lateness: a window that was emitted is emitted again with each late record, until the watermark has passed its end
 * by that much; then they go to a side output.
 */
import { test } from 'vitest';
import { monotonousTimestamps, outputTag, pipeline, tumbling } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Reading {
  readonly sensor: string;
  readonly time: number;
  readonly value: number;
}

const tooLate = outputTag<Reading>('too late');

const sums = pipeline('allowed-lateness', (env) => {
  const summed = env
    .fromSource(collection<Reading>([]), {
      uid: 'readings',
      watermarks: monotonousTimestamps((reading) => reading.time),
    })
    .keyBy((reading) => reading.sensor)
    .window(tumbling(10), { allowedLateness: 5, lateTo: tooLate })
    .reduce(({ sensor, time, value }, right) => ({ sensor, time, value: value + right.value }), {
      uid: 'sum',
    });
  summed.map(({ sensor, value }) => `${sensor}: ${value}`).sinkTo(collectingSink(), { uid: 'out' });
  summed
    .sideOutput(tooLate)
    .map(({ sensor, time }) => `${sensor} ${time}`)
    .sinkTo(collectingSink(), { uid: 'late' });
});

const reading = (sensor: string, time: number, value: number): Step => ({
  source: 'readings',
  push: { sensor, time, value },
});
const watermark = (time: number): Step => ({ source: 'readings', watermark: time });

test('a window is emitted again for late records, to the millisecond', () => {
  check({
    pipeline: sums,
    sources: ['readings'],
    steps: [
      reading('a', 1, 1),
      reading('b', 2, 10),
      watermark(9),
      reading('a', 3, 2),
      watermark(13),
      reading('a', 9, 4),
      // Its state goes at 9 + 5.
      watermark(14),
      reading('a', 5, 8),
      // Nothing of it was there before, and it is too late all the same.
      reading('c', 5, 8),
      reading('b', 11, 20),
    ],
    expected: { out: ['a: 1', 'b: 10', 'a: 3', 'a: 7', 'b: 20'], late: ['a 5', 'c 5'] },
  });
});
