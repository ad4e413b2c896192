/**
 * When a record is called for again, after Flink's AsyncRetryStrategy. Its exponential one goes on from where the last
 * record left it; here every record begins with the first delay.
 */
export interface AsyncRetry {
  /** Calls after the first one. */
  readonly retriesMax: number;
  readonly initialMs: number;
  /** Of each delay, over the one before; 1: they are all the same. */
  readonly multiplier: number;
  readonly maxMs: number;
  /** After this error. */
  readonly onError: (error: unknown) => boolean;
  /** After this result, which goes downstream all the same when there are no calls left. */
  readonly onResult: (result: unknown) => boolean;
}

/** After the call `attempt`, from 1; in whole milliseconds. */
export function delayMs({ initialMs, multiplier, maxMs }: AsyncRetry, attempt: number): number {
  return Math.round(Math.min(maxMs, initialMs * multiplier ** (attempt - 1)));
}
