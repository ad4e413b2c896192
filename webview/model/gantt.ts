/**
 * One checkpoint as rows of phases: start delay, alignment, sync, async, one row per subtask, slowest first. A source
 * has no start delay: the time before it injects its barrier is the time it held it. Phases that are still running
 * end at `now`.
 */
import type { CheckpointDetails, SubtaskCheckpoint } from '../../runtime/protocol/checkpoints.ts';
import type { SubtaskRef } from '../../runtime/protocol/values.ts';
import type { JobState } from './dashboardState.ts';
import { fileName } from './format.ts';
import { indexOf, nameOf } from './graphIndex.ts';
import { stallOf } from './stall.ts';
import { summarize } from './statistics.ts';

export type Phase = 'start-delay' | 'held' | 'alignment' | 'sync' | 'async';

export interface GanttSegment {
  readonly phase: Phase;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface GanttRow {
  readonly subtask: SubtaskRef;
  readonly name: string;
  readonly segments: readonly GanttSegment[];
  readonly status: 'holds' | 'aligning' | 'pending' | 'snapshotting' | 'acknowledged' | 'aborted';
  /** When it ended, or how long it has been at it. */
  readonly totalMs: number | null;
  readonly straggler: boolean;
  /** What is written into the long bar: "held in decodeMetar, weather.ts:31". */
  readonly note: string | null;
}

export interface Gantt {
  readonly rows: readonly GanttRow[];
  readonly endMs: number;
  readonly running: boolean;
}

/** A source that keeps a barrier shorter than this is not called a holder. */
const holdFromMs = 250;

export function ganttOf(job: JobState, checkpoint: CheckpointDetails, now: number): Gantt {
  const running = checkpoint.status === 'in-progress';
  const elapsed = running ? Math.max(0, now - checkpoint.triggeredAt) : (checkpoint.durationMs ?? 0);
  const rows = checkpoint.subtasks.map((report) => row(job, checkpoint, report, elapsed, running));
  const limits = stragglerLimit(rows, job);
  const marked = rows.map((candidate) => ({
    ...candidate,
    straggler:
      candidate.status === 'aborted' || (!running && limits !== null && ownMs(candidate, job) >= limits),
  }));
  return { rows: marked.sort(bySlowness), endMs: Math.max(1, elapsed), running };
}

function row(
  job: JobState,
  checkpoint: CheckpointDetails,
  report: SubtaskCheckpoint,
  elapsed: number,
  running: boolean,
): GanttRow {
  const isSource = indexOf(job.graph).vertices.get(report.subtask.vertex)?.role === 'source';
  const segments: GanttSegment[] = [];
  const until = running || report.status === 'aborted' ? elapsed : null;
  const delay = report.startDelayMs;
  const delayEnd = delay ?? until;
  if (delayEnd !== null)
    segments.push({ phase: isSource ? 'held' : 'start-delay', fromMs: 0, toMs: delayEnd });
  if (delay !== null) {
    const alignEnd = report.alignmentMs !== null ? delay + report.alignmentMs : until;
    if (alignEnd !== null && alignEnd > delay)
      segments.push({ phase: 'alignment', fromMs: delay, toMs: alignEnd });
    if (report.alignmentMs !== null) {
      const from = delay + report.alignmentMs;
      // How long the marking took is reported with the acknowledgement. Until then all of it is drawn as writing,
      // which is nearly always the truth: marking takes milliseconds.
      const syncMs = report.syncMs ?? 0;
      if (report.syncMs !== null) segments.push({ phase: 'sync', fromMs: from, toMs: from + syncMs });
      const end = report.acknowledgedAfterMs ?? until;
      if (end !== null && end >= from + syncMs)
        segments.push({ phase: 'async', fromMs: from + syncMs, toMs: end });
    }
  }
  const holds = isSource && running && report.status === 'pending' && elapsed >= holdFromMs;
  const status = holds ? 'holds' : report.status;
  return {
    subtask: report.subtask,
    name: nameOf(job.graph, report.subtask),
    segments,
    status,
    totalMs: report.acknowledgedAfterMs ?? (running ? elapsed : null),
    straggler: false,
    note: isSource && (delay ?? elapsed) >= holdFromMs ? holdNote(job, checkpoint, report.subtask) : null,
  };
}

function holdNote(job: JobState, checkpoint: CheckpointDetails, subtask: SubtaskRef): string | null {
  const cause = stallOf(job, checkpoint.id)?.hops.at(-1);
  if (cause === undefined || cause.subtask.vertex !== subtask.vertex || cause.subtask.index !== subtask.index)
    return 'held';
  const where = cause.location ?? null;
  const place = where === null ? '' : `, ${fileName(where.file)}:${where.line}`;
  return cause.operator === null ? `held${place}` : `held in ${cause.operator}${place}`;
}

/** Own time leaves out start delay and alignment, except a source's hold. */
function ownMs(candidate: GanttRow, job: JobState): number {
  const isSource = indexOf(job.graph).vertices.get(candidate.subtask.vertex)?.role === 'source';
  return candidate.segments
    .filter(({ phase }) => phase === 'sync' || phase === 'async' || (isSource && phase === 'held'))
    .reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

function stragglerLimit(rows: readonly GanttRow[], job: JobState): number | null {
  const summary = summarize(rows.map((candidate) => ownMs(candidate, job)));
  return summary === null || rows.length < 4 ? null : Math.max(summary.p95, 1.5 * summary.p50);
}

const order: Readonly<Record<GanttRow['status'], number>> = {
  holds: 0,
  aborted: 0,
  aligning: 1,
  snapshotting: 2,
  pending: 3,
  acknowledged: 4,
};

function bySlowness(a: GanttRow, b: GanttRow): number {
  return (
    order[a.status] - order[b.status] || (b.totalMs ?? 0) - (a.totalMs ?? 0) || (a.name < b.name ? -1 : 1)
  );
}

/** Round steps for an axis of about five ticks: 0, 1, 2, 5 times a power of ten. */
export function axisTicks(endMs: number, about = 5): readonly number[] {
  const rough = endMs / about;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 0.001)));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.8) ?? power * 10;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step);
}
