/** A stall in words: who, what, since when, what to do. */
import type { Stall, StallHop } from '../../runtime/protocol/checkpoints.ts';
import type { SourceLocation } from '../../runtime/protocol/values.ts';
import type { JobState } from './dashboardState.ts';
import { duration } from './format.ts';
import { indexOf, nameOf, upstreamOf } from './graphIndex.ts';
import { median } from './statistics.ts';

export interface StallVerdict {
  readonly stall: Stall;
  /** "enrich has waited 6.30 s for weather[0]." */
  readonly headline: string;
  /** The cause's own sentence with its clock: "…, for 6.34 s so far. Usual is 4 ms." */
  readonly cause: string;
  readonly causeName: string;
  readonly causeVertex: string;
  readonly operator: string | null;
  readonly location: SourceLocation | null;
  readonly waitedMs: number;
  readonly heldMs: number;
  readonly usualMs: number | null;
  /** Why switching to unaligned would or would not help; null when it is not worth a word. */
  readonly unaligned: string | null;
}

export function openStall(job: JobState): Stall | null {
  return job.stalls.find(({ closedAt }) => closedAt === null) ?? null;
}

export function stallOf(job: JobState, checkpoint: number): Stall | null {
  return job.stalls.find((stall) => stall.checkpoint === checkpoint) ?? null;
}

export function verdictOf(job: JobState, stall: Stall, now: number): StallVerdict {
  const end = stall.closedAt ?? now;
  const checkpoint = job.checkpoints.find(({ id }) => id === stall.checkpoint);
  const cause = stall.hops.at(-1)!;
  const { vertices } = indexOf(job.graph);
  const waiting = vertices.get(stall.subtask.vertex)?.name ?? stall.subtask.vertex;
  const awaited = upstreamOf(job.graph, stall.channel);
  const waitedMs = Math.max(0, end - stall.since);
  const heldMs = Math.max(0, end - (checkpoint?.triggeredAt ?? stall.since));
  const usualMs = usualDelay(job, cause);
  const usual = usualMs === null ? '' : ` Usual is ${duration(usualMs)}.`;
  const has = stall.closedAt === null ? 'has waited' : 'waited';
  return {
    stall,
    headline: `${waiting} ${has} ${duration(waitedMs)} for ${awaited === null ? `channel ${stall.channel}` : nameOf(job.graph, awaited)}.`,
    cause:
      stall.closedAt === null
        ? `${cause.text.replace(/\.$/, '')}, for ${duration(heldMs)} so far.${usual}`
        : `${nameOf(job.graph, cause.subtask)} held barrier ${stall.checkpoint} for ${duration(heldMs)}.${usual}`,
    causeName: nameOf(job.graph, cause.subtask),
    causeVertex: cause.subtask.vertex,
    operator: cause.operator,
    location: locationOf(job, cause),
    waitedMs,
    heldMs,
    usualMs,
    unaligned: stall.closedAt === null ? unalignedAdvice(job, stall, cause) : null,
  };
}

/** The line that runs, or else the operator's own. */
export function locationOf(job: JobState, hop: StallHop): SourceLocation | null {
  if (hop.location) return hop.location;
  const operators = indexOf(job.graph).vertices.get(hop.subtask.vertex)?.operators ?? [];
  const named =
    operators.find(({ uid, name }) => uid === hop.operator || name === hop.operator) ?? operators[0];
  return named?.location ?? null;
}

function unalignedAdvice(job: JobState, stall: Stall, cause: StallHop): string | null {
  if (job.info.checkpointConfig.unaligned) return null;
  const isSource = indexOf(job.graph).vertices.get(cause.subtask.vertex)?.role === 'source';
  return isSource
    ? `Unaligned would not help now: barrier ${stall.checkpoint} has not entered the stream yet.`
    : cause.cause === 'backpressured' || cause.cause === 'behind-records'
      ? 'Unaligned checkpoints would let the barrier overtake these records.'
      : null;
}

/** How long this subtask usually takes until its barrier goes on. */
function usualDelay(job: JobState, cause: StallHop): number | null {
  return median(
    job.checkpoints
      .filter(({ status }) => status === 'completed')
      .slice(0, 20)
      .flatMap(({ subtasks }) => subtasks)
      .filter(
        ({ subtask }) => subtask.vertex === cause.subtask.vertex && subtask.index === cause.subtask.index,
      )
      .map(({ startDelayMs }) => startDelayMs),
  );
}
