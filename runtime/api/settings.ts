/** Checkpoint and restart settings as an author writes them, with Flink's names and defaults. */
import { type CheckpointSettings, defaultRestartStrategy, type RestartStrategy } from '../graph/jobGraph.ts';
import { type Duration, durationMs, positiveDurationMs } from './duration.ts';
import { PipelineError } from './pipelineError.ts';

export interface CheckpointOptions {
  /** Default 1 s; null: only savepoints, and the last checkpoint of a bounded job. */
  readonly interval?: Duration | null;
  /** Default exactly-once. With at-least-once nothing is blocked, and duplicates after a failure are possible. */
  readonly mode?: 'exactly-once' | 'at-least-once';
  /** Barriers overtake records; what they overtake becomes part of the checkpoint. */
  readonly unaligned?: boolean;
  /** With unaligned: starts aligned and overtakes only after this. Default 0, at once. */
  readonly alignedTimeout?: Duration;
  /**
   * Default true: a checkpoint writes what has changed since the one before, and shares the other files with it. Otherwise it
   * writes all state there is. Savepoints are always whole.
   */
  readonly incremental?: boolean;
  /** A checkpoint that takes longer has failed. Default 10 min. */
  readonly timeout?: Duration;
  /** From the end of one to the start of the next. Default 0. */
  readonly minPause?: Duration;
  readonly maxConcurrent?: number;
  /** Failed checkpoints in a row that do not fail the job. Default 0. */
  readonly tolerableFailures?: number;
  /** Completed checkpoints that are kept. Default 3. */
  readonly retained?: number;
  /**
   * Whether the last ones are kept when the job is cancelled, stopped or finished. Default true. They are always kept when it
   * failed, and when the process that runs it goes away.
   */
  readonly retainOnExit?: boolean;
}

export type RestartOptions =
  | { readonly strategy: 'none' }
  | { readonly strategy: 'fixed-delay'; readonly attempts?: number; readonly delay?: Duration }
  | {
      readonly strategy: 'exponential-delay';
      readonly initial?: Duration;
      readonly max?: Duration;
      readonly multiplier?: number;
      /** 0 to 1: the share of the delay that is left to chance. */
      readonly jitter?: number;
      /** Quiet time after which the delay starts over. */
      readonly resetAfter?: Duration;
      readonly attempts?: number;
    }
  | {
      readonly strategy: 'failure-rate';
      readonly failures: number;
      readonly interval: Duration;
      readonly delay?: Duration;
    };

export function checkpointSettings(options: CheckpointOptions, base: CheckpointSettings): CheckpointSettings {
  const { interval } = options;
  return {
    intervalMs:
      interval === undefined
        ? base.intervalMs
        : interval === null
          ? null
          : positiveDurationMs(interval, 'The checkpoint interval'),
    mode: options.mode ?? base.mode,
    unaligned: options.unaligned ?? base.unaligned,
    alignedTimeoutMs: optionalMs(options.alignedTimeout, 'The aligned timeout', base.alignedTimeoutMs),
    incremental: options.incremental ?? base.incremental,
    timeoutMs:
      options.timeout === undefined
        ? base.timeoutMs
        : positiveDurationMs(options.timeout, 'The checkpoint timeout'),
    minPauseMs: optionalMs(options.minPause, 'The minimum pause', base.minPauseMs),
    maxConcurrent: whole(options.maxConcurrent ?? base.maxConcurrent, 1, 'maxConcurrent'),
    tolerableFailures: whole(options.tolerableFailures ?? base.tolerableFailures, 0, 'tolerableFailures'),
    retained: whole(options.retained ?? base.retained, 1, 'retained'),
    retainOnExit: options.retainOnExit ?? base.retainOnExit,
  };
}

export function restartStrategy(options: RestartOptions): RestartStrategy {
  switch (options.strategy) {
    case 'none':
      return { type: 'none' };
    case 'fixed-delay':
      return {
        type: 'fixed-delay',
        attempts: whole(options.attempts ?? 10, 0, 'attempts'),
        delayMs: optionalMs(options.delay, 'The restart delay', 1_000),
      };
    case 'failure-rate':
      return {
        type: 'failure-rate',
        failuresMax: whole(options.failures, 1, 'failures'),
        intervalMs: positiveDurationMs(options.interval, 'The interval of the failure rate'),
        delayMs: optionalMs(options.delay, 'The restart delay', 1_000),
      };
    case 'exponential-delay':
      return exponentialDelay(options);
    default: {
      // From JavaScript anything may come.
      const strategy = JSON.stringify((options as { readonly strategy?: unknown }).strategy);
      const known = 'none, fixed-delay, exponential-delay, failure-rate';
      throw new PipelineError(null, `There is no restart strategy ${strategy}; there are ${known}.`);
    }
  }
}

function exponentialDelay(
  options: RestartOptions & { readonly strategy: 'exponential-delay' },
): RestartStrategy {
  if (defaultRestartStrategy.type !== 'exponential-delay') return defaultRestartStrategy;
  const base = defaultRestartStrategy;
  const multiplier = options.multiplier ?? base.multiplier;
  const jitter = options.jitter ?? base.jitter;
  if (!(multiplier >= 1))
    throw new PipelineError(null, `The multiplier of a restart delay is 1 or more, not ${multiplier}.`);
  if (!(jitter >= 0 && jitter <= 1))
    throw new PipelineError(null, `The jitter of a restart delay is 0 to 1, not ${jitter}.`);
  return {
    type: 'exponential-delay',
    initialMs: optionalMs(options.initial, 'The first restart delay', base.initialMs),
    maxMs: optionalMs(options.max, 'The longest restart delay', base.maxMs),
    multiplier,
    jitter,
    resetAfterMs: optionalMs(options.resetAfter, 'The quiet time', base.resetAfterMs),
    attempts: whole(options.attempts ?? base.attempts, 0, 'attempts'),
  };
}

function optionalMs(duration: Duration | undefined, what: string, otherwise: number): number {
  return duration === undefined ? otherwise : durationMs(duration, what);
}

function whole(value: number, lowest: number, what: string): number {
  if (Number.isInteger(value) && value >= lowest) return value;
  throw new PipelineError(null, `${what} must be a whole number from ${lowest} on, not ${value}.`);
}
