import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../../runtime/operators/operator.ts';
import { windowStart } from '../../../runtime/operators/windows/window.ts';
import { OperatorHarness } from '../harness.ts';
import { windowOperator } from './windowOperator.ts';

interface Reading {
  readonly key: string;
  readonly n: number;
}

function harnessOf(sizeMs: number, offsetMs = 0) {
  const operator = windowOperator<Reading, readonly number[]>({
    assigner: { type: 'tumbling', sizeMs, offsetMs, time: 'event' },
    create: () => [],
    add: (numbers, reading) => [...numbers, reading.n],
    emit: (numbers, { key, start, end }, { emit }) => emit([key, start, end, numbers]),
  });
  return { operator, harness: new OperatorHarness(operator, (reading: Reading) => reading.key) };
}

test('a window is emitted when the watermark passes its last millisecond, with that as its timestamp', () => {
  const { harness } = harnessOf(10);
  harness
    .record({ key: 'a', n: 1 }, 0)
    .record({ key: 'a', n: 2 }, 9)
    .record({ key: 'a', n: 3 }, 10)
    .watermark(8);
  expect(harness.emitted).toEqual([]);
  harness.watermark(9);
  expect(harness.emitted).toEqual([{ value: ['a', 0, 10, [1, 2]], timestamp: 9 }]);
  harness.watermark(MAX_WATERMARK);
  expect(harness.values.at(-1)).toEqual(['a', 10, 20, [3]]);
  expect(harness.stateEntries()).toBe(0);
});

test('a window that was just emitted is closed, to the millisecond', () => {
  const { operator, harness } = harnessOf(10);
  harness.watermark(8).record({ key: 'a', n: 1 }, 9).watermark(9).record({ key: 'a', n: 2 }, 9);
  expect(harness.watermark(MAX_WATERMARK).values).toEqual([['a', 0, 10, [1]]]);
  expect(operator.lateCount).toBe(1);
});

test('a late record is counted, told of and dropped; one of a window that is still open is not late', () => {
  const { operator, harness } = harnessOf(10);
  harness
    .watermark(15)
    .record({ key: 'a', n: 1 }, 10)
    .record({ key: 'a', n: 2 }, 9)
    .record({ key: 'a', n: 3 }, 0);
  expect(operator.lateCount).toBe(2);
  expect(harness.metrics.counter('numLateRecordsDropped').count).toBe(2);
  expect(harness.watermark(MAX_WATERMARK).values).toEqual([['a', 10, 20, [1]]]);
  expect(harness.end().logged).toEqual([
    'warning: "operator" has dropped 1 late record(s): their windows had already been emitted.',
    'warning: 2 late records were dropped in all.',
  ]);
});

test('a record without an event time is an error that says what to do', () => {
  const { harness } = harnessOf(10);
  for (const time of [NO_TIMESTAMP, Number.NaN]) {
    expect(() => harness.record({ key: 'a', n: 1 }, time)).toThrow('give its source a watermark strategy');
  }
});

test.each([
  [0, 10, 0, 0],
  [9, 10, 0, 0],
  [10, 10, 0, 10],
  [-1, 10, 0, -10],
  [-10, 10, 0, -10],
  [4, 10, 5, -5],
  [5, 10, 5, 5],
  [1.5, 1, 0, 1],
])('time %d in windows of %d with offset %d falls into the one from %d', (time, size, offset, start) => {
  expect(windowStart(time, size, offset)).toBe(start);
});

test('against a naive computation, with watermarks anywhere', () => {
  const step = fc.oneof(
    fc.record({ key: fc.constantFrom('a', 'b'), n: fc.nat(9), time: fc.integer({ min: -30, max: 60 }) }),
    fc.record({ watermark: fc.integer({ min: -30, max: 60 }) }),
  );
  fc.assert(
    fc.property(
      fc.array(step),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 5 }),
      (steps, size, offset) => {
        const { operator, harness } = harnessOf(size, offset);
        let watermark = Number.NEGATIVE_INFINITY;
        const windows = new Map<string, { end: number; numbers: number[] }>();
        let late = 0;
        for (const now of steps) {
          if ('watermark' in now) {
            watermark = Math.max(watermark, now.watermark);
            harness.watermark(watermark);
            continue;
          }
          harness.record({ key: now.key, n: now.n }, now.time);
          let start = offset;
          while (start > now.time) start -= size;
          while (start + size <= now.time) start += size;
          if (start + size - 1 <= watermark) {
            late++;
            continue;
          }
          const id = `${now.key} ${start}`;
          const window = windows.get(id) ?? { end: start + size, numbers: [] };
          window.numbers.push(now.n);
          windows.set(id, window);
        }
        harness.watermark(MAX_WATERMARK);
        const naive = [...windows].map(([id, { end, numbers }]) => {
          const [key = '', start = ''] = id.split(' ');
          return JSON.stringify([key, Number(start), end, numbers]);
        });
        expect(harness.values.map((value) => JSON.stringify(value)).sort()).toEqual(naive.sort());
        expect(operator.lateCount).toBe(late);
        expect(harness.stateEntries()).toBe(0);
      },
    ),
  );
});
