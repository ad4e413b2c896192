/** Looks after the threads of one deployment: the watchdog decides, this lends it the clock and asks where a thread hangs. */
import { url as inspectorUrl } from 'node:inspector';
import type { Worker } from 'node:worker_threads';
import type { SubtaskId } from '../engine/control/messages.ts';
import { type HungStep, operatorsOf, stepReadings, Watchdog } from '../engine/job/watchdog.ts';
import type { MetricsTable } from '../engine/metricsTable.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import { machineClock } from './machineClock.ts';
import { type ThreadPlace, whereIs } from './threadInspection.ts';

export interface ThreadWatchOptions {
  readonly stuckAfterMs: number;
  readonly execution: ExecutionGraph;
  readonly threads: readonly (readonly SubtaskId[])[];
  readonly table: MetricsTable;
  worker(thread: number): Worker | null;
  /** It still hangs there. */
  onHung(step: HungStep, place: ThreadPlace): void;
}

export class ThreadWatch {
  readonly #options: ThreadWatchOptions;
  readonly #watchdog: Watchdog;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(options: ThreadWatchOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog(options.stuckAfterMs);
    this.#timer = setInterval(() => this.#look(), this.#watchdog.lookEveryMs);
    this.#timer.unref();
  }

  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  #look(): void {
    const { table, threads } = this.#options;
    const isDebugged = inspectorUrl() !== undefined;
    const readings = stepReadings(table, threads);
    for (const step of this.#watchdog.look(readings, isDebugged, machineClock.monotonicMs()))
      void this.#ask(step);
  }

  async #ask(step: HungStep): Promise<void> {
    const { table, execution, worker, onHung } = this.#options;
    const { vertex, index } = step.subtask;
    const startedAt = table.subtask(vertex, index, 'stepStartedAt');
    const running = worker(step.thread);
    if (running === null) return;
    const place = await whereIs(running, operatorsOf(execution, step.subtask));
    // It may have come back while it was asked, or have been ended by somebody else.
    if (this.#isOver || table.subtask(vertex, index, 'stepStartedAt') !== startedAt) return;
    onHung(step, place);
  }
}
