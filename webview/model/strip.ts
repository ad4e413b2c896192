/**
 * The strip of the last 60 checkpoints: one bar each on a logarithmic scale, the time spent waiting stacked on the
 * time of the snapshot itself.
 */
import type { CheckpointDetails } from '../../runtime/protocol/checkpoints.ts';
import type { JobState } from './dashboardState.ts';
import { indexOf } from './graphIndex.ts';
import { median } from './statistics.ts';

export interface StripBar {
  readonly id: number;
  readonly kind: CheckpointDetails['kind'];
  readonly status: CheckpointDetails['status'];
  readonly totalMs: number;
  /** 0 where the waiting does not matter. */
  readonly waitingMs: number;
  /** 0 to 1 of the height. */
  readonly height: number;
  /** Where the snapshot ends and the waiting begins. */
  readonly snapshotHeight: number;
}

export interface Strip {
  /** Oldest first. */
  readonly bars: readonly StripBar[];
  readonly lines: readonly { readonly ms: number; readonly height: number }[];
}

const worthShowing = 0.25;

export function stripOf(job: JobState, now: number): Strip {
  const measured = job.checkpoints
    .toSorted((a, b) => a.id - b.id)
    .map((checkpoint) => {
      const totalMs = Math.max(1, checkpoint.durationMs ?? now - checkpoint.triggeredAt);
      const waiting = waitingMs(job, checkpoint, totalMs);
      return {
        checkpoint,
        totalMs,
        waitingMs: waiting >= totalMs * worthShowing ? Math.min(waiting, totalMs) : 0,
      };
    });
  const totals = measured.map(({ totalMs }) => totalMs);
  const low = 10 ** Math.floor(Math.log10(Math.min(1_000, ...totals)) - 0.3);
  const high = Math.max(1_000, ...totals) * 1.4;
  const heightOf = (ms: number) => Math.max(0, Math.min(1, Math.log10(ms / low) / Math.log10(high / low)));
  const decades: { ms: number; height: number }[] = [];
  for (let ms = low * 10; ms < high; ms *= 10) decades.push({ ms, height: heightOf(ms) });
  return {
    lines: decades.slice(-3),
    bars: measured.map(({ checkpoint, totalMs, waitingMs: waits }) => ({
      id: checkpoint.id,
      kind: checkpoint.kind,
      status: checkpoint.status,
      totalMs,
      waitingMs: waits,
      height: Math.max(0.03, heightOf(totalMs)),
      snapshotHeight:
        waits === 0 ? Math.max(0.03, heightOf(totalMs)) : heightOf(Math.max(low, totalMs - waits)),
    })),
  };
}

/** The longest alignment or hold of one subtask: the others waited at the same time, so it is not a sum. */
export function waitingMs(job: JobState, checkpoint: CheckpointDetails, totalMs: number): number {
  const { vertices } = indexOf(job.graph);
  const running = checkpoint.status === 'in-progress';
  let longest = 0;
  for (const { subtask, startDelayMs, alignmentMs, status } of checkpoint.subtasks) {
    const isSource = vertices.get(subtask.vertex)?.role === 'source';
    const held = isSource ? (startDelayMs ?? (running ? totalMs : 0)) : 0;
    const aligned =
      alignmentMs ?? (running && status === 'aligning' && startDelayMs !== null ? totalMs - startDelayMs : 0);
    longest = Math.max(longest, held, aligned);
  }
  return longest;
}

/** Which subtask made most of the last checkpoints slow, if one of them did more than once. */
export function mostBlamed(
  job: JobState,
  lastMany = 20,
): { readonly name: string; readonly times: number; readonly of: number } | null {
  const ended = job.checkpoints.filter(({ status }) => status !== 'in-progress').slice(0, lastMany);
  const { vertices } = indexOf(job.graph);
  const usual = median(ended.map(({ durationMs }) => durationMs)) ?? 0;
  const times = new Map<string, number>();
  for (const checkpoint of ended) {
    const total = checkpoint.durationMs ?? 0;
    // Somebody is always the slowest; blame is for checkpoints that were slow.
    if (total < usual * 1.5) continue;
    let worst: { name: string; ms: number } | null = null;
    for (const report of checkpoint.subtasks) {
      const vertex = vertices.get(report.subtask.vertex);
      const held =
        vertex?.role === 'source' ? (report.startDelayMs ?? (report.status === 'aborted' ? total : 0)) : 0;
      const own = held + (report.syncMs ?? 0) + (report.asyncMs ?? 0);
      if (own >= total / 2 && own > (worst?.ms ?? 0))
        worst = { name: `${vertex?.name ?? report.subtask.vertex}[${report.subtask.index}]`, ms: own };
    }
    if (worst !== null && worst.ms >= 500) times.set(worst.name, (times.get(worst.name) ?? 0) + 1);
  }
  const [most] = [...times].sort((a, b) => b[1] - a[1]);
  return most === undefined || most[1] < 2 ? null : { name: most[0], times: most[1], of: ended.length };
}
