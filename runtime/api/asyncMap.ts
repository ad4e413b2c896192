/**
 * `asyncMap`: the one operator whose function answers a promise. After Flink's AsyncDataStream, RichAsyncFunction and
 * AsyncRetryStrategy, with the defaults of Flink's asynchronous lookups: ordered, 100 calls at once, 3 minutes.
 */
import { type AsyncFunctions, AsyncMapOperator, asyncStates } from '../operators/async/asyncMapOperator.ts';
import type { AsyncRetry } from '../operators/async/retry.ts';
import type { Lifecycle } from '../operators/lifecycle.ts';
import type { Timestamp } from '../operators/operator.ts';
import { type Duration, durationMs, positiveDurationMs } from './duration.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { located } from './pipelineError.ts';
import type { PlannedFunction } from './plan.ts';
import { type AuthorPlace, methodOf, problemOf } from './processFunctionsOf.ts';

/**
 * The platform's AbortSignal, which the language itself does not have: in a pipeline, whatever `fetch` takes. It is found in
 * the types that the author's project has.
 */
export type AsyncSignal = typeof globalThis extends {
  readonly AbortSignal: { readonly prototype: infer Signal };
}
  ? Signal
  : { readonly aborted: boolean; readonly reason: unknown };

/** What a call may know beside its record. One for each call; it may be kept as long as the call is under way. */
export interface AsyncContext<Opened = undefined> {
  /** What the function's `open` answered. */
  readonly opened: Opened;
  /** Event time of the record; -Infinity where it has none. What comes out has it too. */
  readonly timestamp: Timestamp;
  /** 1 for the first call for this record since it came in or was restored, 2 for the first retry, … */
  readonly attempt: number;
  /** Aborted when nobody waits for this call any more: its time is up, or the task ends. */
  readonly signal: AsyncSignal;
}

export type AsyncMapFunction<T, Out> = (value: T, context: AsyncContext) => PromiseLike<Out>;

export interface RichAsyncMapFunction<T, Out, Opened> extends Lifecycle<Opened> {
  asyncMap(value: T, context: AsyncContext<Opened>): PromiseLike<Out>;
}

export interface AsyncMapOptions<T, Out, Late = never> extends OperatorOptions {
  /**
   * 'ordered': what comes out is in the order of what came in. 'unordered': whatever is done first comes out first, but
   * nothing overtakes a watermark or is overtaken by one. Default 'ordered'.
   */
  readonly order?: 'ordered' | 'unordered';
  /** Records in each subtask that are called for and have not come out; with more the stream waits. Default 100. */
  readonly capacity?: number;
  /** From the first call for a record to its last answer, retries included. Default 3 min; null: as long as it takes. */
  readonly timeout?: Duration | null;
  /** What comes out for a record whose time is up. Without it, or when it throws, the job fails. */
  readonly onTimeout?: (value: T) => Late;
  /** Default: a call that fails fails the job. */
  readonly retry?: AsyncRetryOptions<Out>;
}

export interface AsyncRetryOptions<Out> {
  /** Calls after the first one; Flink's maxAttempts. From 1 on. */
  readonly attempts: number;
  /** Before each of them. Either this or `backoff`. */
  readonly delay?: Duration;
  /** Delays that grow from `initial` to `max` at most, each by the `multiplier` (default 2). For each record anew. */
  readonly backoff?: { readonly initial: Duration; readonly max: Duration; readonly multiplier?: number };
  /** After which errors. Default: every one. */
  readonly on?: (error: unknown) => boolean;
  /** After which results; the last one comes out all the same. Default: none. */
  readonly onResult?: (result: Out) => boolean;
}

/** Whatever its records are. */
type AnyOptions = AsyncMapOptions<never, never, unknown>;

const defaults = { order: 'ordered', capacity: 100, timeout: '3 min', multiplier: 2 } as const;

/** Throws PipelineError. */
export function plannedAsyncMap(author: object, options: AnyOptions, place: AuthorPlace): PlannedFunction {
  const functions: AsyncFunctions = {
    ...callOf(author, place),
    order: orderOf(options, place),
    capacity: wholeFromOne(options.capacity ?? defaults.capacity, 'capacity', place),
    timeoutMs: timeoutOf(options, place),
    onTimeout: (options.onTimeout ?? null) as AsyncFunctions['onTimeout'],
    retry: options.retry === undefined ? null : retryOf(options.retry, place),
  };
  return { states: asyncStates, create: () => new AsyncMapOperator(functions) };
}

function callOf(author: object, place: AuthorPlace): Pick<AsyncFunctions, 'call' | 'lifecycle'> {
  if (typeof author === 'function') return { call: author as AsyncFunctions['call'], lifecycle: {} };
  return { call: methodOf(author, 'asyncMap', place), lifecycle: author };
}

function orderOf({ order = defaults.order }: AnyOptions, place: AuthorPlace): AsyncFunctions['order'] {
  if (order === 'ordered' || order === 'unordered') return order;
  throw problemOf(place, ` knows no order ${JSON.stringify(order)}: it is "ordered" or "unordered".`);
}

function timeoutOf({ timeout = defaults.timeout }: AnyOptions, { location }: AuthorPlace): number | null {
  return timeout === null ? null : located(location, () => positiveDurationMs(timeout, 'timeout'));
}

function retryOf(
  { attempts, delay, backoff, on = () => true, onResult = () => false }: AsyncRetryOptions<never>,
  place: AuthorPlace,
): AsyncRetry {
  return {
    ...delaysOf(delay, backoff, place),
    retriesMax: wholeFromOne(attempts, 'retry.attempts', place),
    onError: on,
    onResult: onResult as AsyncRetry['onResult'],
  };
}

function delaysOf(
  delay: Duration | undefined,
  backoff: AsyncRetryOptions<never>['backoff'],
  place: AuthorPlace,
): Pick<AsyncRetry, 'initialMs' | 'multiplier' | 'maxMs'> {
  if ((delay === undefined) === (backoff === undefined))
    throw problemOf(place, ' has to say when it calls again: give `retry` either `delay` or `backoff`.');
  return located(place.location, () => {
    if (backoff === undefined) {
      const delayMs = durationMs(delay as Duration, 'retry.delay');
      return { initialMs: delayMs, multiplier: 1, maxMs: delayMs };
    }
    const { initial, max, multiplier = defaults.multiplier } = backoff;
    if (!(multiplier >= 1 && multiplier < Number.POSITIVE_INFINITY))
      throw problemOf(
        place,
        ` has the multiplier ${multiplier}: the delays of \`retry.backoff\` cannot shrink.`,
      );
    const initialMs = durationMs(initial, 'retry.backoff.initial');
    return { initialMs, multiplier, maxMs: durationMs(max, 'retry.backoff.max') };
  });
}

function wholeFromOne(value: number, what: string, place: AuthorPlace): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw problemOf(place, ` has the ${what} ${value}: it must be a whole number from 1 on.`);
}
