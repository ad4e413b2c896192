/**
 * A sink that keeps what it is given, as a test looks at it: what was written, at once and again after a failure, and
 * what was committed, once, when a checkpoint covers it.
 */
import type { Timestamp } from '../operators/operator.ts';
import type { Sink } from '../operators/sink.ts';

/** A record as it came out. */
export interface Emitted<T> {
  readonly value: T;
  /** Event time; -Infinity where the record has none. */
  readonly timestamp: Timestamp;
}

interface Portion {
  readonly id: string;
  readonly records: readonly Emitted<unknown>[];
}

export class Recording {
  readonly written: Emitted<unknown>[] = [];
  readonly committed: Emitted<unknown>[] = [];
  /** Of portions, also of those that a run before this one has committed. */
  readonly committedIds: Set<string>;

  constructor(committedBefore: Iterable<string> = []) {
    this.committedIds = new Set(committedBefore);
  }

  /** Also twice: a portion that is restored was perhaps committed before. */
  commit(portion: Portion): void {
    if (this.committedIds.has(portion.id)) return;
    this.committedIds.add(portion.id);
    this.committed.push(...portion.records);
  }
}

/** A recording as a test reads it. */
export class RecordedSink<T> {
  readonly #recording: Recording;

  /** For Sluice itself; a test gets it from `run.sink`. */
  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /** Everything that came, at once: what a sink that is at-least-once would have told the world. */
  get written(): readonly T[] {
    return this.#recording.written.map(({ value }) => value as T);
  }

  /** What a checkpoint covers, each record once: what a sink that is exactly-once would have told the world. */
  get committed(): readonly T[] {
    return this.#recording.committed.map(({ value }) => value as T);
  }

  /** What came, with event time. */
  get emitted(): readonly Emitted<T>[] {
    return this.#recording.written as readonly Emitted<T>[];
  }
}

export function recordingSink(recording: Recording): Sink<unknown, Portion> {
  return {
    name: 'recording',
    guarantee: 'exactly-once',
    createWriter() {
      let records: Emitted<unknown>[] = [];
      let owner = '';
      let next = 0;
      return {
        open(context) {
          owner = `${context.runId}/${context.attempt}/${context.subtaskIndex}`;
        },
        write(value, timestamp) {
          const record = { value, timestamp };
          records.push(record);
          recording.written.push(record);
        },
        prepareCommit() {
          if (records.length === 0) return [];
          const portion = { id: `${owner}/${next++}`, records };
          records = [];
          return [portion];
        },
        writerState: () => null,
        close() {},
      };
    },
    createCommitter: () => {
      const commit = (portions: readonly Portion[]) => {
        for (const portion of portions) recording.commit(portion);
      };
      return { recover: (_context, pending) => commit(pending), commit };
    },
  };
}
