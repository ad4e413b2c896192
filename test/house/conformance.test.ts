/** docs/conformance.md is true: every scenario is on it, and every test file that it names has a test with the scenario's id. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The scenarios that there are; a row cannot get lost unseen. */
const numbers: Readonly<Record<string, readonly number[]>> = {
  M: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  A: [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 18, 21, 23, 24, 25],
  B: [1, 2, 4, 5],
  C: [1, 2, 3, 4, 5, 7],
  D: [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 15],
  E: [1, 3, 4, 5, 6],
  F: [1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15],
  G: [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12],
  H: [1, 2, 3, 4, 5, 7, 9],
  I: [1, 2, 3, 4, 5, 6, 8],
  J: [1, 2, 3, 5, 6, 7],
};
const ids = Object.entries(numbers).flatMap(([letter, own]) => own.map((number) => `${letter}${number}`));

/** Without a test, and why. A guarantee does not come here because its test is hard to write. */
const untested: Readonly<Record<string, string>> = {
  M13: 'it is not built yet',
};

const rows = readFileSync(`${root}/docs/conformance.md`, 'utf8')
  .split('\n')
  .map((line) => /^\| ([A-JM]\d+) \| (.+) \| (.+) \|$/.exec(line))
  .filter((row) => row !== null)
  .map(([, id = '', , files = '']) => ({
    id,
    files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  }));

test('every scenario is on the page, once', () => {
  expect(rows.map(({ id }) => id).sort()).toEqual([...ids].sort());
});

test.each(rows)('$id has a test that is named after it', ({ id, files }) => {
  expect(files.length > 0, `${id} names no test file`).toBe(!(id in untested));
  for (const file of files) {
    const named = namesIn(readFileSync(`${root}/${file}`, 'utf8'));
    expect(named, `${file} has no test whose name begins with ${id}`).toContain(id);
  }
});

/** Ids at the start of a name: 'A7 …', 'A1, A2 …', 'G7: …', 'H1 H2 …'; not those of a script as `D1 B1.1`. */
function namesIn(source: string): readonly string[] {
  return [
    ...source.matchAll(/['"`]((?:[A-JM]\d+(?:, |: | ))+)(?:\p{Ll}|\p{Lu}\p{L}|\d+ \p{L}|[%$(]\p{L}|\$\{)/gu),
  ].flatMap(([, start = '']) => start.split(/[,: ]+/).filter((id) => id !== ''));
}
