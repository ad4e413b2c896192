/**
 * A whole job in one thread without a thread: the real job master, the real checkpoint coordinator and the real tasks,
 * with a queue for messages, memory for disks and a clock that moves when it is told to. Everything happens inside the
 * calls of a test, in one order.
 *
 * - M1. `settle` goes on until nothing moves: no message is on its way, no task progresses, nothing is due by the clock.
 * - M2. Whatever the author's code throws ends the run and is thrown to the test. Only `fail` is recovered from.
 */
import { ManualClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { preflight } from '../checkpoint/preflight.ts';
import type { Outcome } from '../checkpoint/storage.ts';
import type { TaskFailure, ToWorker } from '../engine/control/messages.ts';
import type { Deployment } from '../engine/job/deployer.ts';
import type { JobFact } from '../engine/job/facts.ts';
import { JobMaster, type RestorePoint, type TakenSnapshot } from '../engine/job/jobMaster.ts';
import { MetricsTable } from '../engine/metricsTable.ts';
import { TaskThread } from '../engine/taskThread.ts';
import { buildExecutionGraph, parallelismProblem } from '../graph/buildExecutionGraph.ts';
import type { JobDefinition, OperatorFactory } from '../graph/jobDefinition.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { StreamOperator } from '../operators/operator.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { MemorySnapshots } from './memorySnapshots.ts';
import { Savepoint, type World } from './savepoint.ts';
import { OperatorFailed, TestKitError } from './testError.ts';

export interface MemoryJobOptions {
  /** Evaluates the pipeline; called for every deployment, as every task thread does. */
  readonly define: () => JobDefinition;
  /** Null: as planned. */
  readonly parallelism: number | null;
  readonly restore: Savepoint | null;
  /** State of the savepoint that nothing in the pipeline takes may be left behind. */
  readonly allowNonRestoredState: boolean;
  /** Where the clock begins, milliseconds since the epoch. */
  readonly now: number;
  readonly files: Readonly<Record<string, string>>;
}

/** What the author's functions said with `log`. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly text: string;
}

/** A source may have more without giving a record (it skips empty lines): it is due, though nothing was seen to move. */
const STILL_TURNS_MAX = 10_000;
/** A job that has not come to rest after so many turns never will. */
const TURNS_MAX = 500_000;

export class MemoryJob {
  readonly clock: ManualClock;
  readonly files: MemoryFiles;
  readonly logged: LoggedLine[] = [];
  readonly #options: MemoryJobOptions;
  readonly #snapshots: MemorySnapshots;
  readonly #master: JobMaster;
  readonly #fingerprint: string;
  /** Messages and answers that are on their way. */
  readonly #calls: (() => void)[] = [];
  #thread: TaskThread | null = null;
  #metrics: MetricsTable | null = null;
  #thrown: unknown;
  /** The test asked for the failure that is under way. */
  #failsByHand = false;
  #failure: TaskFailure | null = null;
  #wakeAt: number | null = null;
  /** Of the present deployment. */
  #operators: StreamOperator[] = [];
  /** Something came from outside since `settle` began. */
  #isWoken = false;
  #onWoken: (() => void) | null = null;

  constructor(options: MemoryJobOptions) {
    this.#options = options;
    this.clock = new ManualClock(options.now);
    const later = (call: () => void) => {
      this.#calls.push(call);
    };
    this.files = new MemoryFiles(later);
    this.#snapshots = new MemorySnapshots(later);
    if (options.restore !== null) {
      this.files.restore(options.restore.world.files);
      this.#snapshots.put(options.restore.data);
    }
    for (const [path, text] of Object.entries(options.files)) this.files.put(path, text);
    const graph = runnable(options.define().graph);
    checkStart(graph, options);
    this.#fingerprint = graph.fingerprint;
    const nextCheckpointId = (options.restore?.manifest.checkpointId ?? 0) + 1;
    this.#master = new JobMaster({
      graph,
      parallelism: options.parallelism,
      threadsMax: 1,
      settings: graph.checkpoints,
      runId: `run-${nextCheckpointId}`,
      sluiceVersion: 'test',
      clock: this.clock,
      random: seededRandom(1),
      storage: this.#snapshots,
      deployer: {
        deploy: (deployment) => this.#deploy(deployment),
        send: (_thread, message) => this.#send(message),
        terminate: () => this.#terminate(),
      },
      emit: (fact) => this.#heard(fact),
      restore: options.restore === null ? null : pointOf(options.restore),
      nextCheckpointId,
      retained: [],
    });
    this.#master.start();
    // Opens the tasks and hears that they run; no record is read yet.
    this.#stepOnce();
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) call();
    this.#throwFailure();
  }

  /** Every task has ended and the last checkpoint is committed, or the job was stopped. */
  get isOver(): boolean {
    const { status } = this.#master;
    return status === 'finished' || status === 'suspended';
  }

  /** Until nothing moves (M1). Throws OperatorFailed (M2). */
  settle(): void {
    this.#throwFailure();
    this.#isWoken = false;
    let still = 0;
    for (let turns = 0; still === 0 || (this.#isDue() && still < STILL_TURNS_MAX); turns++) {
      still = this.#turn() ? 0 : still + 1;
      if (turns < TURNS_MAX) continue;
      throw new TestKitError(
        `The pipeline does not come to rest: after ${TURNS_MAX} turns there is still something to do. Does a source give records without end? Replace it by a testSource.`,
      );
    }
    this.#throwFailure();
  }

  /** An operator waits for something outside that comes by itself, or something has come. */
  get isWaiting(): boolean {
    const waits = (operator: StreamOperator) => operator.awaits?.() ?? operator.drained?.() === false;
    return this.#isWoken || this.#operators.some(waits);
  }

  /** Until something comes from outside, to `settle` once more. */
  woken(): Promise<void> {
    if (this.#isWoken) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onWoken = resolve;
    });
  }

  /** The clock goes on, from one moment at which something is due to the next. */
  advance(durationMs: number): void {
    const until = this.clock.now() + durationMs;
    this.settle();
    for (let due = this.#nextDue(); due !== null && due <= until; due = this.#nextDue()) {
      // What is due already and does not move waits for something else.
      if (due <= this.clock.now()) break;
      this.clock.advance(due - this.clock.now());
      this.settle();
    }
    this.clock.advance(until - this.clock.now());
    this.settle();
  }

  checkpoint(): void {
    this.#taken('checkpoint', (done) => this.#master.triggerCheckpoint(done));
  }

  savepoint(logs: () => World['logs']): Savepoint {
    return this.#saved(
      'savepoint',
      (done) => this.#master.takeSavepoint({ label: null, notes: null }, done),
      logs,
    );
  }

  /** The job ends with a savepoint. */
  stop(drain: boolean, logs: () => World['logs']): Savepoint {
    return this.#saved('stop', (done) => this.#master.stop({ drain, label: null }, done), logs);
  }

  /** Tasks fail; the job goes on from its last completed checkpoint, or from where it began. */
  fail(): void {
    this.settle();
    if (this.isOver) throw new TestKitError(`The job is ${this.#master.status}: nothing of it can fail.`);
    this.#thread?.handle({ type: 'cancel' });
    this.#thread = null;
    this.#failsByHand = true;
    this.#master.threadDied(0, 'it was failed by the test');
    this.#failsByHand = false;
    this.settle();
  }

  /** The watermark that has reached a vertex; -Infinity before the first. */
  watermarkOf(vertex: string, subtaskIndex: number): number {
    const watermark = this.#metrics?.subtask(vertex, subtaskIndex, 'watermark') ?? Number.NaN;
    return Number.isNaN(watermark) ? Number.NEGATIVE_INFINITY : watermark;
  }

  // --- turns ----------------------------------------------------------------------------------------------------

  /** Answers whether anything moved. */
  #turn(): boolean {
    if (this.#failure !== null) return false;
    const deadline = this.#master.nextDeadline();
    if (deadline !== null && deadline <= this.clock.now()) this.#master.tick();
    const call = this.#calls.shift();
    if (call === undefined) return this.#stepOnce();
    call();
    return true;
  }

  #stepOnce(): boolean {
    if (this.#thread === null) return false;
    const step = this.#thread.step();
    this.#wakeAt = step.wakeAt;
    return step.progressed;
  }

  #isDue(): boolean {
    return this.#failure === null && this.#wakeAt !== null && this.#wakeAt <= this.clock.now();
  }

  #nextDue(): number | null {
    const deadline = this.#master.nextDeadline();
    if (deadline === null) return this.#wakeAt;
    return this.#wakeAt === null ? deadline : Math.min(deadline, this.#wakeAt);
  }

  // --- deployment -----------------------------------------------------------------------------------------------

  /** The only place where tasks are made: what a task thread needs is decided here. */
  #deploy({ execution, threads, deploys }: Deployment): void {
    const definition = this.#options.define();
    if (definition.graph.fingerprint !== this.#fingerprint) {
      throw new TestKitError(
        'The pipeline is written differently each time it is evaluated; it must not depend on time, chance or files.',
      );
    }
    const deploy = deploys[0];
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
      clock: this.clock,
      files: this.files,
      snapshots: this.#snapshots,
      send: (message) => {
        this.#calls.push(() => {
          if (this.#thread === thread) this.#master.fromWorker(0, message);
        });
      },
      thrown: (error) => {
        this.#thrown = error;
      },
      wakeThread() {},
      wakeSelf: () => {
        this.#isWoken = true;
        this.#onWoken?.();
        this.#onWoken = null;
      },
    });
    this.#thread = thread;
  }

  /** Keeps the operators that are made, to ask them whether they wait. */
  #followed(factories: JobDefinition['factories']): JobDefinition['factories'] {
    const followed = (factory: OperatorFactory): OperatorFactory => {
      if (factory.role !== 'operator') return factory;
      const create = () => {
        const operator = factory.create();
        this.#operators.push(operator);
        return operator;
      };
      return { ...factory, create };
    };
    return new Map([...factories].map(([uid, factory]) => [uid, followed(factory)]));
  }

  #send(message: ToWorker): void {
    const thread = this.#thread;
    this.#calls.push(() => {
      if (this.#thread === thread) thread?.handle(message);
    });
  }

  #terminate(): void {
    this.#thread = null;
    this.#calls.push(() => this.#master.threadsGone());
  }

  #heard(fact: JobFact): void {
    if (fact.type === 'failure' && !this.#failsByHand) this.#failure = fact.failure;
    if (fact.type === 'log' && fact.subtask !== null)
      this.logged.push({ level: fact.level, text: fact.text });
  }

  /** Made where it is thrown, so that its own stack leads to the line of the test. */
  #throwFailure(): void {
    if (this.#failure !== null) throw new OperatorFailed(this.#failure, this.#thrown);
  }

  // --- snapshots ------------------------------------------------------------------------------------------------

  #saved(
    what: string,
    ask: (done: (result: Outcome<TakenSnapshot>) => void) => void,
    logs: () => World['logs'],
  ): Savepoint {
    const { manifest, path } = this.#taken(what, ask);
    return new Savepoint({
      manifest,
      directory: path,
      data: this.#snapshots.filesIn(path),
      world: { logs: logs(), files: this.files.copy(), now: this.clock.now() },
    });
  }

  #taken(what: string, ask: (done: (result: Outcome<TakenSnapshot>) => void) => void): TakenSnapshot {
    this.settle();
    const answer: { result: Outcome<TakenSnapshot> | null } = { result: null };
    ask((result) => {
      answer.result = result;
    });
    this.settle();
    const { result } = answer;
    if (result?.ok === true) return result.value;
    throw new TestKitError(
      result === null
        ? `The ${what} did not complete: something in the pipeline waits, and no barrier comes through.`
        : `The ${what} was refused: ${result.message}`,
    );
  }
}

/** Checkpoints come when the test asks for them, a failure is decided by the test, and both without a pause. */
function runnable(graph: JobGraph): JobGraph {
  return {
    ...graph,
    checkpoints: { ...graph.checkpoints, intervalMs: null, tolerableFailures: Number.MAX_SAFE_INTEGER },
    restart: { type: 'fixed-delay', attempts: Number.MAX_SAFE_INTEGER, delayMs: 0 },
  };
}

/** What a real job would be refused for before it starts. */
function checkStart(graph: JobGraph, options: MemoryJobOptions): void {
  const { parallelism, restore } = options;
  const problem = parallelismProblem(graph, parallelism);
  if (problem !== null) throw new TestKitError(problem);
  for (const { uid, requiredFiles } of graph.operators) {
    const missing = requiredFiles.find(
      (path) => !(path in options.files) && !(restore?.world.files.has(path) ?? false),
    );
    if (missing === undefined) continue;
    throw new TestKitError(
      `Source "${uid}" reads ${missing}, which this test does not have: give it in \`files\`, or replace the source by a testSource.`,
    );
  }
  if (restore === null) return;
  const report = preflight(restore.manifest, buildExecutionGraph(graph, parallelism).job, {
    supersededParts: [],
    lastPositions: null,
  });
  const impossible = report.items.find(({ verdict }) => verdict === 'impossible');
  if (impossible !== undefined)
    throw new TestKitError(`The savepoint does not fit "${impossible.uid}": ${impossible.text}`);
  const dropped = report.items.find(({ verdict }) => verdict === 'dropped');
  if (dropped === undefined || options.allowNonRestoredState) return;
  throw new TestKitError(
    `${dropped.text} Bring uid "${dropped.uid}" back, or restore with allowNonRestoredState.`,
  );
}

function pointOf({ manifest, directory }: Savepoint): RestorePoint {
  return { manifest, directory, supersede: false, isLatest: true };
}
