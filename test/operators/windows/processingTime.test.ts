/**
 * Windows of the machine's clock against a naive computation. The clock goes on by hand, so that the moment at which each
 * record comes is known; at the end it goes far enough for every window.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type DataStream,
  ofType,
  session,
  sliding,
  tumbling,
  type WindowAssigner,
} from '../../../runtime/api/index.ts';
import { testOperator } from '../../../runtime/testing/index.ts';
import type { Arrived } from '../../testing/againstNaive.ts';
import { alignedWindows, type NaiveWindows, type Reading, sessionWindows } from './naive.ts';

const coming = fc.record({
  key: fc.constantFrom('a', 'b'),
  n: fc.integer({ min: 0, max: 99 }),
  afterMs: fc.integer({ min: 0, max: 30 }),
});

function check(
  assigner: WindowAssigner<Reading>,
  naive: (records: readonly Arrived<Reading>[]) => NaiveWindows,
): void {
  const sums = (readings: DataStream<Reading>) =>
    readings
      .keyBy(({ key }) => key)
      .window(assigner)
      .reduce({
        output: ofType<string>(),
        reduce: (left, right) => ({ key: left.key, n: left.n + right.n }),
        onWindow: ({ n }, { key, start, end }, { emit, currentProcessingTime }) =>
          emit(`${key} ${start}-${end}: ${n}, said at ${currentProcessingTime()}`),
      });
  fc.assert(
    fc.property(
      fc.array(coming, { maxLength: 20 }),
      fc.option(fc.nat(20)),
      fc.integer({ min: 1, max: 3 }),
      (records, savepointAt, parallelism) => {
        let operator = testOperator(sums, { splits: 1 });
        const said: string[] = [];
        const arrived: Arrived<Reading>[] = [];
        for (const [arrival, { key, n, afterMs }] of records.entries()) {
          if (arrival === savepointAt) {
            said.push(...operator.output);
            operator = operator.restore(operator.savepoint(), { parallelism });
          }
          operator.advance(afterMs);
          operator.push({ key, n });
          const processingTime = operator.now;
          // A clock that shows t has passed the millisecond before: what ended there has fired.
          const watermark = processingTime - 1;
          arrived.push({ value: { key, n }, timestamp: processingTime, watermark, processingTime, arrival });
        }
        operator.advance(1_000);
        said.push(...operator.output);
        const wanted = naive(arrived).fired.map(({ key, start, end, numbers }) => {
          const sum = numbers.reduce((left, right) => left + right, 0);
          return `${key} ${start}-${end}: ${sum}, said at ${end}`;
        });
        expect(said.sort()).toEqual(wanted.sort());
      },
    ),
    { numRuns: 40 },
  );
}

const aligned = { latenessMs: 0, offsetMs: 0, keyOf: ({ key }: Reading) => key };

test('tumbling', () => {
  check(tumbling(50, { time: 'processing' }), (records) =>
    alignedWindows(records, { ...aligned, sizeMs: 50, slideMs: 50 }),
  );
});

test('sliding', () => {
  check(sliding(60, 25, { time: 'processing' }), (records) =>
    alignedWindows(records, { ...aligned, sizeMs: 60, slideMs: 25 }),
  );
});

test('session', () => {
  check(session(20, { time: 'processing' }), (records) =>
    sessionWindows(records, { gapOf: () => 20, latenessMs: 0 }),
  );
});
