import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import { runLength, SortedRuns } from '../../runtime/state/sortedRuns.ts';

test.each([0, 1, 2, runLength - 1, runLength, runLength + 1, 10 * runLength, 10 * runLength + 7])(
  '%i items come out in order, each once',
  (count) => {
    const random = seededRandom(count);
    const runs = new SortedRuns<number>((a, b) => a - b);
    const items = Array.from({ length: count }, () => random.below(count));
    let completed = 0;
    for (const item of items) if (runs.add(item)) completed++;
    expect(completed).toBe(Math.floor(count / runLength));
    const sorted: number[] = [];
    for (let item = runs.next(); item !== undefined; item = runs.next()) sorted.push(item);
    expect(sorted).toEqual([...new Set(items)].sort((a, b) => a - b));
  },
);
