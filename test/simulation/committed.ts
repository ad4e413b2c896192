/** What the sinks have committed, against what the oracle expects: two multisets of ids. */
import type { MemoryDisk } from './memoryDisk.ts';
import type { Item } from './stages/stage.ts';

/** Of all parts below these directories, whose names begin with `out`. */
export const committedIds = (disk: MemoryDisk, directories: readonly string[]): readonly string[] =>
  directories
    .flatMap((directory) =>
      disk
        .list(directory)
        .filter((name) => name.startsWith('part-'))
        .flatMap((name) => disk.text(`${directory}/${name}`).split('\n')),
    )
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as Item).id);

/** `moreMayCome`: more than expected is no mistake. Throws with what is missing and what is too much. */
export const checkCommitted = (
  expected: readonly string[],
  actual: readonly string[],
  moreMayCome: boolean,
): void => {
  const missing = difference(expected, actual);
  const doubled = moreMayCome ? [] : difference(actual, expected);
  if (missing.length === 0 && doubled.length === 0) return;
  throw new Error(
    `committed ${actual.length} records instead of ${expected.length}; missing ${missing.length} (${missing.slice(0, 5).join(' ')}), too many ${doubled.length} (${doubled.slice(0, 5).join(' ')})`,
  );
};

/** Elements of a that b has less often. */
const difference = (a: readonly string[], b: readonly string[]): readonly string[] => {
  const counts = new Map<string, number>();
  for (const id of b) counts.set(id, (counts.get(id) ?? 0) + 1);
  return a.filter((id) => {
    const left = counts.get(id) ?? 0;
    counts.set(id, left - 1);
    return left <= 0;
  });
};
