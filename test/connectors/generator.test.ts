import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import { generator } from '../../runtime/connectors/index.ts';
import { readAll, readSplit, sourceContext } from './contexts.ts';
import { MemoryFiles } from './memoryFiles.ts';

const make = (index: number, random: { below(bound: number): number }) =>
  `${index}:${random.below(1_000_000)}`;
const context = (clock = new ManualClock()) => sourceContext(new MemoryFiles(), clock);

test('the same seed makes the same records, however they are read', () => {
  const one = readAll(generator({ make, count: 50, seed: 7 }), context());
  const three = readAll(generator({ make, count: 50, seed: 7, splits: 3 }), context());
  expect(one).toHaveLength(50);
  expect([...three].sort()).toEqual([...one].sort());
  expect(readAll(generator({ make, count: 50, seed: 8 }), context())).not.toEqual(one);
  expect(new Set(one.map((record) => record.split(':')[1])).size).toBeGreaterThan(45);
});

test('a restored lane goes on with the very records that would have come', () => {
  const source = generator({ make, count: 20, splits: 2 });
  const whole = readSplit(source, 'lane-1', context()).values;
  const reader = source.openSplit('lane-1', null, context());
  reader.poll(() => true, 4);
  const position = structuredClone(reader.position());
  expect(position).toEqual({ offset: 4, resume: null, finished: false });
  expect(readSplit(source, 'lane-1', context(), position).values).toEqual(whole.slice(4));
});

test('lanes share the records fairly and are named in their order', () => {
  const source = generator({ make: (index) => index, count: 25, splits: 11 });
  const lanes = source.splits(context());
  expect([...lanes].sort()).toEqual(lanes);
  expect(lanes.map((lane) => readSplit(source, lane, context()).values.length)).toEqual([
    3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2,
  ]);
});

test('at a rate, records come when the clock says so, and not what was missed before the start', () => {
  const clock = new ManualClock(5_000);
  const source = generator({ make: (index) => index, perSecond: 10 });
  const reader = source.openSplit('lane-0', { offset: 100, resume: null, finished: false }, context(clock));
  const values: number[] = [];
  const poll = (budget = 100) => reader.poll((value) => values.push(value) > 0, budget);
  expect(source.bounded).toBe(false);
  expect(poll()).toEqual({ status: 'waiting', at: 5_100 });
  clock.advance(250);
  expect(poll(1)).toEqual({ status: 'more' });
  expect(poll()).toEqual({ status: 'waiting', at: 5_300 });
  expect(values).toEqual([100, 101]);
  clock.advance(50);
  poll();
  expect(values).toEqual([100, 101, 102]);
});

test.each([
  [{ splits: 0 }, 'at least one split'],
  [{ perSecond: 0 }, '0 records a second'],
  [{ count: -1 }, '-1 records'],
])('%j is refused', (options, problem) => {
  expect(() => generator({ make, ...options })).toThrow(problem);
});
