/**
 * Tumbling event-time windows of a keyed stream.
 *
 * Each key has one accumulator per open window, in map state keyed by the window's start, so that a comparison of two
 * savepoints shows key and window. The first record of a window sets one timer on its last millisecond; when the
 * watermark passes that, the result is emitted with this millisecond as its timestamp (as in Flink) and the
 * accumulator is dropped. A record whose window has already been emitted is late: it is counted and dropped,
 * since a second result for one window would contradict the first.
 */
import { assert, present } from '../base/assert.ts';
import type { Key, MapState, StateDeclaration } from '../state/declarations.ts';
import {
  NO_TIMESTAMP,
  type OperatorContext,
  type StreamOperator,
  type Timer,
  type Timestamp,
} from './operator.ts';

/** `start` is in the window, `end` is not. */
export interface KeyedWindow<K = Key> {
  readonly key: K;
  readonly start: Timestamp;
  readonly end: Timestamp;
}

export interface WindowFunctions<In, Accumulator, Out> {
  readonly sizeMs: number;
  /** Windows start at whole multiples of the size plus this: for time zones. */
  readonly offsetMs: number;
  readonly state: StateDeclaration<Accumulator>;
  /** The accumulator with one more record; undefined is that of an empty window. */
  readonly add: (accumulator: Accumulator | undefined, value: In) => Accumulator;
  readonly emit: (accumulator: Accumulator, window: KeyedWindow, collect: (value: Out) => void) => void;
}

export class WindowOperator<In, Accumulator, Out> implements StreamOperator<Out> {
  readonly #functions: WindowFunctions<In, Accumulator, Out>;
  #context!: OperatorContext<Out>;
  #windows!: MapState<Timestamp, Accumulator>;
  #lateCount = 0;

  constructor(functions: WindowFunctions<In, Accumulator, Out>) {
    this.#functions = functions;
  }

  /** Records of this subtask since its deployment that came after their window was emitted. */
  get lateCount(): number {
    return this.#lateCount;
  }

  open(context: OperatorContext<Out>): void {
    this.#context = context;
    this.#windows = this.#keyed().map<Timestamp, Accumulator>(this.#functions.state);
  }

  process(value: unknown, timestamp: Timestamp): void {
    if (timestamp === NO_TIMESTAMP || Number.isNaN(timestamp)) {
      throw new Error(
        `A record came to the window "${this.#context.name}" without an event time: ` +
          'give its source a watermark strategy whose function answers a number.',
      );
    }
    const { sizeMs, add } = this.#functions;
    const { timers } = this.#keyed();
    const start = windowStart(timestamp, sizeMs, this.#functions.offsetMs);
    const lastMs = start + sizeMs - 1;
    if (lastMs <= timers.currentWatermark()) {
      this.#countLate();
      return;
    }
    const before = this.#windows.get(start);
    const after = add(before, value as In);
    assert(after !== undefined, 'the accumulator of a window must not be undefined');
    this.#windows.set(start, after);
    if (before === undefined) timers.registerEventTime(lastMs, start);
  }

  onTimer(timer: Timer): void {
    const start = timer.time + 1 - this.#functions.sizeMs;
    const accumulator = present(this.#windows.get(start), `the accumulator of the window from ${start}`);
    // Dropped before it is emitted: what the functions of an author throw must not leave half of it behind.
    this.#windows.delete(start);
    const window = { key: this.#keyed().currentKey(), start, end: timer.time + 1 };
    this.#functions.emit(accumulator, window, (result) => this.#context.output.collect(result, timer.time));
  }

  close(): void {
    if (this.#lateCount > 1)
      this.#context.log('warning', `${this.#lateCount} late records were dropped in all.`);
  }

  #keyed() {
    return present(this.#context.keyed, `the keyed state of ${this.#context.uid}`);
  }

  /** Told at the first, the tenth, the hundredth …: loud enough to be seen, too rare to hurt. */
  #countLate(): void {
    this.#lateCount++;
    if (Number.isInteger(Math.log10(this.#lateCount))) {
      this.#context.log(
        'warning',
        `"${this.#context.name}" has dropped ${this.#lateCount} late record(s): their windows had already been emitted.`,
      );
    }
  }
}

/** The start of the window that a time falls into; right for times before 1970 too. */
export function windowStart(timestamp: Timestamp, sizeMs: number, offsetMs: number): Timestamp {
  return Math.floor((timestamp - offsetMs) / sizeMs) * sizeMs + offsetMs;
}
