/**
 * The tasks of one thread, run in turn. The host calls `step()` again and again, parks when nothing progressed, and
 * hands messages in between; a simulation does the same with a seeded scheduler instead of a thread.
 */

import { unreachable } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { SnapshotFiles } from '../checkpoint/storage.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type { JobDefinition } from '../graph/jobDefinition.ts';
import { CHANNEL_RECORDS } from '../graph/jobGraph.ts';
import type { FileAccess } from '../operators/files.ts';
import type { Abort } from '../operators/operator.ts';
import { SpillCache, type SpillOptions } from '../state/spillCache.ts';
import type { DeployOptions, FromWorker, SubtaskId, ToWorker } from './control/messages.ts';
import type { IncrementTuning } from './fileChain.ts';
import { SubtaskMeter } from './meters.ts';
import { type MetricsTable, subtaskStatusNames } from './metricsTable.ts';
import { inOperator, OperatorFailure, taskFailure } from './operatorFailure.ts';
import type { StepResult, Task } from './task.ts';
import { buildTask } from './taskBuilder.ts';
import { ThreadChannels } from './threadChannels.ts';

export interface TaskThreadOptions {
  readonly definition: JobDefinition;
  readonly execution: ExecutionGraph;
  readonly deploy: DeployOptions;
  readonly threadIndex: number;
  /** The subtasks of every thread; this one's are at `threadIndex`. */
  readonly threads: readonly (readonly SubtaskId[])[];
  /** Memory of the channels that cross threads, by channel id. */
  readonly rings: ReadonlyMap<number, SharedArrayBuffer>;
  readonly metrics: MetricsTable;
  readonly clock: Clock;
  readonly files: FileAccess;
  readonly snapshots: SnapshotFiles;
  /** For tests, whose state is small. */
  readonly increments?: IncrementTuning;
  readonly send: (message: FromWorker) => void;
  /** Something was put into, or taken out of, a ring of that thread. */
  readonly wakeThread: (threadIndex: number) => void;
  /** A callback has work for this thread, which may be parked. */
  readonly wakeSelf: () => void;
  readonly newAbort: () => Abort;
  /** Where values of keyed state go that have no room in memory; absent: all of them stay there. */
  readonly spill?: SpillOptions | null;
  /** What made a task fail, as it was thrown; `send` carries a description of it that can be cloned. */
  readonly thrown?: (error: unknown) => void;
}

export interface ThreadStep {
  readonly progressed: boolean;
  /** Clock.now() at which something is due without being woken; null: nothing is. */
  readonly wakeAt: number | null;
  /** All tasks are closed: the thread can end. */
  readonly closed: boolean;
}

interface Slot {
  readonly id: SubtaskId;
  readonly task: Task;
  /** Puts its state back, a little with each step. */
  readonly restoring: Generator<void, void>;
  readonly meter: SubtaskMeter;
  /** What the time since `since` is counted as. */
  doing: StepResult;
  since: number;
  countedKeysAt: number;
}

/** How often sizes of state are counted for the screens. */
const STATE_SIZE_EVERY_MS = 200;
/** Restoring gives its thread back so often, to messages and to the disk. */
const RESTORE_MS = 10;
/** How often it is told where sources stand and what the author's own metrics are. */
const REPORT_EVERY_MS = 250;

export class TaskThread {
  readonly #options: TaskThreadOptions;
  readonly #spill: SpillCache | null;
  #slots: Slot[] = [];
  /** In whose name the disk fails: all keyed states of the thread share it. Null: there is no keyed state. */
  #stateful: { readonly slot: Slot; readonly uid: string } | null = null;
  #phase: 'new' | 'restoring' | 'open' = 'new';
  /** What came before the tasks were open; those who sent it may not wait for them. */
  #early: ToWorker[] = [];
  #closed = false;
  #reportedAt = 0;

  constructor(options: TaskThreadOptions) {
    this.#options = options;
    this.#spill =
      options.spill === undefined || options.spill === null ? null : new SpillCache(options.spill);
  }

  handle(message: ToWorker): void {
    if (this.#closed) return;
    if (this.#phase !== 'open' && message.type !== 'cancel' && message.type !== 'shut-down') {
      this.#early.push(message);
      return;
    }
    switch (message.type) {
      case 'trigger': {
        const { options } = message;
        for (const id of message.subtasks) this.#guarded(this.#slot(id), (task) => task.trigger(options));
        break;
      }
      case 'checkpoint-complete':
        this.#all((task) => task.checkpointComplete(message.checkpointId, message.commit, message.path));
        break;
      case 'checkpoint-aborted':
        this.#all((task) => task.checkpointAborted(message.checkpointId));
        break;
      case 'switch-mode':
        this.#all((task) => task.switchMode(message.mode));
        this.#options.send({ type: 'switched' });
        break;
      case 'drain':
        this.#all((task) => task.drainSource());
        break;
      case 'shut-down':
      case 'cancel':
        this.#close(message.type === 'cancel' ? 'canceled' : 'finished');
        break;
      default:
        unreachable(message);
    }
  }

  /** One bounded round over all tasks. The first ones build them, restore their state, which may be much, and open them. */
  step(): ThreadStep {
    if (this.#closed) return { progressed: false, wakeAt: null, closed: true };
    if (this.#phase === 'new') this.#build();
    if (this.#phase === 'restoring') {
      const progressed = this.#restore();
      return { progressed, wakeAt: null, closed: this.#closed };
    }
    const choked = this.#relieve();
    let progressed = false;
    let wakeAt: number | null = null;
    for (const slot of this.#slots) {
      if (this.#closed) break;
      progressed = this.#stepSlot(slot, choked) || progressed;
      const at = choked ? null : slot.task.wakeAt();
      if (at !== null && (wakeAt === null || at < wakeAt)) wakeAt = at;
    }
    if (!this.#closed) this.#report();
    return { progressed, wakeAt, closed: this.#closed };
  }

  #build(): void {
    this.#phase = 'restoring';
    const { deploy, clock, metrics, threads, rings, execution } = this.#options;
    const channels = new ThreadChannels({
      execution,
      threads,
      threadIndex: this.#options.threadIndex,
      rings,
      capacityRecords: execution.job.channelRecords ?? CHANNEL_RECORDS,
      wakeThread: this.#options.wakeThread,
    });
    for (const id of deploy.subtasks) {
      const meter = new SubtaskMeter(metrics, id.vertex, id.index);
      try {
        const { task, restoring } = buildTask(id, {
          ...this.#options,
          channels,
          meter,
          spillCache: this.#spill,
        });
        const since = clock.monotonicMs();
        const slot: Slot = { id, task, restoring, meter, doing: 'idle', since, countedKeysAt: 0 };
        this.#slots.push(slot);
        const keyed = task.chain.links.find((link) => link.keyed !== null);
        if (keyed !== undefined) this.#stateful ??= { slot, uid: keyed.uid };
      } catch (error) {
        this.#fail(id, error);
        return;
      }
    }
  }

  /** A slice of it; answers false where the disk has to write before there is room for more. */
  #restore(): boolean {
    const until = this.#options.clock.monotonicMs() + RESTORE_MS;
    for (const slot of this.#slots) {
      for (let restored = false; !restored; ) {
        if (this.#relieve()) return false;
        if (this.#closed || !this.#caught(slot, () => (restored = slot.restoring.next().done === true)))
          return true;
        if (this.#options.clock.monotonicMs() >= until) return true;
      }
    }
    this.#open();
    return true;
  }

  #open(): void {
    for (const slot of this.#slots) if (!this.#guarded(slot, (task) => task.open())) return;
    this.#phase = 'open';
    this.#options.send({ type: 'running', subtasks: this.#options.deploy.subtasks });
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.handle(message);
  }

  /** Between two records: values go to disk; answers whether the disk has to write before there is room for more. */
  #relieve(): boolean {
    const spill = this.#spill;
    const stateful = this.#stateful;
    if (spill === null || stateful === null) return false;
    let choked = false;
    this.#caught(stateful.slot, () => {
      try {
        spill.relieve();
        choked = spill.isChoked;
      } catch (error) {
        throw inOperator(error, stateful.uid, null, false);
      }
    });
    return choked;
  }

  /** `choked`: no more records for now, but snapshots go on. */
  #stepSlot(slot: Slot, choked: boolean): boolean {
    const { clock } = this.#options;
    const started = clock.monotonicMs();
    this.#count(slot, started);
    let result: StepResult = 'closed';
    let wrote = false;
    const stepped = this.#guarded(slot, (task) => {
      result = choked ? 'waiting' : task.step();
    });
    // Not a step: a snapshot may be written for long.
    const alive =
      stepped &&
      this.#caught(slot, (task) => {
        wrote = task.stepSnapshots();
      });
    if (!alive) return true;
    const ended = clock.monotonicMs();
    slot.meter.add('busyMs', (result as StepResult) === 'progressed' || wrote ? ended - started : 0);
    slot.doing = (result as StepResult) === 'progressed' && !slot.task.hasMore() ? 'idle' : result;
    slot.since = ended;
    if (ended - slot.countedKeysAt > STATE_SIZE_EVERY_MS) this.#countState(slot, ended);
    return (result as StepResult) === 'progressed' || wrote;
  }

  /** The time since the last step belongs to what that step had found: idle, backpressured, or busy (waiting included). */
  #count(slot: Slot, now: number): void {
    const passed = now - slot.since;
    if (slot.doing === 'idle') slot.meter.add('idleMs', passed);
    else if (slot.doing === 'backpressured') slot.meter.add('backpressuredMs', passed);
    else slot.meter.add('busyMs', passed);
  }

  #countState(slot: Slot, now: number): void {
    slot.countedKeysAt = now;
    let keys = 0;
    let bytes = 0;
    let stateful = false;
    for (const link of slot.task.chain.links) {
      if (link.keyed === null) continue;
      stateful = true;
      keys += link.keyed.keyCount;
      bytes += link.keyed.estimatedBytes;
      link.fileChain?.giveUpWhatIsTooMuch();
    }
    slot.meter.set('stateKeys', stateful ? keys : Number.NaN);
    slot.meter.set('stateBytes', stateful ? bytes : Number.NaN);
  }

  #report(): void {
    const now = this.#options.clock.monotonicMs();
    if (now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#all((task) => {
      const positions = task.changedPositions();
      if (positions !== null) this.#options.send({ type: 'positions', subtask: task.id, ...positions });
    });
    if (!this.#closed) this.#reportMetrics();
  }

  /** What changed of them; an operator that has none is only asked whether it has. */
  #reportMetrics(): void {
    const { send } = this.#options;
    for (const { id, task } of this.#slots) {
      for (const { uid, metrics } of task.metrics) {
        if (metrics.isEmpty) continue;
        const changed = metrics.changes((problem) =>
          send({ type: 'log', subtask: id, level: 'warning', text: `${uid}: ${problem}` }),
        );
        if (changed.length > 0) send({ type: 'metrics', subtask: id, operator: uid, metrics: changed });
      }
    }
  }

  #all(call: (task: Task) => void): void {
    for (const slot of this.#slots) if (!this.#guarded(slot, call)) return;
  }

  #slot(id: SubtaskId): Slot {
    const slot = this.#slots.find(
      (candidate) => candidate.id.vertex === id.vertex && candidate.id.index === id.index,
    );
    if (slot === undefined)
      throw new RangeError(`subtask ${id.vertex}[${id.index}] does not run in this thread`);
    return slot;
  }

  /** Runs something of a task in which the author's code may be, watched; a failure of it fails the job: false. */
  #guarded(slot: Slot, call: (task: Task) => void): boolean {
    slot.meter.set('stepStartedAt', this.#options.clock.monotonicMs());
    const alive = this.#caught(slot, call);
    slot.meter.set('stepStartedAt', 0);
    return alive;
  }

  #caught(slot: Slot, call: (task: Task) => void): boolean {
    try {
      call(slot.task);
      return true;
    } catch (error) {
      this.#fail(slot.id, error);
      return false;
    }
  }

  #fail(id: SubtaskId, error: unknown): void {
    // Before it is told: whoever hears of a failure ends the thread, and these are the last values.
    this.#reportMetrics();
    new SubtaskMeter(this.#options.metrics, id.vertex, id.index).set(
      'status',
      subtaskStatusNames.indexOf('failed'),
    );
    this.#options.thrown?.(error instanceof OperatorFailure ? error.cause : error);
    this.#options.send({ type: 'failed', failure: taskFailure(id, error, this.#options.definition.graph) });
    this.#close('canceled');
  }

  #close(status: 'canceled' | 'finished'): void {
    if (this.#closed) return;
    this.#closed = true;
    // Before anything is closed: a gauge may read what its function has open.
    this.#reportMetrics();
    for (const slot of this.#slots) {
      try {
        slot.restoring.return();
        // Watched as a step is: a function that never closes would keep the job from ending.
        slot.meter.set('stepStartedAt', this.#options.clock.monotonicMs());
        slot.task.close();
      } catch (error) {
        const { message } = taskFailure(slot.id, error, this.#options.definition.graph);
        this.#options.send({
          type: 'log',
          subtask: slot.id,
          level: 'warning',
          text: `closing failed: ${message}`,
        });
      }
      slot.meter.set('stepStartedAt', 0);
      if (slot.meter.get('status') !== subtaskStatusNames.indexOf('failed'))
        slot.meter.set('status', subtaskStatusNames.indexOf(status));
    }
    this.#options.spill?.store.close();
    this.#options.send({ type: 'closed', subtasks: this.#options.deploy.subtasks });
  }
}
