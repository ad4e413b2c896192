/** What can be done with everything that a test runs, an operator or a pipeline. */
import { type Duration, durationMs } from '../api/duration.ts';
import type { LoggedLine, MemoryJob } from './memoryJob.ts';
import type { Savepoint } from './savepoint.ts';

export abstract class TestRun {
  /** For Sluice itself. */
  protected readonly job: MemoryJob;
  #together = 0;

  protected constructor(job: MemoryJob) {
    this.job = job;
  }

  /** The machine's clock, which stands still until `advance`. Milliseconds since the epoch. */
  get now(): number {
    return this.job.clock.now();
  }

  /** What the functions of the pipeline said with `log`. */
  get logged(): readonly LoggedLine[] {
    return this.job.logged;
  }

  /** Everything has ended and is committed. */
  get isOver(): boolean {
    return this.job.isOver;
  }

  /** Until nothing moves. */
  run(): void {
    this.job.settle();
  }

  /**
   * Until nothing moves and the promises that the pipeline waits for have settled. What comes only with time (a timeout,
   * the next attempt of a retry) does not come by itself: `advance` first.
   */
  async settled(): Promise<void> {
    this.job.settle();
    while (this.job.tasks.isWaiting) {
      await this.job.tasks.woken();
      this.job.settle();
    }
  }

  /**
   * The machine's clock goes on. What becomes due on the way (a timer, an idle split) happens at its own moment, in order.
   */
  advance(duration: Duration): void {
    this.job.advance(durationMs(duration, 'The time to advance by'));
  }

  /** What is pushed in `action` moves only when it returns, all of it at once: inputs and subtasks run side by side. */
  together(action: () => void): void {
    this.#together++;
    try {
      action();
    } finally {
      this.#together--;
    }
    this.moved();
  }

  /** Takes a checkpoint: a failure goes back to it, and sinks commit what came before it. */
  checkpoint(): void {
    this.job.checkpoint();
  }

  /** Tasks fail, and the job goes on from its last checkpoint, or from its beginning where there is none. */
  fail(): void {
    this.job.fail();
  }

  /** Takes a savepoint, held in memory. Nothing is committed by it. */
  savepoint(): Savepoint {
    return this.job.savepoint();
  }

  /** Ends the job with a savepoint. `drain`: the inputs end before, so that all windows fire. */
  stop(options: { readonly drain?: boolean } = {}): Savepoint {
    return this.job.stop({ drain: options.drain ?? false });
  }

  protected moved(): void {
    if (this.#together === 0) this.job.settle();
  }
}
