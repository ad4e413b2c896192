/**
 * Puts the job's tasks on worker threads. A deployment has one worker per thread; `terminate` ends them all, and only when
 * the last one is gone does the job master hear of it: two deployments never write at the same time.
 *
 * A worker that sits in a loop is terminated by V8. One that stands at a breakpoint or inside a blocked system call is
 * not: after a while this process is no longer of use, and says so (`onStuck`).
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { DefineOptions } from '../api/pipeline.ts';
import { makeRing } from '../engine/channels/ring.ts';
import type { FromWorker, SubtaskId, ToWorker } from '../engine/control/messages.ts';
import type { Deployer, Deployment } from '../engine/job/deployer.ts';
import type { HungStep } from '../engine/job/watchdog.ts';
import { MetricsTable } from '../engine/metricsTable.ts';
import { crossingChannels } from '../engine/threadChannels.ts';
import { STUCK_AFTER_MS } from '../graph/jobGraph.ts';
import { failpoint } from './failpoints.ts';
import { entryPoint } from './ownFiles.ts';
import type { TaskWorkerData, TaskWorkerMessage } from './taskWorker.ts';
import type { ThreadPlace } from './threadInspection.ts';
import { makeWakeWords } from './threadWaking.ts';
import { ThreadWatch } from './threadWatch.ts';
import { forwardOutput } from './workerOutput.ts';

export interface WorkerDeployerOptions {
  readonly bundlePath: string;
  readonly defineOptions: DefineOptions;
  readonly workingDirectory: string;
  readonly scratchDirectory: string;
  readonly givesWay: boolean;
  /** Before the first worker of a deployment is started. May throw; the deployment then fails. */
  prepare(deployment: Deployment): void;
  onMetrics(table: MetricsTable): void;
  onMessage(thread: number, message: FromWorker): void;
  /** It ended without being asked to. */
  onDied(thread: number, reason: string): void;
  /** It does not come back from the author's code; it has not been ended yet. */
  onHung(step: HungStep, place: ThreadPlace): void;
  /** All threads of the deployment have ended after `terminate`. */
  onGone(): void;
  /** A thread cannot be terminated. */
  onStuck(subtasks: readonly SubtaskId[]): void;
  print(text: string, isError: boolean): void;
}

const terminateMs = 3_000;
const ringBytes = 1024 * 1024;
/** Beyond so many rings each gets a quarter. */
const largeRingsMax = 64;

interface RunningThread {
  readonly worker: Worker;
  readonly subtasks: readonly SubtaskId[];
  state: 'running' | 'closed' | 'gone';
  /** What an `error` event said; `exit` follows. */
  error: string | null;
}

export class WorkerDeployer implements Deployer {
  readonly #options: WorkerDeployerOptions;
  #threads: RunningThread[] = [];
  #isTerminating = false;
  #watch: ThreadWatch | null = null;

  constructor(options: WorkerDeployerOptions) {
    this.#options = options;
  }

  deploy(deployment: Deployment): void {
    const { execution, threads, deploys } = deployment;
    const metrics = MetricsTable.share(execution);
    const table = new MetricsTable(execution, metrics);
    this.#isTerminating = false;
    this.#options.onMetrics(table);
    try {
      requireThere(this.#options.bundlePath);
      this.#options.prepare(deployment);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      setImmediate(() => this.#options.onDied(0, reason));
      return;
    }
    const crossing = crossingChannels(execution, threads);
    const bytes = crossing.length > largeRingsMax ? ringBytes / 4 : ringBytes;
    const rings = new Map(crossing.map((channel) => [channel, makeRing(bytes)]));
    const wakeWords = makeWakeWords(threads.length);
    this.#threads = deploys.map((deploy, threadIndex) => {
      const workerData: TaskWorkerData = {
        bundlePath: this.#options.bundlePath,
        defineOptions: this.#options.defineOptions,
        execution,
        deploy,
        threadIndex,
        threads,
        rings,
        metrics,
        wakeWords,
        workingDirectory: this.#options.workingDirectory,
        scratchDirectory: this.#options.scratchDirectory,
        givesWay: this.#options.givesWay,
      };
      return this.#start(threadIndex, workerData);
    });
    const stuckAfterMs =
      execution.job.stuckAfterMs === undefined ? STUCK_AFTER_MS : execution.job.stuckAfterMs;
    this.#watch?.end();
    this.#watch =
      stuckAfterMs === null
        ? null
        : new ThreadWatch({
            stuckAfterMs,
            execution,
            threads,
            table,
            worker: (thread) => this.#threads[thread]?.worker ?? null,
            onHung: (step, place) => this.#options.onHung(step, place),
          });
  }

  send(thread: number, message: ToWorker): void {
    if (message.type === 'checkpoint-complete') failpoint('before-notify');
    const running = this.#threads[thread];
    if (running !== undefined && running.state !== 'gone') running.worker.postMessage(message);
  }

  terminate(): void {
    if (this.#isTerminating) return;
    this.#isTerminating = true;
    this.#watch?.end();
    const generation = this.#threads;
    for (const thread of generation) void thread.worker.terminate();
    setTimeout(() => {
      const stuck = generation.filter(({ state }) => state !== 'gone').flatMap(({ subtasks }) => subtasks);
      if (stuck.length > 0) this.#options.onStuck(stuck);
    }, terminateMs).unref();
    // Never inside the call: the job master is in the middle of something.
    setImmediate(() => this.#goneWhenAll(generation));
  }

  #start(index: number, workerData: TaskWorkerData): RunningThread {
    const worker = new Worker(entryPoint('taskWorker'), { workerData, stdout: true, stderr: true });
    const thread: RunningThread = {
      worker,
      subtasks: workerData.deploy.subtasks,
      state: 'running',
      error: null,
    };
    forwardOutput(worker, this.#options.print);
    worker.on('message', (message: TaskWorkerMessage) => {
      if (message.type === 'closed') thread.state = 'closed';
      if (this.#isTerminating) return;
      if (message.type === 'unusable') this.#options.onDied(index, message.reason);
      else this.#options.onMessage(index, message);
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      thread.error =
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? 'its thread ran out of memory'
          : `its thread ended with ${error.name}: ${error.message}`;
    });
    worker.on('exit', (code) => {
      const wasClosed = thread.state === 'closed';
      thread.state = 'gone';
      if (this.#isTerminating) this.#goneWhenAll(this.#threads);
      else if (!wasClosed)
        this.#options.onDied(
          index,
          thread.error ?? `the pipeline's code ended its thread, with exit code ${code}`,
        );
    });
    return thread;
  }

  #goneWhenAll(generation: readonly RunningThread[]): void {
    if (!this.#isTerminating || generation !== this.#threads) return;
    if (generation.some(({ state }) => state !== 'gone')) return;
    this.#threads = [];
    this.#isTerminating = false;
    this.#options.onGone();
  }
}

function requireThere(path: string): void {
  if (!existsSync(path))
    throw new Error(`${path} is gone: somebody has removed it or a directory above it; start the job again.`);
}
