/** A mutant whose text is gone breaks nothing, and would be noticed only by whoever runs them all. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Mutant } from '../../scripts/mutants.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('every mutant finds the text that it breaks, once', async () => {
  const lost: string[] = [];
  let count = 0;
  for (const file of readdirSync(`${root}/scripts/mutants`)) {
    const exported = (await import(`../../scripts/mutants/${file}`)) as Record<string, unknown>;
    for (const list of Object.values(exported).filter(Array.isArray) as (readonly Mutant[])[])
      for (const { name, file: broken, find } of list) {
        count++;
        if (readFileSync(`${root}/${broken}`, 'utf8').split(find).length !== 2) lost.push(`${file}: ${name}`);
      }
  }
  expect(lost).toEqual([]);
  expect(count).toBeGreaterThan(150);
});
