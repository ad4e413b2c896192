/**
 * Finds threads that do not come back: `while (true)` in a function of the author's holds its thread, and with it every
 * task there, for good. Nothing throws and nothing ends, so somebody else has to notice.
 *
 * The heartbeat is there already: a task writes into shared memory when a step of it begins (`stepStartedAt`), and takes it
 * back when the step is over. A step is bounded, about a millisecond; one that is still the same after minutes is inside
 * somebody's function. Restoring, writing a snapshot, parking and handing messages on are no steps, so a thread that does
 * these for long is well.
 *
 *   looks      │    │    │    │    │    │
 *   step       7    9    9    9    9    9        silent for 4 looks: stuck
 *   step       7    9    9   ▒▒▒▒▒  9    9       ▒ the coordinator itself stood still (a laptop asleep, SIGSTOP): counts as
 *                                                  one look, whatever the clock says, for everybody stood still then
 *
 * A thread that stands at a breakpoint is silent too, so nothing is counted while somebody debugs.
 */
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import { type SubtaskId, subtaskName } from '../control/messages.ts';
import type { MetricsTable } from '../metricsTable.ts';

export interface StepReading {
  readonly thread: number;
  readonly subtask: SubtaskId;
  /** Monotonic, when the step under way began; 0: none is. */
  readonly stepStartedAt: number;
}

export interface HungStep {
  readonly thread: number;
  readonly subtask: SubtaskId;
  readonly silentMs: number;
}

interface Watched {
  readonly stepStartedAt: number;
  silentMs: number;
  isTold: boolean;
}

/** One deployment's. */
export class Watchdog {
  /** How often `look` wants to be called. */
  readonly lookEveryMs: number;
  readonly #stuckAfterMs: number;
  readonly #watched = new Map<string, Watched>();
  #lookedAt: number | null = null;

  constructor(stuckAfterMs: number) {
    this.#stuckAfterMs = stuckAfterMs;
    this.lookEveryMs = Math.min(1_000, Math.max(20, stuckAfterMs / 4));
  }

  /** Steps that have been silent for too long; each is told once. */
  look(readings: readonly StepReading[], isDebugged: boolean, monotonicMs: number): readonly HungStep[] {
    const passed = Math.min(monotonicMs - (this.#lookedAt ?? monotonicMs), this.lookEveryMs);
    this.#lookedAt = monotonicMs;
    const hung: HungStep[] = [];
    for (const { thread, subtask, stepStartedAt } of readings) {
      const name = subtaskName(subtask);
      const known = this.#watched.get(name);
      if (isDebugged || stepStartedAt === 0 || known?.stepStartedAt !== stepStartedAt) {
        this.#watched.set(name, { stepStartedAt, silentMs: 0, isTold: false });
        continue;
      }
      known.silentMs += passed;
      if (known.isTold || known.silentMs < this.#stuckAfterMs) continue;
      known.isTold = true;
      hung.push({ thread, subtask, silentMs: known.silentMs });
    }
    return hung;
  }
}

export const stepReadings = (
  table: MetricsTable,
  threads: readonly (readonly SubtaskId[])[],
): readonly StepReading[] =>
  threads.flatMap((subtasks, thread) =>
    subtasks.map((subtask) => ({
      thread,
      subtask,
      stepStartedAt: table.subtask(subtask.vertex, subtask.index, 'stepStartedAt'),
    })),
  );

/** Uids of the operators that a subtask runs. */
export const operatorsOf = ({ vertices }: ExecutionGraph, { vertex }: SubtaskId): readonly string[] =>
  vertices.find(({ id }) => id === vertex)?.operators.map(({ operator }) => operator.uid) ?? [];
