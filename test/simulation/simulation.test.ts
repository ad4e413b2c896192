/** A fixed list of seeds blocks; fresh ones are reported with their seed and do not. */
import { describe, expect, test } from 'vitest';
import { type Coverage, countKinds, coverageTable, missingKinds } from './coverage.ts';
import { simulate } from './simulate.ts';

const FIXED = 200;
const FRESH = 10;
const coverage: Coverage = new Map();

describe('whatever happens, what is committed is exactly right', () => {
  for (let from = 1; from <= FIXED; from += 20) {
    test(`seeds ${from} to ${from + 19}`, () => {
      for (let seed = from; seed < from + 20; seed++) countKinds(coverage, simulate(seed).kinds);
    }, 120_000);
  }

  test('and among these lives there is everything that can be drawn', () => {
    expect({ missing: missingKinds(coverage), table: coverageTable(coverage) }).toMatchObject({
      missing: [],
    });
  });
});

test('a seed tells the same story whenever it is asked', () => {
  for (const seed of [3, 77, 1_000_003]) expect(simulate(seed).story).toEqual(simulate(seed).story);
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
