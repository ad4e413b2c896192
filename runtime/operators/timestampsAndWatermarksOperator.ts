/**
 * Event time in mid-stream, after Flink's operator of the same name: the records get other timestamps, and watermarks of
 * their own. Those of upstream end here, but for the last one, and so does its idleness: who is silent is decided by the
 * strategy.
 *
 * How far event time had come is in the state, as a source has it, so that a record that was late before a failure is
 * not on time after it. Which records come to which subtask may be another matter then: all begin where the slowest of
 * them was, because that is what downstream knew.
 */
import type { StateDeclaration } from '../state/declarations.ts';
import {
  MAX_WATERMARK,
  MIN_WATERMARK,
  type OperatorContext,
  type SnapshotContext,
  type StreamOperator,
  type Timestamp,
} from './operator.ts';
import type { WatermarkStrategy } from './source.ts';
import { SplitWatermarks } from './watermarks.ts';

interface SavedEventTime {
  /** Null before the first record. */
  readonly highestTimestamp: Timestamp | null;
  readonly watermark: Timestamp;
  /** It held nobody back. */
  readonly idle: boolean;
}

export const eventTimeState: StateDeclaration<SavedEventTime> = {
  name: 'event-time',
  type: 'operator-union',
  schemaVersion: 1,
};

/** The records of a subtask are read as one split. */
const SPLIT = 'input';

export class TimestampsAndWatermarksOperator implements StreamOperator {
  readonly #strategy: WatermarkStrategy<unknown>;
  readonly #watermarks: SplitWatermarks;
  #watermark = MIN_WATERMARK;
  #isIdle = false;
  /** It looked silent last time. Before that is said, the input gets a turn: records may wait there. */
  #isQuiet = false;
  #context!: OperatorContext;

  constructor(strategy: WatermarkStrategy<unknown>) {
    this.#strategy = strategy;
    this.#watermarks = new SplitWatermarks(strategy);
  }

  open(context: OperatorContext): void {
    this.#context = context;
    const saved = context.restoredOperatorState(eventTimeState) as readonly SavedEventTime[];
    this.#watermarks.add(SPLIT, slowestOf(saved), context.inputMs());
  }

  process(value: unknown, given: Timestamp): void {
    const { timestamp: timestampOf } = this.#strategy;
    const timestamp = timestampOf === null ? given : timestampOf(value);
    this.#watermarks.observe(SPLIT, timestamp, this.#context.inputMs());
    this.#watermarks.generatorOf(SPLIT)?.onEvent(value, timestamp);
    this.#context.output.collect(value, timestamp);
  }

  onWatermark(watermark: Timestamp): 'held' | undefined {
    return watermark === MAX_WATERMARK ? undefined : 'held';
  }

  onIdleness(): 'held' {
    return 'held';
  }

  advance(): boolean {
    const { watermark, idle } = this.#watermarks.read(this.#context.inputMs());
    const isIdle = idle && (this.#isQuiet || this.#isIdle);
    const becomes = isIdle === this.#isIdle ? null : isIdle ? 'idle' : 'active';
    const rises = watermark > this.#watermark;
    this.#isQuiet = idle;
    this.#isIdle = isIdle;
    this.#watermark = watermark;
    if (becomes === 'active') this.#context.emitIdleness('active');
    if (rises) this.#context.emitWatermark(watermark);
    if (becomes === 'idle') this.#context.emitIdleness('idle');
    return rises || becomes !== null;
  }

  wakeAt(): Timestamp | null {
    if (this.#isQuiet && !this.#isIdle) return this.#context.clock.now();
    const inputMs = this.#context.inputMs();
    const at = this.#watermarks.nextReadAt(inputMs);
    return at === null ? null : this.#context.clock.now() + at - inputMs;
  }

  snapshot(context: SnapshotContext): void {
    const saved: SavedEventTime = {
      highestTimestamp: this.#watermarks.highestOf(SPLIT),
      watermark: this.#watermarks.watermarkOf(SPLIT),
      idle: this.#isIdle,
    };
    context.putOperatorState(eventTimeState, [saved]);
  }
}

/** Null on a fresh start. */
function slowestOf(saved: readonly SavedEventTime[]): Omit<SavedEventTime, 'idle'> | null {
  if (saved.length === 0) return null;
  const active = saved.filter(({ idle }) => !idle);
  const counting = active.length > 0 ? active : saved;
  const highest = Math.min(...counting.map(({ highestTimestamp }) => highestTimestamp ?? MIN_WATERMARK));
  return {
    highestTimestamp: highest === MIN_WATERMARK ? null : highest,
    watermark: Math.min(...counting.map(({ watermark }) => watermark)),
  };
}
