/** Numbers as people read them in sentences: 21,016 keys, 17.7 MiB. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `counted(1, 'key')` is "1 key". */
export function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1_024;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** In the largest unit that divides it: 90 s, 5 min, 1 h. */
export function durationText(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  const found = units.find(([unit]) => ms !== 0 && ms % unit === 0);
  return found === undefined ? `${grouped(ms)} ms` : `${grouped(ms / found[0])} ${found[1]}`;
}
