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
 */
import { assert, present, unreachable } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { momentOf } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { createCheckpointCoordinator, type CheckpointCoordinator, type CoordinatorEffect } from '../../checkpoint/checkpointCoordinator.ts';
import type { Manifest } from '../../checkpoint/manifest.ts';
import { createRestartBackoff, type RestartBackoff } from '../../checkpoint/restartBackoff.ts';
import { restoredOperators } from '../../checkpoint/restore.ts';
import type { CheckpointStorage, Outcome } from '../../checkpoint/storage.ts';
import { buildExecutionGraph } from '../../graph/buildExecutionGraph.ts';
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { CheckpointSettings, JobGraph } from '../../graph/jobGraph.ts';
import { type FromWorker, type SubtaskId, subtaskName, type TaskFailure } from '../control/messages.ts';
import type { Deployer } from './deployer.ts';
import type { JobFact, JobStatus } from './facts.ts';
import { manifestOf } from './manifestOf.ts';
import { placeSubtasks } from './placement.ts';

/** A snapshot that a deployment starts from. */
export interface RestorePoint {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly directory: string;
  readonly supersede: boolean;
  readonly allowNonRestoredState: boolean;
}

export interface TakenSnapshot {
  readonly manifest: Manifest;
  readonly path: string;
}

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
  readonly retained: readonly { readonly checkpointId: number; readonly directory: string }[];
}

type Done<T> = (result: Outcome<T>) => void;
type Ending = 'finished' | 'suspended' | 'canceled';

export class JobMaster {
  readonly #options: JobMasterOptions;
  readonly #backoff: RestartBackoff;
  readonly #coordinator: CheckpointCoordinator;
  #execution: ExecutionGraph;
  #parallelism: number | null;
  #threads: readonly (readonly SubtaskId[])[] = [];
  #status: JobStatus = 'created';
  #attempt = 0;
  #restarts = 0;
  #restartAt: number | null = null;
  /** What the next deployment starts from. */
  #point: RestorePoint | null;
  #lastCompleted: { readonly runId: string; readonly checkpointId: number } | null;
  readonly #directories = new Map<number, string>();
  #running = new Set<number>();
  #closed = new Set<number>();
  #ended = new Set<string>();
  #draining: { readonly label: string | null; readonly done: Done<TakenSnapshot> } | null = null;
  #requests = new Map<number, Done<TakenSnapshot>>();
  #nextRequest = 1;
  /** Set once the last checkpoint is committed, or the job is told to go: what it becomes when all threads are closed. */
  #ending: Ending | null = null;
  #afterThreads: 'restart' | 'deploy' | 'fail' | null = null;
  #restoring: Done<null> | null = null;
  #failure: string | null = null;

  constructor(options: JobMasterOptions) {
    this.#options = options;
    this.#parallelism = options.parallelism;
    this.#execution = buildExecutionGraph(options.graph, options.parallelism);
    this.#point = options.restore;
    this.#lastCompleted = options.restore === null ? null : lineageOf(options.restore.manifest);
    this.#backoff = createRestartBackoff(options.graph.restart, options.random);
    this.#coordinator = createCheckpointCoordinator({
      settings: options.settings,
      nextCheckpointId: options.nextCheckpointId,
      retained: options.retained.map((kept) => kept.checkpointId),
    });
    for (const kept of options.retained) this.#directories.set(kept.checkpointId, kept.directory);
  }

  get status(): JobStatus {
    return this.#status;
  }

  get execution(): ExecutionGraph {
    return this.#execution;
  }

  start(): void {
    assert(this.#status === 'created', 'a job is started once');
    this.#deploy();
  }

  // --- what users ask for ---------------------------------------------------------------------------------------

  takeSavepoint(options: { readonly label: string | null; readonly notes: string | null }, done: Done<TakenSnapshot>): void {
    if (this.#status !== 'running') return done(refused(`The job is ${this.#status}; a savepoint can be taken while it runs.`));
    const requestId = this.#request(done);
    this.#run(this.#coordinator.request({ kind: 'savepoint', trigger: 'user', ...options, requestId, suspend: false }, momentOf(this.#options.clock)));
  }

  triggerCheckpoint(done: Done<TakenSnapshot>): void {
    if (this.#status !== 'running') return done(refused(`The job is ${this.#status}; a checkpoint can be taken while it runs.`));
    const requestId = this.#request(done);
    this.#run(this.#coordinator.request({ kind: 'checkpoint', trigger: 'user', label: null, notes: null, requestId, suspend: false }, momentOf(this.#options.clock)));
  }

  abortCheckpoint(checkpointId: number): void {
    this.#run(this.#coordinator.abort(checkpointId, 'USER_ABORTED', momentOf(this.#options.clock)));
  }

  /** Stop with a savepoint. `drain`: the sources end, all windows fire, and the savepoint says so. */
  stop(options: { readonly drain: boolean; readonly label: string | null }, done: Done<TakenSnapshot>): void {
    if (this.#status !== 'running') return done(refused(`The job is ${this.#status}; only a running job can be stopped with a savepoint.`));
    this.#become('stopping');
    if (options.drain) {
      this.#draining = { label: options.label, done };
      this.#broadcast({ type: 'drain' });
      this.#finishWhenEnded();
      return;
    }
    const requestId = this.#request((result) => {
      // A stop that failed is undone as a whole: the sources went on when the barrier was aborted.
      if (!result.ok && this.#status === 'stopping') this.#become('running');
      done(result);
    });
    this.#run(this.#coordinator.request({ kind: 'savepoint', trigger: 'stop', label: options.label, notes: null, requestId, suspend: true }, momentOf(this.#options.clock)));
  }

  cancel(): void {
    if (this.#isOver()) return;
    this.#become('cancelling');
    this.#run(this.#coordinator.stop('CHECKPOINT_COORDINATOR_SHUTDOWN', momentOf(this.#options.clock)));
    this.#restartAt = null;
    this.#afterThreads = null;
    this.#ending = 'canceled';
    if (this.#threads.length === 0) this.#end('canceled');
    else this.#broadcast({ type: 'cancel' });
  }

  /** The job leaves where it is and goes on from this point; `done` when its tasks run. */
  restore(point: RestorePoint, parallelism: number | null, done: Done<null>): void {
    if (this.#isOver()) return done(refused(`The job is ${this.#status}; run it from the savepoint instead.`));
    const problem = restoredOperators(point.manifest, point.directory, this.#options.graph, point);
    if (!problem.ok) return done(problem);
    this.#become('restarting', `going on from ${point.manifest.label ?? `#${point.manifest.checkpointId}`}`);
    this.#run(this.#coordinator.stop('CHECKPOINT_COORDINATOR_SHUTDOWN', momentOf(this.#options.clock)));
    this.#restoring?.(refused('Another restore came in between.'));
    this.#restoring = done;
    this.#point = point;
    this.#lastCompleted = lineageOf(point.manifest);
    this.#parallelism = parallelism ?? this.#parallelism;
    this.#leave('deploy');
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
        this.#run(this.#coordinator.acknowledge(message.subtask, message.checkpointId, message.operators, message.report, momentOf(clock)));
        break;
      case 'declined':
        this.#run(this.#coordinator.decline(message.subtask, message.checkpointId, message.reason, message.message, momentOf(clock)));
        break;
      case 'ended':
        this.#ended.add(subtaskName(message.subtask));
        emit({ type: 'ended-subtask', at, subtask: message.subtask });
        this.#run(this.#coordinator.taskEnded(message.subtask, momentOf(clock)));
        this.#finishWhenEnded();
        break;
      case 'closed':
        this.#closed.add(thread);
        if (this.#closed.size === this.#threads.length && this.#ending !== null) this.#options.deployer.terminate();
        break;
      case 'failed':
        this.#fail(message.failure);
        break;
      case 'positions':
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
    const subtask = this.#threads[thread]?.[0];
    if (subtask === undefined) return;
    this.#fail({ subtask, operator: null, name: 'ThreadDied', message: reason, stack: '', record: null, origin: 'engine' });
  }

  /** All threads of the deployment are gone. */
  threadsGone(): void {
    const then = this.#afterThreads;
    this.#threads = [];
    this.#afterThreads = null;
    if (this.#ending !== null) this.#end(this.#ending);
    else if (then === 'deploy') this.#deploy();
    else if (then === 'fail') this.#become('failed', this.#failure);
    else if (then === 'restart') this.#become('restarting', this.#failure);
  }

  /** Call at or after `nextDeadline()`. */
  tick(): void {
    if (this.#restartAt !== null && this.#status === 'restarting' && this.#threads.length === 0 && this.#options.clock.now() >= this.#restartAt) {
      this.#restartAt = null;
      this.#deploy();
      return;
    }
    if (this.#status === 'running' || this.#status === 'stopping') this.#run(this.#coordinator.tick(momentOf(this.#options.clock)));
  }

  /** Clock.now() of the next `tick`; null: none is needed. */
  nextDeadline(): number | null {
    if (this.#restartAt !== null) return this.#restartAt;
    const deadline = this.#coordinator.nextDeadline();
    return deadline === null ? null : this.#options.clock.now() + Math.max(0, deadline - this.#options.clock.monotonicMs());
  }

  // --- deployment -----------------------------------------------------------------------------------------------

  #deploy(): void {
    const { graph, deployer, settings, runId, threadsMax, clock, emit } = this.#options;
    const point = this.#point;
    const restored = point === null ? null : restoredOperators(point.manifest, point.directory, graph, point);
    if (restored !== null && !restored.ok) {
      this.#failure = restored.message;
      this.#become('failed', restored.message);
      this.#restoring?.(restored);
      this.#restoring = null;
      return;
    }
    this.#attempt++;
    this.#execution = buildExecutionGraph(graph, this.#parallelism);
    this.#threads = placeSubtasks(this.#execution, threadsMax);
    this.#running = new Set();
    this.#closed = new Set();
    this.#ended = new Set();
    this.#coordinator.deployed(this.#execution);
    emit({ type: 'deployed', at: clock.now(), attempt: this.#attempt, graph: this.#execution, restoredCheckpointId: point?.manifest.checkpointId ?? null });
    deployer.deploy({
      execution: this.#execution,
      threads: this.#threads,
      deploys: this.#threads.map((subtasks) => ({
        runId,
        attempt: this.#attempt,
        subtasks,
        parallelism: this.#execution.vertices.reduce((most, vertex) => Math.max(most, vertex.parallelism), 1),
        checkpoints: settings,
        restart: graph.restart,
        restore: point === null || restored === null ? null : { checkpointId: point.manifest.checkpointId, operators: restored.value },
        supersede: point?.supersede ?? false,
      })),
    });
  }

  #threadRuns(thread: number): void {
    this.#running.add(thread);
    if (this.#running.size < this.#threads.length || this.#ending !== null) return;
    this.#become('running');
    this.#restoring?.({ ok: true, value: null });
    this.#restoring = null;
    this.#run(this.#coordinator.start(momentOf(this.#options.clock)));
  }

  // --- failures -------------------------------------------------------------------------------------------------

  #fail(failure: TaskFailure): void {
    const { clock, emit } = this.#options;
    if (this.#isOver() || this.#status === 'failing') return;
    emit({ type: 'failure', at: clock.now(), failure });
    if (this.#ending !== null && this.#ending !== 'canceled') {
      // The last checkpoint is durable; what failed is its commit, which a restore repeats.
      this.#ending = null;
    }
    if (this.#status === 'cancelling') return;
    this.#failJob(sentenceOf(failure));
  }

  #failJob(reason: string): void {
    const { clock } = this.#options;
    if (this.#status === 'failing' || this.#isOver()) return;
    this.#failure = reason;
    this.#become('failing', reason);
    this.#run(this.#coordinator.stop('TASK_FAILURE', momentOf(clock)));
    this.#draining?.done(refused(reason));
    this.#draining = null;
    const restart = this.#backoff.failed(momentOf(clock).monotonicMs);
    if (restart.type === 'give-up') {
      this.#restoring?.(refused(reason));
      this.#restoring = null;
      this.#leave('fail');
      return;
    }
    this.#restarts++;
    this.#restartAt = clock.now() + restart.delayMs;
    this.#leave('restart');
  }

  #leave(then: 'restart' | 'deploy' | 'fail'): void {
    this.#afterThreads = then;
    if (this.#threads.length === 0) this.threadsGone();
    else this.#options.deployer.terminate();
  }

  // --- checkpoints ----------------------------------------------------------------------------------------------

  /** When every task has ended, the last checkpoint commits what was written since the one before. */
  #finishWhenEnded(): void {
    const tasks = this.#execution.vertices.reduce((sum, vertex) => sum + vertex.parallelism, 0);
    if (this.#ended.size < tasks || this.#ending !== null) return;
    const draining = this.#draining;
    const requestId = this.#request((result) => {
      draining?.done(result);
      if (!result.ok && (this.#status === 'running' || this.#status === 'stopping')) this.#failJob(`The last checkpoint failed: ${result.message}`);
    });
    this.#draining = null;
    this.#run(
      this.#coordinator.request(
        { kind: draining === null ? 'checkpoint' : 'savepoint', trigger: draining === null ? 'final' : 'stop', label: draining?.label ?? null, notes: null, requestId, suspend: false, final: true },
        momentOf(this.#options.clock),
      ),
    );
  }

  #run(effects: readonly CoordinatorEffect[]): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: CoordinatorEffect): void {
    const { clock, emit, storage } = this.#options;
    const at = clock.now();
    switch (effect.type) {
      case 'begin':
        emit({ type: 'checkpoint-triggered', at, checkpoint: { ...effect.checkpoint, tasks: allSubtasks(this.#execution) } });
        storage.begin(effect.checkpoint.checkpointId, effect.checkpoint.kind, effect.checkpoint.label, (result) => {
          this.#run(this.#coordinator.directoryReady(effect.checkpoint.checkpointId, result, momentOf(clock)));
        });
        break;
      case 'trigger':
        for (const [thread, own] of this.#threads.entries()) {
          const subtasks = own.filter((id) => effect.subtasks.some((wanted) => subtaskName(wanted) === subtaskName(id)));
          if (subtasks.length > 0) this.#options.deployer.send(thread, { type: 'trigger', subtasks, options: effect.options });
        }
        break;
      case 'publish':
        this.#publish(effect);
        break;
      case 'complete':
        this.#broadcast({ type: 'checkpoint-complete', checkpointId: effect.checkpointId, commit: effect.commit });
        break;
      case 'aborted':
        emit({ type: 'checkpoint-failed', at, checkpointId: effect.checkpointId, reason: effect.reason, message: effect.message, subtask: effect.subtask });
        this.#broadcast({ type: 'checkpoint-aborted', checkpointId: effect.checkpointId });
        if (effect.directory !== null) this.#discard(effect.directory);
        break;
      case 'subsume':
        for (const id of effect.checkpointIds) {
          const directory = this.#directories.get(id);
          this.#directories.delete(id);
          if (directory !== undefined) this.#discard(directory);
        }
        emit({ type: 'checkpoints-discarded', at, checkpointIds: effect.checkpointIds });
        break;
      case 'answer': {
        const done = this.#requests.get(effect.requestId);
        this.#requests.delete(effect.requestId);
        done?.(effect.result.ok ? { ok: true, value: present(this.#taken.get(effect.result.value.checkpointId), 'the snapshot') } : effect.result);
        break;
      }
      case 'fail-job':
        this.#failJob(effect.message);
        break;
      default:
        unreachable(effect);
    }
  }

  readonly #taken = new Map<number, TakenSnapshot>();

  #publish(effect: Extract<CoordinatorEffect, { type: 'publish' }>): void {
    const { clock, emit, storage, runId, sluiceVersion } = this.#options;
    const { checkpoint } = effect;
    const attempt = this.#attempt;
    const manifest = manifestOf({
      graph: this.#execution,
      snapshots: effect.operators,
      sluiceVersion,
      kind: checkpoint.kind,
      checkpointId: checkpoint.checkpointId,
      runId,
      parent: this.#lastCompleted,
      trigger: checkpoint.trigger,
      stopped: checkpoint.trigger === 'stop',
      drained: checkpoint.trigger === 'stop' && effect.final,
      finished: effect.final,
      label: checkpoint.label,
      notes: effect.notes,
      triggeredAt: checkpoint.triggeredAt,
      completedAt: clock.now(),
    });
    storage.publish(effect.directory, manifest, (result) => {
      if (result.ok) this.#completed(manifest, result.value, attempt);
      this.#run(this.#coordinator.published(checkpoint.checkpointId, result, momentOf(clock)));
      if (result.ok && attempt === this.#attempt) this.#endWith(manifest);
      if (result.ok) emit({ type: 'checkpoint-completed', at: clock.now(), checkpointId: checkpoint.checkpointId, path: result.value, manifest });
    });
  }

  /** Durable: from here on a failure goes back to this one. */
  #completed(manifest: Manifest, directory: string, attempt: number): void {
    this.#taken.clear();
    this.#taken.set(manifest.checkpointId, { manifest, path: directory });
    if (manifest.kind === 'checkpoint') this.#directories.set(manifest.checkpointId, directory);
    if (attempt !== this.#attempt || this.#restoring !== null) return;
    this.#lastCompleted = lineageOf(manifest);
    this.#point = { manifest, directory, supersede: false, allowNonRestoredState: true };
  }

  /** After the commit went out: was it the last one? */
  #endWith(manifest: Manifest): void {
    if (this.#status !== 'running' && this.#status !== 'stopping') return;
    const last = manifest.finished || manifest.trigger === 'stop';
    if (!last) return;
    this.#ending = manifest.trigger === 'stop' ? 'suspended' : 'finished';
    this.#broadcast({ type: 'shut-down' });
  }

  #discard(directory: string): void {
    const { clock, emit, storage } = this.#options;
    storage.discard(directory, (result) => {
      if (!result.ok) emit({ type: 'log', at: clock.now(), level: 'warning', text: result.message, subtask: null });
    });
  }

  // --- small things ---------------------------------------------------------------------------------------------

  #request(done: Done<TakenSnapshot>): number {
    const id = this.#nextRequest++;
    this.#requests.set(id, done);
    return id;
  }

  #broadcast(message: Parameters<Deployer['send']>[1]): void {
    for (const thread of this.#threads.keys()) this.#options.deployer.send(thread, message);
  }

  #become(status: JobStatus, reason: string | null = null): void {
    this.#status = status;
    this.#options.emit({ type: 'status', at: this.#options.clock.now(), status, reason, restartAt: this.#restartAt, restarts: this.#restarts });
  }

  #end(ending: Ending): void {
    this.#ending = null;
    this.#become(ending);
    this.#restoring?.(refused(`The job was ${ending}.`));
    this.#restoring = null;
  }

  #isOver(): boolean {
    return this.#status === 'finished' || this.#status === 'canceled' || this.#status === 'failed' || this.#status === 'suspended';
  }
}

const lineageOf = (manifest: Manifest): { readonly runId: string; readonly checkpointId: number } => ({ runId: manifest.runId, checkpointId: manifest.checkpointId });

const refused = (message: string): { readonly ok: false; readonly message: string } => ({ ok: false, message });

const allSubtasks = (graph: ExecutionGraph): SubtaskId[] =>
  graph.vertices.flatMap((vertex) => Array.from({ length: vertex.parallelism }, (_unused, index) => ({ vertex: vertex.id, index })));

const sentenceOf = (failure: TaskFailure): string =>
  `${failure.operator ?? failure.subtask.vertex}[${failure.subtask.index}] failed: ${failure.message}`;
