/**
 * What the chaos pipeline must have committed when everything has ended, computed from its description alone: no line of
 * Sluice's code is used here.
 */
export interface Deviation {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/** Line → how often. */
export function expectedLines(records: number): Map<string, number> {
  const counts = new Map<string, number>();
  const sums = new Map<string, number>();
  const take = (index: number, salt: number) => {
    const key = `k${(index * 7 + salt) % 61}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const window = `${key} ${Math.floor((index * 10) / 1_000) * 1_000}`;
    sums.set(window, (sums.get(window) ?? 0) + (index % 13) + salt);
  };
  for (let index = 0; index < records; index++) take(index, 1);
  for (let index = 0; index < records / 2; index++) take(index, 2);
  const lines = new Map<string, number>();
  for (const [key, count] of counts)
    for (let seen = 1; seen <= count; seen++) lines.set(`count ${key} ${seen}`, 1);
  for (const [window, sum] of sums) lines.set(`sum ${window} ${sum}`, 1);
  return lines;
}

/** Without regard to order. */
export function deviation(committed: readonly string[], expected: ReadonlyMap<string, number>): Deviation {
  const left = new Map(expected);
  const unexpected: string[] = [];
  for (const line of committed) {
    const count = left.get(line) ?? 0;
    if (count === 0) unexpected.push(line);
    else left.set(line, count - 1);
  }
  return { missing: [...left].flatMap(([line, count]) => Array<string>(count).fill(line)), unexpected };
}
