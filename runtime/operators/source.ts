/**
 * The contract of a source. A source is a list of splits (files, partitions, generator lanes), each read in order with
 * its own offset. Every subtask lists all splits and reads those that are its own (splitDiscovery.ts says which). The
 * state of a source is union state: every subtask restores all positions and keeps its own, so another parallelism
 * needs nothing special.
 *
 * A reader is synchronous. One that is fed from outside (a socket, a request) keeps what came in an inbox with a bound, lets
 * `poll` hand it out, and calls `context.wake()` from its callbacks; these come between two records, never inside a call.
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

/** What a source is handed, in each subtask. */
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

/** Reads one split. */
export interface SplitReader<T> {
  /**
   * Emits up to `budget` records in order and returns without waiting. `emit` answers false when the outputs are full:
   * the record was taken, but the reader returns `more` at once. `timestamp`: where the source knows the event time itself,
   * as that of a message in a log.
   */
  poll(emit: (value: T, timestamp?: Timestamp) => boolean, budget: number): PollResult;
  /** After the last emitted record. Encoded before the next poll, so that what it holds may go on changing afterwards. */
  position(): SplitPosition;
  /** Leaves nothing open; also called after a failure, once. */
  close(): void;
}

export interface Source<T> {
  readonly name: string;
  /** It ends by itself: when all its splits are finished. */
  readonly bounded: boolean;
  /**
   * All splits now. Without `discoverEveryMs` this is called once a deployment, in every subtask, and must answer the same in
   * each; with it, again and again, in each subtask at moments of its own. A missing file is a SourceError.
   */
  splits(context: SourceContext): readonly string[];
  /**
   * Splits may come while the job runs (a new file, a new partition): `splits` is asked again after this time, and a split that
   * was not there before is read from its start. One that is no longer listed is still read to its end; a finished one is
   * never read again. Above zero, and only where `bounded` is false.
   */
  readonly discoverEveryMs?: number;
  /** `from` is null where no snapshot knows the split: it is read from its start. */
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
