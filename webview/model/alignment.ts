/**
 * Alignment, channel by channel: for every subtask with several inputs, which channels have delivered barrier n and
 * since when the others are waited for, and what has piled up behind the gates that are shut meanwhile.
 */
import type { CheckpointDetails, SubtaskCheckpoint } from '../../runtime/protocol/checkpoints.ts';
import type { JobState } from './dashboardState.ts';
import { nameOf, type Sender, senderOf } from './graphIndex.ts';

export interface AlignmentChannel {
  readonly channel: number;
  /** The subtask that writes into it. */
  readonly from: Sender;
  readonly arrivedAfterMs: number | null;
  readonly gateShut: boolean;
  /** null: not known. Behind a channel that is waited for nothing is buffered by alignment. */
  readonly bufferedRecords: number | null;
  readonly capacityRecords: number;
}

export interface SubtaskAlignment {
  readonly name: string;
  readonly status: SubtaskCheckpoint['status'];
  readonly arrived: number;
  readonly channels: readonly AlignmentChannel[];
  readonly firstAfterMs: number | null;
  /** Running while it aligns, final afterwards. */
  readonly alignmentMs: number | null;
  readonly running: boolean;
}

export interface Alignment {
  readonly checkpoint: CheckpointDetails;
  readonly running: boolean;
  /** Since the trigger, or its final duration. */
  readonly elapsedMs: number;
  readonly failsInMs: number | null;
  readonly subtasks: readonly SubtaskAlignment[];
  /** Tasks that have not seen the barrier yet; a source that holds it has. */
  readonly notSeen: number;
  readonly shutGates: number;
  readonly bufferedRecords: number;
  readonly bufferedBytes: number | null;
}

const shownFinishedMax = 4;

/** The checkpoint under way, or else the last one that ended. */
export function checkpointToShow(job: JobState): CheckpointDetails | null {
  return job.checkpoints.find(({ status }) => status === 'in-progress') ?? job.checkpoints[0] ?? null;
}

export function alignmentOf(job: JobState, checkpoint: CheckpointDetails, now: number): Alignment {
  const running = checkpoint.status === 'in-progress';
  const several = checkpoint.subtasks.filter(({ channels }) => channels.length > 1);
  const shown = running
    ? several.filter(({ status }) => status === 'aligning')
    : several
        .filter(({ alignmentMs }) => alignmentMs !== null)
        .sort((a, b) => (b.alignmentMs ?? 0) - (a.alignmentMs ?? 0))
        .slice(0, shownFinishedMax);
  const blocked = running ? [...job.channels.values()].filter((sample) => sample.blocked) : [];
  const known = blocked.every(({ queuedBytes }) => queuedBytes !== null);
  return {
    checkpoint,
    running,
    elapsedMs: running ? Math.max(0, now - checkpoint.triggeredAt) : (checkpoint.durationMs ?? 0),
    failsInMs: running
      ? Math.max(0, checkpoint.triggeredAt + job.info.checkpointConfig.timeoutMs - now)
      : null,
    subtasks: shown.map((report) => subtaskAlignment(job, checkpoint, report, now)),
    notSeen: running
      ? checkpoint.subtasks.filter(({ status, channels }) => status === 'pending' && channels.length > 0)
          .length
      : 0,
    shutGates: blocked.length,
    bufferedRecords: blocked.reduce((sum, { queuedRecords }) => sum + queuedRecords, 0),
    bufferedBytes: known ? blocked.reduce((sum, { queuedBytes }) => sum + (queuedBytes ?? 0), 0) : null,
  };
}

function subtaskAlignment(
  job: JobState,
  checkpoint: CheckpointDetails,
  report: SubtaskCheckpoint,
  now: number,
): SubtaskAlignment {
  const running = report.status === 'aligning' && checkpoint.status === 'in-progress';
  return {
    name: nameOf(job.graph, report.subtask),
    status: report.status,
    arrived: report.channels.filter(({ barrierAfterMs }) => barrierAfterMs !== null).length,
    firstAfterMs: report.startDelayMs,
    alignmentMs:
      running && report.startDelayMs !== null
        ? Math.max(0, now - checkpoint.triggeredAt - report.startDelayMs)
        : report.alignmentMs,
    running,
    channels: report.channels.map(({ channel, barrierAfterMs }) => {
      const sample = job.channels.get(channel);
      const gateShut = running && (sample?.blocked ?? false);
      return {
        channel,
        from: senderOf(job.graph, channel),
        arrivedAfterMs: barrierAfterMs,
        gateShut,
        bufferedRecords: gateShut ? (sample?.queuedRecords ?? null) : null,
        capacityRecords: job.graph.channels[channel]?.capacityRecords ?? 0,
      };
    }),
  };
}
