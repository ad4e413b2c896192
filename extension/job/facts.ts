/**
 * What is known about a running job, as far as trees and the status bar show it: the runtime's snapshot with the
 * notifications that followed folded over it. Pure; the same rule as everywhere: a gap in the sequence of checkpoint
 * events means that the picture is no longer true, and the answer says so.
 */
import type { CheckpointEvent, CheckpointSummary, Stall } from '../../runtime/protocol/checkpoints.ts';
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import type { ExceptionInfo, JobInfo } from '../../runtime/protocol/job.ts';
import type { JobSnapshot, NotificationMethod, NotificationParams } from '../../runtime/protocol/messages.ts';
import type { SubtaskSample } from '../../runtime/protocol/telemetry.ts';

export interface JobFacts {
  readonly job: JobInfo;
  readonly graph: GraphInfo;
  /** By `vertex[index]`. */
  readonly subtasks: ReadonlyMap<string, SubtaskSample>;
  /** Newest first, at most 60. */
  readonly checkpoints: readonly CheckpointSummary[];
  /** Those that are open. */
  readonly stalls: readonly Stall[];
  readonly exceptions: readonly ExceptionInfo[];
  readonly sequence: number;
  /** The engine's clock minus ours. */
  readonly clockAheadMs: number;
}

/** A notification as one value, so that it can be folded. */
export type Notice = {
  [M in NotificationMethod]: { readonly method: M; readonly params: NotificationParams<M> };
}[NotificationMethod];

export const checkpointsShownMax = 60;
const exceptionsKeptMax = 20;

export function factsOf(snapshot: JobSnapshot, now: number): JobFacts {
  return {
    job: snapshot.job,
    graph: snapshot.graph,
    subtasks: new Map(snapshot.telemetry.subtasks.map((sample) => [subtaskKey(sample), sample])),
    checkpoints: snapshot.checkpoints.map(({ subtasks: _, ...summary }) => summary),
    stalls: snapshot.stalls.filter((stall) => stall.closedAt === null),
    exceptions: snapshot.exceptions,
    sequence: snapshot.sequence,
    clockAheadMs: snapshot.at - now,
  };
}

/** The facts after this notice, or `gap` when some were missed and the job has to be subscribed to anew. */
export function fold(facts: JobFacts, notice: Notice): JobFacts | 'gap' {
  switch (notice.method) {
    case 'job/changed':
      return { ...facts, job: notice.params.job };
    case 'graph/changed':
      return { ...facts, graph: notice.params.graph, subtasks: new Map() };
    case 'telemetry': {
      const subtasks = new Map(facts.subtasks);
      for (const sample of notice.params.subtasks) subtasks.set(subtaskKey(sample), sample);
      return { ...facts, subtasks };
    }
    case 'checkpoint/events':
      return foldEvents(facts, notice.params.events);
    case 'stall/changed': {
      const { stall } = notice.params;
      const others = facts.stalls.filter((other) => other.id !== stall.id);
      return { ...facts, stalls: stall.closedAt === null ? [...others, stall] : others };
    }
    case 'exception':
      return {
        ...facts,
        exceptions: [notice.params.exception, ...facts.exceptions].slice(0, exceptionsKeptMax),
      };
    default:
      return facts;
  }
}

export function lastCompleted(facts: JobFacts): CheckpointSummary | null {
  return facts.checkpoints.find((checkpoint) => checkpoint.status === 'completed') ?? null;
}

/** The savepoint that a user asked for and that is under way; what a progress shows and a cancel aborts. */
export function savepointUnderWay(facts: JobFacts): CheckpointSummary | null {
  return (
    facts.checkpoints.find(({ kind, status }) => kind === 'savepoint' && status === 'in-progress') ?? null
  );
}

function subtaskKey({ subtask }: SubtaskSample): string {
  return `${subtask.vertex}[${subtask.index}]`;
}

function foldEvents(facts: JobFacts, events: readonly CheckpointEvent[]): JobFacts | 'gap' {
  let { checkpoints, sequence } = facts;
  for (const event of events) {
    // What the snapshot contained may be sent once more.
    if (event.sequence <= sequence) continue;
    if (event.sequence !== sequence + 1) return 'gap';
    sequence = event.sequence;
    checkpoints = foldEvent(checkpoints, event);
  }
  return { ...facts, checkpoints, sequence };
}

function foldEvent(
  checkpoints: readonly CheckpointSummary[],
  event: CheckpointEvent,
): readonly CheckpointSummary[] {
  switch (event.type) {
    case 'triggered': {
      const { subtasks: _, ...summary } = event.checkpoint;
      return [summary, ...checkpoints.filter(({ id }) => id !== summary.id)].slice(0, checkpointsShownMax);
    }
    case 'acknowledged':
      return checkpoints.map((checkpoint) =>
        checkpoint.id === event.checkpoint
          ? { ...checkpoint, acknowledged: checkpoint.acknowledged + 1, lastAcknowledgedAt: event.at }
          : checkpoint,
      );
    case 'completed':
    case 'failed':
      return checkpoints.map((checkpoint) =>
        checkpoint.id === event.summary.id ? event.summary : checkpoint,
      );
    case 'discarded':
      return checkpoints.map((checkpoint) =>
        event.checkpoints.includes(checkpoint.id) ? { ...checkpoint, path: null } : checkpoint,
      );
    default:
      return checkpoints;
  }
}
