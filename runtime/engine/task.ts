/**
 * A subtask: an intake (a source, or the gate of its input channels), a chain of operators, and output edges.
 *
 * `step()` does a bounded piece of work and never waits. What it does, in this order:
 * - T1. What waits for room downstream goes first; until it is gone nothing else is taken (backpressure), except a barrier
 *   that overtakes.
 * - T2. A watermark that is being walked down the chain is finished before the next input.
 * - T3. Triggers, notifications and timers are handled only here, between two records.
 * - T4. On a barrier, as one step between two records: operators send on what must go before it, the barrier goes into
 *   every output, the snapshot is marked (M4). Writing the snapshot is not part of the step.
 */

import type { Clock } from '../base/clock.ts';
import type { Barrier, CheckpointFailureReason } from '../checkpoint/barrier.ts';
import type { BarrierEffect } from '../checkpoint/barrierHandler.ts';
import type { CheckpointMode } from '../checkpoint/checkpointMode.ts';
import type { SnapshotFiles } from '../checkpoint/storage.ts';
import type { SourcePosition } from '../operators/operator.ts';
import { closeAll } from './closeAll.ts';
import { type FromWorker, type SubtaskId, subtaskName } from './control/messages.ts';
import { InFlight } from './inFlight.ts';
import type { InputClock } from './inputClock.ts';
import type { Intake } from './intake.ts';
import { type Deferred, letGo, type MarkedOperator, markLink } from './marking.ts';
import type { SubtaskMeter } from './meters.ts';
import { subtaskStatusNames } from './metricsTable.ts';
import type { OperatorChain } from './operatorChain.ts';
import type { OperatorMetrics } from './operatorMetrics.ts';
import { SnapshotRun } from './snapshotRun.ts';

/** `waiting`: for something that an operator has under way beside its input; it takes no more until then. */
export type StepResult = 'progressed' | 'idle' | 'waiting' | 'backpressured' | 'closed';

/** Timers fired in one step. */
const TIMERS_PER_STEP = 512;

/**
 * The asynchronous part of snapshots gets this much of each turn. Slices are small, and there is at least one for every key
 * group that has state: one a turn would take minutes where another task of the thread makes turns long.
 */
const SNAPSHOT_MS = 1;

export interface TaskOptions {
  readonly id: SubtaskId;
  readonly chain: OperatorChain;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly inputClock: InputClock;
  readonly files: SnapshotFiles;
  readonly meter: SubtaskMeter;
  /** What the functions of its operators count themselves. */
  readonly metrics: readonly { readonly uid: string; readonly metrics: OperatorMetrics }[];
  readonly send: (message: FromWorker) => void;
}

/** How long a checkpoint has been on its way here. */
interface BarrierTimes {
  readonly startDelayMs: number;
  /** Until the snapshot; unaligned the rest follows. */
  readonly alignmentMs: number;
  /** What its barrier overtakes; null when it is aligned. */
  readonly inFlight: InFlight | null;
}

export class Task {
  readonly id: SubtaskId;
  readonly chain: OperatorChain;
  readonly metrics: TaskOptions['metrics'];
  readonly inputClock: InputClock;
  readonly #intake: Intake;
  readonly #clock: Clock;
  readonly #files: SnapshotFiles;
  readonly #meter: SubtaskMeter;
  readonly #send: (message: FromWorker) => void;
  #snapshots: SnapshotRun[] = [];
  #state: 'running' | 'finishing' | 'ended' | 'closed' = 'running';
  #reportedEnd = false;

  constructor(options: TaskOptions) {
    this.id = options.id;
    this.chain = options.chain;
    this.metrics = options.metrics;
    this.inputClock = options.inputClock;
    this.#intake = options.intake;
    this.#clock = options.clock;
    this.#files = options.files;
    this.#meter = options.meter;
    this.#send = options.send;
  }

  open(): void {
    this.chain.open();
    this.#intake.open(this);
    this.#meter.set('status', subtaskStatusNames.indexOf('running'));
  }

  step(): StepResult {
    if (this.#state === 'closed') return 'closed';
    this.inputClock.hold();
    let progressed = this.#drain();
    if (this.#intake.control(!this.chain.walking)) {
      this.#flush();
      return 'progressed';
    }
    if (this.chain.overflowing) return progressed ? 'progressed' : 'backpressured';
    if (this.chain.walking) {
      this.chain.walk(TIMERS_PER_STEP);
      this.#flush();
      return 'progressed';
    }
    if (this.#state === 'ended') return this.#reportEnd() || progressed ? 'progressed' : 'idle';
    if (!this.chain.hasRoom()) return progressed ? 'progressed' : 'backpressured';
    const now = this.#clock.now();
    progressed = this.chain.advance(now) || progressed;
    if (this.chain.walking) {
      this.#flush();
      return 'progressed';
    }
    if (this.#state === 'finishing') return this.#finish(progressed);
    // What timers send is a new record like any other, for whoever has enough.
    if (this.chain.accepts())
      progressed = this.chain.fireProcessingTimers(now, TIMERS_PER_STEP) > 0 || progressed;
    if (this.chain.accepts()) this.inputClock.release();
    progressed = this.#intake.step() || progressed;
    this.#flush();
    return progressed ? 'progressed' : this.chain.accepts() ? 'idle' : 'waiting';
  }

  /** A slice of the asynchronous part of snapshots; answers whether anything was done. */
  stepSnapshots(): boolean {
    if (this.#snapshots.length === 0) return false;
    const until = this.#clock.monotonicMs() + SNAPSHOT_MS;
    let worked = false;
    for (const run of this.#snapshots) {
      while (run.step()) {
        worked = true;
        if (this.#clock.monotonicMs() >= until) break;
      }
    }
    if (this.#snapshots.some((run) => run.over)) this.#snapshots = this.#snapshots.filter((run) => !run.over);
    return worked;
  }

  get snapshotting(): boolean {
    return this.#snapshots.length > 0;
  }

  get ended(): boolean {
    return this.#state === 'ended' || this.#state === 'closed';
  }

  /** It could go on at once; without this its time until the next turn is idle. */
  hasMore(): boolean {
    if (this.chain.walking || this.#state === 'finishing') return true;
    return this.#state === 'running' && (!this.chain.accepts() || this.#intake.hasMore());
  }

  /** When something is due without input: a timer, a source that asked to be polled again. Clock.now(). */
  wakeAt(): number | null {
    if (this.#state !== 'running' && this.#state !== 'finishing') return null;
    const control = this.#intake.controlAt();
    // Backpressured: whoever makes room wakes the thread, and until then nothing else is done.
    if (!this.chain.hasRoom()) return control;
    const ownWork = this.chain.nextAdvance();
    if (this.#state === 'finishing') return ownWork;
    const own = earliest(ownWork, control);
    if (!this.chain.accepts()) return own;
    return earliest(earliest(own, this.#intake.wakeAt()), this.chain.nextProcessingTime());
  }

  /** Positions of a source that changed since the last call; null for others and when nothing changed. */
  changedPositions(): { readonly operator: string; readonly positions: readonly SourcePosition[] } | null {
    return this.#intake.changedPositions();
  }

  /** From the coordinator. */
  trigger(barrier: Barrier): void {
    this.#intake.trigger(barrier);
  }

  drainSource(): void {
    this.#intake.drain();
  }

  /** `path`: where it lies. */
  checkpointComplete(checkpointId: number, commit: boolean, path: string): void {
    this.#intake.completed(checkpointId);
    for (const { fileChain } of this.chain.links) fileChain?.complete(checkpointId, path);
    if (commit) this.chain.notifyComplete(checkpointId);
  }

  checkpointAborted(checkpointId: number): void {
    this.#intake.aborted(checkpointId);
    this.#cancelSnapshot(checkpointId);
  }

  switchMode(mode: CheckpointMode): void {
    this.#intake.switchMode(mode);
    for (const edge of this.chain.edges) edge.switchMode(mode);
  }

  /** Carries out what the barrier handler decided. `gate` effects are the intake's own. */
  apply(effects: readonly BarrierEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'snapshot': {
          const { barrier, alignmentMs, unaligned } = effect;
          const startDelayMs = Math.max(0, this.#clock.now() - barrier.timestamp - alignmentMs);
          if (!unaligned) this.#aligned(barrier.checkpointId, alignmentMs);
          const inFlight = unaligned
            ? this.#intake.capture(barrier.checkpointId)
            : barrier.unaligned
              ? new InFlight(barrier.checkpointId, alignmentMs)
              : null;
          this.takeSnapshot(barrier, { startDelayMs, alignmentMs, inFlight });
          break;
        }
        case 'capture-stop':
          this.#cancelSnapshot(effect.checkpointId);
          this.#intake.apply(effect);
          break;
        case 'channel-state-complete':
          this.#intake.apply(effect);
          this.#aligned(effect.checkpointId, effect.alignmentMs);
          break;
        case 'abort':
          this.#abort(effect.checkpointId, effect.reason);
          break;
        default:
          this.#intake.apply(effect);
      }
    }
  }

  /** The barrier is here (a source: is injected): T4. */
  takeSnapshot(barrier: Barrier, { startDelayMs, alignmentMs, inFlight }: BarrierTimes): void {
    const { checkpointId } = barrier;
    if (this.#state !== 'ended') {
      this.chain.prepareBarrier(checkpointId);
      for (const edge of this.chain.edges) edge.barrier(barrier, inFlight);
    }
    const started = this.#clock.monotonicMs();
    const deferred: Deferred[] = [];
    const marked: MarkedOperator[] = [];
    const target = { barrier, subtaskIndex: this.id.index, files: this.#files };
    try {
      const intakePart = this.#intake.mark(target);
      if (intakePart !== null) marked.push(intakePart);
      for (const link of this.chain.links) marked.push(markLink(link, target, deferred));
    } catch (error) {
      for (const part of marked) letGo(part);
      // No decline: it would run ahead of the failure, and fail the job without a word of what was thrown here.
      throw error;
    }
    const marking = this.#clock.monotonicMs();
    const run = new SnapshotRun({
      target,
      marked,
      inFlight,
      deferred,
      done: (outcome) => {
        if (outcome.ok) {
          this.#send({
            type: 'acknowledged',
            subtask: this.id,
            checkpointId,
            operators: outcome.operators,
            report: {
              startDelayMs,
              alignmentMs: inFlight?.alignmentMs ?? alignmentMs,
              syncMs: marking - started,
              asyncMs: this.#clock.monotonicMs() - marking,
              processedInFlightBytes: null,
              persistedInFlightBytes: inFlight?.bytes ?? null,
            },
            at: this.#clock.now(),
          });
        } else {
          this.#send({
            type: 'declined',
            subtask: this.id,
            checkpointId,
            reason: 'CHECKPOINT_ASYNC_EXCEPTION',
            message: outcome.message,
          });
        }
      },
    });
    this.#snapshots.push(run);
  }

  #aligned(checkpointId: number, alignmentMs: number): void {
    this.#send({ type: 'aligned', subtask: this.id, checkpointId, alignmentMs, at: this.#clock.now() });
  }

  /** The intake has nothing more, ever: once the last watermark has been walked the chain finishes. */
  inputEnded(): void {
    if (this.#state === 'running') this.#state = 'finishing';
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const run of this.#snapshots) run.cancel();
    this.#snapshots = [];
    closeAll([() => this.#intake.close(), () => this.chain.close()]);
  }

  #finish(progressed: boolean): StepResult {
    const finished = this.chain.finish();
    this.#flush();
    if (!finished) return progressed || this.chain.walking ? 'progressed' : 'waiting';
    for (const edge of this.chain.edges) edge.control({ kind: 'end' });
    this.#state = 'ended';
    this.#flush();
    this.#reportEnd();
    return 'progressed';
  }

  /** Reported once everything has found room downstream. */
  #reportEnd(): boolean {
    if (this.#reportedEnd || this.chain.overflowing) return false;
    this.#reportedEnd = true;
    this.#meter.set('status', subtaskStatusNames.indexOf('finished'));
    this.#send({ type: 'ended', subtask: this.id });
    return true;
  }

  #drain(): boolean {
    let moved = false;
    for (const edge of this.chain.edges) if (edge.overflowing) moved = edge.drainOverflow() || moved;
    return moved;
  }

  #flush(): void {
    let out = 0;
    for (const edge of this.chain.edges) {
      edge.flush();
      out += edge.recordsOut;
    }
    this.#meter.set('recordsOut', out);
  }

  #abort(checkpointId: number, reason: CheckpointFailureReason): void {
    this.#cancelSnapshot(checkpointId);
    this.chain.notifyAborted(checkpointId);
    if (this.#state !== 'ended')
      for (const edge of this.chain.edges) edge.control({ kind: 'cancel', checkpointId });
    this.#send({
      type: 'declined',
      subtask: this.id,
      checkpointId,
      reason,
      message: declineMessage(this.id, reason),
    });
  }

  #cancelSnapshot(checkpointId: number): void {
    for (const { fileChain } of this.chain.links) fileChain?.aborted(checkpointId);
    for (const run of this.#snapshots) if (run.barrier.checkpointId === checkpointId) run.cancel();
  }
}

function earliest(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.min(one, other);
}

/** Effects that concern the gate only. */
export type GateEffect = Exclude<BarrierEffect, { readonly type: 'snapshot' | 'abort' }>;

const declineMessage = (id: SubtaskId, reason: CheckpointFailureReason): string =>
  reason === 'CHECKPOINT_SUBSUMED'
    ? `A newer checkpoint reached ${subtaskName(id)} before this one was through.`
    : `${subtaskName(id)} gave it up after it had been cancelled upstream.`;
