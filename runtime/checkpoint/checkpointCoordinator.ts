/**
 * The checkpoint coordinator: when a checkpoint begins, who is triggered, when it is complete, and what becomes of it
 * when it is not. One instance serves one deployment of a job. A pure machine: events in, effects out, time
 * handed in (deadlines are monotonic, timestamps are not).
 *
 *   request ─▶ queue ─▶ begin ─▶ (storage makes a directory) ─▶ trigger ─▶ barriers cross the graph
 *                                                                             │ every task acknowledges
 *   complete ◀─ (the manifest is on disk) ◀─ publish ◀────────────────────────┘
 *      └─▶ sinks commit, older checkpoints are subsumed, whoever asked is answered
 *
 * The manifest is the point of no return. While it is being written nobody can tell whether the snapshot exists, so
 * for that time it cannot expire, be aborted or be subsumed, and a deployment that is stopped then is over only with
 * the effect `stopped`. A job that restarted earlier, from the checkpoint before, would throw away what the new one is
 * about to promise:
 *
 *   publish 7 ──────────────────── on disk           restored from 6: the sinks drop the files that 7 will name;
 *       task fails ─▶ restart from 6 ─▶ …            whoever restores 7 later misses them
 *
 * Invariants:
 *  1. Ids grow by one and are triggered in their order: only one attempt at a time waits for its directory.
 *  2. An attempt is published only when every task has acknowledged it, each counted once.
 *  3. Attempts are published one at a time; each ends exactly once, completed or aborted.
 *  4. Every request is answered exactly once.
 *  5. A directory is discarded only when its attempt was aborted.
 *  6. A savepoint is neither subsumed nor counted as a failure, and never subsumes.
 *  7. While a snapshot that the job ends with is under way, nothing else begins.
 *  8. While the job is switched to another mode, nothing begins, and nothing that a gate still works on is under way.
 *  9. Once the job is to be drained, only its savepoint begins, and nothing is under way that a task still has to acknowledge:
 *     windows that drained sources have fired must be part of no point that the job could go back to, if the savepoint fails.
 */
import { assert } from '../base/assert.ts';
import type { Moment } from '../base/clock.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type { CheckpointSettings } from '../graph/jobGraph.ts';
import type { CheckpointFailureReason } from './barrier.ts';
import { AbortedAttempts, type Attempt, createAttempt, endsJob, expiryMessage } from './checkpointAttempt.ts';
import type { AttemptDescription, CoordinatorEffect, Subtask } from './checkpointEffects.ts';
import { CheckpointFailures } from './checkpointFailures.ts';
import { type CheckpointMode, modeText } from './checkpointMode.ts';
import {
  type AskedTrigger,
  type CheckpointRequest,
  CheckpointRequests,
  finalRequest,
  periodicRequest,
  type RequestId,
  type SnapshotKind,
} from './checkpointRequests.ts';
import { PeriodicSchedule } from './periodicSchedule.ts';
import { durationText } from './sentences.ts';
import { nameOf, TriggerPlan } from './triggerPlan.ts';

export type { CoordinatorEffect } from './checkpointEffects.ts';

export interface CheckpointCoordinatorOptions {
  readonly settings: CheckpointSettings;
  readonly graph: ExecutionGraph;
  readonly nextCheckpointId: number;
  /** Completed checkpoints that retention may drop, oldest first; savepoints only when they were claimed. */
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
  /** The sources stop emitting behind the barrier. */
  readonly suspend: boolean;
  /** Stop with drain: held back until every task has ended. */
  readonly whenEnded?: boolean;
}

export type StorageOutcome =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly message: string };

/** For screens. */
export interface PendingCheckpoint extends AttemptDescription {
  /** Clock.now() */
  readonly triggeredAt: number;
  readonly acknowledged: readonly Subtask[];
  /** Its manifest is being written: it can no longer be aborted. */
  readonly isPublishing: boolean;
}

export function createCheckpointCoordinator<Operators = unknown, Report = unknown>(
  options: CheckpointCoordinatorOptions,
): CheckpointCoordinator<Operators, Report> {
  return new CheckpointCoordinator<Operators, Report>(options);
}

type Effects<Operators, Report> = readonly CoordinatorEffect<Operators, Report>[];

/** `Operators` and `Report` are what a task acknowledges with. */
export class CheckpointCoordinator<Operators = unknown, Report = unknown> {
  #settings: CheckpointSettings;
  readonly #requests: CheckpointRequests;
  readonly #aborted = new AbortedAttempts();
  readonly #failures: CheckpointFailures;
  /** By id, ascending. */
  readonly #pending = new Map<number, Attempt<Operators, Report>>();
  /** What the call under way has decided so far. */
  #effects: CoordinatorEffect<Operators, Report>[] = [];
  /** `over`: nothing begins any more, but what is under way may end well. */
  #phase: 'deployed' | 'running' | 'over' | 'stopping' | 'stopped' = 'deployed';
  /** Gates are being switched to another mode: nothing begins before all of them are. */
  #isSwitching = false;
  /** Its sources are told to end, for good. */
  #isDraining = false;
  readonly #plan: TriggerPlan;
  readonly #completed: number[];
  #nextCheckpointId: number;
  readonly #schedule: PeriodicSchedule;
  #lastCompletedMs: number | null = null;
  /** A last checkpoint that failed is tried again then. Null: none has failed. */
  #finalRetryMs: number | null = null;

  constructor(options: CheckpointCoordinatorOptions) {
    const { settings } = options;
    this.#settings = settings;
    this.#requests = new CheckpointRequests({ ...settings, requestsMax: options.requestsMax ?? 1_000 });
    this.#failures = new CheckpointFailures(settings.tolerableFailures);
    this.#plan = new TriggerPlan(options.graph);
    this.#schedule = new PeriodicSchedule(settings.intervalMs);
    this.#completed = [...(options.completed ?? [])];
    this.#nextCheckpointId = options.nextCheckpointId;
  }

  /** The next deployment's coordinator goes on from here. */
  get nextCheckpointId(): number {
    return this.#nextCheckpointId;
  }

  /** Completed checkpoints that are kept, oldest first. */
  get completed(): readonly number[] {
    return this.#completed;
  }

  get pending(): readonly PendingCheckpoint[] {
    return [...this.#pending.values()].map(({ description, triggeredAt, acknowledged, phase }) => ({
      ...description,
      triggeredAt,
      acknowledged: [...acknowledged.values()].map(({ subtask }) => subtask),
      isPublishing: phase === 'publishing',
    }));
  }

  /** Monotonic: when `tick` has something to do next. */
  nextDeadline(): number | null {
    if (this.#phase !== 'running') return null;
    const deadlines: number[] = [];
    if (this.#schedule.nextMs !== null) deadlines.push(this.#schedule.nextMs);
    if (this.#finalRetryMs !== null && !this.#isSwitching && this.#wantsFinal())
      deadlines.push(this.#finalRetryMs);
    for (const { phase, expiresMs } of this.#pending.values())
      if (phase !== 'publishing') deadlines.push(expiresMs);
    return deadlines.length === 0 ? null : Math.min(...deadlines);
  }

  /** Every task runs. */
  start(at: Moment): Effects<Operators, Report> {
    assert(this.#phase === 'deployed', 'a deployment starts once');
    this.#phase = 'running';
    this.#schedule.start(at.monotonicMs);
    return this.#goOn(at);
  }

  tick(at: Moment): Effects<Operators, Report> {
    if (this.#phase !== 'running') return [];
    for (const attempt of [...this.#pending.values()]) {
      if (attempt.phase === 'publishing' || at.monotonicMs < attempt.expiresMs) continue;
      const message = expiryMessage(attempt, this.#plan, this.#settings.timeoutMs);
      this.#abort(attempt, 'CHECKPOINT_EXPIRED', message, null, at);
    }
    this.#queuePeriodic(at.monotonicMs);
    return this.#goOn(at);
  }

  request(asked: AskedRequest, at: Moment): Effects<Operators, Report> {
    const { requestId } = asked;
    if (this.#isDraining) {
      this.#refuse(requestId, 'CHECKPOINT_COORDINATOR_SHUTDOWN', drainMessage);
    } else if (this.#phase === 'running') {
      if (asked.trigger === 'stop' && asked.whenEnded === true) this.#drain(at);
      const turnedAway = this.#requests.add({
        ...asked,
        whenEnded: asked.whenEnded ?? asked.trigger === 'final',
      });
      if (turnedAway !== null) this.#turnAway(turnedAway);
    } else if (this.#phase === 'deployed') {
      this.#refuse(
        requestId,
        'NOT_ALL_REQUIRED_TASKS_RUNNING',
        'Not all tasks are running yet. Try again when they are.',
      );
    } else {
      this.#refuse(
        requestId,
        'CHECKPOINT_COORDINATOR_SHUTDOWN',
        'The job is ending and takes no further snapshots.',
      );
    }
    return this.#goOn(at);
  }

  /** Storage has made the directory of an attempt, or could not. */
  directoryReady(checkpointId: number, outcome: StorageOutcome, at: Moment): Effects<Operators, Report> {
    const attempt = this.#pending.get(checkpointId);
    if (attempt === undefined) {
      if (outcome.ok) this.#aborted.gotDirectory(checkpointId, outcome.value);
      this.#discardLate(checkpointId);
      return this.#take();
    }
    assert(attempt.phase === 'beginning', `checkpoint ${checkpointId} has its directory already`);
    if (outcome.ok) {
      const { kind, suspend } = attempt.description;
      const isSavepoint = kind === 'savepoint';
      const unaligned = this.#settings.unaligned && this.#settings.alignedTimeoutMs === 0 && !isSavepoint;
      attempt.options = {
        checkpointId,
        isSavepoint,
        unaligned,
        timestamp: attempt.triggeredAt,
        suspend,
        directory: outcome.value,
      };
      attempt.phase = 'triggered';
      this.#trigger(attempt);
    } else {
      this.#abort(attempt, 'IO_EXCEPTION', `Its directory could not be made: ${outcome.message}`, null, at);
    }
    return this.#goOn(at);
  }

  acknowledge(
    subtask: Subtask,
    checkpointId: number,
    operators: Operators,
    report: Report,
    at: Moment,
  ): Effects<Operators, Report> {
    const attempt = this.#pending.get(checkpointId);
    if (attempt === undefined) this.#discardLate(checkpointId);
    else if (
      attempt.phase === 'triggered' &&
      this.#plan.knows(subtask) &&
      !attempt.acknowledged.has(nameOf(subtask))
    ) {
      attempt.acknowledged.set(nameOf(subtask), { subtask, operators, report, acknowledgedAt: at.now });
      if (attempt.acknowledged.size === this.#plan.subtasks.length) attempt.phase = 'acknowledged';
      this.#publishNext();
    }
    return this.#take();
  }

  /** A task will not take part: for a cause, or because a cancellation came to it. */
  decline(
    subtask: Subtask,
    checkpointId: number,
    reason: CheckpointFailureReason,
    message: string,
    at: Moment,
  ): Effects<Operators, Report> {
    const attempt = this.#pending.get(checkpointId);
    // What is declined late does not count: the directory is gone, so writers that had not heard of it fail too.
    if (attempt === undefined) this.#discardLate(checkpointId);
    else if (attempt.phase === 'triggered' || attempt.phase === 'acknowledged')
      this.#abort(attempt, reason, message, subtask, at);
    return this.#goOn(at);
  }

  /** The task has sent on everything; it stays until the job's last checkpoint. May come before `start`. */
  taskEnded(subtask: Subtask, at: Moment): Effects<Operators, Report> {
    this.#plan.ended(subtask);
    for (const attempt of this.#pending.values()) if (attempt.phase === 'triggered') this.#trigger(attempt);
    return this.#goOn(at);
  }

  /** The manifest is on disk and the snapshot lies at this path; or it could not be written. */
  published(checkpointId: number, outcome: StorageOutcome, at: Moment): Effects<Operators, Report> {
    const attempt = this.#pending.get(checkpointId);
    assert(attempt?.phase === 'publishing', `checkpoint ${checkpointId} is not being published`);
    if (outcome.ok) this.#complete(attempt, outcome.value, at);
    else
      this.#abort(
        attempt,
        'FINALIZE_CHECKPOINT_FAILURE',
        `Its manifest could not be written: ${outcome.message}`,
        null,
        at,
      );
    if (this.#phase === 'stopping') this.#stopped();
    this.#publishNext();
    return this.#goOn(at);
  }

  /** A user's wish, say. Does nothing to one whose manifest is being written, or that is over. */
  abort(
    checkpointId: number,
    reason: CheckpointFailureReason,
    message: string,
    at: Moment,
  ): Effects<Operators, Report> {
    const attempt = this.#pending.get(checkpointId);
    if (attempt !== undefined && attempt.phase !== 'publishing')
      this.#abort(attempt, reason, message, null, at);
    return this.#goOn(at);
  }

  /**
   * The job is switched to another mode. What gates still work on is aborted, and nothing begins before `switched`: a barrier
   * that met gates of both modes would promise exactly-once for what one of them counted at-least-once.
   */
  switchMode(mode: CheckpointMode, at: Moment): Effects<Operators, Report> {
    this.#isSwitching = true;
    this.#settings = { ...this.#settings, ...mode };
    if (this.#phase !== 'running') return [];
    for (const attempt of [...this.#pending.values()]) {
      // The others have left the gates behind.
      if (attempt.phase !== 'beginning' && attempt.phase !== 'triggered') continue;
      const message = `The job's checkpoints are switched to ${modeText(mode)}, and what is under way is given up first.`;
      this.#abort(attempt, 'USER_ABORTED', message, null, at);
    }
    return this.#take();
  }

  /** Every gate is. */
  switched(at: Moment): Effects<Operators, Report> {
    this.#isSwitching = false;
    return this.#goOn(at);
  }

  /**
   * The deployment is over: failed, cancelled or finished. Everything under way is aborted, everybody answered.
   * `stopped` comes with these effects, or with the outcome of a manifest that is being written.
   */
  stop(reason: CheckpointFailureReason, message: string, at: Moment): Effects<Operators, Report> {
    if (this.#phase === 'stopping' || this.#phase === 'stopped') return [];
    this.#close(reason, message, at);
    this.#phase = 'stopping';
    if (this.#pending.size === 0) this.#stopped();
    return this.#take();
  }

  /** Invariant 9. The job's last checkpoint, when it has ended by itself, stays under way: there is nothing left to drain. */
  #drain(at: Moment): void {
    this.#isDraining = true;
    this.#schedule.stop();
    for (const { requestId } of this.#requests.takeAll())
      if (requestId !== null) this.#refuse(requestId, 'USER_ABORTED', drainMessage);
    for (const attempt of [...this.#pending.values()]) {
      const isOnItsWay = attempt.phase === 'beginning' || attempt.phase === 'triggered';
      if (isOnItsWay && !endsJob(attempt.description))
        this.#abort(attempt, 'USER_ABORTED', drainMessage, null, at);
    }
  }

  /** After every event: whatever has become possible by it begins. */
  #goOn(at: Moment): Effects<Operators, Report> {
    while (this.#phase === 'running' && !this.#isSwitching) {
      const isRetryDue = this.#finalRetryMs === null || at.monotonicMs >= this.#finalRetryMs;
      if (isRetryDue && this.#wantsFinal()) this.#requests.add(finalRequest);
      const attempts = [...this.#pending.values()];
      const turn = this.#requests.next({
        nowMs: at.monotonicMs,
        isBeginning: attempts.some(({ phase }) => phase === 'beginning'),
        isEnding: attempts.some(({ description }) => endsJob(description)),
        pendingCount: attempts.length,
        pendingAskedCount: attempts.filter(({ description }) => description.trigger !== 'periodic').length,
        haveAllEnded: this.#plan.haveAllEnded,
        lastCompletedMs: this.#lastCompletedMs,
      });
      if (turn.type === 'nobody') break;
      if (turn.type === 'begin') {
        this.#begin(turn.request, at);
      } else {
        this.#schedule.postponeTo(turn.untilMs);
        const message = `The last snapshot completed less than ${durationText(this.#settings.minPauseMs)} ago.`;
        this.#effects.push({ type: 'skipped', reason: 'MINIMUM_TIME_BETWEEN_CHECKPOINTS', message });
      }
    }
    return this.#take();
  }

  #take(): Effects<Operators, Report> {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #begin({ requestId, kind, trigger, label, notes, suspend }: CheckpointRequest, at: Moment): void {
    const checkpointId = this.#nextCheckpointId++;
    const ended = this.#plan.haveAllEnded;
    const description: AttemptDescription = { checkpointId, kind, trigger, label, notes, suspend, ended };
    const triggeredAt = at.now;
    const expiresMs = at.monotonicMs + this.#settings.timeoutMs;
    this.#pending.set(checkpointId, createAttempt({ description, triggeredAt, requestId, expiresMs }));
    this.#effects.push({ type: 'triggered', attempt: description, triggeredAt, tasks: this.#plan.subtasks });
    this.#effects.push({ type: 'begin', attempt: description });
  }

  /** Every task has ended, and nothing that the job could end with is asked for or under way. */
  #wantsFinal(): boolean {
    if (!this.#plan.haveAllEnded) return false;
    if (this.#requests.some(({ whenEnded, suspend }) => whenEnded || suspend)) return false;
    return ![...this.#pending.values()].some(({ description }) => endsJob(description));
  }

  #queuePeriodic(nowMs: number): void {
    if (!this.#schedule.isDue(nowMs)) return;
    if (this.#plan.haveAllEnded) {
      // Only the last one is still to come.
      this.#schedule.stop();
      return;
    }
    const turnedAway = this.#requests.add(periodicRequest);
    if (turnedAway !== null) this.#turnAway(turnedAway);
  }

  #turnAway({ requestId }: CheckpointRequest): void {
    const reason = 'TOO_MANY_CHECKPOINT_REQUESTS';
    const message = 'Too many snapshots are waiting for their turn.';
    if (requestId === null) this.#effects.push({ type: 'skipped', reason, message });
    else this.#refuse(requestId, reason, message);
  }

  #refuse(requestId: RequestId, reason: CheckpointFailureReason, message: string): void {
    this.#effects.push({
      type: 'answer',
      requestId,
      result: { ok: false, checkpointId: null, reason, message },
    });
  }

  #trigger({ description, options, triggered }: Attempt<Operators, Report>): void {
    assert(options !== null, 'what is triggered has a directory');
    const subtasks = this.#plan.toTrigger().filter((subtask) => !triggered.has(nameOf(subtask)));
    for (const subtask of subtasks) triggered.add(nameOf(subtask));
    const { checkpointId } = description;
    if (subtasks.length > 0) this.#effects.push({ type: 'trigger', checkpointId, subtasks, options });
  }

  /** Invariants 2 and 3. */
  #publishNext(): void {
    const attempts = [...this.#pending.values()];
    if (attempts.some(({ phase }) => phase === 'publishing')) return;
    const attempt = attempts.find(({ phase }) => phase === 'acknowledged');
    if (attempt === undefined) return;
    const { options, description, triggeredAt, acknowledged } = attempt;
    assert(options !== null, 'what is published has a directory');
    assert(
      acknowledged.size === this.#plan.subtasks.length,
      'what is published was acknowledged by every task',
    );
    attempt.phase = 'publishing';
    const { directory } = options;
    const acknowledgements = [...acknowledged.values()];
    this.#effects.push({ type: 'publish', attempt: description, directory, triggeredAt, acknowledgements });
  }

  #complete({ description, requestId }: Attempt<Operators, Report>, path: string, at: Moment): void {
    const { checkpointId, kind } = description;
    this.#pending.delete(checkpointId);
    this.#lastCompletedMs = at.monotonicMs;
    const commit = kind === 'checkpoint' || endsJob(description);
    this.#effects.push({ type: 'complete', attempt: description, checkpointId, path, commit });
    if (kind === 'checkpoint') this.#subsume(checkpointId, at);
    if (requestId !== null)
      this.#effects.push({ type: 'answer', requestId, result: { ok: true, checkpointId, path } });
    if (endsJob(description) && this.#phase === 'running') {
      this.#close('CHECKPOINT_COORDINATOR_SHUTDOWN', `The job ends with ${kind} ${checkpointId}.`, at);
    }
  }

  /** Invariant 6. */
  #subsume(checkpointId: number, at: Moment): void {
    this.#failures.succeeded();
    this.#completed.push(checkpointId);
    for (const older of [...this.#pending.values()]) {
      if (older.description.kind === 'savepoint' || older.description.checkpointId > checkpointId) continue;
      this.#abort(older, 'CHECKPOINT_SUBSUMED', `Checkpoint ${checkpointId} completed before it.`, null, at);
    }
    const surplus = this.#completed.length - Math.max(1, this.#settings.retained);
    if (surplus > 0)
      this.#effects.push({ type: 'subsume', checkpointIds: this.#completed.splice(0, surplus) });
  }

  #abort(
    attempt: Attempt<Operators, Report>,
    reason: CheckpointFailureReason,
    message: string,
    subtask: Subtask | null,
    at: Moment,
  ): void {
    const { description, requestId, options } = attempt;
    const { checkpointId, kind, trigger, suspend } = description;
    this.#pending.delete(checkpointId);
    this.#aborted.add(attempt);
    const directory = options?.directory ?? null;
    this.#effects.push({
      type: 'aborted',
      attempt: description,
      checkpointId,
      reason,
      message,
      subtask,
      directory,
    });
    if (requestId !== null) {
      this.#effects.push({ type: 'answer', requestId, result: { ok: false, checkpointId, reason, message } });
    }
    // The sources go on: the next periodic checkpoint comes a whole interval after they do.
    if (suspend) this.#schedule.start(at.monotonicMs);
    if (trigger === 'final') this.#finalRetryMs = at.monotonicMs + finalRetryAfterMs;
    // Drained sources have ended for good, with input that nobody has read: only going back to the last checkpoint undoes it.
    const isDrain = trigger === 'stop' && !suspend;
    const isTooMany = kind === 'checkpoint' && this.#failures.failed(reason);
    if (this.#phase !== 'running' || !(isDrain || isTooMany)) return;
    this.#phase = 'over';
    this.#effects.push({ type: 'fail-job', checkpointId, reason, message });
  }

  /** Aborts all but what is being published, and answers everybody who waits. */
  #close(reason: CheckpointFailureReason, message: string, at: Moment): void {
    this.#phase = 'over';
    for (const attempt of [...this.#pending.values()]) {
      if (attempt.phase !== 'publishing') this.#abort(attempt, reason, message, null, at);
    }
    for (const { requestId } of this.#requests.takeAll())
      if (requestId !== null) this.#refuse(requestId, reason, message);
  }

  #stopped(): void {
    this.#phase = 'stopped';
    this.#effects.push({ type: 'stopped' });
  }

  /** Invariant 5: an id that completed, or that is not known, is left alone. */
  #discardLate(checkpointId: number): void {
    const directory = this.#aborted.directoryOf(checkpointId);
    if (directory !== null) this.#effects.push({ type: 'discard', checkpointId, directory });
  }
}

const drainMessage = 'The job is being drained: until it has ended it takes no other snapshot.';

/** A last checkpoint that failed, and was tolerated, is tried again after this. */
const finalRetryAfterMs = 1_000;
