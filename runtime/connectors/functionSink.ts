/**
 * A sink that is a function of the author's: for whatever has no sink yet. At-least-once: after a failure the records since
 * the last checkpoint are given to it again, and what it did with them cannot be taken back; a function that does the
 * same thing twice for the same record (an upsert by key) makes the result exact.
 *
 * The function may answer a promise. Then the record has arrived when the promise is fulfilled, and
 *
 * - U1. a checkpoint is complete only when everything that was written before it has arrived;
 * - U2. so many are under way at most, and more records wait (backpressure);
 * - U3. a promise that is rejected fails the job, with its record, and the job goes on from the checkpoint before: none is
 *   passed over.
 */
import { type AnyLifecycle, type Lifecycle, OperatorLifecycle } from '../operators/lifecycle.ts';
import type { SnapshotContext } from '../operators/operator.ts';
import { RecordFailure } from '../operators/recordFailure.ts';
import { type Sink, type SinkContext, SinkError, type SinkWriter } from '../operators/sink.ts';

/** With `open` and `close` around it, once per subtask. What `open` answers comes as the last argument. */
export interface RichSinkFunction<T, Opened> extends Lifecycle<Opened> {
  write(value: T, opened: Opened): unknown;
}

export interface FunctionSinkOptions {
  /** For people. Default: `function`. */
  readonly name?: string;
  /**
   * How many promises of one subtask may be under way; 1: one record after the other, in their order. What a single record
   * upstream was turned into (a flatMap) may go beyond it. Default 100.
   */
  readonly maxInFlightRequests?: number;
}

/** Calls `write` for each record: a function, or an object with `open` and `close` around it. */
export function functionSink<T>(write: (value: T) => unknown, options?: FunctionSinkOptions): Sink<T>;
export function functionSink<T, Opened>(
  write: RichSinkFunction<T, Opened>,
  options?: FunctionSinkOptions,
): Sink<T>;
export function functionSink<T>(
  write: ((value: T) => unknown) | AnySinkFunction<T>,
  options: FunctionSinkOptions = {},
): Sink<T> {
  const { name = 'function', maxInFlightRequests = 100 } = options;
  if (!Number.isInteger(maxInFlightRequests) || maxInFlightRequests < 1) {
    throw new SinkError(
      `maxInFlightRequests of a function sink must be a whole number above zero, not ${maxInFlightRequests}.`,
    );
  }
  const rich: AnySinkFunction<T> = typeof write === 'function' ? { write } : write;
  return {
    name,
    guarantee: 'at-least-once',
    createWriter: () => new FunctionWriter(rich, maxInFlightRequests),
    createCommitter: () => null,
  };
}

/** Of whatever type the author opened. */
interface AnySinkFunction<T> extends AnyLifecycle {
  write(value: T, opened: never): unknown;
}

/** A checkpoint that waits for the promises that were under way when its barrier came. */
interface Waiting {
  left: number;
  readonly done: () => void;
}

class FunctionWriter<T> implements SinkWriter<T, never> {
  readonly #author: AnySinkFunction<T>;
  readonly #lifecycle: OperatorLifecycle;
  readonly #inFlightMax: number;
  /** Per promise the checkpoints that wait for it. */
  readonly #inFlight = new Set<Waiting[]>();
  #context: SinkContext | null = null;
  #failure: RecordFailure | null = null;

  constructor(author: AnySinkFunction<T>, inFlightMax: number) {
    this.#author = author;
    this.#lifecycle = new OperatorLifecycle(author);
    this.#inFlightMax = inFlightMax;
  }

  open(context: SinkContext): void {
    this.#context = context;
    this.#lifecycle.open(context);
  }

  write(value: T): void {
    this.#throwFailure();
    const answer = this.#author.write(value, this.#lifecycle.opened);
    if (!isPromise(answer)) return;
    const waiting: Waiting[] = [];
    this.#inFlight.add(waiting);
    const settled = (): void => {
      this.#inFlight.delete(waiting);
      this.#context?.wake();
    };
    answer.then(
      () => {
        settled();
        for (const checkpoint of waiting) if (--checkpoint.left === 0) checkpoint.done();
      },
      (reason: unknown) => {
        // The checkpoints that wait for it never come: the job fails and does not go on from them (U3).
        this.#failure ??= new RecordFailure(value, reason);
        settled();
      },
    );
  }

  prepareCommit(snapshot: Pick<SnapshotContext, 'defer'>): readonly never[] {
    this.#throwFailure();
    if (this.#inFlight.size === 0) return [];
    const underWay = [...this.#inFlight];
    snapshot.defer((done) => {
      const checkpoint: Waiting = { left: underWay.length, done };
      for (const waiting of underWay) waiting.push(checkpoint);
    });
    return [];
  }

  writerState(): null {
    return null;
  }

  advance(): boolean {
    this.#throwFailure();
    return false;
  }

  accepts(): boolean {
    return this.#inFlight.size < this.#inFlightMax;
  }

  drained(): boolean {
    this.#throwFailure();
    return this.#inFlight.size === 0;
  }

  awaits(): boolean {
    return this.#inFlight.size > 0;
  }

  close(): void {
    this.#lifecycle.close();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
