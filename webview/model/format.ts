/**
 * Numbers as people read them, by the rules of the visual language: what is not known is "–", 0 is only a measured 0,
 * units stand after a space. Everything is a pure function of its arguments; time zones come from `Intl`.
 */
export const unknown = '–';

/** 980/s, 1.31k/s, 2.40M/s: three digits. */
export function rate(perSecond: number | null | undefined): string {
  return perSecond === null || perSecond === undefined ? unknown : `${threeDigits(perSecond)}/s`;
}

export function threeDigits(value: number): string {
  if (value < 999.5)
    return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : trimmed(value, 1);
  const [scaled, unit] =
    value < 999_500 ? [value / 1e3, 'k'] : value < 999_500_000 ? [value / 1e6, 'M'] : [value / 1e9, 'G'];
  return scaled.toFixed(scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0) + unit;
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Records and offsets, in full: 10,403. */
export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? unknown : grouped.format(value);
}

/**
 * A number of which only its author knows what it counts: whole ones in full (10,403), fractions to three digits (0.123,
 * 48.2), what is beyond either by its power of ten (1.23e-7).
 */
export function quantity(value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown;
  const absolute = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (absolute >= 1e15 || (absolute > 0 && absolute < 0.001)) return sign + trimmedExponent(absolute);
  if (Number.isInteger(absolute) || absolute >= 999.5) return sign + grouped.format(absolute);
  const digits = absolute >= 99.95 ? 0 : absolute >= 9.995 ? 1 : absolute >= 0.9995 ? 2 : 3;
  return sign + trimmed(absolute, digits);
}

/** Of what can also go down: −12/s. */
export function signedRate(perSecond: number | null | undefined): string {
  return perSecond === null || perSecond === undefined || perSecond >= 0
    ? rate(perSecond)
    : `−${rate(-perSecond)}`;
}

/** Estimates, short: 673k. */
export function estimate(value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown;
  if (value < 1_000) return String(Math.round(value));
  return value < 999_500 ? `${Math.round(value / 1e3)}k` : `${trimmed(value / 1e6, 1)}M`;
}

/** 412 B, 8.0 KiB, 18.4 MiB. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown;
  if (value < 1_024) return `${Math.round(value)} B`;
  for (const unit of ['KiB', 'MiB', 'GiB', 'TiB']) {
    value /= 1_024;
    if (value < 1_000 || unit === 'TiB') return `${value.toFixed(value < 99.95 ? 1 : 0)} ${unit}`;
  }
  return unknown;
}

/** 52 ms, 6.34 s, 41 s, 21 m 06 s, 3 h 05 m, 2 d 4 h. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return unknown;
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${trimmed(seconds, 1)} s`;
  const total = Math.round(seconds);
  if (total < 3_600) return `${Math.floor(total / 60)} m ${two(total % 60)} s`;
  const minutes = Math.floor(total / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

/** An age where hundredths would only flicker: 35 s, 6 m 06 s. */
export function age(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return unknown;
  return duration(Math.max(0, Math.floor(ms / 1_000) * 1_000))
    .replace(/^0 ms$/, '0 s')
    .replace(/\.00 s$/, ' s');
}

/** 15 m ago, 20 h ago, 2 d ago: in lists, where the coarse figure is enough. */
export function ago(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} m ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

export function lag(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return unknown;
  return ms < 9_950 && ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : age(ms);
}

export function share(value: number | null | undefined): string {
  return value === null || value === undefined ? unknown : `${Math.round(value * 100)} %`;
}

/** +41 ms: after the trigger. */
export function after(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? unknown : `+${duration(ms)}`;
}

/** +9 m 02 s, −3 s: a signed difference. */
export function difference(ms: number | null): string {
  if (ms === null) return unknown;
  return `${ms < 0 ? '−' : '+'}${duration(Math.abs(ms))}`;
}

export function signed(value: number | null, show: (absolute: number) => string = whole): string {
  if (value === null) return unknown;
  if (value === 0) return show(0);
  return `${value < 0 ? '−' : '+'}${show(Math.abs(value))}`;
}

const clockFormat = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayKeyFormat = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' });

/** 14:31:58 */
export function clock(at: number | null | undefined): string {
  return at === null || at === undefined ? unknown : clockFormat.format(at);
}

/** 14:31:58.004, for details. */
export function clockWithMs(at: number | null | undefined): string {
  if (at === null || at === undefined) return unknown;
  return `${clockFormat.format(at)}.${String(Math.floor(((at % 1_000) + 1_000) % 1_000)).padStart(3, '0')}`;
}

/** 2026-05-12 14:31:58, with milliseconds where there are any: a time that may be of any day. */
export function moment(at: number): string {
  if (Math.abs(at) > 8.64e15) return String(at);
  const exact = at % 1_000 === 0 ? clock(at) : clockWithMs(at);
  return `${dayKeyFormat.format(at)} ${exact}`;
}

/** today 14:25:58, yesterday 17:40:12, 10 May 09:12:40. */
export function day(at: number, now: number): string {
  const key = dayKeyFormat.format(at);
  if (key === dayKeyFormat.format(now)) return `today ${clock(at)}`;
  if (key === dayKeyFormat.format(now - 86_400_000)) return `yesterday ${clock(at)}`;
  return `${dayFormat.format(at)} ${clock(at)}`;
}

/** "1 split", "3 splits". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** "Three more tasks": small numbers at the start of a sentence are words. */
export function countWord(count: number): string {
  return (
    ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten'][count] ??
    whole(count)
  );
}

export function subtaskName(vertexName: string, index: number): string {
  return `${vertexName}[${index}]`;
}

/** The last part of a path, of either kind of slash. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '');
}

function trimmedExponent(value: number): string {
  return value
    .toExponential(2)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
