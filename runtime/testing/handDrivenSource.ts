/**
 * A source that a test fills by hand. What was pushed into a split is its log, as a partition of a message broker would
 * keep it: a position is a place in the log, so that a job that goes back to a checkpoint reads again what came after it.
 */
import { MIN_WATERMARK, type Timestamp } from '../operators/operator.ts';
import type {
  PollResult,
  Source,
  SourceContext,
  SplitPosition,
  SplitReader,
  WatermarkGenerator,
} from '../operators/source.ts';
import { TestKitError } from './testError.ts';

export type HandEvent =
  | { readonly kind: 'record'; readonly value: unknown; readonly timestamp: Timestamp }
  | { readonly kind: 'watermark'; readonly time: Timestamp }
  | { readonly kind: 'idle' }
  | { readonly kind: 'end' };

/** One split's log, as far as a savepoint did not leave it behind. */
export interface SavedLog {
  readonly split: string;
  /** Place of the first event in the log. */
  readonly from: number;
  readonly events: readonly HandEvent[];
}

export class HandLog {
  readonly split: string;
  readonly from: number;
  readonly events: HandEvent[];
  #ended: boolean;

  constructor(saved: SavedLog) {
    this.split = saved.split;
    this.from = saved.from;
    this.events = [...saved.events];
    this.#ended = saved.events.at(-1)?.kind === 'end';
  }

  get ended(): boolean {
    return this.#ended;
  }

  add(event: HandEvent): void {
    if (this.#ended) throw new TestKitError('Nothing can be pushed into an input that has ended.');
    this.#ended = event.kind === 'end';
    this.events.push(event);
  }

  saved(): SavedLog {
    return { split: this.split, from: this.from, events: [...this.events] };
  }
}

/** What a reader has told downstream up to its position. */
interface Told {
  readonly watermark: Timestamp;
  readonly idle: boolean;
}

/** How an event goes into the stream; answers whether records may follow in the same poll. */
export type Telling = (
  event: HandEvent | { readonly kind: 'active' },
  split: string,
  emit: (value: unknown, timestamp: Timestamp) => boolean,
) => boolean;

export class HandDrivenSource implements Source<unknown> {
  readonly name = 'by hand';
  /** It ends when its test says so. */
  readonly bounded = true;
  readonly logs: readonly HandLog[];
  readonly #tell: Telling;
  /** Of the present deployment, by subtask. */
  readonly #contexts = new Map<number, SourceContext>();
  readonly #owned = new Map<number, string[]>();
  readonly #readers = new Map<string, HandReader>();
  #lastOpened = '';

  constructor(logs: readonly HandLog[], tell: Telling) {
    this.logs = logs;
    this.#tell = tell;
  }

  /** The splits that a subtask reads. */
  ownedBy(subtaskIndex: number): readonly string[] {
    return this.#owned.get(subtaskIndex) ?? [];
  }

  /** Something was pushed. */
  wake(): void {
    for (const context of this.#contexts.values()) context.wake();
  }

  splits(context: SourceContext): readonly string[] {
    this.#contexts.set(context.subtaskIndex, context);
    this.#owned.set(context.subtaskIndex, []);
    return this.logs.map(({ split }) => split);
  }

  openSplit(split: string, from: SplitPosition | null, context: SourceContext): SplitReader<unknown> {
    const log = this.logs.find((candidate) => candidate.split === split);
    if (log === undefined) throw new TestKitError(`The input has no split "${split}".`);
    this.#owned.get(context.subtaskIndex)?.push(split);
    const reader = new HandReader(log, from, this.#tell);
    this.#readers.set(split, reader);
    this.#lastOpened = split;
    return reader;
  }

  /**
   * Watermarks as a test says them, where they otherwise come from a strategy of the pipeline. The engine asks for one
   * generator after each split that it has opened.
   */
  createGenerator(): WatermarkGenerator<unknown> {
    const reader = this.#readers.get(this.#lastOpened);
    return { onEvent() {}, currentWatermark: () => reader?.watermark ?? MIN_WATERMARK };
  }
}

class HandReader implements SplitReader<unknown> {
  readonly #log: HandLog;
  readonly #tell: Telling;
  #offset: number;
  #told: Told = { watermark: MIN_WATERMARK, idle: false };
  /** What a restored reader says again before it reads on. */
  readonly #again: HandEvent[] = [];

  constructor(log: HandLog, from: SplitPosition | null, tell: Telling) {
    this.#log = log;
    this.#tell = tell;
    this.#offset = from?.offset ?? log.from;
    if (from === null) return;
    this.#told = from.resume as Told;
    if (this.#told.watermark !== MIN_WATERMARK)
      this.#again.push({ kind: 'watermark', time: this.#told.watermark });
    if (this.#told.idle) this.#again.push({ kind: 'idle' });
  }

  /** The last one that was said. */
  get watermark(): Timestamp {
    return this.#told.watermark;
  }

  poll(emit: (value: unknown, timestamp: Timestamp) => boolean, budget: number): PollResult {
    const { split } = this.#log;
    for (let left = budget; left > 0; left--) {
      const again = this.#again.shift();
      if (again !== undefined) {
        if (!this.#tell(again, split, emit)) return { status: 'more' };
        continue;
      }
      const event = this.#log.events[this.#offset - this.#log.from];
      if (event === undefined) return { status: 'waiting', at: null };
      if (event.kind === 'record' && this.#told.idle) {
        // Before the record, so that it is behind the news downstream too.
        this.#told = { ...this.#told, idle: false };
        if (!this.#tell({ kind: 'active' }, split, emit)) return { status: 'more' };
        continue;
      }
      this.#offset++;
      if (event.kind === 'idle') this.#told = { ...this.#told, idle: true };
      if (event.kind === 'watermark')
        this.#told = { watermark: Math.max(event.time, this.#told.watermark), idle: false };
      const goesOn = this.#tell(event, split, emit);
      if (event.kind === 'end') return { status: 'finished' };
      if (!goesOn) return { status: 'more' };
    }
    return { status: 'more' };
  }

  position(): SplitPosition {
    const finished = this.#log.events[this.#offset - this.#log.from - 1]?.kind === 'end';
    return { offset: this.#offset, resume: this.#told, finished };
  }

  close(): void {}
}
