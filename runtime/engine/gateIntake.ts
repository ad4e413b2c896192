/**
 * The intake of a task with input channels: reads frames through the gate and hands records to the head of the chain,
 * control frames to the barrier handler and the watermark coalescer.
 *
 * A batch is worked off record by record with a look at the clock now and then, and the rest is kept for the next step:
 * a slow operator lets its thread's other tasks run, and control is handled between any two of its records.
 *
 * Where barriers may overtake, announcements are looked at before every frame (C4) and in every turn of the task, whatever
 * waits for room. After a restore what was in flight is replayed first, through a gate of its own (`replay.ts`); until it is
 * through nothing is taken from the channels, announcements included, so a checkpoint waits for it.
 */
import { assert, unreachable } from '../base/assert.ts';
import { type Clock, momentOf } from '../base/clock.ts';
import type { Barrier } from '../checkpoint/barrier.ts';
import type { BarrierHandler, HandlerMemory } from '../checkpoint/barrierHandler.ts';
import type { CheckpointMode } from '../checkpoint/checkpointMode.ts';
import { type WatermarkChange, WatermarkCoalescer } from '../operators/watermarks.ts';
import type { ChannelCapture } from './channelCapture.ts';
import type { DataFrame, Frame } from './channels/frame.ts';
import type { FromWorker } from './control/messages.ts';
import { type InFlight, restOf } from './inFlight.ts';
import type { GateChannel, InputGate } from './inputGate.ts';
import type { Intake } from './intake.ts';
import type { SubtaskMeter } from './meters.ts';
import type { ChainLink } from './operatorChain.ts';
import type { Replay } from './replay.ts';
import type { GateEffect, Task } from './task.ts';

/** A step ends when it has taken this long. */
const STEP_MS = 1;
/** The clock is looked at after 1, 2, 4, … records, at last every so many. */
const RECORDS_BETWEEN_LOOKS_MAX = 256;
/** Frames in one step, so that a flood of control frames is bounded too. */
const FRAMES_PER_STEP = 64;
/** Timers fired where the watermark comes in; the rest in the steps that follow. */
const TIMERS_AT_ONCE = 64;

/** How a task with channels meets barriers in a mode. `memory`: of the handler before; `capture` null: none overtakes here. */
export type Receiving = (
  mode: CheckpointMode,
  memory: HandlerMemory | null,
) => { readonly handler: BarrierHandler; readonly capture: ChannelCapture | null };

export class GateIntake implements Intake {
  #gate: InputGate;
  /** The channels' own gate, while `#gate` replays what was in flight. */
  #afterReplay: InputGate | null = null;
  #handler: BarrierHandler;
  #watermarks: WatermarkCoalescer;
  /** Null: no barrier overtakes anything here. */
  #capture: ChannelCapture | null;
  readonly #receiving: Receiving;
  readonly #head: ChainLink;
  readonly #clock: Clock;
  readonly #meter: SubtaskMeter;
  readonly #send: (message: FromWorker) => void;
  #task: Task | null = null;
  /** The batch that is being worked off. */
  #batch: DataFrame | null = null;
  #cursor = 0;
  #channel: GateChannel | null = null;
  #recordsIn = 0;
  /** From the coordinator, which overtakes what is still in the channels: they wait for the end of all of these. */
  readonly #triggers: Barrier[] = [];
  /** Channels whose barrier has overtaken: its frame, when it comes, is no news. */
  readonly #overtaken = new Map<GateChannel, number>();
  /** The handler's timer: monotonic; null: it is not armed. */
  #timeoutAt: number | null = null;

  constructor(options: {
    gate: InputGate;
    receiving: Receiving;
    mode: CheckpointMode;
    /** What was in flight; null: nothing. */
    replay: Replay | null;
    head: ChainLink;
    clock: Clock;
    meter: SubtaskMeter;
    send: (message: FromWorker) => void;
  }) {
    this.#gate = options.replay?.gate ?? options.gate;
    this.#afterReplay = options.replay === null ? null : options.gate;
    this.#receiving = options.receiving;
    const { handler, capture } = options.receiving(options.mode, null);
    this.#handler = handler;
    this.#capture = capture;
    this.#watermarks = options.replay?.watermarks ?? new WatermarkCoalescer(options.gate.channels.length);
    this.#head = options.head;
    this.#clock = options.clock;
    this.#meter = options.meter;
    this.#send = options.send;
  }

  open(task: Task): void {
    this.#task = task;
    // Event time goes on where it was at the cut; timers that had not fired yet do.
    if (this.#afterReplay !== null) this.#advance(this.#watermarks.begin());
  }

  control(): boolean {
    if (this.#capture === null || this.#afterReplay !== null) return false;
    let acted = false;
    for (let place = 0; place < this.#gate.channels.length; place++) acted = this.#look(place) || acted;
    if (this.#timeoutAt === null || this.#clock.monotonicMs() < this.#timeoutAt) return acted;
    this.#timeoutAt = null;
    this.#running.apply(this.#handler.timeout(momentOf(this.#clock)));
    return true;
  }

  controlAt(): number | null {
    return this.#timeoutAt === null ? null : this.#clock.now() + this.#timeoutAt - this.#clock.monotonicMs();
  }

  step(): boolean {
    const until = this.#clock.monotonicMs() + STEP_MS;
    let frames = 0;
    let progressed = false;
    while (true) {
      if (this.#batch === null) {
        const place = this.#gate.select();
        if (place < 0) {
          progressed = this.#endReplay() || progressed;
          break;
        }
        if (frames++ === FRAMES_PER_STEP) break;
        progressed = true;
        if (this.#look(place)) {
          if (this.#chain.overflowing) break;
          continue;
        }
        const goesOn = this.#take(place);
        if (!goesOn) break;
        continue;
      }
      // A batch waits here. Until there is one, what comes between records is taken: a barrier need not wait.
      if (!this.#chain.accepts()) break;
      progressed = true;
      this.#work(until);
      if (this.#batch !== null || this.#clock.monotonicMs() >= until) break;
      if (!this.#chain.hasRoom()) break;
    }
    this.#meter.set('recordsIn', this.#recordsIn);
    return progressed;
  }

  hasMore(): boolean {
    return this.#batch !== null || this.#afterReplay !== null || this.#gate.hasReadable();
  }

  wakeAt(): number | null {
    return null;
  }

  trigger(barrier: Barrier): void {
    // At once, it would make an older barrier that has not been read yet obsolete.
    if (this.#gate.allEnded) this.#running.apply(this.#handler.trigger(barrier, momentOf(this.#clock)));
    else this.#triggers.push(barrier);
  }

  drain(): void {
    // Only sources drain; the end of the input arrives here through the channels.
  }

  completed(): void {
    // An operator has nothing to resume.
  }

  aborted(checkpointId: number): void {
    this.#running.apply(this.#handler.abort(checkpointId, momentOf(this.#clock)));
  }

  switchMode(mode: CheckpointMode): void {
    const { effects, memory } = this.#handler.retire(momentOf(this.#clock));
    this.#running.apply(effects);
    const { handler, capture } = this.#receiving(mode, memory);
    this.#handler = handler;
    this.#capture = capture;
    this.#timeoutAt = null;
  }

  apply(effect: GateEffect): void {
    switch (effect.type) {
      case 'block':
        this.#gate.block(effect.channel);
        break;
      case 'release':
        this.#gate.release(effect.channels);
        break;
      case 'first-barrier':
        break;
      case 'arm-timer':
        this.#timeoutAt = this.#clock.monotonicMs() + effect.delayMs;
        break;
      case 'clear-timer':
        this.#timeoutAt = null;
        break;
      case 'overtake':
        this.#arrived(this.#gate.channels[effect.channel] as GateChannel, effect.checkpointId);
        this.#overtaken.set(this.#gate.channels[effect.channel] as GateChannel, effect.checkpointId);
        this.#capturing.apply(effect, this.#underWay());
        break;
      case 'capture':
      case 'capture-end':
      case 'capture-stop':
      case 'channel-state-complete':
        this.#capturing.apply(effect, this.#underWay());
        break;
      default:
        unreachable(effect);
    }
  }

  capture(checkpointId: number): InFlight {
    return this.#capturing.cut(checkpointId, this.#watermarks);
  }

  mark(): null {
    return null;
  }

  changedPositions(): null {
    return null;
  }

  close(): void {
    this.#batch = null;
  }

  get #running(): Task {
    assert(this.#task !== null, 'the intake is open');
    return this.#task;
  }

  get #capturing(): ChannelCapture {
    assert(this.#capture !== null, 'nothing is overtaken where everything is aligned');
    return this.#capture;
  }

  get #chain(): Task['chain'] {
    return this.#running.chain;
  }

  /** One frame; false when the step has to end here, because a walk or an end follows. */
  #take(place: number): boolean {
    const channel = this.#gate.channels[place] as GateChannel;
    const frame = channel.reader.take() as Frame;
    this.#capture?.took(place, frame);
    switch (frame.kind) {
      case 'data':
        this.#batch = frame;
        this.#cursor = 0;
        this.#channel = channel;
        return true;
      case 'barrier': {
        const { barrier } = frame;
        channel.meter.tookBarrier(barrier.checkpointId);
        if (this.#overtaken.get(channel) !== barrier.checkpointId)
          this.#arrived(channel, barrier.checkpointId);
        this.#running.apply(this.#handler.barrier(place, barrier, momentOf(this.#clock)));
        return !this.#chain.overflowing;
      }
      case 'cancel':
        this.#running.apply(this.#handler.cancellation(frame.checkpointId, momentOf(this.#clock)));
        return true;
      case 'watermark':
        this.#advance(this.#watermarks.onWatermark(place, frame.time));
        return !this.#chain.walking;
      case 'idle':
        this.#advance(this.#watermarks.onIdle(place));
        return !this.#chain.walking;
      case 'active':
        this.#advance(this.#watermarks.onActive(place));
        return !this.#chain.walking;
      case 'end':
        this.#end(place, channel);
        return false;
    }
  }

  /** An announcement on that channel; answers whether there was one. */
  #look(place: number): boolean {
    if (this.#afterReplay !== null) return false;
    const found = this.#capture?.announced(place) ?? null;
    if (found === null) return false;
    this.#running.apply(this.#handler.announcement(place, found.barrier, momentOf(this.#clock)));
    return true;
  }

  #arrived(channel: GateChannel, checkpointId: number): void {
    this.#send({
      type: 'barrier-arrived',
      subtask: this.#running.id,
      checkpointId,
      channel: channel.reader.channel,
      at: this.#clock.now(),
    });
  }

  /** What is left of the batch that is being worked off. */
  #underWay(): { readonly place: number; readonly rest: DataFrame } | null {
    if (this.#batch === null || this.#channel === null) return null;
    const place = this.#gate.channels.indexOf(this.#channel);
    return { place, rest: restOf(this.#batch, this.#cursor) };
  }

  /** Everything that was in flight is through: the channels' turn. */
  #endReplay(): boolean {
    if (this.#afterReplay === null) return false;
    this.#gate = this.#afterReplay;
    this.#afterReplay = null;
    this.#watermarks = new WatermarkCoalescer(this.#gate.channels.length, this.#watermarks.reading);
    return true;
  }

  #end(place: number, channel: GateChannel): void {
    this.#gate.end(place);
    this.#running.apply(this.#handler.end(place, momentOf(this.#clock)));
    if (this.#gate.allEnded) for (const barrier of this.#triggers.splice(0)) this.trigger(barrier);
    if (this.#gate.inputEnded(channel.input)) this.#chain.endInput(channel.input);
    if (this.#gate.allEnded) this.#running.inputEnded();
    else this.#advance(this.#watermarks.onEnd(place));
  }

  #advance(changes: readonly WatermarkChange[]): void {
    for (const change of changes) {
      if (change.type === 'watermark') {
        this.#meter.set('watermark', change.watermark);
        this.#chain.watermark(change.watermark);
      } else {
        this.#chain.idleness(change.type);
      }
    }
    this.#chain.walk(TIMERS_AT_ONCE);
  }

  #work(until: number): void {
    const batch = this.#batch as DataFrame;
    const { input, keyOf, meter } = this.#channel as GateChannel;
    const { values, timestamps } = batch;
    const head = this.#head;
    const { selective } = this.#chain;
    const from = this.#cursor;
    let cursor = from;
    let nextLook = from + 1;
    let stride = 1;
    while (cursor < values.length) {
      head.receive(values[cursor], timestamps[cursor] as number, input, keyOf);
      cursor++;
      if (selective && !this.#chain.accepts()) break;
      if (cursor === nextLook) {
        if (this.#chain.overflowing || this.#clock.monotonicMs() >= until) break;
        if (stride < RECORDS_BETWEEN_LOOKS_MAX) stride *= 2;
        nextLook = cursor + stride;
      }
    }
    this.#cursor = cursor;
    this.#recordsIn += cursor - from;
    meter.readRecords(cursor - from);
    if (cursor === values.length) {
      this.#batch = null;
      this.#channel = null;
    }
  }
}
