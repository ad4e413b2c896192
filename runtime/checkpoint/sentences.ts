/** Numbers and lists as people read them in the sentences of this folder. */

/** 52 ms, 6.34 s, 20 s, 21 m 06 s, 3 h 05 m. */
export function durationText(durationMs: number): string {
  const ms = Math.max(0, Math.round(durationMs));
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) {
    if (ms % 1_000 === 0) return `${ms / 1_000} s`;
    // Three digits, cut rather than rounded: 59.99 s must not read "60.0 s".
    return ms < 10_000 ? `${cut(ms / 1_000, 2)} s` : `${cut(ms / 1_000, 1)} s`;
  }
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${two(Math.floor((seconds % 3_600) / 60))} m`;
}

/** `1 record`, `10,403 records`. */
export function recordsText(count: number): string {
  const digits = String(Math.max(0, Math.round(count)));
  return `${digits.replace(/\B(?=(\d{3})+$)/g, ',')} ${count === 1 ? 'record' : 'records'}`;
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function listText(names: readonly string[]): string {
  if (names.length <= 2) return names.join(' and ');
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

function cut(value: number, digits: number): string {
  const scale = 10 ** digits;
  return (Math.floor(value * scale + 1e-6) / scale).toFixed(digits);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
