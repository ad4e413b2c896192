/**
 * The life of a job: deploys its tasks, runs checkpoints through the coordinator, recovers from failures, stops.
 *
 *   created ─▶ running ─▶ finished            all tasks ended and the last checkpoint is committed
 *      ▲         │ │ └──▶ stopping ─▶ suspended   stop with savepoint
 *      │         │ └────▶ cancelling ─▶ canceled
 *      │         ▼
 *      └─ restarting ◀── failing ─▶ failed     the restart strategy gives up
 *
 * It is synchronous: threads, disk and time are behind `Deployer`, `CheckpointStorage` and `Clock`, and answer by
 * calling back between two events. What it decides is announced as facts; nobody steers by them.
 *
 * - J1. A deployment starts from the last completed checkpoint, or from what the user chose, or empty: never from less.
 * - J2. Messages of an earlier deployment change nothing: each carries its attempt by the thread that sent it.
 * - J3. Sinks commit only what a complete checkpoint covers: `checkpoint-complete` goes out after the manifest is durable.
 * - J4. A stop is answered by how the job ended, not by its savepoint alone: behind the manifest comes the commit, which can
 *   fail. Then the savepoint exists, the job goes over to its restart strategy, and whoever stopped it is told both.
 * - J5. Nothing follows a deployment, neither the next one nor the end of the job, before its threads are gone and its
 *   checkpoints are at rest: a manifest that was being written is decided, and whoever asked has the answer.
 */
import { assert, unreachable } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { CheckpointFailureReason } from '../../checkpoint/barrier.ts';
import { type CheckpointMode, modeProblem } from '../../checkpoint/checkpointMode.ts';
import type { Manifest } from '../../checkpoint/manifest.ts';
import { createRestartBackoff, type RestartBackoff } from '../../checkpoint/restartBackoff.ts';
import { durationText } from '../../checkpoint/sentences.ts';
import type { CheckpointStorage } from '../../checkpoint/storage.ts';
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { CheckpointSettings, JobGraph } from '../../graph/jobGraph.ts';
import type { FromWorker, TaskFailure } from '../control/messages.ts';
import type { Deployer } from './deployer.ts';
import type { JobFact, JobStatus } from './facts.ts';
import {
  type Done,
  JobCheckpoints,
  type Lineage,
  lineageOf,
  refused,
  type StoredSnapshot,
  type TakenSnapshot,
} from './jobCheckpoints.ts';
import type { RestorePoint } from './restorePoint.ts';
import { TaskDeployment } from './taskDeployment.ts';
import type { HungStep } from './watchdog.ts';

export type { TakenSnapshot } from './jobCheckpoints.ts';
export type { RestorePoint } from './restorePoint.ts';

export interface JobMasterOptions {
  readonly graph: JobGraph;
  /** Null: as planned. */
  readonly parallelism: number | null;
  readonly threadsMax: number;
  readonly settings: CheckpointSettings;
  readonly runId: string;
  readonly sluiceVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly storage: CheckpointStorage;
  readonly deployer: Deployer;
  readonly emit: (fact: JobFact) => void;
  readonly restore: RestorePoint | null;
  /** One above the highest on disk and the restored one. */
  readonly nextCheckpointId: number;
  /** Completed checkpoints of this job on disk that retention may drop, oldest first. */
  readonly retained: readonly StoredSnapshot[];
  /** Savepoints that were handed over to this job and are not subsumed yet. */
  readonly claimed?: readonly StoredSnapshot[];
}

type Ending = 'finished' | 'suspended' | 'canceled';

/** What comes after a deployment that is being left. */
type Next = 'restart' | 'deploy' | 'fail';

export class JobMaster {
  readonly #options: JobMasterOptions;
  readonly #backoff: RestartBackoff;
  readonly #checkpoints: JobCheckpoints;
  readonly #tasks: TaskDeployment;
  #parallelism: number | null;
  #status: JobStatus = 'created';
  #restarts = 0;
  /** For people: Clock.now(). */
  #restartAt: number | null = null;
  /** Monotonic: a wall clock that is set back must not put a restart off. */
  #restartDueMs: number | null = null;
  /** What the next deployment starts from. */
  #point: RestorePoint | null;
  #lastCompleted: Lineage | null;
  /** Set once the last checkpoint is committed, or the job is told to go: what it becomes when all threads are closed. */
  #ending: Ending | null = null;
  #leaving: Next | null = null;
  #restoring: Done<null> | null = null;
  /** To another mode; threads that have not answered yet. */
  #switching: { readonly done: Done<CheckpointSettings>; readonly waiting: Set<number> } | null = null;
  /** A stop whose savepoint is durable: J4. */
  #stopped: { readonly taken: TakenSnapshot; readonly done: Done<TakenSnapshot> } | null = null;
  #failure: string | null = null;
  /** On-exit retention. */
  #keepsCheckpoints: boolean;
  /** The job has ended and its checkpoints are being removed. */
  #isClearing = false;

  constructor(options: JobMasterOptions) {
    this.#options = options;
    this.#keepsCheckpoints = options.settings.retainOnExit;
    this.#parallelism = options.parallelism;
    this.#tasks = new TaskDeployment(options, options.parallelism);
    this.#point = options.restore;
    this.#lastCompleted = options.restore === null ? null : lineageOf(options.restore.manifest);
    this.#backoff = createRestartBackoff(options.graph.restart, options.random);
    this.#checkpoints = new JobCheckpoints({
      ...options,
      parent: () => this.#lastCompleted,
      trigger: (subtasks, trigger) => this.#tasks.trigger(subtasks, trigger),
      broadcast: (message) => this.#tasks.broadcast(message),
      onDurable: (manifest, directory) => this.#durable(manifest, directory),
      onComplete: (manifest) => this.#endWith(manifest),
      onFailJob: (message) => this.#failJob(message),
      onStopped: () => this.#goOn(),
    });
  }

  get status(): JobStatus {
    return this.#status;
  }

  /** With the mode that the job was switched to. */
  get checkpointSettings(): CheckpointSettings {
    return this.#checkpoints.settings;
  }

  get execution(): ExecutionGraph {
    return this.#tasks.execution;
  }

  start(): void {
    assert(this.#status === 'created', 'a job is started once');
    this.#deploy();
  }

  // --- what users ask for ---------------------------------------------------------------------------------------

  takeSavepoint(
    options: { readonly label: string | null; readonly notes: string | null },
    done: Done<TakenSnapshot>,
  ): void {
    if (this.#status !== 'running') {
      done(refused(`The job is ${this.#status}; a savepoint can be taken while it runs.`));
      return;
    }
    this.#checkpoints.ask({ kind: 'savepoint', trigger: 'user', ...options, suspend: false }, done);
  }

  triggerCheckpoint(done: Done<TakenSnapshot>): void {
    if (this.#status !== 'running') {
      done(refused(`The job is ${this.#status}; a checkpoint can be taken while it runs.`));
      return;
    }
    this.#checkpoints.ask(
      { kind: 'checkpoint', trigger: 'user', label: null, notes: null, suspend: false },
      done,
    );
  }

  abortCheckpoint(checkpointId: number): void {
    this.#checkpoints.decide((coordinator, at) =>
      coordinator.abort(checkpointId, 'USER_ABORTED', 'It was aborted by hand.', at),
    );
  }

  /**
   * Checkpoints of another mode from here on, also after restarts; the next run has what the pipeline says. Answers when every
   * gate has switched.
   */
  switchMode(mode: CheckpointMode, done: Done<CheckpointSettings>): void {
    const { settings } = this.#checkpoints;
    const problem = modeProblem(mode, settings);
    if (this.#status !== 'running' || problem !== null || this.#switching !== null) {
      const sentence =
        problem ??
        (this.#switching === null
          ? `The job is ${this.#status}; its checkpoints can be switched while it runs.`
          : 'The checkpoints are being switched already; try again when they are.');
      done(refused(sentence));
      return;
    }
    this.#checkpoints.switchMode(mode);
    this.#switching = { done, waiting: new Set(this.#tasks.switchMode(mode)) };
  }

  /** Stop with a savepoint. `drain`: the sources end, all windows fire, and the savepoint says so. */
  stop(options: { readonly drain: boolean; readonly label: string | null }, done: Done<TakenSnapshot>): void {
    if (this.#status !== 'running') {
      done(refused(`The job is ${this.#status}; only a running job can be stopped with a savepoint.`));
      return;
    }
    this.#become('stopping');
    const asked = { kind: 'savepoint', trigger: 'stop', label: options.label, notes: null } as const;
    let isAnswered = false;
    let isDrained = false;
    const answered: Done<TakenSnapshot> = (result) => {
      // A stop that failed is undone: the sources went on when its barrier was aborted. Drained ones have ended, and
      // the coordinator has the job fail over.
      isAnswered = true;
      if (!result.ok && this.#status === 'stopping' && !isDrained) this.#become('running');
      if (!result.ok) {
        done(result);
        return;
      }
      this.#stopped = { taken: result.value, done };
      // It may have become durable while the job was on its way to somewhere else.
      if (this.#leaving !== null) this.#notStopped(this.#failure ?? 'it goes on from another point');
    };
    this.#checkpoints.ask(
      options.drain ? { ...asked, suspend: false, whenEnded: true } : { ...asked, suspend: true },
      answered,
    );
    // What was turned away is answered by now.
    if (!options.drain || isAnswered) return;
    isDrained = true;
    this.#tasks.broadcast({ type: 'drain' });
  }

  /** For good: what it leaves behind is as its settings say. */
  cancel(): void {
    this.#cancel('The job was cancelled.');
  }

  /** Whoever runs it goes away. It may go on later, so its checkpoints are kept whatever its settings say. */
  abandon(): void {
    this.#keepsCheckpoints = true;
    this.#cancel('The runtime ends.');
  }

  #cancel(message: string): void {
    if (this.#isOver()) return;
    this.#restart(null);
    this.#become('cancelling');
    this.#leaving = null;
    this.#ending = 'canceled';
    this.#checkpoints.stop('CHECKPOINT_COORDINATOR_SHUTDOWN', message);
    if (this.#tasks.isActive) this.#tasks.broadcast({ type: 'cancel' });
    this.#goOn();
  }

  /** The job leaves where it is and goes on from this point; `done` when its tasks run. */
  restore(point: RestorePoint, parallelism: number | null, done: Done<null>): void {
    if (this.#isOver() || this.#status === 'cancelling') {
      done(refused(`The job is ${this.#status}; run it from the savepoint instead.`));
      return;
    }
    this.#restart(null);
    // It may be about to end: its last commit is overtaken by going on from elsewhere.
    this.#ending = null;
    this.#notStopped('it goes on from another point');
    this.#become('restarting', `going on from ${point.manifest.label ?? `#${point.manifest.checkpointId}`}`);
    this.#restoring?.(refused('Another restore came in between.'));
    this.#restoring = done;
    this.#point = point;
    if (point.claim === true)
      this.#checkpoints.claim({
        checkpointId: point.manifest.checkpointId,
        directory: point.directory,
      });
    this.#lastCompleted = lineageOf(point.manifest);
    this.#parallelism = parallelism ?? this.#parallelism;
    this.#leave('deploy', 'CHECKPOINT_COORDINATOR_SHUTDOWN', 'The job goes on from another point.');
  }

  // --- what happens ---------------------------------------------------------------------------------------------

  fromWorker(thread: number, message: FromWorker): void {
    const { clock, emit } = this.#options;
    const at = clock.now();
    switch (message.type) {
      case 'running':
        this.#threadRuns(thread);
        break;
      case 'barrier-injected':
      case 'barrier-arrived':
      case 'aligned':
        emit(message);
        break;
      case 'acknowledged':
        emit({ ...message, type: 'acknowledged' });
        this.#checkpoints.decide((coordinator, moment) =>
          coordinator.acknowledge(
            message.subtask,
            message.checkpointId,
            message.operators,
            message.report,
            moment,
          ),
        );
        break;
      case 'declined':
        this.#checkpoints.decide((coordinator, moment) =>
          coordinator.decline(message.subtask, message.checkpointId, message.reason, message.message, moment),
        );
        break;
      case 'ended':
        emit({ type: 'ended-subtask', at, subtask: message.subtask });
        this.#checkpoints.decide((coordinator, moment) => coordinator.taskEnded(message.subtask, moment));
        break;
      case 'switched':
        this.#switching?.waiting.delete(thread);
        if (this.#switching?.waiting.size === 0) {
          this.#switched();
          this.#checkpoints.decide((coordinator, moment) => coordinator.switched(moment));
        }
        break;
      case 'closed':
        if (this.#tasks.hasClosed(thread) && this.#ending !== null) this.#tasks.terminate();
        break;
      case 'failed':
        this.#fail(message.failure);
        break;
      case 'positions':
      case 'metrics':
        emit({ ...message, at });
        break;
      case 'log':
        emit({ type: 'log', at, level: message.level, text: message.text, subtask: message.subtask });
        break;
      default:
        unreachable(message);
    }
  }

  /** A thread ended by itself: out of memory, process.exit, a crash. */
  threadDied(thread: number, reason: string): void {
    const subtask = this.#tasks.firstSubtaskOf(thread);
    if (subtask === null) return;
    this.#fail({
      subtask,
      operator: null,
      name: 'ThreadDied',
      message: reason,
      stack: '',
      record: null,
      location: null,
      origin: 'engine',
    });
  }

  /** The watchdog: a step of this subtask does not come back. Where its thread was found, as far as could be told. */
  threadHung(
    { subtask, silentMs }: HungStep,
    found: Pick<TaskFailure, 'operator' | 'record' | 'stack'>,
  ): void {
    const { operators } = this.#options.graph;
    this.#fail({
      subtask,
      name: 'ThreadHung',
      message: `it has not come back from its own code for ${durationText(silentMs)}, so its thread was ended`,
      location: operators.find(({ uid }) => uid === (found.operator ?? subtask.vertex))?.location ?? null,
      origin: 'user',
      ...found,
    });
  }

  /** All threads of the deployment are gone. */
  threadsGone(): void {
    this.#tasks.gone();
    this.#goOn();
  }

  /** Call at or after `nextDeadline()`. */
  tick(): void {
    if (
      this.#status === 'restarting' &&
      this.#leaving === null &&
      this.#restartDueMs !== null &&
      this.#options.clock.monotonicMs() >= this.#restartDueMs
    ) {
      this.#restart(null);
      this.#deploy();
      return;
    }
    this.#checkpoints.decide((coordinator, at) => coordinator.tick(at));
  }

  /** Clock.now() of the next `tick`; null: none is needed. */
  nextDeadline(): number | null {
    const isWaiting = this.#status === 'restarting' && this.#leaving === null;
    const deadline = isWaiting ? this.#restartDueMs : this.#checkpoints.nextDeadline();
    return deadline === null
      ? null
      : this.#options.clock.now() + Math.max(0, deadline - this.#options.clock.monotonicMs());
  }

  // --- deployment -----------------------------------------------------------------------------------------------

  #deploy(): void {
    if (this.#point !== null && !this.#point.isLatest) this.#branch(this.#point);
    else this.#deployFrom(this.#point);
  }

  /**
   * Going on from an older point: a copy of it becomes the job's newest checkpoint *before* anything that was committed
   * later is set aside. Killed in between, the job would else go on from what is newest on the disk, whose output is gone.
   */
  #branch(point: RestorePoint): void {
    this.#checkpoints.adopt({ manifest: point.manifest, path: point.directory }, (result) => {
      if (this.#isOver()) return;
      if (this.#point !== point) {
        // The user chose yet another point meanwhile.
        if (result.ok) this.#checkpoints.drop(result.value);
        return;
      }
      if (!result.ok) {
        this.#giveUp(result.message);
        return;
      }
      const { manifest, path } = result.value;
      this.#lastCompleted = lineageOf(manifest);
      this.#point = { manifest, directory: path, supersede: point.supersede, isLatest: true };
      this.#deployFrom(this.#point);
    });
  }

  #deployFrom(point: RestorePoint | null): void {
    const { clock, emit } = this.#options;
    const graph = this.#tasks.plan(this.#parallelism, point);
    this.#checkpoints.deployed(graph);
    this.#tasks.deploy(point, this.#checkpoints.settings);
    // After it: whoever hears of a deployment can read its counters.
    emit({
      type: 'deployed',
      at: clock.now(),
      attempt: this.#tasks.attempt,
      graph,
      restoredCheckpointId: point?.manifest.checkpointId ?? null,
    });
  }

  #threadRuns(thread: number): void {
    if (!this.#tasks.runs(thread) || this.#ending !== null) return;
    this.#become('running');
    this.#restoring?.({ ok: true, value: null });
    this.#restoring = null;
    this.#checkpoints.decide((coordinator, at) => coordinator.start(at));
  }

  // --- failures -------------------------------------------------------------------------------------------------

  #fail(failure: TaskFailure): void {
    const { clock, emit } = this.#options;
    if (this.#isOver() || this.#leaving !== null) return;
    emit({ type: 'failure', at: clock.now(), failure });
    if (this.#status === 'cancelling') return;
    // Where the last checkpoint is durable already, what failed is its commit, which a restore repeats.
    this.#ending = null;
    this.#failJob(sentenceOf(failure), failure.origin !== 'snapshot');
  }

  /** A snapshot that cannot be read stays so: `canRestart` false. */
  #failJob(reason: string, canRestart = true): void {
    const { clock } = this.#options;
    if (this.#leaving !== null || this.#isOver()) return;
    this.#failure = reason;
    this.#become('failing', reason);
    this.#notStopped(reason);
    const restart = this.#backoff.failed(clock.monotonicMs());
    if (!canRestart || restart.type === 'give-up') {
      if (canRestart && restart.type === 'give-up')
        this.#warn(`The job is not restarted: ${restart.reason}.`);
      this.#leave('fail', 'TASK_FAILURE', reason);
      return;
    }
    this.#restarts++;
    this.#restart(restart.delayMs);
    this.#leave('restart', 'TASK_FAILURE', reason);
  }

  /** Null: not by itself. */
  #restart(delayMs: number | null): void {
    const { clock } = this.#options;
    this.#restartAt = delayMs === null ? null : clock.now() + delayMs;
    this.#restartDueMs = delayMs === null ? null : clock.monotonicMs() + delayMs;
  }

  #leave(next: Next, reason: CheckpointFailureReason, message: string): void {
    // The next deployment has the new mode from its start.
    this.#switched();
    // A deployment may be left twice, by a restore while it fails: the later intention holds.
    const isFirst = this.#leaving === null;
    this.#leaving = next;
    this.#checkpoints.stop(reason, message);
    if (isFirst && this.#tasks.isActive) this.#tasks.terminate();
    this.#goOn();
  }

  /** J5: the only way out of a deployment. */
  #goOn(): void {
    const next = this.#ending ?? this.#leaving;
    if (next === null || this.#tasks.isActive || !this.#checkpoints.isAtRest) return;
    this.#leaving = null;
    this.#checkpoints.left();
    if (next === 'deploy') this.#deploy();
    else if (next === 'fail') this.#giveUp(this.#failure ?? 'The job failed.');
    else if (next === 'restart') this.#become('restarting', this.#failure);
    else this.#end(next);
  }

  #giveUp(reason: string): void {
    this.#become('failed', reason);
    this.#restoring?.(refused(reason));
    this.#restoring = null;
  }

  // --- checkpoints ----------------------------------------------------------------------------------------------

  /** Durable: from here on a failure goes back to this one (J1), unless the user has chosen another point meanwhile. */
  #durable(manifest: Manifest, directory: string): void {
    if (this.#restoring !== null) return;
    this.#lastCompleted = lineageOf(manifest);
    this.#point = { manifest, directory, supersede: false, isLatest: true };
  }

  /** After the commit went out: was it the last one? */
  #endWith(manifest: Manifest): void {
    if (this.#status !== 'running' && this.#status !== 'stopping') return;
    if (!manifest.finished && !manifest.stopped) return;
    this.#ending = manifest.stopped ? 'suspended' : 'finished';
    this.#checkpoints.stop('CHECKPOINT_COORDINATOR_SHUTDOWN', 'The job ends.');
    this.#tasks.broadcast({ type: 'shut-down' });
  }

  /** J4. `reason` ends a sentence. */
  #notStopped(reason: string): void {
    const stopped = this.#stopped;
    this.#stopped = null;
    stopped?.done(
      refused(
        `The savepoint is complete (${stopped.taken.path}), but the job did not stop with it: ${withoutPeriod(reason)}. Whoever goes on from it commits what it holds.`,
      ),
    );
  }

  #switched(): void {
    const switching = this.#switching;
    if (switching === null) return;
    this.#switching = null;
    const { settings } = this.#checkpoints;
    this.#options.emit({ type: 'checkpoint-settings', at: this.#options.clock.now(), settings });
    switching.done({ ok: true, value: settings });
  }

  #warn(text: string): void {
    const { clock, emit } = this.#options;
    emit({ type: 'log', at: clock.now(), level: 'warning', text, subtask: null });
  }

  // --- small things ---------------------------------------------------------------------------------------------

  #become(status: JobStatus, reason: string | null = null): void {
    this.#status = status;
    this.#options.emit({
      type: 'status',
      at: this.#options.clock.now(),
      status,
      reason,
      restartAt: this.#restartAt,
      restarts: this.#restarts,
    });
  }

  /** J5 holds. A job that failed does not come here: its checkpoints are what it can go on from. */
  #end(ending: Ending): void {
    this.#switched();
    this.#ending = null;
    if (this.#keepsCheckpoints) {
      this.#ended(ending);
      return;
    }
    this.#isClearing = true;
    this.#checkpoints.discardAll(() => this.#ended(ending));
  }

  #ended(ending: Ending): void {
    if (ending === 'suspended') {
      this.#stopped?.done({ ok: true, value: this.#stopped.taken });
      this.#stopped = null;
    } else this.#notStopped(`it was ${ending} before its output was committed`);
    this.#become(ending);
    this.#restoring?.(refused(`The job was ${ending}.`));
    this.#restoring = null;
  }

  #isOver(): boolean {
    return (
      this.#isClearing ||
      this.#status === 'finished' ||
      this.#status === 'canceled' ||
      this.#status === 'failed' ||
      this.#status === 'suspended'
    );
  }
}

const withoutPeriod = (reason: string): string => reason.replace(/\.$/, '');

const sentenceOf = (failure: TaskFailure): string =>
  `${failure.operator ?? failure.subtask.vertex}[${failure.subtask.index}] failed: ${failure.message}`;
