/**
 * Finds alignments that last, and says so while they last: one stall per checkpoint, of the subtask that has been aligning
 * longest; explained anew when what is said changes, closed when its barrier has come or the checkpoint has ended. Why it
 * waits is told by `checkpoint/stallWalk.ts`; this only looks, and remembers what was said.
 */
import { explainStall, type StallFacts, waitedFor } from '../checkpoint/stallWalk.ts';
import type { MetricsTable } from '../engine/metricsTable.ts';
import type { ExecutionGraph, Vertex } from '../graph/executionGraph.ts';
import type { CheckpointDetails, Stall, SubtaskCheckpoint } from '../protocol/checkpoints.ts';
import type { SubtaskRef } from '../protocol/values.ts';
import type { TelemetrySampler } from './telemetrySampler.ts';

export interface StallWatchOptions {
  readonly graph: ExecutionGraph;
  readonly table: MetricsTable;
  readonly sampler: TelemetrySampler;
  readonly channelCapacityRecords: number;
}

/** An alignment that is over sooner is none that anybody could look into. */
export const stallAfterMs = 500;
const tellEveryMs = 1_000;

export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #ended = new Set<string>();
  /** By checkpoint. */
  readonly #open = new Map<number, Stall>();
  /** By stall. */
  readonly #toldAt = new Map<number, number>();
  /** Ids go on over deployments. */
  static #nextId = 1;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  /** It has nothing more to send. */
  ended(subtask: SubtaskRef): void {
    this.#ended.add(nameOf(subtask));
  }

  /** Stalls that opened, are explained anew, or closed. */
  look(checkpoints: readonly CheckpointDetails[], now: number, monotonicMs: number): readonly Stall[] {
    const changed: Stall[] = [];
    const inProgress = checkpoints.filter(({ status }) => status === 'in-progress');
    for (const checkpoint of inProgress) {
      const open = this.#open.get(checkpoint.id);
      const found = this.#stallOf(checkpoint, now, monotonicMs, open);
      if (found === null) continue;
      if (open !== undefined && isSame(open, found)) continue;
      // How many records are still ahead changes all the time; that alone is told once a second.
      const isNewCause = open === undefined || causesOf(open) !== causesOf(found);
      if (!isNewCause && monotonicMs - (this.#toldAt.get(found.id) ?? 0) < tellEveryMs) continue;
      this.#toldAt.set(found.id, monotonicMs);
      if (open !== undefined && open.id !== found.id) changed.push(this.#close(open, now));
      this.#open.set(checkpoint.id, found);
      changed.push(found);
    }
    for (const stall of [...this.#open.values()]) {
      const checkpoint = inProgress.find(({ id }) => id === stall.checkpoint);
      const waiting = checkpoint?.subtasks.find(({ subtask }) => nameOf(subtask) === nameOf(stall.subtask));
      if (waiting?.status !== 'aligning') changed.push(this.#close(stall, now));
    }
    return changed;
  }

  /** The deployment ends: nothing is waited for any more. */
  closeAll(now: number): readonly Stall[] {
    return [...this.#open.values()].map((stall) => this.#close(stall, now));
  }

  #close(stall: Stall, now: number): Stall {
    this.#toldAt.delete(stall.id);
    if (this.#open.get(stall.checkpoint)?.id === stall.id) this.#open.delete(stall.checkpoint);
    return { ...stall, closedAt: now };
  }

  #stallOf(
    checkpoint: CheckpointDetails,
    now: number,
    monotonicMs: number,
    open: Stall | undefined,
  ): Stall | null {
    const longest = longestAligning(checkpoint);
    if (longest === null) return null;
    const since = checkpoint.triggeredAt + (longest.startDelayMs ?? 0);
    if (now - since < stallAfterMs) return null;
    const facts = this.#facts(checkpoint, monotonicMs);
    const channel = waitedFor(facts, longest.subtask);
    if (channel === null) return null;
    const hops = explainStall(facts, longest.subtask, channel).map((hop) => ({
      ...hop,
      subtask: { vertex: hop.subtask.vertex, index: hop.subtask.index },
    }));
    const isOpen = open !== undefined && nameOf(open.subtask) === nameOf(longest.subtask);
    return {
      id: isOpen ? open.id : StallWatch.#nextId++,
      checkpoint: checkpoint.id,
      subtask: longest.subtask,
      channel,
      since,
      hops,
      closedAt: null,
    };
  }

  #facts(checkpoint: CheckpointDetails, monotonicMs: number): StallFacts {
    const { graph, table, sampler, channelCapacityRecords } = this.#options;
    return {
      graph,
      checkpointId: checkpoint.id,
      subtask: (ref) => {
        const sample = sampler.subtask(ref);
        const stepStartedAt = table.subtask(ref.vertex, ref.index, 'stepStartedAt');
        const row = checkpoint.subtasks.find(({ subtask }) => nameOf(subtask) === nameOf(ref));
        return {
          isPaused: sample?.status === 'paused',
          hasEnded: this.#ended.has(nameOf(ref)) || sample?.status === 'finished',
          stepMs: stepStartedAt > 0 ? Math.max(0, monotonicMs - stepStartedAt) : null,
          busyShare: sample?.busy ?? null,
          backpressuredShare: sample?.backpressured ?? null,
          delivered: (row?.channels ?? []).flatMap(({ channel, barrierAfterMs }) =>
            barrierAfterMs === null ? [] : [channel],
          ),
          operator: likelyOperator(graph.vertices.find(({ id }) => id === ref.vertex)),
        };
      },
      channel: (id) => {
        const written = table.channel(id, 'recordsWritten');
        const read = table.channel(id, 'recordsRead');
        const isInside = table.channel(id, 'barrierWritten') >= checkpoint.id;
        return {
          recordsAhead: isInside ? Math.max(0, table.channel(id, 'barrierPosition') - read) : null,
          isFull: written - read >= channelCapacityRecords,
        };
      },
      shareThread: () => null,
    };
  }
}

function longestAligning(checkpoint: CheckpointDetails): SubtaskCheckpoint | null {
  let longest: SubtaskCheckpoint | null = null;
  for (const subtask of checkpoint.subtasks) {
    if (subtask.status !== 'aligning' || subtask.startDelayMs === null) continue;
    if (longest === null || subtask.startDelayMs < (longest.startDelayMs ?? 0)) longest = subtask;
  }
  return longest;
}

/** The first of the chain that runs the author's code. */
function likelyOperator(vertex: Vertex | undefined): string | null {
  const operators = vertex?.operators.map(({ operator }) => operator) ?? [];
  return (operators.find(({ role }) => role === 'operator') ?? operators[0])?.uid ?? null;
}

/** Who waits for whom, and why: without the numbers. */
function causesOf({ id, hops }: Stall): string {
  return JSON.stringify([id, hops.map(({ subtask, waitsFor, cause }) => [nameOf(subtask), waitsFor, cause])]);
}

function isSame(a: Stall, b: Stall): boolean {
  return a.id === b.id && a.channel === b.channel && JSON.stringify(a.hops) === JSON.stringify(b.hops);
}

function nameOf({ vertex, index }: SubtaskRef): string {
  return `${vertex}[${index}]`;
}
