import { expect, test } from 'vitest';
import { MapOperator } from '../../runtime/operators/mapOperator.ts';
import { OperatorHarness } from './harness.ts';

test('each record becomes one, with its timestamp', () => {
  const harness = new OperatorHarness(new MapOperator((n: number) => n * 2)).record(1, 10).record(2, 20);
  expect(harness.emitted).toEqual([
    { value: 2, timestamp: 10 },
    { value: 4, timestamp: 20 },
  ]);
});
