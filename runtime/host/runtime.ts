/**
 * A runtime: one socket, the savepoints of one data directory, and at most one job. It is started by one request and tells
 * its supervisor how it goes.
 */
import { mkdirSync } from 'node:fs';
import type { LaunchFailure, LaunchReport, LaunchRequest } from '../protocol/launch.ts';
import type { Capability } from '../protocol/messages.ts';
import { JobServer } from '../server/jobServer.ts';
import { Alarm } from './alarm.ts';
import { createDataDirectory, type DataDirectory } from './dataDirectory.ts';
import { failureSentence } from './failureText.ts';
import { type JobEnd, JobRun } from './jobRun.ts';
import { LaunchError, launchFailure } from './launchFailure.ts';
import { machineClock } from './machineClock.ts';
import { runtimeVersion } from './ownFiles.ts';
import { type PreparedJob, prepareJob } from './prepareJob.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import { ownProcess } from './processIdentity.ts';
import { forgetRunningJob, type RunningJob, recordRunningJob } from './runningJobs.ts';
import { runtimeServices } from './runtimeServices.ts';
import { savepointsOnShelf, summaryOf } from './savepointShelf.ts';
import { Utility } from './utility.ts';
import { listen, type RunningServer } from './webSocketServer.ts';

const capabilities: readonly Capability[] = [
  'graph',
  'telemetry',
  'barriers',
  'checkpoint/trigger',
  'checkpoint/abort',
  'checkpoint/configure',
  'savepoint/take',
  'savepoint/restore',
  'savepoint/compare',
  'savepoint/preflight',
  'savepoint/label',
  'savepoint/delete',
  'savepoint/export',
  'job/stop',
  'job/cancel',
];
const capabilitiesWithoutJob: readonly Capability[] = [
  'savepoint/compare',
  'savepoint/label',
  'savepoint/delete',
  'savepoint/export',
];

export interface RuntimeOptions {
  readonly request: LaunchRequest;
  /** Who is answerable for this process. */
  readonly supervisor: ProcessIdentity | null;
  report(report: LaunchReport): void;
  /** Nothing but the end of the process helps. */
  onStuck(sentence: string): void;
}

export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #data: DataDirectory;
  readonly #server: JobServer;
  readonly #utility = new Utility();
  readonly #alarm = new Alarm(() => this.#tick());
  #sockets: RunningServer | null = null;
  #prepared: PreparedJob | null = null;
  #run: JobRun | null = null;
  #record: RunningJob | null = null;
  #whenOver: (() => void) | null = null;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    mkdirSync(options.request.dataDirectory, { recursive: true });
    this.#data = createDataDirectory(options.request.dataDirectory);
    this.#server = new JobServer({
      clock: machineClock,
      engine: { name: 'sluice', version: runtimeVersion },
      capabilities: options.request.job === null ? capabilitiesWithoutJob : capabilities,
      services: runtimeServices({
        data: this.#data,
        workingDirectory: options.request.workingDirectory,
        utility: this.#utility,
        run: () => this.#run,
        prepared: () => this.#prepared,
        savepointsChanged: () => this.#announceSavepoints(),
      }),
    });
  }

  /** Answers when the job runs, or when it is known that it will not: false. */
  async start(): Promise<boolean> {
    const { request, report } = this.#options;
    try {
      await this.#listen();
      this.#announceSavepoints();
      if (request.job === null) this.#server.serve(null);
      else await this.#startJob({ ...request, job: request.job });
      return true;
    } catch (error) {
      this.#server.serve(null);
      report({ type: 'failed', failure: failureOf(error) });
      return false;
    }
  }

  /** Ends whatever runs, in order, and answers when it has. */
  async stop(): Promise<void> {
    for (const lock of this.#prepared?.locks ?? []) lock.announceStopping();
    if (this.#run !== null && !this.#run.isOver) {
      await new Promise<void>((over) => {
        this.#whenOver = over;
        this.#run?.abandon();
      });
    }
    this.#forget();
    this.#server.end('The runtime ends.');
    await this.#utility.close();
    await this.#sockets?.close();
  }

  async #listen(): Promise<void> {
    const { request, report } = this.#options;
    const outcome = await listen({
      port: request.server.port,
      token: request.token,
      dashboard: request.server.dashboard,
      open: (connection) => this.#server.open(connection),
      afterEvent: () => this.#tick(),
    });
    if (!outcome.ok) {
      const message = outcome.isInUse
        ? `Port ${request.server.port} is in use; choose another one, or none for any free port.`
        : `Port ${request.server.port} cannot be listened on: ${outcome.message}`;
      throw new LaunchError(launchFailure('port-in-use', message));
    }
    this.#sockets = outcome.server;
    report({ type: 'listening', port: outcome.server.port, pid: process.pid, runtimeVersion });
  }

  async #startJob(
    request: LaunchRequest & { readonly job: NonNullable<LaunchRequest['job']> },
  ): Promise<void> {
    const { report, supervisor } = this.#options;
    const log = (level: 'debug' | 'info' | 'warning' | 'error', text: string) =>
      report({ type: 'log', level, text });
    const job = await prepareJob({
      request,
      data: this.#data,
      supervisor,
      utility: this.#utility,
      print: (text, isError) => log(isError ? 'warning' : 'info', text),
      log,
    });
    this.#prepared = job;
    await this.#recordRun(job);
    report({
      type: 'planned',
      job: job.graph.name,
      fingerprint: job.graph.fingerprint,
      restoredFrom: job.restoredFrom,
      startedEmpty: job.restore === null,
    });
    this.#run = new JobRun({
      prepared: job,
      server: this.#server,
      log,
      onRunning: () => report({ type: 'running', at: machineClock.now() }),
      onSavepoint: () => this.#announceSavepoints(),
      onEnd: (end) => this.#ended(end, job),
      onStuck: this.#options.onStuck,
      afterFact: () => this.#alarm.set(this.#server.nextDeadline()),
    });
    this.#run.start();
  }

  /** The process may linger to answer questions; the job's directories are free for the next run. */
  #ended(end: JobEnd, job: PreparedJob): void {
    const { report } = this.#options;
    this.#forget();
    for (const lock of job.locks) void lock.release();
    if (end.status === 'failed') {
      const message = failureSentence(end.reason, end.exception, job.workingDirectory);
      const location = end.exception?.location ?? null;
      report({
        type: 'failed',
        failure: launchFailure('job-failed', message, { location, exception: end.exception }),
      });
    } else {
      const savepoint = end.savepoint;
      report({
        type: 'ended',
        status: end.status,
        savepoint:
          end.status !== 'suspended' || savepoint === null
            ? null
            : summaryOf(this.#data, { manifest: savepoint.manifest, directory: savepoint.path }),
        recordsIn: end.recordsIn,
        recordsOut: end.recordsOut,
        metrics: end.metrics,
      });
    }
    this.#tick();
    this.#whenOver?.();
  }

  async #recordRun(job: PreparedJob): Promise<void> {
    this.#record = {
      job: job.graph.name,
      runId: job.runId,
      process: ownProcess(),
      port: this.#sockets?.port ?? 0,
      token: this.#options.request.token,
      since: machineClock.now(),
      pipelineFile: job.pipelineFile,
      workingDirectory: job.workingDirectory,
      parallelism: job.parallelismOverride,
      supervisor: this.#options.supervisor,
    };
    await recordRunningJob(this.#data, this.#record);
  }

  #forget(): void {
    if (this.#record !== null) forgetRunningJob(this.#data, this.#record);
    this.#record = null;
  }

  #announceSavepoints(): void {
    const { snapshots, damaged } = savepointsOnShelf(this.#data);
    this.#server.savepoints(
      snapshots.map((snapshot) => summaryOf(this.#data, snapshot)),
      damaged,
    );
  }

  #tick(): void {
    this.#alarm.set(this.#server.tick());
  }
}

function failureOf(error: unknown): LaunchFailure {
  if (error instanceof LaunchError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return launchFailure('internal', `The runtime failed: ${message}`);
}
