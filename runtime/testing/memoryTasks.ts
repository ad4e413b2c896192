/**
 * The tasks of a job in memory: what `host` does with worker threads, in the test's own thread and without waiting. One
 * task thread runs all subtasks; messages between it and the job master are queued, as they are between threads.
 */
import type { Clock } from '../base/clock.ts';
import type { SnapshotFiles } from '../checkpoint/storage.ts';
import type { FromWorker, ToWorker } from '../engine/control/messages.ts';
import type { Deployer, Deployment } from '../engine/job/deployer.ts';
import { MetricsTable } from '../engine/metricsTable.ts';
import { TaskThread } from '../engine/taskThread.ts';
import type { JobDefinition, OperatorFactory } from '../graph/jobDefinition.ts';
import type { FileAccess } from '../operators/files.ts';
import type { Abort, StreamOperator } from '../operators/operator.ts';
import { TestKitError } from './testError.ts';

export interface MemoryTasksOptions {
  /** Evaluates the pipeline; called for every deployment, as every task thread does. */
  readonly define: () => JobDefinition;
  /** Of the plan that the job master has. */
  readonly fingerprint: string;
  readonly clock: Clock;
  readonly files: FileAccess;
  readonly snapshots: SnapshotFiles;
  /** Calls soon, in order, and never inside the call that asks for it. */
  readonly later: (call: () => void) => void;
  readonly onMessage: (message: FromWorker) => void;
  /** All tasks are gone after `terminate`. */
  readonly onGone: () => void;
}

/** Not of the language, but wherever a test runs, in Node or in a browser, it is there. */
const platform = globalThis as unknown as { readonly AbortController: new () => Abort };

/** What an operator or a writer says of what it has under way. */
type Waiting = Pick<StreamOperator, 'awaits' | 'drained'>;

export class MemoryTasks implements Deployer {
  readonly #options: MemoryTasksOptions;
  #thread: TaskThread | null = null;
  #metrics: MetricsTable | null = null;
  /** Of the present deployment, with the writers of its sinks. */
  #operators: Waiting[] = [];
  #wakeAt: number | null = null;
  #thrown: unknown;
  /** Something came from outside since `rest` was told. */
  #isWoken = false;
  #onWoken: (() => void) | null = null;

  constructor(options: MemoryTasksOptions) {
    this.#options = options;
  }

  /** Answers whether anything progressed. */
  step(): boolean {
    if (this.#thread === null) return false;
    const step = this.#thread.step();
    this.#wakeAt = step.wakeAt;
    return step.progressed;
  }

  /** Clock.now() at which something is due; null: nothing is. */
  get wakeAt(): number | null {
    return this.#wakeAt;
  }

  /** What the last failed task threw. */
  get thrown(): unknown {
    return this.#thrown;
  }

  /** The watermark that has reached a vertex; -Infinity before the first. */
  watermarkOf(vertex: string, subtaskIndex: number): number {
    const watermark = this.#metrics?.subtask(vertex, subtaskIndex, 'watermark') ?? Number.NaN;
    return Number.isNaN(watermark) ? Number.NEGATIVE_INFINITY : watermark;
  }

  /** The tasks are closed, as those of a thread in which one of them fails. */
  fail(): void {
    this.#thread?.handle({ type: 'cancel' });
    this.#thread = null;
  }

  // --- what comes from outside ----------------------------------------------------------------------------------

  /** From here on it counts whether something comes. */
  listen(): void {
    this.#isWoken = false;
  }

  /** An operator waits for something outside that comes by itself, or something has come. */
  get isWaiting(): boolean {
    const waits = (operator: Waiting) => operator.awaits?.() ?? operator.drained?.() === false;
    return this.#isWoken || this.#operators.some(waits);
  }

  /** Until something comes. */
  woken(): Promise<void> {
    if (this.#isWoken) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onWoken = resolve;
    });
  }

  // --- Deployer -------------------------------------------------------------------------------------------------

  /** The only place where a test makes tasks: whatever a task thread needs is decided here. */
  deploy({ execution, threads, deploys }: Deployment): void {
    const { clock, files, snapshots, later, onMessage } = this.#options;
    const definition = this.#options.define();
    if (definition.graph.fingerprint !== this.#options.fingerprint) {
      throw new TestKitError(
        'The pipeline is written differently each time it is evaluated; it must not depend on time, chance or files.',
      );
    }
    const [deploy] = deploys;
    if (deploy === undefined) return;
    const metrics = new MetricsTable(execution, null);
    this.#metrics = metrics;
    this.#operators = [];
    const thread = new TaskThread({
      definition: { ...definition, factories: this.#followed(definition.factories) },
      execution,
      deploy,
      threadIndex: 0,
      threads,
      rings: new Map(),
      metrics,
      clock,
      files,
      snapshots,
      send: (message) =>
        later(() => {
          if (this.#thread === thread) onMessage(message);
        }),
      thrown: (error) => {
        this.#thrown = error;
      },
      newAbort: () => new platform.AbortController(),
      wakeThread() {},
      wakeSelf: () => {
        this.#isWoken = true;
        this.#onWoken?.();
        this.#onWoken = null;
      },
    });
    this.#thread = thread;
  }

  send(_thread: number, message: ToWorker): void {
    const thread = this.#thread;
    this.#options.later(() => {
      if (this.#thread === thread) thread?.handle(message);
    });
  }

  terminate(): void {
    this.#thread = null;
    this.#options.later(this.#options.onGone);
  }

  /** Keeps the operators and writers that are made, to ask them whether they wait. */
  #followed(factories: JobDefinition['factories']): JobDefinition['factories'] {
    const kept = <T extends Waiting>(made: T): T => {
      this.#operators.push(made);
      return made;
    };
    const followed = (factory: OperatorFactory): OperatorFactory => {
      switch (factory.role) {
        case 'source':
          return factory;
        case 'operator':
          return { ...factory, create: () => kept(factory.create()) };
        case 'sink': {
          // Not a copy: a sink may be an object of the author's own class.
          const { sink } = factory;
          const createWriter = () => kept(sink.createWriter());
          const createCommitter = () => sink.createCommitter();
          return {
            ...factory,
            sink: { name: sink.name, guarantee: sink.guarantee, createWriter, createCommitter },
          };
        }
      }
    };
    return new Map([...factories].map(([uid, factory]) => [uid, followed(factory)]));
  }
}
