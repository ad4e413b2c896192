/** Durations as people write them: '5 min', '1 h', '500ms', '1.5 s', or a number of milliseconds. */
import { PipelineError } from './pipelineError.ts';

const unitsMs = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  min: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
} as const;

type Unit = keyof typeof unitsMs;

/** Milliseconds, or a number and a unit: ms, s, sec, min, h, hour(s), d, day(s). */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`;

/** In whole milliseconds; `what` names the setting in the error. */
export function durationMs(duration: Duration, what: string): number {
  const ms = millisecondsOf(duration);
  if (!Number.isFinite(ms) || ms < 0) {
    throw new PipelineError(
      null,
      `${what} must be a duration such as '500ms', '5 min' or '1 h', or a number of milliseconds, not ${JSON.stringify(duration)}.`,
    );
  }
  return Math.round(ms);
}

/** Like `durationMs`, for what may also lie before: '-5 min'. */
export function signedDurationMs(duration: Duration, what: string): number {
  const text = typeof duration === 'string' ? duration.trimStart() : duration;
  const isBefore = typeof text === 'string' && text.startsWith('-');
  const ms = isBefore ? -millisecondsOf(text.slice(1)) : millisecondsOf(text);
  if (!Number.isFinite(ms)) {
    throw new PipelineError(
      null,
      `${what} must be a duration such as '5 min', '-500ms' or 0, or a number of milliseconds, not ${JSON.stringify(duration)}.`,
    );
  }
  // Math.round(-0.2) is -0, which says nothing and looks odd.
  return Math.round(ms) || 0;
}

/** Like `durationMs`, for what cannot be zero. */
export function positiveDurationMs(duration: Duration, what: string): number {
  const ms = durationMs(duration, what);
  if (ms <= 0)
    throw new PipelineError(null, `${what} must be longer than zero, not ${JSON.stringify(duration)}.`);
  return ms;
}

/** NaN: it is no duration. */
function millisecondsOf(duration: number | string): number {
  if (typeof duration === 'number') return duration;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/.exec(duration);
  const unitMs =
    match === null ? undefined : Object.entries(unitsMs).find(([unit]) => unit === match[2])?.[1];
  return unitMs === undefined ? Number.NaN : Number(match?.[1]) * unitMs;
}
