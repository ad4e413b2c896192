import { expect, test } from 'vitest';
import { FilterOperator } from '../../runtime/operators/filterOperator.ts';
import { OperatorHarness } from './harness.ts';

test('what is kept goes through as it is', () => {
  const harness = new OperatorHarness(new FilterOperator((n: number) => n % 2 === 0));
  for (let n = 0; n < 5; n++) harness.record(n, n * 10);
  expect(harness.emitted).toEqual([0, 2, 4].map((n) => ({ value: n, timestamp: n * 10 })));
});
