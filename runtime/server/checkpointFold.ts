/**
 * What a checkpoint looks like after an event. The server keeps its own history by folding the very events that it
 * sends, so that a client that folds them too always has what `checkpoint/details` answers.
 */
import { unreachable } from '../base/assert.ts';
import type { CheckpointDetails, CheckpointEvent, SubtaskCheckpoint } from '../protocol/checkpoints.ts';
import type { SubtaskRef } from '../protocol/values.ts';

/** `details` is the checkpoint that the event is about. */
export function foldCheckpointEvent(details: CheckpointDetails, event: CheckpointEvent): CheckpointDetails {
  switch (event.type) {
    case 'triggered':
      return event.checkpoint;
    case 'barrier-injected':
      return update(details, event.subtask, (subtask) => ({
        ...subtask,
        status: 'snapshotting',
        startDelayMs: since(details, event.at),
        alignmentMs: 0,
      }));
    case 'barrier-arrived':
      return update(details, event.subtask, (subtask) => ({
        ...subtask,
        status: subtask.status === 'pending' ? 'aligning' : subtask.status,
        startDelayMs: subtask.startDelayMs ?? since(details, event.at),
        channels: subtask.channels.map((channel) =>
          channel.channel === event.channel
            ? { ...channel, barrierAfterMs: since(details, event.at) }
            : channel,
        ),
      }));
    case 'aligned':
      return update(details, event.subtask, (subtask) => ({
        ...subtask,
        status: 'snapshotting',
        alignmentMs: event.alignmentMs,
      }));
    case 'acknowledged':
      return {
        ...update(details, event.report.subtask, () => event.report),
        acknowledged: details.acknowledged + 1,
        lastAcknowledgedAt: event.at,
      };
    case 'completed':
      return { ...details, ...event.summary };
    case 'failed':
      return {
        ...details,
        ...event.summary,
        subtasks: details.subtasks.map((subtask) =>
          subtask.status === 'acknowledged' ? subtask : { ...subtask, status: 'aborted' },
        ),
      };
    case 'discarded':
      return event.checkpoints.includes(details.id) ? { ...details, path: null } : details;
    default:
      return unreachable(event);
  }
}

function update(
  details: CheckpointDetails,
  ref: SubtaskRef,
  change: (subtask: SubtaskCheckpoint) => SubtaskCheckpoint,
): CheckpointDetails {
  const isMeant = ({ subtask }: SubtaskCheckpoint) =>
    subtask.vertex === ref.vertex && subtask.index === ref.index;
  return {
    ...details,
    subtasks: details.subtasks.map((subtask) => (isMeant(subtask) ? change(subtask) : subtask)),
  };
}

/** The clocks of two threads may differ by a little: a barrier is never earlier than its trigger. */
function since(details: CheckpointDetails, at: number): number {
  return Math.max(0, at - details.triggeredAt);
}
