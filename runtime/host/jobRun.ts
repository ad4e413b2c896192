/**
 * One job in one runtime: the job master with everything around it that touches the machine. The master decides; this hands
 * it threads, a disk and time, and tells its facts to the clients, to the supervisor and to the log.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { seededRandom } from '../base/random.ts';
import type { CheckpointFailureReason } from '../checkpoint/barrier.ts';
import { type CheckpointMode, modeText } from '../checkpoint/checkpointMode.ts';
import type { CheckpointStorage, Outcome } from '../checkpoint/storage.ts';
import type { Deployment } from '../engine/job/deployer.ts';
import type { JobFact } from '../engine/job/facts.ts';
import { JobMaster, type RestorePoint, type TakenSnapshot } from '../engine/job/jobMaster.ts';
import type { MetricsTable } from '../engine/metricsTable.ts';
import { CHANNEL_RECORDS, type CheckpointSettings } from '../graph/jobGraph.ts';
import type { ExceptionInfo } from '../protocol/job.ts';
import type { OperatorMetrics } from '../protocol/telemetry.ts';
import type { JobServer } from '../server/jobServer.ts';
import { JobView } from '../server/jobView.ts';
import { Alarm } from './alarm.ts';
import { fileCheckpointStorage } from './checkpointStorage.ts';
import { clearScratch } from './dataDirectory.ts';
import { describeFailure, type FailureText } from './failureText.ts';
import { machineFiles } from './files.ts';
import { machineClock } from './machineClock.ts';
import { runtimeVersion } from './ownFiles.ts';
import type { PreparedJob } from './prepareJob.ts';
import { snapshotIdOf } from './savepointShelf.ts';
import { supersedeAll } from './sinkParts.ts';
import { sourceMaps } from './sourceMaps.ts';
import { WorkerDeployer } from './workerDeployer.ts';

export type JobEnd =
  | {
      readonly status: 'finished' | 'canceled' | 'suspended';
      readonly savepoint: TakenSnapshot | null;
      readonly recordsIn: number;
      readonly recordsOut: number;
      /** The author's own. */
      readonly metrics: OperatorMetrics[];
    }
  | { readonly status: 'failed'; readonly reason: string; readonly exception: ExceptionInfo | null };

export interface JobRunOptions {
  readonly prepared: PreparedJob;
  readonly server: JobServer;
  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
  onRunning(): void;
  /** Savepoints on the disk have changed. */
  onSavepoint(): void;
  onEnd(end: JobEnd): void;
  /** The server may have something due. */
  afterFact(): void;
  /** A thread can no longer be ended: only the end of the process helps. */
  onStuck(sentence: string): void;
}

/** How long tasks may take to close. */
const politeMs = 1_000;

/** A checkpoint that fails for these reasons fails because of something larger. */
const afterwards: ReadonlySet<CheckpointFailureReason> = new Set([
  'TASK_FAILURE',
  'JOB_FAILURE',
  'CHECKPOINT_COORDINATOR_SHUTDOWN',
  'CHECKPOINT_SUBSUMED',
]);

export class JobRun {
  readonly #options: JobRunOptions;
  readonly #master: JobMaster;
  readonly #view: JobView;
  readonly #deployer: WorkerDeployer;
  readonly #alarm = new Alarm(() => this.#tick());
  #metrics: MetricsTable | null = null;
  #lastException: ExceptionInfo | null = null;
  #lastSavepoint: TakenSnapshot | null = null;
  #restoring: { readonly point: RestorePoint; readonly parallelism: number } | null = null;
  #isOver = false;

  constructor(options: JobRunOptions) {
    this.#options = options;
    const { prepared, server } = options;
    const { graph, restore, data } = prepared;
    const failureText: FailureText = { workingDirectory: prepared.workingDirectory };
    this.#view = new JobView({
      clock: machineClock,
      name: graph.name,
      runId: prepared.runId,
      parallelism: prepared.parallelism,
      pipelineFile: prepared.pipelineFile,
      checkpointConfig: graph.checkpoints,
      restoredFrom: restore === null ? null : restoredFrom(restore, machineClock.now()),
      channelCapacityRecords: graph.channelRecords ?? CHANNEL_RECORDS,
      describeFailure: (failure, at) => {
        this.#lastException = describeFailure(failure, at, failureText);
        return this.#lastException;
      },
      snapshotId: (path) => snapshotIdOf(data, path),
    });
    this.#deployer = new WorkerDeployer({
      bundlePath: prepared.bundle.path,
      defineOptions: prepared.defineOptions,
      workingDirectory: prepared.workingDirectory,
      scratchDirectory: data.scratch(graph.name),
      givesWay: prepared.givesWay,
      prepare: (deployment) => this.#prepare(deployment),
      onMetrics: (table) => {
        this.#metrics = table;
        server.metrics(table);
      },
      onMessage: (thread, message) => this.#after(() => this.#master.fromWorker(thread, message)),
      onDied: (thread, reason) => this.#after(() => this.#master.threadDied(thread, reason)),
      onHung: (step, { operator, record, frames }) => {
        const stack = sourceMaps(prepared.bundle.path).stack(frames.join('\n')).text;
        this.#after(() => this.#master.threadHung(step, { operator, record, stack }));
      },
      onGone: () => void this.#threadsGone(),
      onStuck: (subtasks) => {
        const names = subtasks.map(({ vertex, index }) => `${vertex}[${index}]`).join(', ');
        options.onStuck(`The thread of ${names} cannot be ended; the process is.`);
      },
      print: (text, isError) => this.#print(text, isError),
    });
    this.#master = new JobMaster({
      graph,
      parallelism: prepared.parallelismOverride,
      threadsMax: threadsMax(),
      settings: graph.checkpoints satisfies CheckpointSettings,
      runId: prepared.runId,
      sluiceVersion: runtimeVersion,
      clock: machineClock,
      random: seededRandom(randomBytes(4).readInt32LE()),
      storage: this.#followed(fileCheckpointStorage(data, graph.name)),
      deployer: this.#deployer,
      emit: (fact) => this.#fact(fact),
      restore,
      nextCheckpointId: prepared.nextCheckpointId,
      retained: prepared.retained,
      claimed: prepared.claimed,
    });
    server.serve(this.#view);
  }

  get view(): JobView {
    return this.#view;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  start(): void {
    this.#after(() => this.#master.start());
  }

  takeSavepoint(
    label: string | null,
    notes: string | null,
    done: (result: Outcome<TakenSnapshot>) => void,
  ): void {
    this.#after(() => this.#master.takeSavepoint({ label, notes }, done));
  }

  triggerCheckpoint(done: (result: Outcome<TakenSnapshot>) => void): void {
    this.#after(() => this.#master.triggerCheckpoint(done));
  }

  abortCheckpoint(id: number): void {
    this.#after(() => this.#master.abortCheckpoint(id));
  }

  switchMode(mode: CheckpointMode, done: (result: Outcome<CheckpointSettings>) => void): void {
    this.#after(() => this.#master.switchMode(mode, done));
  }

  stop(drain: boolean, label: string | null, done: (result: Outcome<TakenSnapshot>) => void): void {
    this.#after(() => this.#master.stop({ drain, label }, done));
  }

  cancel(): void {
    this.#leave(() => this.#master.cancel());
  }

  /** The runtime ends: the job may go on later from where it is. */
  abandon(): void {
    this.#leave(() => this.#master.abandon());
  }

  /** Politely first; a thread that does not listen is ended. */
  #leave(leave: () => void): void {
    this.#after(leave);
    setTimeout(() => {
      if (!this.#isOver) this.#deployer.terminate();
    }, politeMs).unref();
  }

  restore(point: RestorePoint, parallelism: number | null, done: (result: Outcome<null>) => void): void {
    const restoring = { point, parallelism: parallelism ?? this.#view.job.parallelism };
    this.#restoring = restoring;
    this.#after(() =>
      this.#master.restore(point, parallelism, (result) => {
        // Another restore may have come in between: this one is refused then, and that one goes on.
        if (this.#restoring === restoring) this.#restoring = null;
        done(result);
      }),
    );
  }

  /** After everything that may have changed what is due. */
  #after(action: () => void): void {
    action();
    this.#setAlarm();
    this.#options.afterFact();
  }

  /** What the disk answers changes what is due, like everything else. */
  #followed(storage: CheckpointStorage): CheckpointStorage {
    const followed =
      <T>(done: (result: Outcome<T>) => void) =>
      (result: Outcome<T>) =>
        this.#after(() => done(result));
    return {
      begin: (id, kind, label, done) => storage.begin(id, kind, label, followed(done)),
      publish: (directory, manifest, done) => storage.publish(directory, manifest, followed(done)),
      adopt: (directory, manifest, done) => storage.adopt(directory, manifest, followed(done)),
      discard: (directory, done) => storage.discard(directory, followed(done)),
    };
  }

  /** Nobody reads what they kept on disk any more; the next attempt begins with nothing there. */
  async #threadsGone(): Promise<void> {
    const { data, graph } = this.#options.prepared;
    await clearScratch(data, graph.name).catch((error: unknown) =>
      this.#options.log('warning', `What state had on disk could not be removed: ${String(error)}`),
    );
    this.#after(() => this.#master.threadsGone());
  }

  #tick(): void {
    this.#after(() => this.#master.tick());
  }

  /** The master's deadline is by the wall clock. */
  #setAlarm(): void {
    const deadline = this.#isOver ? null : this.#master.nextDeadline();
    this.#alarm.set(deadline === null ? null : machineClock.monotonicMs() + deadline - machineClock.now());
  }

  #fact(fact: JobFact): void {
    const { server, log } = this.#options;
    if (fact.type === 'deployed' && this.#restoring !== null) {
      const { point, parallelism } = this.#restoring;
      server.announce(this.#view.restored(restoredFrom(point, machineClock.now()), parallelism));
    }
    server.fact(fact);
    switch (fact.type) {
      case 'status':
        this.#statusChanged(fact);
        break;
      case 'checkpoint-completed':
        if (fact.manifest.kind === 'savepoint') {
          this.#lastSavepoint = { manifest: fact.manifest, path: fact.path };
          this.#options.onSavepoint();
        }
        break;
      case 'checkpoint-failed':
        // Where tasks failed or the job leaves, that is what is told.
        if (!afterwards.has(fact.reason))
          log('warning', `Checkpoint ${fact.checkpointId} failed: ${fact.message}`);
        break;
      case 'checkpoint-settings':
        log('info', `Checkpoints are ${modeText(fact.settings)} from now on.`);
        break;
      case 'log':
        log(fact.level, fact.text);
        break;
      default:
        break;
    }
  }

  /** With the user's consent, after the branch has a checkpoint of its own and before its tasks write their first record. */
  #prepare({ deploys }: Deployment): void {
    const { graph, workingDirectory, runId } = this.#options.prepared;
    const restore = deploys[0]?.restore ?? null;
    if (deploys[0]?.supersede !== true || restore === null) return;
    const files = machineFiles({ workingDirectory, afterCallback: () => {} });
    const pathsOf = (uid: string) =>
      restore.operators.find((operator) => operator.uid === uid)?.files.map(({ path }) => path) ?? [];
    supersedeAll(graph, pathsOf, files, runId);
  }

  #statusChanged(fact: Extract<JobFact, { type: 'status' }>): void {
    const { log, onRunning, onEnd } = this.#options;
    switch (fact.status) {
      case 'running':
        onRunning();
        break;
      case 'restarting':
        if (fact.restartAt !== null && this.#lastException !== null) {
          log('warning', `${sentenceOf(this.#lastException)}; ${restartText(fact.restartAt, fact.restarts)}`);
        }
        break;
      case 'finished':
      case 'canceled':
      case 'suspended':
        this.#isOver = true;
        onEnd({
          status: fact.status,
          savepoint: this.#lastSavepoint,
          ...this.#recordCounts(),
          metrics: this.#options.server.operatorMetrics(),
        });
        break;
      case 'failed':
        this.#isOver = true;
        onEnd({ status: 'failed', reason: fact.reason ?? 'The job failed.', exception: this.#lastException });
        break;
      default:
        break;
    }
  }

  /** Read by sources; taken by chains that end in a sink. */
  #recordCounts(): { readonly recordsIn: number; readonly recordsOut: number } {
    const counts = { recordsIn: 0, recordsOut: 0 };
    const table = this.#metrics;
    if (table === null) return counts;
    for (const { id, parallelism, operators } of this.#master.execution.vertices) {
      for (let index = 0; index < parallelism; index++) {
        const records = table.subtask(id, index, 'recordsIn') || 0;
        if (operators[0]?.operator.role === 'source') counts.recordsIn += records;
        if (operators.some(({ operator }) => operator.role === 'sink')) counts.recordsOut += records;
      }
    }
    return counts;
  }

  #print(text: string, isError: boolean): void {
    this.#fact({
      type: 'log',
      at: machineClock.now(),
      level: isError ? 'warning' : 'info',
      text,
      subtask: null,
    });
  }
}

/** One on a machine of two cores; else all but the coordinator's. */
function threadsMax(): number {
  return Math.max(1, availableParallelism() - 1);
}

function restoredFrom({ manifest, directory }: RestorePoint, at: number) {
  return {
    id: directory,
    checkpointId: manifest.checkpointId,
    kind: manifest.kind,
    label: manifest.label,
    at,
  };
}

function restartText(restartAt: number, restarts: number): string {
  const seconds = Math.max(0, (restartAt - machineClock.now()) / 1_000);
  return `the job goes on from its last checkpoint in ${seconds.toFixed(1)} s (restart ${restarts}).`;
}

function sentenceOf(exception: ExceptionInfo): string {
  const { operator, subtask, message } = exception;
  const who = subtask === null ? 'The job' : `${operator ?? subtask.vertex}[${subtask.index}]`;
  return `${who} failed: ${message}`;
}
