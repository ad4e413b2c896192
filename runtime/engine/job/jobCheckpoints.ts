/**
 * The checkpoints of a job, through all of its deployments: carries out what the coordinator of the present deployment
 * decides, and keeps what outlives it: the ids, the completed checkpoints that retention may drop, and who asked for what.
 *
 * The job master is told three things only: a snapshot is durable, the last one is committed, the coordinator gave up.
 */
import { assert, present, unreachable } from '../../base/assert.ts';
import { type Clock, type Moment, momentOf } from '../../base/clock.ts';
import type { CheckpointFailureReason } from '../../checkpoint/barrier.ts';
import {
  type AskedRequest,
  type CheckpointCoordinator,
  createCheckpointCoordinator,
} from '../../checkpoint/checkpointCoordinator.ts';
import type { CoordinatorEffect } from '../../checkpoint/checkpointEffects.ts';
import type { CheckpointMode } from '../../checkpoint/checkpointMode.ts';
import type { Manifest } from '../../checkpoint/manifest.ts';
import type { CheckpointStorage, Outcome } from '../../checkpoint/storage.ts';
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { CheckpointSettings } from '../../graph/jobGraph.ts';
import type {
  OperatorSnapshot,
  SnapshotReport,
  SubtaskId,
  ToWorker,
  TriggerOptions,
} from '../control/messages.ts';
import type { JobFact } from './facts.ts';
import { manifestOf } from './manifestOf.ts';

export interface TakenSnapshot {
  readonly manifest: Manifest;
  readonly path: string;
}

export type Done<T> = (result: Outcome<T>) => void;
export type Coordinator = CheckpointCoordinator<readonly OperatorSnapshot[], SnapshotReport>;
type Effect = CoordinatorEffect<readonly OperatorSnapshot[], SnapshotReport>;

/** A snapshot's place in the history of its job. */
export interface Lineage {
  readonly runId: string;
  readonly checkpointId: number;
}

export interface StoredSnapshot {
  readonly checkpointId: number;
  readonly directory: string;
}

export interface JobCheckpointsOptions {
  readonly settings: CheckpointSettings;
  readonly runId: string;
  readonly sluiceVersion: string;
  readonly clock: Clock;
  readonly storage: CheckpointStorage;
  readonly emit: (fact: JobFact) => void;
  readonly nextCheckpointId: number;
  readonly retained: readonly StoredSnapshot[];
  readonly claimed?: readonly StoredSnapshot[];
  /** What the present deployment started from, or its last completed snapshot. */
  readonly parent: () => Lineage | null;
  readonly trigger: (subtasks: readonly SubtaskId[], options: TriggerOptions) => void;
  readonly broadcast: (message: ToWorker) => void;
  /** It exists; nobody was told yet. */
  readonly onDurable: (manifest: Manifest, directory: string) => void;
  /** The tasks were told to commit it. */
  readonly onComplete: (manifest: Manifest) => void;
  readonly onFailJob: (message: string) => void;
  /** After `stop`: no manifest is on its way to the disk any more. */
  readonly onStopped: () => void;
}

export class JobCheckpoints {
  readonly #options: JobCheckpointsOptions;
  /** One per deployment; null before the first. */
  #coordinator: Coordinator | null = null;
  #execution: ExecutionGraph | null = null;
  #nextCheckpointId: number;
  #completedIds: readonly number[];
  /** Savepoints that were handed over. Their ids may be another job's, so they are no entries of `#completedIds`. */
  #claimed: readonly StoredSnapshot[];
  /** With the mode that the job was switched to. */
  #settings: CheckpointSettings;
  readonly #directories = new Map<number, string>();
  readonly #requests = new Map<number | string, Done<TakenSnapshot>>();
  /** The newest completed snapshot, for the answer to whoever asked for it. */
  #taken: TakenSnapshot | null = null;
  #nextRequest = 1;
  #isAtRest = true;

  constructor(options: JobCheckpointsOptions) {
    this.#options = options;
    this.#nextCheckpointId = options.nextCheckpointId;
    this.#settings = options.settings;
    this.#completedIds = options.retained.map((kept) => kept.checkpointId);
    for (const kept of options.retained) this.#directories.set(kept.checkpointId, kept.directory);
    this.#claimed = options.claimed ?? [];
  }

  /** A new deployment has a coordinator of its own, which goes on where the last one stopped. */
  deployed(execution: ExecutionGraph): void {
    this.#execution = execution;
    this.#isAtRest = false;
    this.#coordinator = createCheckpointCoordinator<readonly OperatorSnapshot[], SnapshotReport>({
      settings: this.#settings,
      graph: execution,
      nextCheckpointId: this.#nextCheckpointId,
      completed: this.#completedIds,
    });
  }

  /** The deployment was left and its coordinator has stopped. */
  left(): void {
    this.#nextCheckpointId = this.#coordinator?.nextCheckpointId ?? this.#nextCheckpointId;
    this.#completedIds = this.#coordinator?.completed ?? this.#completedIds;
    this.#coordinator = null;
  }

  /** There is no deployment, or it was stopped: no manifest is on its way to the disk, and nobody waits for an answer. */
  get isAtRest(): boolean {
    return this.#isAtRest;
  }

  /** Of the present deployment; `onStopped` follows, at once or with the outcome of a manifest that is being written. */
  stop(reason: CheckpointFailureReason, message: string): void {
    this.decide((coordinator, at) => coordinator.stop(reason, message, at));
  }

  /** Monotonic. */
  nextDeadline(): number | null {
    return this.#coordinator?.nextDeadline() ?? null;
  }

  /** Of a job that is deployed. */
  ask(asked: Omit<AskedRequest, 'requestId'>, done: Done<TakenSnapshot>): void {
    const coordinator = present(this.#coordinator, 'the coordinator of a job that runs');
    const requestId = this.#nextRequest++;
    this.#requests.set(requestId, done);
    this.#tell(coordinator, (_, at) => coordinator.request({ ...asked, requestId }, at));
  }

  get settings(): CheckpointSettings {
    return this.#settings;
  }

  /** Of this deployment, once every gate has heard of it, and of those that follow. */
  switchMode(mode: CheckpointMode): void {
    this.#settings = { ...this.#settings, ...mode };
    this.decide((coordinator, at) => coordinator.switchMode(mode, at));
  }

  /** One event of the coordinator, and what follows from it. Between two deployments nothing does. */
  decide(event: (coordinator: Coordinator, at: Moment) => readonly Effect[]): void {
    if (this.#coordinator !== null) this.#tell(this.#coordinator, event);
  }

  /** A copy of an older point as the job's newest checkpoint. */
  adopt(from: TakenSnapshot, done: Done<TakenSnapshot>): void {
    const { clock, storage, runId } = this.#options;
    const now = clock.now();
    const manifest: Manifest = {
      ...from.manifest,
      kind: 'checkpoint',
      checkpointId: this.#nextCheckpointId++,
      runId,
      parent: lineageOf(from.manifest),
      trigger: 'restore',
      stopped: false,
      drained: false,
      label: null,
      notes: null,
      triggeredAt: now,
      completedAt: now,
    };
    storage.adopt(from.path, manifest, (result) => {
      if (result.ok) {
        this.#directories.set(manifest.checkpointId, result.value);
        this.#completedIds = [...this.#completedIds, manifest.checkpointId];
      }
      done(result.ok ? { ok: true, value: { manifest, path: result.value } } : result);
    });
  }

  /** An adopted point that the job does not go on from after all. */
  drop({ manifest, path }: TakenSnapshot): void {
    this.#directories.delete(manifest.checkpointId);
    this.#completedIds = this.#completedIds.filter((id) => id !== manifest.checkpointId);
    this.#discard(path);
  }

  /** From here on the savepoint is Sluice's, as its checkpoints are. */
  claim(savepoint: StoredSnapshot): void {
    const others = this.#claimed.filter(({ directory }) => directory !== savepoint.directory);
    this.#claimed = [...others, savepoint];
  }

  /** The job is over and does not leave its checkpoints behind. Savepoints stay, but those that were handed over. */
  discardAll(done: () => void): void {
    const { clock, emit } = this.#options;
    const ids = this.#coordinator?.completed ?? this.#completedIds;
    const directories = [
      ...ids.map((id) => this.#directories.get(id)).filter((directory) => directory !== undefined),
      ...this.#claimed.map(({ directory }) => directory),
    ];
    emit({ type: 'checkpoints-discarded', at: clock.now(), checkpointIds: ids });
    let left = directories.length;
    if (left === 0) done();
    for (const directory of directories)
      this.#discard(directory, () => {
        left--;
        if (left === 0) done();
      });
  }

  /** Also for an answer of the storage: it belongs to the coordinator that asked, even when its deployment is being left. */
  #tell(coordinator: Coordinator, event: (coordinator: Coordinator, at: Moment) => readonly Effect[]): void {
    for (const effect of event(coordinator, momentOf(this.#options.clock)))
      this.#carryOut(effect, coordinator);
  }

  #carryOut(effect: Effect, coordinator: Coordinator): void {
    const { clock, emit, storage } = this.#options;
    const at = clock.now();
    switch (effect.type) {
      case 'begin': {
        const { checkpointId, kind, label } = effect.attempt;
        storage.begin(checkpointId, kind, label, (result) =>
          this.#tell(coordinator, (_, moment) => coordinator.directoryReady(checkpointId, result, moment)),
        );
        break;
      }
      case 'triggered':
        emit({
          type: 'checkpoint-triggered',
          at,
          checkpoint: { ...effect.attempt, triggeredAt: effect.triggeredAt, tasks: effect.tasks },
        });
        break;
      case 'trigger':
        this.#options.trigger(effect.subtasks, effect.options);
        break;
      case 'publish':
        this.#publish(effect, coordinator);
        break;
      case 'complete':
        this.#options.broadcast({
          type: 'checkpoint-complete',
          checkpointId: effect.checkpointId,
          commit: effect.commit,
          path: effect.path,
        });
        if (effect.attempt.kind === 'checkpoint') this.#dropClaimed(coordinator.completed);
        break;
      case 'aborted':
        emit({
          type: 'checkpoint-failed',
          at,
          checkpointId: effect.checkpointId,
          reason: effect.reason,
          message: effect.message,
          subtask: effect.subtask,
        });
        this.#options.broadcast({ type: 'checkpoint-aborted', checkpointId: effect.checkpointId });
        if (effect.directory !== null) this.#discard(effect.directory);
        break;
      case 'discard':
        this.#discard(effect.directory);
        break;
      case 'subsume':
        this.#subsume(effect.checkpointIds);
        break;
      case 'answer':
        this.#answer(effect);
        break;
      case 'skipped':
        emit({ type: 'log', at, level: 'debug', text: effect.message, subtask: null });
        break;
      case 'fail-job':
        this.#options.onFailJob(effect.message);
        break;
      case 'stopped':
        this.#isAtRest = true;
        this.#options.onStopped();
        break;
      default:
        unreachable(effect);
    }
  }

  #publish(effect: Extract<Effect, { type: 'publish' }>, coordinator: Coordinator): void {
    const { clock, emit, storage, runId, sluiceVersion } = this.#options;
    const { attempt } = effect;
    const stopped = attempt.trigger === 'stop';
    const manifest = manifestOf({
      graph: present(this.#execution, 'the deployment'),
      snapshots: effect.acknowledgements.flatMap((acknowledgement) => acknowledgement.operators),
      sluiceVersion,
      kind: attempt.kind,
      checkpointId: attempt.checkpointId,
      runId,
      parent: this.#options.parent(),
      trigger: attempt.trigger,
      stopped,
      drained: stopped && attempt.ended,
      finished: attempt.trigger === 'final',
      label: attempt.label,
      notes: attempt.notes,
      triggeredAt: effect.triggeredAt,
      completedAt: clock.now(),
    });
    storage.publish(effect.directory, manifest, (result) => {
      if (result.ok) {
        this.#taken = { manifest, path: result.value };
        if (manifest.kind === 'checkpoint') this.#directories.set(manifest.checkpointId, result.value);
        this.#options.onDurable(manifest, result.value);
        emit({
          type: 'checkpoint-completed',
          at: clock.now(),
          checkpointId: attempt.checkpointId,
          path: result.value,
          manifest,
        });
      }
      this.#tell(coordinator, (_, moment) => coordinator.published(attempt.checkpointId, result, moment));
      if (result.ok) this.#options.onComplete(manifest);
    });
  }

  #answer(effect: Extract<Effect, { type: 'answer' }>): void {
    const done = this.#requests.get(effect.requestId);
    this.#requests.delete(effect.requestId);
    const { result } = effect;
    if (!result.ok) {
      done?.(refused(result.message));
      return;
    }
    const taken = present(this.#taken, 'the snapshot that was asked for');
    assert(
      taken.manifest.checkpointId === result.checkpointId,
      'the newest snapshot is the one that was asked for',
    );
    done?.({ ok: true, value: taken });
  }

  #subsume(checkpointIds: readonly number[]): void {
    for (const id of checkpointIds) {
      const directory = this.#directories.get(id);
      this.#directories.delete(id);
      if (directory !== undefined) this.#discard(directory);
    }
    this.#options.emit({ type: 'checkpoints-discarded', at: this.#options.clock.now(), checkpointIds });
  }

  /** A claimed savepoint is subsumed like a checkpoint: when as many newer ones are there as are kept. */
  #dropClaimed(completed: readonly number[]): void {
    const isSubsumed = ({ checkpointId }: StoredSnapshot) =>
      completed.filter((id) => id > checkpointId).length >= Math.max(1, this.#options.settings.retained);
    for (const { directory } of this.#claimed.filter(isSubsumed)) this.#discard(directory);
    this.#claimed = this.#claimed.filter((savepoint) => !isSubsumed(savepoint));
  }

  #discard(directory: string, done: () => void = () => {}): void {
    const { clock, emit, storage } = this.#options;
    storage.discard(directory, (result) => {
      if (!result.ok)
        emit({ type: 'log', at: clock.now(), level: 'warning', text: result.message, subtask: null });
      done();
    });
  }
}

export const lineageOf = (manifest: Manifest): Lineage => ({
  runId: manifest.runId,
  checkpointId: manifest.checkpointId,
});

export const refused = (message: string): { readonly ok: false; readonly message: string } => ({
  ok: false,
  message,
});
