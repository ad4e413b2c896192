/** The rule that decides about a soak: a leak is found, a saw-tooth is none. */
import { expect, test } from 'vitest';
import { flatness } from './flatness.ts';

const series = (at: (index: number) => number) => Array.from({ length: 300 }, (_, index) => at(index));

test.each<[string, (index: number) => number, boolean]>([
  ['what does not change', () => 100, true],
  ['a saw-tooth of the same height all along', (index) => 100 + (index % 20) * 5, true],
  ['what grows at first and then no more', (index) => 100 + Math.min(index, 80) * 4, true],
  ['what grows by half in the whole time', (index) => 100 + index / 6, false],
  ['a saw-tooth that climbs', (index) => 100 + (index % 20) * 2 + index / 4, false],
  ['what shrinks', (index) => 400 - index, true],
])('%s: flat is %s', (_, at, expected) => {
  expect(flatness('figure', series(at), { share: 0.1, amount: 0 }).isFlat).toBe(expected);
});

test('a few more than before may be allowed', () => {
  const grown = series((index) => (index < 200 ? 20 : 22));
  expect(flatness('threads', grown, { share: 0, amount: 2 }).isFlat).toBe(true);
  expect(flatness('threads', grown, { share: 0, amount: 1 }).isFlat).toBe(false);
});

test('nothing is said of what was hardly looked at', () => {
  expect(flatness('figure', [1, 1], { share: 1, amount: 100 }).isFlat).toBe(false);
});
