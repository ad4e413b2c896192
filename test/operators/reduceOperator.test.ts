import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReduceOperator } from '../../runtime/operators/reduceOperator.ts';
import { OperatorHarness } from './harness.ts';

interface Count {
  readonly word: string;
  readonly n: number;
}
const declaration = { name: 'reduced', type: 'value', schemaVersion: 1 } as const;
const sum = (left: Count, right: Count): Count => ({ word: left.word, n: left.n + right.n });

test('after every record comes the reduced value of its key so far', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ word: fc.constantFrom('a', 'b', 'c'), n: fc.integer({ min: -9, max: 9 }) })),
      (records) => {
        const harness = new OperatorHarness(new ReduceOperator(sum, declaration), (r: Count) => r.word);
        for (const record of records) harness.record(record);
        const expected = records.map(({ word }, i) => {
          const n = records
            .slice(0, i + 1)
            .filter((r) => r.word === word)
            .reduce((s, r) => s + r.n, 0);
          return { word, n };
        });
        expect(harness.values).toEqual(expected);
      },
    ),
  );
});

test('a function that forgets to return is told so', () => {
  const forgets = (() => undefined) as unknown as typeof sum;
  const harness = new OperatorHarness(new ReduceOperator(forgets, declaration), (r: Count) => r.word);
  harness.record({ word: 'a', n: 1 });
  expect(() => harness.record({ word: 'a', n: 2 })).toThrow('must return a value');
});
