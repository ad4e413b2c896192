/**
 * The intake of a source: polls its splits in turn, makes watermarks, and puts barriers into the stream.
 *
 * Its state is union state: every subtask writes the positions of the splits it owns and reads all of them at restore,
 * so that ownership (splitDiscovery.ts) can follow any parallelism.
 */
import { assert, unreachable } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Barrier } from '../checkpoint/barrier.ts';
import {
  MAX_WATERMARK,
  MIN_WATERMARK,
  NO_TIMESTAMP,
  type Output,
  type SourcePosition,
} from '../operators/operator.ts';
import type {
  PollResult,
  Source,
  SourceContext,
  SplitPosition,
  SplitReader,
  WatermarkGenerator,
  WatermarkStrategy,
} from '../operators/source.ts';
import { type SplitState, splitsDeclaration } from '../operators/sourceState.ts';
import { SplitDiscovery } from '../operators/splitDiscovery.ts';
import { SplitWatermarks } from '../operators/watermarks.ts';
import { describeState } from '../state/declarations.ts';
import { BATCH_RECORDS_MAX } from './channels/frame.ts';
import { closeAll } from './closeAll.ts';
import type { FromWorker } from './control/messages.ts';
import { InFlight } from './inFlight.ts';
import type { Intake } from './intake.ts';
import { type MarkedOperator, type MarkingPlace, openDataFile } from './marking.ts';
import type { SubtaskMeter } from './meters.ts';
import { inOperator } from './operatorFailure.ts';
import type { Task } from './task.ts';
import type { AlignmentGroup } from './watermarkAlignment.ts';

interface OpenSplit {
  readonly id: string;
  readonly reader: SplitReader<unknown>;
  /** Not before this; null: when woken. */
  readyAt: number | null;
}

const TIMERS_AT_ONCE = 64;
/** While a split waits for other sources of its group; they do not know that they are waited for. */
const LOOKS_FOR_OTHERS_EVERY_MS = 20;

export class SourceIntake implements Intake {
  /** Of the source. */
  readonly uid: string;
  readonly #maxParallelism: number;
  readonly #source: Source<unknown>;
  readonly #context: SourceContext;
  readonly #restored: readonly SplitState[];
  readonly #strategy: WatermarkStrategy<unknown> | null;
  #discovery: SplitDiscovery | null = null;
  readonly #watermarks: SplitWatermarks;
  readonly #alignment: AlignmentGroup | null;
  #watermark = MIN_WATERMARK;
  readonly #entry: Output<unknown>;
  readonly #clock: Clock;
  readonly #meter: SubtaskMeter;
  readonly #send: (message: FromWorker) => void;
  readonly #triggers: Barrier[] = [];
  #task: Task | null = null;
  #splits: OpenSplit[] = [];
  /** Splits that this run or another has read to their end: remembered, so that they are not read again. */
  readonly #finished: SplitState[] = [];
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
    maxParallelism: number;
    source: Source<unknown>;
    context: SourceContext;
    restored: readonly SplitState[];
    strategy: WatermarkStrategy<unknown> | null;
    alignment: AlignmentGroup | null;
    entry: Output<unknown>;
    clock: Clock;
    meter: SubtaskMeter;
    send: (message: FromWorker) => void;
  }) {
    this.uid = options.uid;
    this.#maxParallelism = options.maxParallelism;
    this.#source = options.source;
    this.#context = options.context;
    this.#restored = options.restored;
    this.#strategy = options.strategy;
    this.#watermarks = new SplitWatermarks(options.strategy ?? { outOfOrdernessMs: 0, idleAfterMs: null });
    this.#alignment = options.alignment;
    this.#entry = options.entry;
    this.#clock = options.clock;
    this.#meter = options.meter;
    this.#send = options.send;
  }

  open(task: Task): void {
    this.#task = task;
    const saved = new Map(this.#restored.map((split) => [split.split, split]));
    const discovery = this.#guard(() => new SplitDiscovery(this.#source, this.#context));
    this.#discovery = discovery;
    for (const id of this.#guard(() => discovery.first(saved.keys()))) {
      const from = saved.get(id) ?? null;
      if (from?.position.finished === true) {
        this.#finished.push(from);
        continue;
      }
      this.#openSplit(id, from?.position ?? null);
      this.#watermarks.add(id, from, this.#inputMs());
    }
    // Event time goes on where it was, and whoever has no split says so, before any task takes a record: one that was late
    // before a failure must not be on time after it.
    this.#advanceWatermark();
  }

  /** Called by the engine when the reader asked for it (SourceContext.wake). */
  wake(): void {
    this.#woken = true;
  }

  control(isFree: boolean): boolean {
    const [barrier] = this.#triggers;
    // An aligned one too, though it queues behind what waits for room on one way: on the others somebody may wait for it,
    // with whom that way ends as well.
    if (barrier === undefined || !(isFree || barrier.unaligned)) return false;
    this.#triggers.shift();
    if (barrier.suspend) this.#suspendedBy = barrier.checkpointId;
    this.#send({
      type: 'barrier-injected',
      subtask: this.#running.id,
      checkpointId: barrier.checkpointId,
      at: this.#clock.now(),
    });
    this.#running.takeSnapshot(barrier, {
      startDelayMs: Math.max(0, this.#clock.now() - barrier.timestamp),
      alignmentMs: 0,
      inFlight: barrier.unaligned ? this.capture(barrier.checkpointId) : null,
    });
    return true;
  }

  step(): boolean {
    if (this.#ended || this.#suspendedBy !== null) return false;
    if (this.#draining) return this.#finish();
    if (!this.#running.chain.accepts()) return false;
    this.#discover();
    const now = this.#clock.now();
    const open = this.#splits;
    if (this.#woken) {
      // Every split: nobody says which one it was, and the first that has something ends the step.
      this.#woken = false;
      for (const split of open) split.readyAt = now;
    }
    let emitted = false;
    const allowed = this.#allowed();
    for (let tried = 0; tried < open.length && !emitted; tried++) {
      const split = open[this.#next % open.length] as OpenSplit;
      this.#next = (this.#next + 1) % open.length;
      if (!isReady(split, now)) continue;
      if (this.#isAhead(split, allowed)) this.#watermarks.hold(split.id, this.#inputMs());
      else emitted = this.#poll(split, allowed);
    }
    if (this.#source.bounded && this.#splits.length === 0) return this.#finish();
    this.#advanceWatermark();
    return emitted;
  }

  hasMore(): boolean {
    if (this.#ended || this.#suspendedBy !== null) return false;
    const now = this.#clock.now();
    const allowed = this.#allowed();
    return this.#splits.some((split) => isReady(split, now) && !this.#isAhead(split, allowed));
  }

  wakeAt(): number | null {
    if (this.#ended || this.#suspendedBy !== null) return null;
    if (this.#triggers.length > 0 || this.#woken || this.#draining) return this.#clock.now();
    const now = this.#clock.now();
    const inputMs = this.#inputMs();
    const readAt = this.#watermarks.nextReadAt(inputMs);
    let at = readAt === null ? null : now + readAt - inputMs;
    const lookAt = this.#discovery?.nextLookAtMs ?? null;
    if (lookAt !== null) {
      const due = now + lookAt - this.#clock.monotonicMs();
      if (at === null || due < at) at = due;
    }
    const allowed = this.#allowed();
    for (const split of this.#splits) {
      if (split.readyAt === null) continue;
      const due = this.#isAhead(split, allowed) ? now + LOOKS_FOR_OTHERS_EVERY_MS : split.readyAt;
      if (at === null || due < at) at = due;
    }
    return at;
  }

  trigger(barrier: Barrier): void {
    this.#triggers.push(barrier);
  }

  switchMode(): void {
    // A barrier begins here, and says itself what it is.
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
    this.#running.chain.notifyAborted(checkpointId);
  }

  controlAt(): number | null {
    return null;
  }

  capture(checkpointId: number): InFlight {
    return new InFlight(checkpointId, 0);
  }

  apply(effect: { readonly type: string }): void {
    throw new RangeError(`a source has no channels that could ${effect.type}`);
  }

  mark(place: MarkingPlace): MarkedOperator {
    const saved: SplitState[] = [
      ...this.#finished,
      ...this.#splits.map((split) => ({
        split: split.id,
        position: { ...this.#positionOf(split), finished: false },
        highestTimestamp: this.#watermarks.highestOf(split.id),
        ...this.#ownWatermark(split),
      })),
    ];
    const file = openDataFile(this.uid, this.#maxParallelism, [], place);
    file.writer.putOperatorState(describeState(splitsDeclaration), saved);
    return {
      uid: this.uid,
      maxParallelism: this.#maxParallelism,
      file,
      cursor: null,
      positions: this.positions(),
      chain: null,
      plan: { type: 'alone' },
    };
  }

  /** For people: manifests and screens. */
  positions(): SourcePosition[] {
    const late = this.#strategy?.outOfOrdernessMs ?? 0;
    const watermarkOf = (highest: number | null): number | null =>
      this.#strategy === null || highest === null ? null : highest - late - 1;
    return [
      ...this.#finished.map((saved) => ({
        split: saved.split,
        offset: saved.position.offset,
        watermark: watermarkOf(saved.highestTimestamp),
      })),
      ...this.#splits.map((split) => ({
        split: split.id,
        offset: this.#positionOf(split).offset,
        watermark: watermarkOf(this.#watermarks.highestOf(split.id)),
      })),
    ];
  }

  changedPositions(): { readonly operator: string; readonly positions: readonly SourcePosition[] } | null {
    if (this.#records === this.#reportedRecords && this.#ended === this.#reportedEnd) return null;
    this.#reportedRecords = this.#records;
    this.#reportedEnd = this.#ended;
    return { operator: this.uid, positions: this.positions() };
  }

  close(): void {
    const splits = this.#splits;
    this.#splits = [];
    closeAll(
      splits.map(
        ({ reader }) =>
          () =>
            this.#guard(() => reader.close()),
      ),
    );
  }

  get #running(): Task {
    assert(this.#task !== null, 'the intake is open');
    return this.#task;
  }

  /** What idleness is measured by. */
  #inputMs(): number {
    return this.#running.inputClock.nowMs();
  }

  #openSplit(id: string, from: SplitPosition | null): void {
    const reader = this.#guard(() => this.#source.openSplit(id, from, this.#context));
    this.#splits.push({ id, reader, readyAt: 0 });
  }

  /** Read to its end: nothing of it stays open, and only what is to be remembered is kept. */
  #endSplit(split: OpenSplit): void {
    const { id, reader } = split;
    const position = { ...this.#positionOf(split), finished: true };
    this.#finished.push({ split: id, position, highestTimestamp: this.#watermarks.highestOf(id) });
    this.#watermarks.end(id);
    this.#splits = this.#splits.filter((other) => other !== split);
    this.#guard(() => reader.close());
  }

  /**
   * A split that came later takes part from now on: it holds back what comes next, and what event time has passed already is
   * late in it too. Its own watermark begins there and is in the snapshot, so that it is as late after a restore.
   */
  #discover(): void {
    const found = this.#guard(() => this.#discovery?.look() ?? []);
    for (const id of found) {
      this.#openSplit(id, null);
      const begins = { highestTimestamp: null, watermark: this.#watermark };
      this.#watermarks.add(id, begins, this.#inputMs());
      this.#context.log('info', `split ${id} was found`);
    }
    if (found.length === 0 || this.#strategy !== null || !this.#idleSent) return;
    // Without a strategy nobody looks at idleness again, and this subtask was idle only for having no split.
    this.#running.chain.idleness('active');
    this.#idleSent = false;
  }

  #poll(split: OpenSplit, allowed: number): boolean {
    const { chain } = this.#running;
    const entry = this.#entry;
    const timestampOf = this.#strategy?.timestamp ?? null;
    const generator = this.#watermarks.generatorOf(split.id);
    let highest = NO_TIMESTAMP;
    let records = 0;
    const emit = (value: unknown, given = NO_TIMESTAMP): boolean => {
      const timestamp = timestampOf === null ? given : this.#timestamp(timestampOf, value);
      if (timestamp > highest) {
        highest = timestamp;
        if (this.#alignment !== null) this.#watermarks.observe(split.id, highest, this.#inputMs());
      }
      if (generator !== null) this.#observe(generator, value, timestamp);
      records++;
      entry.collect(value, timestamp);
      return !chain.overflowing && chain.accepts() && !this.#isAhead(split, allowed);
    };
    const result: PollResult = this.#guard(() => split.reader.poll(emit, BATCH_RECORDS_MAX));
    this.#records += records;
    this.#meter.set('recordsIn', this.#records);
    if (records > 0) this.#watermarks.observe(split.id, highest, this.#inputMs());
    switch (result.status) {
      case 'more':
        split.readyAt = 0;
        break;
      case 'waiting':
        split.readyAt = result.at;
        break;
      case 'finished':
        this.#endSplit(split);
        return true;
      default:
        unreachable(result);
    }
    return records > 0;
  }

  #advanceWatermark(): void {
    if (this.#strategy === null && this.#splits.length > 0) return;
    const { chain } = this.#running;
    const { watermark, idle } = this.#guard(() => this.#watermarks.read(this.#inputMs()));
    const silent = idle || this.#splits.length === 0;
    this.#alignment?.report(silent ? MAX_WATERMARK : watermark);
    if (this.#idleSent && !silent) chain.idleness('active');
    if (watermark > this.#watermark) {
      this.#watermark = watermark;
      this.#meter.set('watermark', watermark);
      chain.watermark(watermark);
    }
    if (!this.#idleSent && silent) chain.idleness('idle');
    this.#idleSent = silent;
    chain.walk(TIMERS_AT_ONCE);
  }

  #finish(): boolean {
    this.#ended = true;
    this.#meter.set('watermark', MAX_WATERMARK);
    this.#alignment?.report(MAX_WATERMARK);
    this.#running.chain.watermark(MAX_WATERMARK);
    this.#running.inputEnded();
    return true;
  }

  #positionOf(split: OpenSplit): SplitPosition {
    return this.#guard(() => split.reader.position());
  }

  /** Splits above this wait for the other sources of the group. */
  #allowed(): number {
    return this.#alignment?.allowed() ?? MAX_WATERMARK;
  }

  #isAhead(split: OpenSplit, allowed: number): boolean {
    return this.#alignment !== null && this.#watermarks.watermarkOf(split.id) > allowed;
  }

  /** Where a watermark cannot be told from the highest timestamp (a generator's, a later beginning) it is in the snapshot as well. */
  #ownWatermark(split: OpenSplit): { readonly watermark?: number } {
    const tells = this.#strategy?.createGenerator === undefined && this.#source.discoverEveryMs === undefined;
    if (this.#strategy === null || tells) return {};
    return { watermark: this.#watermarks.watermarkOf(split.id) };
  }

  #observe(generator: WatermarkGenerator<unknown>, value: unknown, timestamp: number): void {
    try {
      generator.onEvent(value, timestamp);
    } catch (error) {
      throw inOperator(error, this.uid, value, true);
    }
  }

  #timestamp(timestampOf: (value: unknown) => number, value: unknown): number {
    try {
      return timestampOf(value);
    } catch (error) {
      throw inOperator(error, this.uid, value, true);
    }
  }

  /** What a reader throws is named after the source. */
  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw inOperator(error, this.uid, null, false);
    }
  }
}

function isReady({ readyAt }: OpenSplit, now: number): boolean {
  return readyAt !== null && readyAt <= now;
}
