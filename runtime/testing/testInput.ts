/** One input of what is tested, as its test speaks to it. What is pushed has been processed when the call returns. */
import { MIN_WATERMARK, NO_TIMESTAMP, type Timestamp } from '../operators/operator.ts';
import type { HandDrivenSource, HandEvent, HandLog, SavedLog } from './handDrivenSource.ts';
import { TestKitError } from './testError.ts';

/** How an input moves what it was given. */
export interface InputDriver {
  /** Of the present evaluation of the pipeline. */
  source(): HandDrivenSource;
  /** Until nothing moves, unless several things are pushed together. */
  moved(): void;
  /** Watermarks are said by the test, and not made from the records by a strategy of the pipeline. */
  readonly saysWatermarks: boolean;
}

/** A split of an input, or all of them. */
export interface InputLane<T> {
  /** `timestamp`: event time, milliseconds since the epoch; without it the record has none. */
  push(value: T, timestamp?: Timestamp): void;
  /** Event time has come so far: no record with a timestamp up to it will follow; if one does, it is late. */
  watermark(time: Timestamp): void;
  /** It is silent and holds event time back no longer, until something is pushed again. */
  idle(): void;
  /** Nothing more comes. Event time goes to its end. */
  end(): void;
}

export class TestInput<T> implements InputLane<T> {
  readonly name: string;
  readonly logs: readonly HandLog[];
  readonly #driver: InputDriver;
  #next = 0;

  /** For Sluice itself; a test gets its inputs from what it runs. */
  constructor(name: string, logs: readonly HandLog[], driver: InputDriver) {
    this.name = name;
    this.logs = logs;
    this.#driver = driver;
  }

  /** Into the splits in turn. */
  push(value: T, timestamp: Timestamp = NO_TIMESTAMP): void {
    this.#add([this.#next], { kind: 'record', value, timestamp: checkedTimestamp(timestamp) });
    this.#next = (this.#next + 1) % this.logs.length;
  }

  /** In all splits. */
  watermark(time: Timestamp): void {
    this.#add(this.#open(), { kind: 'watermark', time: this.#checkedWatermark(time) });
  }

  /** All splits. */
  idle(): void {
    this.#add(this.#open(), { kind: 'idle' });
  }

  /** All splits. */
  end(): void {
    this.#add(this.#open(), { kind: 'end' });
  }

  /** One of them: 0 to `splits` − 1. */
  split(index: number): InputLane<T> {
    if (this.logs[index] === undefined) {
      throw new TestKitError(
        `There is no split ${index} in ${this.name}: it has ${this.logs.length}, counted from 0; ask for more with \`splits\`.`,
      );
    }
    return {
      push: (value, timestamp = NO_TIMESTAMP) =>
        this.#add([index], { kind: 'record', value, timestamp: checkedTimestamp(timestamp) }),
      watermark: (time) => this.#add([index], { kind: 'watermark', time: this.#checkedWatermark(time) }),
      idle: () => this.#add([index], { kind: 'idle' }),
      end: () => this.#add([index], { kind: 'end' }),
    };
  }

  #checkedWatermark(time: Timestamp): Timestamp {
    if (!this.#driver.saysWatermarks) {
      throw new TestKitError(
        `The watermarks of ${this.name} come from its strategy in the pipeline: push a later record, or ask for testSource({ watermarks: 'by hand' }).`,
      );
    }
    if (Number.isFinite(time) || time === MIN_WATERMARK) return time;
    throw new TestKitError(
      `A watermark is a number of milliseconds since the epoch, not ${time}; the last one comes with end().`,
    );
  }

  #open(): readonly number[] {
    return [...this.logs.keys()].filter((index) => this.logs[index]?.ended === false);
  }

  #add(splits: readonly number[], event: HandEvent): void {
    for (const index of splits) this.logs[index]?.add(event);
    this.#driver.source().wake();
    this.#driver.moved();
  }
}

/** Names sort as the splits do. */
export function newLogs(splits: number): readonly SavedLog[] {
  if (!Number.isInteger(splits) || splits < 1)
    throw new TestKitError(`An input has at least one split, not ${splits}.`);
  const digits = String(splits - 1).length;
  return Array.from({ length: splits }, (_, index) => {
    return { split: `split-${String(index).padStart(digits, '0')}`, from: 0, events: [] };
  });
}

function checkedTimestamp(time: Timestamp): Timestamp {
  if (Number.isFinite(time) || time === NO_TIMESTAMP) return time;
  throw new TestKitError(`A timestamp is a number of milliseconds since the epoch, not ${time}.`);
}
