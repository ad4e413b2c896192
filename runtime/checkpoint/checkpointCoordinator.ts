/**
 * The checkpoint coordinator: when a checkpoint begins, who is triggered, when it is complete, and what becomes of it
 * when it is not. One instance serves one deployment of a job. A pure machine: events in, effects out, time handed in.
 *
 *   request ─▶ queue ─▶ begin ─▶ (storage makes a directory) ─▶ trigger ─▶ barriers cross the graph
 *                                                                             │ every task acknowledges
 *   complete ◀─ (the manifest is on disk) ◀─ publish ◀────────────────────────┘
 *      └─▶ sinks commit, older checkpoints are subsumed, whoever asked is answered
 *
 * The manifest is the point of no return. While it is being written nobody can tell whether the snapshot exists, so
 * for that time it cannot expire, be aborted or be subsumed, and `stop` waits for its outcome: a job that restarted
 * from the one before, next to one that came into being behind its back, would commit something twice or never.
 *
 * Invariants:
 *  1. Ids grow by one and are triggered in their order: only one attempt at a time waits for its directory.
 *  2. An attempt is published only when every task has acknowledged it, each counted once.
 *  3. Attempts are published one at a time; each ends exactly once, completed or aborted.
 *  4. Every request with an id is answered exactly once.
 *  5. A directory is discarded only when its attempt was aborted.
 *  6. A savepoint is neither subsumed nor counted as a failure, and never subsumes.
 *  7. While a snapshot that stops the job is under way, nothing else begins.
 */
import { assert } from '../base/assert.ts';
import type { Moment } from '../base/clock.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type { CheckpointSettings } from '../graph/jobGraph.ts';
import type { CheckpointFailureReason } from './barrier.ts';
import type {
  Acknowledgement,
  AttemptDescription,
  AttemptOptions,
  CoordinatorEffect,
  Subtask,
} from './checkpointEffects.ts';
import { CheckpointFailures } from './checkpointFailures.ts';
import {
  type AskedTrigger,
  type CheckpointRequest,
  CheckpointRequests,
  type RequestId,
  type SnapshotKind,
} from './checkpointRequests.ts';
import { durationText } from './durationText.ts';
import { nameOf, TriggerPlan } from './triggerPlan.ts';

export type { CoordinatorEffect } from './checkpointEffects.ts';

export interface CheckpointCoordinatorOptions {
  readonly settings: CheckpointSettings;
  readonly graph: ExecutionGraph;
  readonly nextCheckpointId: number;
  /** Completed checkpoints that retention may drop, ascending; never savepoints, unless claimed. */
  readonly completed?: readonly number[];
  /** Requests that may wait; Flink's 1,000 when left out. */
  readonly requestsMax?: number;
}

export interface AskedRequest {
  readonly kind: SnapshotKind;
  readonly trigger: AskedTrigger;
  readonly label: string | null;
  readonly notes: string | null;
  readonly requestId: RequestId;
  readonly suspend: boolean;
  /** Stop with drain: held back until every task has ended. */
  readonly whenEnded?: boolean;
}

export type StorageOutcome =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly message: string };

/** For screens. */
export interface PendingCheckpoint extends AttemptDescription {
  /** Clock.now(); null until it is triggered. */
  readonly triggeredAt: number | null;
  readonly acknowledged: readonly Subtask[];
  /** Its manifest is being written: it can no longer be aborted. */
  readonly isPublishing: boolean;
}

export function createCheckpointCoordinator<Operators = unknown, Report = unknown>(
  options: CheckpointCoordinatorOptions,
): CheckpointCoordinator<Operators, Report> {
  return new CheckpointCoordinator<Operators, Report>(options);
}

interface Attempt<Operators, Report> {
  readonly description: AttemptDescription;
  readonly requestId: RequestId | null;
  /** Monotonic. */
  readonly expiresMs: number;
  phase: 'beginning' | 'triggered' | 'acknowledged' | 'publishing';
  directory: string | null;
  options: AttemptOptions | null;
  readonly triggered: Set<string>;
  readonly acknowledgements: Map<string, Acknowledgement<Operators, Report>>;
}

/** What is remembered of an attempt that was aborted, for what comes late. */
interface Aborted {
  readonly isSavepoint: boolean;
  directory: string | null;
}

/** A last checkpoint that failed is tried again after this. */
const finalRetryMs = 1_000;
const abortedRememberedMax = 128;

export class CheckpointCoordinator<Operators = unknown, Report = unknown> {
  readonly #settings: CheckpointSettings;
  readonly #plan: TriggerPlan;
  readonly #requests: CheckpointRequests;
  readonly #failures: CheckpointFailures;
  /** By id, ascending. */
  readonly #pending = new Map<number, Attempt<Operators, Report>>();
  readonly #aborted = new Map<number, Aborted>();
  #completed: number[];
  #nextCheckpointId: number;
  #phase: 'deployed' | 'running' | 'over' | 'stopping' | 'stopped' = 'deployed';
  /** Monotonic, as all times here. Null: none is due. */
  #nextPeriodicMs: number | null = null;
  #finalNotBeforeMs = Number.NEGATIVE_INFINITY;
  #lastCompletedMs: number | null = null;

  constructor(options: CheckpointCoordinatorOptions) {
    const { settings } = options;
    this.#settings = settings;
    this.#plan = new TriggerPlan(options.graph);
    this.#requests = new CheckpointRequests({ ...settings, requestsMax: options.requestsMax ?? 1_000 });
    this.#failures = new CheckpointFailures(settings.tolerableFailures);
    this.#completed = [...(options.completed ?? [])];
    this.#nextCheckpointId = options.nextCheckpointId;
  }

  /** The next deployment's coordinator goes on from here. */
  get nextCheckpointId(): number {
    return this.#nextCheckpointId;
  }

  /** Completed checkpoints that are retained, ascending. */
  get completed(): readonly number[] {
    return this.#completed;
  }

  get pending(): readonly PendingCheckpoint[] {
    return [...this.#pending.values()].map((attempt) => ({
      ...attempt.description,
      triggeredAt: attempt.options?.timestamp ?? null,
      acknowledged: [...attempt.acknowledgements.values()].map(({ subtask }) => subtask),
      isPublishing: attempt.phase === 'publishing',
    }));
  }

  /** Monotonic: when `tick` has something to do next. */
  nextDeadline(): number | null {
    if (this.#phase !== 'running') return null;
    const deadlines: number[] = [];
    if (this.#nextPeriodicMs !== null) deadlines.push(this.#nextPeriodicMs);
    if (this.#wantsFinal() && Number.isFinite(this.#finalNotBeforeMs)) deadlines.push(this.#finalNotBeforeMs);
    for (const { phase, expiresMs } of this.#pending.values())
      if (phase !== 'publishing') deadlines.push(expiresMs);
    return deadlines.length === 0 ? null : Math.min(...deadlines);
  }

  /** Every task runs. */
  start(at: Moment): readonly CoordinatorEffect<Operators, Report>[] {
    assert(this.#phase === 'deployed', 'a deployment starts once');
    this.#phase = 'running';
    const { intervalMs } = this.#settings;
    this.#nextPeriodicMs = intervalMs === null ? null : at.monotonicMs + intervalMs;
    return this.#goOn([], at);
  }

  tick(at: Moment): readonly CoordinatorEffect<Operators, Report>[] {
    if (this.#phase !== 'running') return [];
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    for (const attempt of [...this.#pending.values()]) {
      if (attempt.phase === 'publishing' || at.monotonicMs < attempt.expiresMs) continue;
      this.#abort(attempt, 'CHECKPOINT_EXPIRED', this.#expiryMessage(attempt), null, at, effects);
    }
    this.#queuePeriodic(at, effects);
    return this.#goOn(effects, at);
  }

  request(asked: AskedRequest, at: Moment): readonly CoordinatorEffect<Operators, Report>[] {
    const { requestId } = asked;
    const refuse = (
      reason: CheckpointFailureReason,
      message: string,
    ): readonly CoordinatorEffect<Operators, Report>[] => [
      { type: 'answer', requestId, result: { ok: false, checkpointId: null, reason, message } },
    ];
    if (this.#phase === 'deployed')
      return refuse(
        'NOT_ALL_REQUIRED_TASKS_RUNNING',
        'Not all tasks of the job are running yet. Try again when they are.',
      );
    if (this.#phase !== 'running')
      return refuse('CHECKPOINT_COORDINATOR_SHUTDOWN', 'The job is ending and takes no further snapshots.');
    const whenEnded = asked.whenEnded ?? asked.trigger === 'final';
    const turnedAway = this.#requests.add({ ...asked, whenEnded });
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    if (turnedAway !== null) this.#turnAway(turnedAway, effects);
    return this.#goOn(effects, at);
  }

  /** Storage has made the directory of an attempt, or could not. */
  directoryReady(
    checkpointId: number,
    outcome: StorageOutcome,
    at: Moment,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    const attempt = this.#pending.get(checkpointId);
    if (attempt === undefined) return this.#lateDirectory(checkpointId, outcome);
    assert(attempt.phase === 'beginning', `checkpoint ${checkpointId} has its directory already`);
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    if (outcome.ok) {
      const { kind, suspend } = attempt.description;
      attempt.phase = 'triggered';
      attempt.directory = outcome.value;
      const isSavepoint = kind === 'savepoint';
      const unaligned = this.#settings.unaligned && this.#settings.alignedTimeoutMs === 0 && !isSavepoint;
      attempt.options = {
        checkpointId,
        isSavepoint,
        unaligned,
        timestamp: at.now,
        suspend,
        directory: outcome.value,
      };
      effects.push({
        type: 'triggered',
        attempt: attempt.description,
        triggeredAt: at.now,
        tasks: this.#plan.subtasks,
      });
      this.#trigger(attempt, effects);
    } else {
      this.#abort(
        attempt,
        'IO_EXCEPTION',
        `The directory of the snapshot could not be made: ${outcome.message}`,
        null,
        at,
        effects,
      );
    }
    return this.#goOn(effects, at);
  }

  acknowledge(
    subtask: Subtask,
    checkpointId: number,
    operators: Operators,
    report: Report,
    at: Moment,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    const attempt = this.#pending.get(checkpointId);
    if (attempt === undefined) return this.#discardLate(checkpointId);
    if (
      attempt.phase !== 'triggered' ||
      !this.#plan.knows(subtask) ||
      attempt.acknowledgements.has(nameOf(subtask))
    )
      return [];
    attempt.acknowledgements.set(nameOf(subtask), { subtask, operators, report, acknowledgedAt: at.now });
    if (attempt.acknowledgements.size < this.#plan.subtasks.length) return [];
    attempt.phase = 'acknowledged';
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    this.#publishNext(effects);
    return effects;
  }

  /** A task will not take part: for a cause, or because a cancellation came to it. */
  decline(
    subtask: Subtask,
    checkpointId: number,
    reason: CheckpointFailureReason,
    message: string,
    at: Moment,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    const attempt = this.#pending.get(checkpointId);
    if (attempt !== undefined && (attempt.phase === 'triggered' || attempt.phase === 'acknowledged')) {
      this.#abort(attempt, reason, message, subtask, at, effects);
      return this.#goOn(effects, at);
    }
    if (attempt !== undefined) return [];
    // A cancellation can be faster than the decline that caused it; the cause counts all the same, once.
    const aborted = this.#aborted.get(checkpointId);
    if (aborted !== undefined && !aborted.isSavepoint) this.#count(checkpointId, reason, message, effects);
    effects.push(...this.#discardLate(checkpointId));
    return effects;
  }

  /** The task has sent on everything; it stays until the job's last checkpoint. May come before `start`. */
  taskEnded(subtask: Subtask, at: Moment): readonly CoordinatorEffect<Operators, Report>[] {
    this.#plan.ended(subtask);
    if (this.#phase !== 'running') return [];
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    for (const attempt of this.#pending.values())
      if (attempt.phase === 'triggered') this.#trigger(attempt, effects);
    return this.#goOn(effects, at);
  }

  /** The manifest is on disk, at this path; or it could not be written. */
  published(
    checkpointId: number,
    outcome: StorageOutcome,
    at: Moment,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    const attempt = this.#pending.get(checkpointId);
    assert(attempt?.phase === 'publishing', `checkpoint ${checkpointId} was not being published`);
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    if (outcome.ok) this.#complete(attempt, outcome.value, at, effects);
    else
      this.#abort(
        attempt,
        'FINALIZE_CHECKPOINT_FAILURE',
        `The manifest could not be written: ${outcome.message}`,
        null,
        at,
        effects,
      );
    if (this.#phase === 'stopping') {
      this.#phase = 'stopped';
      effects.push({ type: 'stopped' });
    }
    this.#publishNext(effects);
    return this.#goOn(effects, at);
  }

  /** A user's wish, for one. Does nothing to an attempt whose manifest is being written, or that is over. */
  abort(
    checkpointId: number,
    reason: CheckpointFailureReason,
    message: string,
    at: Moment,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    const attempt = this.#pending.get(checkpointId);
    if (attempt === undefined || attempt.phase === 'publishing') return [];
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    this.#abort(attempt, reason, message, null, at, effects);
    return this.#goOn(effects, at);
  }

  /**
   * The deployment is over: failed, cancelled or finished. Everything under way is aborted, everybody answered.
   * `stopped` comes with these effects, or after the outcome of a manifest that is being written.
   */
  stop(
    reason: CheckpointFailureReason,
    message: string,
    at: Moment,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    if (this.#phase === 'stopping' || this.#phase === 'stopped') return [];
    const effects: CoordinatorEffect<Operators, Report>[] = [];
    this.#close(reason, message, at, effects);
    this.#phase = this.#pending.size > 0 ? 'stopping' : 'stopped';
    if (this.#phase === 'stopped') effects.push({ type: 'stopped' });
    return effects;
  }

  /** After every event: begins whatever has become possible by it. */
  #goOn(
    effects: CoordinatorEffect<Operators, Report>[],
    at: Moment,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    while (this.#phase === 'running') {
      if (this.#wantsFinal() && at.monotonicMs >= this.#finalNotBeforeMs) this.#requests.add(finalRequest);
      const attempts = [...this.#pending.values()];
      const turn = this.#requests.next({
        nowMs: at.monotonicMs,
        isBeginning: attempts.some(({ phase }) => phase === 'beginning'),
        isHalting: attempts.some(({ description }) => isLast(description)),
        pendingCount: attempts.length,
        pendingAskedCount: attempts.filter(({ description }) => description.trigger !== 'periodic').length,
        haveAllEnded: this.#plan.haveAllEnded,
        lastCompletedMs: this.#lastCompletedMs,
      });
      if (turn.type === 'nobody') break;
      if (turn.type === 'begin') {
        this.#begin(turn.request, at, effects);
        continue;
      }
      this.#nextPeriodicMs = turn.untilMs;
      const message = `The last snapshot completed less than ${durationText(this.#settings.minPauseMs)} ago.`;
      effects.push({ type: 'skipped', reason: 'MINIMUM_TIME_BETWEEN_CHECKPOINTS', message });
    }
    return effects;
  }

  #begin(request: CheckpointRequest, at: Moment, effects: CoordinatorEffect<Operators, Report>[]): void {
    const { kind, trigger, label, notes, suspend, requestId } = request;
    const checkpointId = this.#nextCheckpointId++;
    const description = {
      checkpointId,
      kind,
      trigger,
      label,
      notes,
      suspend,
      ended: this.#plan.haveAllEnded,
    };
    this.#pending.set(checkpointId, {
      description,
      requestId,
      expiresMs: at.monotonicMs + this.#settings.timeoutMs,
      phase: 'beginning',
      directory: null,
      options: null,
      triggered: new Set(),
      acknowledgements: new Map(),
    });
    effects.push({ type: 'begin', attempt: description });
  }

  #queuePeriodic(at: Moment, effects: CoordinatorEffect<Operators, Report>[]): void {
    const { intervalMs } = this.#settings;
    const dueMs = this.#nextPeriodicMs;
    if (intervalMs === null || dueMs === null || at.monotonicMs < dueMs) return;
    // Ticks keep their rhythm; those that were missed are not made up for.
    this.#nextPeriodicMs = at.monotonicMs + intervalMs - ((at.monotonicMs - dueMs) % intervalMs);
    if (this.#plan.haveAllEnded) {
      this.#nextPeriodicMs = null;
      return;
    }
    const turnedAway = this.#requests.add(periodicRequest);
    if (turnedAway !== null) this.#turnAway(turnedAway, effects);
  }

  #turnAway(request: CheckpointRequest, effects: CoordinatorEffect<Operators, Report>[]): void {
    const reason = 'TOO_MANY_CHECKPOINT_REQUESTS';
    const message = 'Too many snapshots are waiting for their turn.';
    if (request.requestId === null) effects.push({ type: 'skipped', reason, message });
    else
      effects.push({
        type: 'answer',
        requestId: request.requestId,
        result: { ok: false, checkpointId: null, reason, message },
      });
  }

  /** Every task has ended and nothing that will take everything with it is asked for or under way. */
  #wantsFinal(): boolean {
    if (!this.#plan.haveAllEnded) return false;
    if (this.#requests.some(({ whenEnded, suspend }) => whenEnded || suspend)) return false;
    return ![...this.#pending.values()].some(({ description }) => isLast(description));
  }

  #trigger(attempt: Attempt<Operators, Report>, effects: CoordinatorEffect<Operators, Report>[]): void {
    const { options, triggered } = attempt;
    if (options === null) return;
    const subtasks = this.#plan.toTrigger().filter((subtask) => !triggered.has(nameOf(subtask)));
    if (subtasks.length === 0) return;
    for (const subtask of subtasks) triggered.add(nameOf(subtask));
    effects.push({ type: 'trigger', checkpointId: options.checkpointId, subtasks, options });
  }

  /** Invariant 3. */
  #publishNext(effects: CoordinatorEffect<Operators, Report>[]): void {
    const attempts = [...this.#pending.values()];
    if (attempts.some(({ phase }) => phase === 'publishing')) return;
    const attempt = attempts.find(({ phase }) => phase === 'acknowledged');
    if (attempt === undefined) return;
    const { directory, options, description, acknowledgements } = attempt;
    assert(directory !== null && options !== null, 'what is published has a directory');
    assert(
      acknowledgements.size === this.#plan.subtasks.length,
      'what is published was acknowledged by every task',
    );
    attempt.phase = 'publishing';
    effects.push({
      type: 'publish',
      attempt: description,
      directory,
      triggeredAt: options.timestamp,
      acknowledgements: [...acknowledgements.values()],
    });
  }

  #complete(
    attempt: Attempt<Operators, Report>,
    path: string,
    at: Moment,
    effects: CoordinatorEffect<Operators, Report>[],
  ): void {
    const { description, requestId } = attempt;
    const { checkpointId, kind } = description;
    this.#pending.delete(checkpointId);
    this.#lastCompletedMs = at.monotonicMs;
    effects.push({
      type: 'complete',
      attempt: description,
      checkpointId,
      path,
      commit: kind === 'checkpoint' || isLast(description),
    });
    if (kind === 'checkpoint') {
      this.#failures.succeeded();
      this.#completed.push(checkpointId);
      for (const older of [...this.#pending.values()]) {
        if (older.description.kind === 'savepoint' || older.description.checkpointId > checkpointId) continue;
        this.#abort(
          older,
          'CHECKPOINT_SUBSUMED',
          `Checkpoint ${checkpointId} completed before it.`,
          null,
          at,
          effects,
        );
      }
      const surplus = this.#completed.length - Math.max(1, this.#settings.retained);
      if (surplus > 0) effects.push({ type: 'subsume', checkpointIds: this.#completed.splice(0, surplus) });
    }
    if (requestId !== null)
      effects.push({ type: 'answer', requestId, result: { ok: true, checkpointId, path } });
    if (isLast(description) && this.#phase === 'running') {
      this.#close(
        'CHECKPOINT_COORDINATOR_SHUTDOWN',
        `The job ends with ${kind} ${checkpointId}.`,
        at,
        effects,
      );
      this.#phase = 'over';
    }
  }

  #abort(
    attempt: Attempt<Operators, Report>,
    reason: CheckpointFailureReason,
    message: string,
    subtask: Subtask | null,
    at: Moment,
    effects: CoordinatorEffect<Operators, Report>[],
  ): void {
    const { description, requestId, directory } = attempt;
    const { checkpointId, kind, suspend } = description;
    this.#pending.delete(checkpointId);
    this.#remember(checkpointId, { isSavepoint: kind === 'savepoint', directory });
    effects.push({
      type: 'aborted',
      attempt: description,
      checkpointId,
      reason,
      message,
      subtask,
      directory,
    });
    if (requestId !== null)
      effects.push({ type: 'answer', requestId, result: { ok: false, checkpointId, reason, message } });
    // The sources go on: the next periodic checkpoint comes a whole interval after they do.
    if (suspend && this.#settings.intervalMs !== null)
      this.#nextPeriodicMs = at.monotonicMs + this.#settings.intervalMs;
    if (description.trigger === 'final') this.#finalNotBeforeMs = at.monotonicMs + finalRetryMs;
    if (kind === 'checkpoint') this.#count(checkpointId, reason, message, effects);
  }

  #count(
    checkpointId: number,
    reason: CheckpointFailureReason,
    message: string,
    effects: CoordinatorEffect<Operators, Report>[],
  ): void {
    if (!this.#failures.failed(checkpointId, reason) || this.#phase !== 'running') return;
    this.#phase = 'over';
    effects.push({ type: 'fail-job', checkpointId, reason, message });
  }

  /** Aborts all but what is being published, and answers everybody who waits. */
  #close(
    reason: CheckpointFailureReason,
    message: string,
    at: Moment,
    effects: CoordinatorEffect<Operators, Report>[],
  ): void {
    this.#phase = 'over';
    for (const attempt of [...this.#pending.values()]) {
      if (attempt.phase !== 'publishing') this.#abort(attempt, reason, message, null, at, effects);
    }
    for (const { requestId } of this.#requests.takeAll()) {
      if (requestId !== null)
        effects.push({
          type: 'answer',
          requestId,
          result: { ok: false, checkpointId: null, reason, message },
        });
    }
  }

  #lateDirectory(
    checkpointId: number,
    outcome: StorageOutcome,
  ): readonly CoordinatorEffect<Operators, Report>[] {
    const aborted = this.#aborted.get(checkpointId);
    if (aborted !== undefined && outcome.ok) aborted.directory = outcome.value;
    return this.#discardLate(checkpointId);
  }

  /** Invariant 5: an id that completed, or that is not known, is left alone. */
  #discardLate(checkpointId: number): CoordinatorEffect<Operators, Report>[] {
    const directory = this.#aborted.get(checkpointId)?.directory ?? null;
    return directory === null ? [] : [{ type: 'discard', checkpointId, directory }];
  }

  #remember(checkpointId: number, aborted: Aborted): void {
    this.#aborted.set(checkpointId, aborted);
    if (this.#aborted.size > abortedRememberedMax) this.#aborted.delete(Math.min(...this.#aborted.keys()));
  }

  #expiryMessage({ phase, acknowledgements }: Attempt<Operators, Report>): string {
    const after = `after ${durationText(this.#settings.timeoutMs)}`;
    if (phase === 'beginning') return `Storage had not made its directory ${after}.`;
    const missing = this.#plan.subtasks
      .filter((subtask) => !acknowledgements.has(nameOf(subtask)))
      .map(nameOf);
    const named = missing.slice(0, 3).join(', ');
    const others = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    if (missing.length === 0) return `Its turn to be written had not come ${after}.`;
    return `${named}${others} had not acknowledged ${after}.`;
  }
}

/** The job ends with it: whatever it holds is final. */
function isLast({ suspend, trigger, ended }: AttemptDescription): boolean {
  return suspend || trigger === 'final' || (trigger === 'stop' && ended);
}

const periodicRequest: CheckpointRequest = {
  kind: 'checkpoint',
  trigger: 'periodic',
  label: null,
  notes: null,
  requestId: null,
  suspend: false,
  whenEnded: false,
};
const finalRequest: CheckpointRequest = {
  kind: 'checkpoint',
  trigger: 'final',
  label: null,
  notes: null,
  requestId: null,
  suspend: false,
  whenEnded: true,
};
