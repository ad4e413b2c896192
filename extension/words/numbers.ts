/**
 * Numbers as people read them, by the rules of the visual language: three digits for rates, binary sizes, durations
 * in two units, and "–" for what is not known, never 0.
 */
export const unknown = '–';

export function rateText(perSecond: number | null): string {
  if (perSecond === null) return unknown;
  return `${shortCount(perSecond)}/s`;
}

/** Records and keys in full: 10,403. */
export function countText(count: number | null): string {
  return count === null
    ? unknown
    : Math.round(count)
        .toString()
        .replace(/\B(?=(\d{3})+$)/g, ',');
}

export function bytesText(bytes: number | null): string {
  if (bytes === null) return unknown;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

export function durationText(ms: number | null): string {
  if (ms === null) return unknown;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${threeDigits(ms / 1_000)} s`;
  return longDurationText(ms);
}

/** Ages and uptimes: whole seconds, two units at most. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : longDurationText(ms);
}

/** For what is long ago: the largest unit says enough. */
export function roughAgeText(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return ageText(ms);
  if (minutes < 60) return `${minutes} m`;
  return minutes < 1_440 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}

export function shareText(share: number | null): string {
  return share === null ? unknown : `${Math.round(share * 100)} %`;
}

function longDurationText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${twoDigits(minutes)} m`;
  return `${minutes} m ${twoDigits(seconds % 60)} s`;
}

function shortCount(value: number): string {
  for (const [size, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= size) return `${threeDigits(value / size)}${unit}`;
  }
  return String(Math.round(value));
}

function threeDigits(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
