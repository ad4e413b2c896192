/**
 * The contract of a source. A source is a list of splits (files, partitions, generator lanes), each read in order with
 * its own offset. Every subtask knows all splits and owns some: the one at place k of the sorted ids belongs to
 * subtask k mod parallelism. The state of a source is union state: every subtask restores all positions and keeps
 * its own, so another parallelism needs nothing special.
 */
import type { Clock } from '../base/clock.ts';
import type { FileAccess } from './files.ts';
import type { Timestamp } from './operator.ts';

/** What a reader needs to go on: plain data, written into snapshots. `offset` counts records read. */
export interface SplitPosition {
  readonly offset: number;
  /** Whatever the reader needs to find the place again: a byte position, a seed state. */
  readonly resume: unknown;
  readonly finished: boolean;
}

export interface SourceContext {
  readonly uid: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly files: FileAccess;
  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
  /** Asks the engine to poll again, for readers that are fed by callbacks. May be called between any two polls. */
  wake(): void;
}

export type PollResult =
  /** There may be more at once. */
  | { readonly status: 'more' }
  /** Nothing now. Poll again at `at` (Clock.now()) or when woken. */
  | { readonly status: 'waiting'; readonly at: number | null }
  /** Bounded and read to its end. */
  | { readonly status: 'finished' };

export interface SplitReader<T> {
  /**
   * Emits up to `budget` records in order and returns without waiting. `emit` answers false when the outputs are full:
   * the record was taken, but the reader returns `more` at once.
   */
  poll(emit: (value: T, timestamp: Timestamp) => boolean, budget: number): PollResult;
  /** After the last emitted record. */
  position(): SplitPosition;
  close(): void;
}

export interface Source<T> {
  readonly name: string;
  readonly bounded: boolean;
  /** All splits now. Called once a deployment, in every subtask, and must answer the same in each. A missing file is a SourceError. */
  splits(context: SourceContext): readonly string[];
  /** `from` is null on a fresh start of this split. */
  openSplit(split: string, from: SplitPosition | null, context: SourceContext): SplitReader<T>;
  /** A record as they will come, where one is at hand: key selectors are tried on it before anything runs. */
  example?(): T | undefined;
  /** Files that must exist before the job starts, so that a missing one is one clear sentence. */
  readonly requiredFiles?: readonly string[];
}

/** Something is wrong with what is read, not with the code: a missing file, a line that is no JSON. */
export class SourceError extends Error {
  override name = 'SourceError';
}

/** How event time is found in a source's records. */
export interface WatermarkStrategy<T> {
  /** Event time of a record; null keeps the one that the source gave. */
  readonly timestamp: ((value: T) => Timestamp) | null;
  /** The watermark trails the highest timestamp of a split by this. Not asked where there is a generator. */
  readonly outOfOrdernessMs: number;
  /** Makes the watermarks of one split instead, from what its records say. */
  readonly createGenerator?: () => WatermarkGenerator<T>;
  /** A split that is silent this long no longer holds the watermark back; null: never. */
  readonly idleAfterMs: number | null;
  /** Sources of one group wait for each other; absent: for nobody. */
  readonly alignment?: WatermarkAlignment;
}

/** Watermarks of an author's own, per split (Flink's WatermarkGenerator). */
export interface WatermarkGenerator<T> {
  /** After each record of the split, in order. */
  onEvent(value: T, timestamp: Timestamp): void;
  /**
   * No record with a timestamp up to this will come; −Infinity while nothing can be said. Asked after every few records,
   * and a few times a second while none come; what goes backwards is not taken.
   */
  currentWatermark(): Timestamp;
}

export interface WatermarkAlignment {
  readonly group: string;
  /** A split further ahead than this of the slowest source of the group is not read for a while. */
  readonly maxDriftMs: number;
}
