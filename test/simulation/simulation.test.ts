/** A fixed list of seeds blocks; fresh ones are reported with their seed and do not. */
import { describe, expect, test } from 'vitest';
import { aligned, simulate } from './simulate.ts';

const FIXED = 200;
const FRESH = 20;

describe('whatever happens, what is committed is exactly right', () => {
  for (let from = 1; from <= FIXED; from += 20) {
    test(`seeds ${from} to ${from + 19}`, () => {
      for (let seed = from; seed < from + 20; seed++) expect(simulate(seed).seed).toBe(seed);
    }, 60_000);
  }
});

test('at-least-once nothing is missing', () => {
  for (let seed = 1; seed <= 60; seed++) expect(simulate(seed, 'at-least-once').seed).toBe(seed);
}, 60_000);

/** Seeds that found something, named after it. */
test.each([
  [697, 'a restore came while the last commit was on its way, and the job called itself finished without it'],
  [3386, 'a second restore came while the first one was being written, and the job was deployed twice'],
])('seed %i: %s', (seed) => {
  expect(simulate(seed, 'exactly-once', aligned).seed).toBe(seed);
});

test('fresh seeds are tried and reported', () => {
  const first = Date.now() % 1_000_000_000;
  for (let seed = first; seed < first + FRESH; seed++) {
    try {
      simulate(seed);
    } catch (error) {
      console.error(
        `a fresh seed found something; replay it with: npm run simulate -- --seed ${seed}\n${String(error)}`,
      );
    }
  }
}, 60_000);
