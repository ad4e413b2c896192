/** Windows with an evictor: each holds all its records, which the evictor thins out whenever it fires. */
import type { Clock } from '../../base/clock.ts';
import type { MapState, StateDeclaration } from '../../state/declarations.ts';
import type { KeyedStates, Timestamp } from '../operator.ts';
import type { Evictor, EvictorContext, TimestampedValue } from './evictor.ts';
import type { TimeWindow } from './window.ts';
import type { WindowContents } from './windowContents.ts';
import type { WindowFunction } from './windowFunction.ts';

type Elements<T> = readonly TimestampedValue<T>[];

export const elementsDeclaration: StateDeclaration = { name: 'elements', type: 'map', schemaVersion: 1 };

export class EvictingWindows<T, Content> implements WindowContents<T, Content> {
  readonly #kept: MapState<Timestamp, TimestampedValue<T>[]>;
  readonly #evictor: Evictor<T>;
  readonly #function: WindowFunction<T, Content>;
  readonly #opened: never;
  readonly #keyed: KeyedStates;
  readonly #clock: Clock;

  constructor(options: {
    readonly keyed: KeyedStates;
    readonly evictor: Evictor<T>;
    readonly function: WindowFunction<T, Content>;
    readonly opened: never;
    readonly clock: Clock;
  }) {
    this.#keyed = options.keyed;
    this.#kept = options.keyed.map(elementsDeclaration as StateDeclaration<TimestampedValue<T>[]>);
    this.#evictor = options.evictor;
    this.#function = options.function;
    this.#opened = options.opened;
    this.#clock = options.clock;
  }

  add(windows: readonly TimeWindow[], value: T, timestamp: Timestamp): void {
    for (const { start } of windows) {
      const elements = this.#kept.get(start) ?? [];
      // The list is changed in place and set again, which state allows: a copy for every record would be quadratic.
      elements.push({ value, timestamp });
      this.#kept.set(start, elements);
    }
  }

  /** What an evictor takes out is gone also for the next firing. A window that it empties is still looked at, as in Flink. */
  fire(window: TimeWindow, _stays: boolean, emit: (content: Content) => void): void {
    const all: Elements<T> | undefined = this.#kept.get(window.start)?.slice();
    if (all === undefined) return;
    const context = this.#contextOf(window);
    const before = this.#evictor.evictBefore?.(all, context) ?? all;
    const { fold, empty } = this.#function;
    let content = empty();
    for (const { value } of before) content = fold.add(content, value, this.#opened);
    if (content !== undefined) emit(content);
    const after = this.#evictor.evictAfter?.(before, context) ?? before;
    if (after.length === 0) this.#kept.delete(window.start);
    else if (after !== all) this.#kept.set(window.start, after.slice());
  }

  purge({ start }: TimeWindow): void {
    this.#kept.delete(start);
  }

  drop({ start }: TimeWindow): void {
    this.#kept.delete(start);
  }

  merge(into: TimeWindow, merged: readonly TimeWindow[]): void {
    // A session that has only grown longer.
    if (merged.length === 1 && merged[0]?.start === into.start) return;
    const elements = merged.flatMap(({ start }) => this.#kept.get(start) ?? []);
    for (const { start } of merged) this.#kept.delete(start);
    if (elements.length > 0) this.#kept.set(into.start, elements);
  }

  #contextOf(window: TimeWindow): EvictorContext {
    return {
      window,
      currentWatermark: () => this.#keyed.timers.currentWatermark(),
      currentProcessingTime: () => this.#clock.now(),
    };
  }
}
