/**
 * Checkpoint events folded over the history: after any number of them the details are those that
 * `checkpoint/details` would give. Events about a checkpoint that is no longer shown are counted and else let go.
 */
import type {
  CheckpointDetails,
  CheckpointEvent,
  SubtaskCheckpoint,
} from '../../runtime/protocol/checkpoints.ts';
import type { JobSnapshot } from '../../runtime/protocol/messages.ts';
import type { SubtaskRef } from '../../runtime/protocol/values.ts';

export const shownCheckpointsMax = 60;

export interface CheckpointHistory {
  /** Newest first. */
  readonly checkpoints: readonly CheckpointDetails[];
  readonly counts: JobSnapshot['counts'];
}

export function foldCheckpointEvent(
  { checkpoints, counts }: CheckpointHistory,
  event: CheckpointEvent,
): CheckpointHistory {
  switch (event.type) {
    case 'triggered':
      return {
        checkpoints: [event.checkpoint, ...checkpoints].slice(0, shownCheckpointsMax),
        counts: { ...counts, triggered: counts.triggered + 1, inProgress: counts.inProgress + 1 },
      };
    case 'barrier-injected':
      return {
        counts,
        checkpoints: changeSubtask(checkpoints, event.checkpoint, event.subtask, (report, checkpoint) => ({
          ...report,
          status: 'snapshotting',
          startDelayMs: event.at - checkpoint.triggeredAt,
          alignmentMs: 0,
        })),
      };
    case 'barrier-arrived':
      return {
        counts,
        checkpoints: changeSubtask(checkpoints, event.checkpoint, event.subtask, (report, checkpoint) => {
          const afterMs = event.at - checkpoint.triggeredAt;
          return {
            ...report,
            status: report.status === 'pending' ? 'aligning' : report.status,
            startDelayMs: report.startDelayMs ?? afterMs,
            channels: report.channels.map((entry) =>
              entry.channel === event.channel ? { ...entry, barrierAfterMs: afterMs } : entry,
            ),
          };
        }),
      };
    case 'aligned':
      return {
        counts,
        checkpoints: changeSubtask(checkpoints, event.checkpoint, event.subtask, (report) => ({
          ...report,
          status: 'snapshotting',
          alignmentMs: event.alignmentMs,
        })),
      };
    case 'acknowledged':
      return {
        counts,
        checkpoints: change(checkpoints, event.checkpoint, (checkpoint) => {
          const subtasks = checkpoint.subtasks.map((report) =>
            isOf(report, event.report.subtask) ? event.report : report,
          );
          return {
            ...checkpoint,
            subtasks,
            acknowledged: subtasks.filter((report) => report.status === 'acknowledged').length,
            lastAcknowledgedAt: event.at,
          };
        }),
      };
    case 'completed':
      return {
        checkpoints: change(checkpoints, event.summary.id, (checkpoint) => ({
          ...checkpoint,
          ...event.summary,
        })),
        counts: {
          ...counts,
          inProgress: Math.max(0, counts.inProgress - 1),
          completed: counts.completed + 1,
        },
      };
    case 'failed':
      return {
        checkpoints: change(checkpoints, event.summary.id, (checkpoint) => ({
          ...checkpoint,
          ...event.summary,
          subtasks: checkpoint.subtasks.map((report) =>
            report.status === 'acknowledged' ? report : { ...report, status: 'aborted' },
          ),
        })),
        counts: { ...counts, inProgress: Math.max(0, counts.inProgress - 1), failed: counts.failed + 1 },
      };
    case 'discarded':
      return {
        counts,
        checkpoints: checkpoints.map((checkpoint) =>
          event.checkpoints.includes(checkpoint.id) ? { ...checkpoint, path: null } : checkpoint,
        ),
      };
  }
}

export function isOf(report: { readonly subtask: SubtaskRef }, subtask: SubtaskRef): boolean {
  return report.subtask.vertex === subtask.vertex && report.subtask.index === subtask.index;
}

function change(
  checkpoints: readonly CheckpointDetails[],
  id: number,
  by: (checkpoint: CheckpointDetails) => CheckpointDetails,
): readonly CheckpointDetails[] {
  return checkpoints.map((checkpoint) => (checkpoint.id === id ? by(checkpoint) : checkpoint));
}

function changeSubtask(
  checkpoints: readonly CheckpointDetails[],
  id: number,
  subtask: SubtaskRef,
  by: (report: SubtaskCheckpoint, checkpoint: CheckpointDetails) => SubtaskCheckpoint,
): readonly CheckpointDetails[] {
  return change(checkpoints, id, (checkpoint) => ({
    ...checkpoint,
    subtasks: checkpoint.subtasks.map((report) => (isOf(report, subtask) ? by(report, checkpoint) : report)),
  }));
}
