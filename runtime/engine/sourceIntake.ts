/**
 * The intake of a source: polls its splits in turn, makes watermarks, and puts barriers into the stream.
 *
 * Its state is union state: every subtask writes the positions of the splits it owns and reads all of them at restore,
 * so that ownership (place k of the sorted ids belongs to subtask k mod parallelism) can follow any parallelism.
 */
import { assert, unreachable } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Barrier } from '../checkpoint/barrier.ts';
import { MAX_WATERMARK, type Output, type SourcePosition } from '../operators/operator.ts';
import type { PollResult, Source, SourceContext, SplitPosition, SplitReader } from '../operators/source.ts';
import type { SourceWatermarks } from '../operators/watermarks.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import { BATCH_RECORDS_MAX } from './channels/frame.ts';
import type { FromWorker } from './control/messages.ts';
import type { Intake } from './intake.ts';
import { markOperatorState } from './marking.ts';
import type { SubtaskMeter } from './meters.ts';
import { inOperator } from './operatorFailure.ts';
import type { MarkedOperator } from './snapshotRun.ts';
import type { Task } from './task.ts';

/** The state of every source, under this name in every snapshot. */
export const splitsState: StateDeclaration<SavedSplit> = { name: 'splits', type: 'operator-union', schemaVersion: 1 };

export interface SavedSplit {
  readonly split: string;
  readonly position: SplitPosition;
  readonly watermark: number | null;
}

interface OpenSplit {
  readonly id: string;
  readonly reader: SplitReader<unknown>;
  finished: boolean;
  /** Not before this; null: when woken. */
  readyAt: number | null;
}

export class SourceIntake implements Intake {
  readonly #uid: string;
  readonly #source: Source<unknown>;
  readonly #context: SourceContext;
  readonly #restored: readonly SavedSplit[];
  readonly #watermarks: SourceWatermarks;
  readonly #entry: Output<unknown>;
  readonly #clock: Clock;
  readonly #meter: SubtaskMeter;
  readonly #send: (message: FromWorker) => void;
  readonly #triggers: Barrier[] = [];
  #task: Task | null = null;
  #splits: OpenSplit[] = [];
  /** Splits that another run had finished: kept, so that they are not read again. */
  #alreadyFinished: SavedSplit[] = [];
  #next = 0;
  #records = 0;
  /** The checkpoint behind whose barrier nothing is emitted until it is decided (stop with savepoint). */
  #suspendedBy: number | null = null;
  #draining = false;
  #ended = false;
  #woken = false;
  #idleSent = false;
  #reportedRecords = -1;
  #reportedEnd = false;

  constructor(options: {
    uid: string;
    source: Source<unknown>;
    context: SourceContext;
    restored: readonly SavedSplit[];
    watermarks: SourceWatermarks;
    entry: Output<unknown>;
    clock: Clock;
    meter: SubtaskMeter;
    send: (message: FromWorker) => void;
  }) {
    this.#uid = options.uid;
    this.#source = options.source;
    this.#context = options.context;
    this.#restored = options.restored;
    this.#watermarks = options.watermarks;
    this.#entry = options.entry;
    this.#clock = options.clock;
    this.#meter = options.meter;
    this.#send = options.send;
  }

  open(task: Task): void {
    this.#task = task;
    const saved = new Map(this.#restored.map((split) => [split.split, split]));
    const ids = this.#guard(() => [...new Set([...saved.keys(), ...this.#source.splits(this.#context)])].sort());
    const { subtaskIndex, parallelism } = this.#context;
    for (const id of ids.filter((_id, place) => place % parallelism === subtaskIndex)) {
      const from = saved.get(id) ?? null;
      if (from?.position.finished === true) {
        this.#alreadyFinished.push(from);
        continue;
      }
      const reader = this.#guard(() => this.#source.openSplit(id, from?.position ?? null, this.#context));
      this.#splits.push({ id, reader, finished: false, readyAt: 0 });
      this.#watermarks.open(id, from?.watermark ?? null, this.#clock.now());
    }
  }

  /** Called by the engine when the reader asked for it (SourceContext.wake). */
  wake(): void {
    this.#woken = true;
  }

  control(): boolean {
    const barrier = this.#triggers.shift();
    if (barrier === undefined) return false;
    if (barrier.suspend) this.#suspendedBy = barrier.checkpointId;
    this.#send({ type: 'barrier-injected', subtask: this.#running.id, checkpointId: barrier.checkpointId, at: this.#clock.now() });
    this.#running.takeSnapshot(barrier, { startDelayMs: Math.max(0, this.#clock.now() - barrier.timestamp), alignmentMs: 0 });
    return true;
  }

  step(): boolean {
    if (this.#ended || this.#suspendedBy !== null) return false;
    if (this.#draining) return this.#finish();
    const now = this.#clock.now();
    const open = this.#splits;
    let emitted = false;
    for (let tried = 0; tried < open.length && !emitted; tried++) {
      const split = open[this.#next % open.length] as OpenSplit;
      this.#next = (this.#next + 1) % open.length;
      if (split.finished) continue;
      if (!this.#woken && (split.readyAt === null || split.readyAt > now)) continue;
      emitted = this.#poll(split, now);
    }
    this.#woken = false;
    this.#advanceWatermark(now);
    if (this.#source.bounded && open.every((split) => split.finished)) return this.#finish();
    return emitted;
  }

  wakeAt(): number | null {
    if (this.#ended || this.#suspendedBy !== null) return null;
    if (this.#triggers.length > 0 || this.#woken || this.#draining) return this.#clock.now();
    let at = this.#watermarks.nextIdleAt();
    for (const split of this.#splits) {
      if (!split.finished && split.readyAt !== null && (at === null || split.readyAt < at)) at = split.readyAt;
    }
    return at;
  }

  trigger(barrier: Barrier): void {
    this.#triggers.push(barrier);
  }

  drain(): void {
    this.#draining = true;
  }

  completed(): void {
    // A job that was suspended by a checkpoint ends after it: nothing goes on here.
  }

  aborted(checkpointId: number): void {
    const queued = this.#triggers.findIndex((barrier) => barrier.checkpointId === checkpointId);
    if (queued >= 0) this.#triggers.splice(queued, 1);
    if (this.#suspendedBy === checkpointId) this.#suspendedBy = null;
  }

  apply(effect: { readonly type: string }): void {
    throw new RangeError(`a source has no channels that could ${effect.type}`);
  }

  mark(_barrier: Barrier): MarkedOperator {
    const saved: SavedSplit[] = [
      ...this.#alreadyFinished,
      ...this.#splits.map((split) => ({
        split: split.id,
        position: { ...split.reader.position(), finished: split.finished },
        watermark: this.#watermarks.of(split.id),
      })),
    ];
    return {
      uid: this.#uid,
      cursor: null,
      operatorStates: [markOperatorState(this.#uid, splitsState, saved)],
      positions: this.positions(),
    };
  }

  /** For people: manifests and screens. */
  positions(): SourcePosition[] {
    return [
      ...this.#alreadyFinished.map((saved) => ({ split: saved.split, offset: saved.position.offset, watermark: finite(saved.watermark) })),
      ...this.#splits.map((split) => ({ split: split.id, offset: split.reader.position().offset, watermark: finite(this.#watermarks.of(split.id)) })),
    ];
  }

  changedPositions(): { readonly operator: string; readonly positions: readonly SourcePosition[] } | null {
    if (this.#records === this.#reportedRecords && this.#ended === this.#reportedEnd) return null;
    this.#reportedRecords = this.#records;
    this.#reportedEnd = this.#ended;
    return { operator: this.#uid, positions: this.positions() };
  }

  close(): void {
    for (const split of this.#splits) split.reader.close();
    this.#splits = [];
  }

  get #running(): Task {
    assert(this.#task !== null, 'the intake is open');
    return this.#task;
  }

  #poll(split: OpenSplit, now: number): boolean {
    const { chain } = this.#running;
    const before = this.#records;
    const emit = (value: unknown, timestamp: number): boolean => {
      this.#records++;
      this.#entry.collect(value, this.#watermarks.record(split.id, value, timestamp, now));
      return !chain.overflowing;
    };
    const result: PollResult = this.#guard(() => split.reader.poll(emit, BATCH_RECORDS_MAX));
    this.#meter.set('recordsIn', this.#records);
    switch (result.status) {
      case 'more':
        split.readyAt = 0;
        break;
      case 'waiting':
        split.readyAt = result.at;
        break;
      case 'finished':
        split.finished = true;
        this.#watermarks.finish(split.id);
        return true;
      default:
        unreachable(result);
    }
    return this.#records > before;
  }

  #advanceWatermark(now: number): void {
    const result = this.#watermarks.advance(now);
    if (result.watermark !== null) {
      this.#idleSent = false;
      this.#meter.set('watermark', result.watermark);
      this.#running.chain.watermark(result.watermark);
      this.#running.chain.walk(64);
    }
    if (result.idle && !this.#idleSent) for (const edge of this.#running.chain.edges) edge.control({ kind: 'idle' });
    this.#idleSent = result.idle;
  }

  #finish(): boolean {
    this.#ended = true;
    this.#meter.set('watermark', MAX_WATERMARK);
    this.#running.chain.watermark(MAX_WATERMARK);
    this.#running.inputEnded();
    return true;
  }

  /** What a reader throws is named after the source. */
  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw inOperator(error, this.#uid, null, false);
    }
  }
}

const finite = (time: number | null): number | null => (time === null || !Number.isFinite(time) ? null : time);
