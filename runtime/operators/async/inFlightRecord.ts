/** A record on its way through an `asyncMap`: it waits for its turn, is called for, perhaps several times, and is done. */
import type { StateDeclaration } from '../../state/declarations.ts';
import { MIN_WATERMARK, type Timestamp } from '../operator.ts';
import type { AsyncCall } from './asyncCall.ts';

type InFlightState =
  /** For one of those before it to leave. */
  | { readonly type: 'waiting' }
  | { readonly type: 'called'; readonly call: AsyncCall }
  /** To be called again. */
  | { readonly type: 'retrying'; readonly at: Timestamp }
  | { readonly type: 'done'; readonly result: unknown };

const waiting: InFlightState = Object.freeze({ type: 'waiting' });

export class InFlightRecord {
  readonly value: unknown;
  readonly timestamp: Timestamp;
  /** The watermark that it came behind. */
  readonly watermark: Timestamp;
  state: InFlightState = waiting;
  /** Calls so far. */
  attempts = 0;
  /** Clock.now() at which it has taken too long; Infinity: never. */
  deadline = Number.POSITIVE_INFINITY;

  constructor(value: unknown, timestamp: Timestamp, watermark: Timestamp) {
    this.value = value;
    this.timestamp = timestamp;
    this.watermark = watermark;
  }
}

/** Of records that have not left, done or not: they are called for anew. */
export interface SavedRecord {
  readonly value: unknown;
  readonly timestamp: Timestamp;
  readonly watermark: Timestamp;
}

export const inFlightDeclaration: StateDeclaration<SavedRecord> = {
  name: 'in-flight',
  type: 'operator-list',
  schemaVersion: 1,
};

/** How far each subtask's event time had come. */
export const eventTimeDeclaration: StateDeclaration<Timestamp> = {
  name: 'event-time',
  type: 'operator-union',
  schemaVersion: 1,
};

/** What event time was downstream of all subtasks; MIN_WATERMARK where nothing was restored. */
export function slowestOf(eventTimes: readonly Timestamp[]): Timestamp {
  return eventTimes.length === 0 ? MIN_WATERMARK : Math.min(...eventTimes);
}

/**
 * Who was in flight, in an order in which the watermarks that they came behind can go before them again: a record that was
 * late before a failure must not be on time after it. Nor the other way round, so a watermark of which downstream knew
 * nothing is not passed on, because another subtask was slower; and among records of several old subtasks those with
 * lower watermarks come first.
 */
export function restoredRecords(
  saved: readonly SavedRecord[],
  slowest: Timestamp,
): readonly InFlightRecord[] {
  return saved
    .map(({ value, timestamp, watermark }) => {
      return new InFlightRecord(value, timestamp, Math.min(watermark, slowest));
    })
    .sort((left, right) =>
      left.watermark < right.watermark ? -1 : left.watermark > right.watermark ? 1 : 0,
    );
}
