import { expect, test } from 'vitest';
import { FlatMapOperator } from '../../runtime/operators/flatMapOperator.ts';
import { OperatorHarness } from './harness.ts';

test.each<[string, (text: string) => Iterable<string>]>([
  ['an array', (text) => text.split(' ').filter((word) => word !== '')],
  ['a set', (text) => new Set(text.split(' ').filter((word) => word !== ''))],
  [
    'a generator',
    function* (text) {
      for (const word of text.split(' ')) if (word !== '') yield word;
    },
  ],
])('%s of results comes in its order, each with the timestamp of the record', (_what, flatMap) => {
  const harness = new OperatorHarness(new FlatMapOperator(flatMap))
    .record('b a', 1)
    .record('', 2)
    .record('c', 3);
  expect(harness.emitted).toEqual([
    { value: 'b', timestamp: 1 },
    { value: 'a', timestamp: 1 },
    { value: 'c', timestamp: 3 },
  ]);
});
