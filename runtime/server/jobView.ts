/**
 * A job as clients see it: facts go in, in the order in which they happened, notifications come out, and at any time
 * there is a snapshot over which the notifications that follow can be folded. It knows no client.
 */
import { present, unreachable } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import { type SubtaskId, subtaskName, type TaskFailure } from '../engine/control/messages.ts';
import type { JobFact, PendingSummary } from '../engine/job/facts.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type {
  CheckpointDetails,
  CheckpointEvent,
  CheckpointSummary,
  Stall,
} from '../protocol/checkpoints.ts';
import type { GraphInfo } from '../protocol/graph.ts';
import type { CheckpointConfig, ExceptionInfo, JobInfo, LogLine } from '../protocol/job.ts';
import type { JobSnapshot, NotificationMethod, NotificationParams } from '../protocol/messages.ts';
import type { SavepointSummary } from '../protocol/savepoints.ts';
import { foldCheckpointEvent } from './checkpointFold.ts';
import { graphInfo } from './graphInfo.ts';
import { bytesOf, savepointSummary, writtenBytesOf } from './savepointInfo.ts';

export type Notification = {
  [M in NotificationMethod]: { readonly method: M; readonly params: NotificationParams<M> };
}[NotificationMethod];

export interface JobViewOptions {
  readonly clock: Clock;
  readonly name: string;
  readonly runId: string;
  readonly parallelism: number;
  readonly pipelineFile: string | null;
  readonly checkpointConfig: CheckpointConfig;
  /** What the run starts from; null for an empty start. */
  readonly restoredFrom: JobInfo['restoredFrom'];
  /** How many records fit into a channel. */
  readonly channelCapacityRecords: number;
  /** With the stack mapped to the author's files. */
  describeFailure(failure: TaskFailure, at: number): ExceptionInfo;
  /** How a snapshot at this path is named in requests. */
  snapshotId(path: string): string;
}

const historyMax = 60;
const exceptionsMax = 50;
const logLinesMax = 500;

export class JobView {
  readonly #options: JobViewOptions;
  #job: JobInfo;
  #execution: ExecutionGraph | null = null;
  /** Subtasks of the present deployment that have sent their end. */
  readonly #ended = new Set<string>();
  #graph: GraphInfo | null = null;
  #sequence = 0;
  /** Newest first. */
  #checkpoints: CheckpointDetails[] = [];
  #counts = { triggered: 0, completed: 0, failed: 0, restored: 0 };
  /** Completed and not dropped, oldest first; savepoints are not among them. */
  #retained: SavepointSummary[] = [];
  #stalls = new Map<number, Stall>();
  #exceptions: ExceptionInfo[] = [];
  #log: LogLine[] = [];

  constructor(options: JobViewOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#job = {
      name: options.name,
      runId: options.runId,
      status: 'created',
      statusSince: now,
      startedAt: now,
      parallelism: options.parallelism,
      restarts: 0,
      restartAt: null,
      reason: null,
      restoredFrom: options.restoredFrom,
      checkpointConfig: options.checkpointConfig,
      pipelineFile: options.pipelineFile,
    };
  }

  get job(): JobInfo {
    return this.#job;
  }

  get execution(): ExecutionGraph | null {
    return this.#execution;
  }

  get checkpoints(): readonly CheckpointDetails[] {
    return this.#checkpoints;
  }

  /** Completed checkpoints of this run that can be restored, newest first. */
  get retained(): readonly SavepointSummary[] {
    return this.#retained.toReversed();
  }

  /** A restore on request: what it starts from and at which parallelism. The facts of the new tasks follow. */
  restored(from: JobInfo['restoredFrom'], parallelism: number): readonly Notification[] {
    this.#counts.restored += 1;
    return this.#changeJob({ restoredFrom: from, parallelism });
  }

  stall(stall: Stall): readonly Notification[] {
    if (stall.closedAt === null) this.#stalls.set(stall.id, stall);
    else this.#stalls.delete(stall.id);
    return [{ method: 'stall/changed', params: { stall } }];
  }

  apply(fact: JobFact): readonly Notification[] {
    switch (fact.type) {
      case 'deployed':
        return this.#deployed(fact.graph, fact.attempt > 0 && fact.restoredCheckpointId !== null);
      case 'status':
        return this.#changeJob({
          status: fact.status,
          statusSince: fact.at,
          reason: fact.reason,
          restartAt: fact.restartAt,
          restarts: fact.restarts,
        });
      case 'checkpoint-settings':
        return this.#changeJob({ checkpointConfig: fact.settings });
      case 'failure': {
        const exception = this.#options.describeFailure(fact.failure, fact.at);
        this.#exceptions = [exception, ...this.#exceptions].slice(0, exceptionsMax);
        return [{ method: 'exception', params: { exception } }];
      }
      case 'checkpoint-triggered':
        return this.#triggered(fact.checkpoint, fact.at);
      case 'barrier-injected':
        return this.#event(fact.checkpointId, (sequence) => ({
          type: 'barrier-injected',
          sequence,
          at: fact.at,
          checkpoint: fact.checkpointId,
          subtask: reference(fact.subtask),
        }));
      case 'barrier-arrived':
        return this.#event(fact.checkpointId, (sequence) => ({
          type: 'barrier-arrived',
          sequence,
          at: fact.at,
          checkpoint: fact.checkpointId,
          subtask: reference(fact.subtask),
          channel: fact.channel,
        }));
      case 'aligned':
        return this.#event(fact.checkpointId, (sequence) => ({
          type: 'aligned',
          sequence,
          at: fact.at,
          checkpoint: fact.checkpointId,
          subtask: reference(fact.subtask),
          alignmentMs: fact.alignmentMs,
        }));
      case 'acknowledged':
        return this.#acknowledged(fact);
      case 'checkpoint-completed':
        return this.#completed(fact.checkpointId, fact.path, fact.manifest, fact.at);
      case 'checkpoint-failed':
        return this.#failed(fact);
      case 'checkpoints-discarded': {
        const gone = new Set(fact.checkpointIds);
        this.#retained = this.#retained.filter(({ checkpointId }) => !gone.has(checkpointId));
        const event: CheckpointEvent = {
          type: 'discarded',
          sequence: ++this.#sequence,
          at: fact.at,
          checkpoints: [...fact.checkpointIds],
        };
        this.#checkpoints = this.#checkpoints.map((details) => foldCheckpointEvent(details, event));
        return [{ method: 'checkpoint/events', params: { events: [event] } }];
      }
      case 'ended-subtask':
        this.#ended.add(subtaskName(fact.subtask));
        return [];
      case 'positions':
      case 'metrics':
        // Telemetry shows them.
        return [];
      case 'log': {
        const subtask = fact.subtask === null ? null : reference(fact.subtask);
        const line: LogLine = { at: fact.at, level: fact.level, text: shortened(fact.text), subtask };
        this.#log.push(line);
        if (this.#log.length > logLinesMax) this.#log.shift();
        return [{ method: 'log', params: { lines: [line] } }];
      }
      default:
        return unreachable(fact);
    }
  }

  /** Null before the first deployment: there is no graph yet. */
  snapshot(rest: Pick<JobSnapshot, 'telemetry' | 'savepoints' | 'damagedSavepoints'>): JobSnapshot | null {
    if (this.#graph === null) return null;
    return {
      ...rest,
      at: this.#options.clock.now(),
      sequence: this.#sequence,
      job: this.#job,
      graph: this.#graph,
      checkpoints: this.#checkpoints,
      counts: {
        ...this.#counts,
        inProgress: this.#checkpoints.filter(({ status }) => status === 'in-progress').length,
      },
      stalls: [...this.#stalls.values()],
      exceptions: this.#exceptions,
      log: this.#log,
    };
  }

  #changeJob(change: Partial<JobInfo>): readonly Notification[] {
    this.#job = { ...this.#job, ...change };
    return [{ method: 'job/changed', params: { job: this.#job } }];
  }

  #deployed(execution: ExecutionGraph, isRecovery: boolean): readonly Notification[] {
    if (isRecovery) this.#counts.restored += 1;
    this.#execution = execution;
    this.#ended.clear();
    this.#graph = graphInfo(execution, this.#options.channelCapacityRecords);
    return [{ method: 'graph/changed', params: { graph: this.#graph } }];
  }

  #triggered(pending: PendingSummary, at: number): readonly Notification[] {
    const checkpoint: CheckpointDetails = {
      id: pending.checkpointId,
      kind: pending.kind,
      status: 'in-progress',
      // One with a timeout begins aligned; whether it turned shows in what it persisted.
      unaligned:
        this.#job.checkpointConfig.unaligned &&
        this.#job.checkpointConfig.alignedTimeoutMs === 0 &&
        pending.kind !== 'savepoint',
      trigger: pending.trigger,
      triggeredAt: pending.triggeredAt,
      lastAcknowledgedAt: null,
      completedAt: null,
      durationMs: null,
      acknowledged: 0,
      tasks: pending.tasks.length,
      checkpointedBytes: null,
      fullBytes: null,
      processedInFlightBytes: null,
      persistedInFlightBytes: null,
      failure: null,
      path: null,
      label: pending.label,
      subtasks: pending.tasks.map((subtask) => ({
        subtask: reference(subtask),
        status: 'pending',
        startDelayMs: null,
        alignmentMs: null,
        syncMs: null,
        asyncMs: null,
        acknowledgedAfterMs: null,
        stateBytes: null,
        processedInFlightBytes: null,
        persistedInFlightBytes: null,
        channels: this.#inputChannels(subtask).map((channel) => ({ channel, barrierAfterMs: null })),
      })),
    };
    this.#counts.triggered += 1;
    this.#checkpoints = trimmed([checkpoint, ...this.#checkpoints]);
    return this.#event(checkpoint.id, (sequence) => ({ type: 'triggered', sequence, at, checkpoint }));
  }

  /** Those that a barrier can come on: one whose sender has ended brings nothing more, and nobody waits for it. */
  #inputChannels(subtask: SubtaskId): readonly number[] {
    const channels = present(this.#execution, 'the execution graph').channels;
    return channels
      .filter(({ toVertex, toSubtask }) => toVertex === subtask.vertex && toSubtask === subtask.index)
      .filter(
        ({ fromVertex, fromSubtask }) =>
          !this.#ended.has(subtaskName({ vertex: fromVertex, index: fromSubtask })),
      )
      .map(({ id }) => id);
  }

  #acknowledged(fact: Extract<JobFact, { type: 'acknowledged' }>): readonly Notification[] {
    const details = this.#checkpoints.find(({ id }) => id === fact.checkpointId);
    const before = details?.subtasks.find(
      ({ subtask }) => subtask.vertex === fact.subtask.vertex && subtask.index === fact.subtask.index,
    );
    if (details === undefined || before === undefined) return [];
    const { report } = fact;
    return this.#event(fact.checkpointId, (sequence) => ({
      type: 'acknowledged',
      sequence,
      at: fact.at,
      checkpoint: fact.checkpointId,
      report: {
        ...before,
        // What never brought the barrier ended in between.
        channels: before.channels.filter(({ barrierAfterMs }) => barrierAfterMs !== null),
        status: 'acknowledged',
        startDelayMs: Math.max(0, report.startDelayMs),
        alignmentMs: Math.max(0, report.alignmentMs),
        syncMs: Math.max(0, report.syncMs),
        asyncMs: Math.max(0, report.asyncMs),
        acknowledgedAfterMs: Math.max(0, fact.at - details.triggeredAt),
        stateBytes: sumOf(fact.operators.flatMap(({ files }) => files.map(({ bytes }) => bytes))) ?? 0,
        processedInFlightBytes: report.processedInFlightBytes,
        persistedInFlightBytes: report.persistedInFlightBytes,
      },
    }));
  }

  #completed(id: number, path: string, manifest: Manifest, at: number): readonly Notification[] {
    const details = this.#checkpoints.find((checkpoint) => checkpoint.id === id);
    this.#counts.completed += 1;
    const snapshotId = this.#options.snapshotId(path);
    if (manifest.kind === 'checkpoint') this.#retained.push(savepointSummary(manifest, snapshotId, path));
    if (details === undefined) return [];
    const summary: CheckpointSummary = {
      ...summaryOf(details),
      status: 'completed',
      completedAt: at,
      durationMs: Math.max(0, at - details.triggeredAt),
      checkpointedBytes: writtenBytesOf(manifest),
      fullBytes: bytesOf(manifest),
      processedInFlightBytes: sumOf(details.subtasks.map((subtask) => subtask.processedInFlightBytes)),
      persistedInFlightBytes: sumOf(details.subtasks.map((subtask) => subtask.persistedInFlightBytes)),
      path: snapshotId,
    };
    return this.#event(id, (sequence) => ({ type: 'completed', sequence, at, summary }));
  }

  #failed(fact: Extract<JobFact, { type: 'checkpoint-failed' }>): readonly Notification[] {
    const details = this.#checkpoints.find((checkpoint) => checkpoint.id === fact.checkpointId);
    // One that was declined before its trigger has no row and counts for nothing.
    if (details === undefined) return [];
    this.#counts.failed += 1;
    const subtask = fact.subtask === null ? null : reference(fact.subtask);
    const summary: CheckpointSummary = {
      ...summaryOf(details),
      status: 'failed',
      durationMs: Math.max(0, fact.at - details.triggeredAt),
      failure: { reason: fact.reason, message: shortened(fact.message), subtask },
    };
    return this.#event(fact.checkpointId, (sequence) => ({ type: 'failed', sequence, at: fact.at, summary }));
  }

  /** Folds the event into the history and sends it; nothing when the checkpoint has left the history. */
  #event(id: number, make: (sequence: number) => CheckpointEvent): readonly Notification[] {
    const place = this.#checkpoints.findIndex((checkpoint) => checkpoint.id === id);
    const details = this.#checkpoints[place];
    if (details === undefined) return [];
    const event = make(++this.#sequence);
    this.#checkpoints = this.#checkpoints.with(place, foldCheckpointEvent(details, event));
    return [{ method: 'checkpoint/events', params: { events: [event] } }];
  }
}

function reference({ vertex, index }: SubtaskId): SubtaskId {
  return { vertex, index };
}

function summaryOf({ subtasks: _, ...summary }: CheckpointDetails): CheckpointSummary {
  return summary;
}

/** What is under way stays, however many came after it. */
function trimmed(checkpoints: CheckpointDetails[]): CheckpointDetails[] {
  return checkpoints
    .filter(({ status }, index) => index < historyMax || status === 'in-progress')
    .slice(0, 2 * historyMax);
}

/** Null when nothing is known. */
function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

const textMax = 16_384;

function shortened(text: string): string {
  return text.length <= textMax ? text : `${text.slice(0, textMax)}…`;
}
