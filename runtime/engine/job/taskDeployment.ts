/**
 * The tasks of a job on their threads: which graph is deployed, where each subtask runs, who runs and who has closed. One
 * object for the life of the job; every deployment is a new attempt. It carries out; whether, when and from which point
 * the job is deployed is the job master's.
 */
import type { CheckpointMode } from '../../checkpoint/checkpointMode.ts';
import { buildExecutionGraph } from '../../graph/buildExecutionGraph.ts';
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { CheckpointSettings, JobGraph } from '../../graph/jobGraph.ts';
import { type SubtaskId, subtaskName, type ToWorker, type TriggerOptions } from '../control/messages.ts';
import type { Deployer } from './deployer.ts';
import { placeSubtasks } from './placement.ts';
import { receiversInFlight, restoredOperators } from './restoredOperators.ts';
import type { RestorePoint } from './restorePoint.ts';

export interface TaskDeploymentOptions {
  readonly graph: JobGraph;
  readonly runId: string;
  readonly threadsMax: number;
  readonly deployer: Deployer;
}

export class TaskDeployment {
  readonly #options: TaskDeploymentOptions;
  #execution: ExecutionGraph;
  #threads: readonly (readonly SubtaskId[])[] = [];
  #attempt = 0;
  readonly #running = new Set<number>();
  readonly #closed = new Set<number>();

  /** `parallelism` null: as planned. */
  constructor(options: TaskDeploymentOptions, parallelism: number | null) {
    this.#options = options;
    this.#execution = buildExecutionGraph(options.graph, parallelism);
  }

  /** Of the present or the last deployment; before the first, what it will be. */
  get execution(): ExecutionGraph {
    return this.#execution;
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** Threads are deployed, running or not. */
  get isActive(): boolean {
    return this.#threads.length > 0;
  }

  /** What the next `deploy` will run, from this point. */
  plan(parallelism: number | null, point: RestorePoint | null): ExecutionGraph {
    this.#execution = buildExecutionGraph(
      this.#options.graph,
      parallelism,
      point === null ? undefined : receiversInFlight(point.manifest, this.#options.graph),
    );
    return this.#execution;
  }

  deploy(point: RestorePoint | null, checkpoints: CheckpointSettings): void {
    const { graph, runId, threadsMax, deployer } = this.#options;
    const execution = this.#execution;
    this.#attempt++;
    this.#threads = placeSubtasks(execution, threadsMax);
    this.#running.clear();
    this.#closed.clear();
    deployer.deploy({
      execution,
      threads: this.#threads,
      deploys: this.#threads.map((subtasks) => ({
        runId,
        attempt: this.#attempt,
        subtasks,
        parallelism: execution.vertices.reduce((most, vertex) => Math.max(most, vertex.parallelism), 1),
        checkpoints,
        restart: graph.restart,
        restore: restoreOf(point, graph),
        // A branch whose first run was killed goes on with what its user had agreed to.
        supersede: point !== null && (point.supersede || point.manifest.trigger === 'restore'),
      })),
    });
  }

  /** Answers whether all threads run now. */
  runs(thread: number): boolean {
    this.#running.add(thread);
    return this.#running.size === this.#threads.length;
  }

  /** Answers whether all threads have closed their tasks now. */
  hasClosed(thread: number): boolean {
    this.#closed.add(thread);
    return this.#closed.size === this.#threads.length;
  }

  /** A subtask of the thread, to name it by; null when there is no such thread. */
  firstSubtaskOf(thread: number): SubtaskId | null {
    return this.#threads[thread]?.[0] ?? null;
  }

  /** To the threads of these subtasks. */
  trigger(wanted: readonly SubtaskId[], options: TriggerOptions): void {
    const names = new Set(wanted.map(subtaskName));
    for (const [thread, own] of this.#threads.entries()) {
      const subtasks = own.filter((id) => names.has(subtaskName(id)));
      if (subtasks.length > 0) this.#options.deployer.send(thread, { type: 'trigger', subtasks, options });
    }
  }

  /** Every thread answers `switched`; answers which they are. */
  switchMode(mode: CheckpointMode): readonly number[] {
    this.broadcast({ type: 'switch-mode', mode });
    return [...this.#threads.keys()];
  }

  broadcast(message: ToWorker): void {
    for (const thread of this.#threads.keys()) this.#options.deployer.send(thread, message);
  }

  /** Ends all threads, whatever they do; `gone` follows when they are. */
  terminate(): void {
    this.#options.deployer.terminate();
  }

  gone(): void {
    this.#threads = [];
  }
}

const restoreOf = (point: RestorePoint | null, graph: JobGraph) =>
  point === null
    ? null
    : {
        checkpointId: point.manifest.checkpointId,
        operators: restoredOperators(point.manifest, point.directory, graph),
      };
