/**
 * `sluice run`: a pipeline runs under this command's supervision until it has ended, was interrupted or has failed. The
 * decisions are in `supervision.ts`; here they are carried out and told.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { unreachable } from '../../base/assert.ts';
import type { RestartStrategy } from '../../graph/jobGraph.ts';
import type { LaunchFailure, LaunchReport, LaunchRequest } from '../../protocol/launch.ts';
import type { DataDirectory } from '../dataDirectory.ts';
import { CliError, exitCodes } from './cliError.ts';
import { Client } from './client.ts';
import { type CommandContext, type CommonOptions, commandContext } from './commonOptions.ts';
import { counterLines } from './counterLines.ts';
import { goOnCommand } from './goOnCommand.ts';
import { LiveProgress } from './liveProgress.ts';
import { durationText } from './output.ts';
import { type RuntimeProcess, startRuntime } from './runtimeProcess.ts';
import {
  beginSupervision,
  type RunOutcome,
  type Supervision,
  type SupervisionEffect,
  type SupervisionEvent,
  supervise,
} from './supervision.ts';

export interface RunOptions extends CommonOptions {
  readonly parallelism?: number;
  readonly from?: string;
  readonly serve?: number | true;
  readonly supersede: boolean;
  readonly allowNonRestoredState: boolean;
  readonly claim: boolean;
  readonly checkpointInterval?: number | 'off';
  readonly mode?: 'exactly-once' | 'at-least-once';
  readonly unaligned?: boolean;
  readonly alignedTimeout?: number;
  readonly fullCheckpoints?: true;
  readonly checkpointTimeout?: number;
  readonly minPause?: number;
  readonly maxConcurrent?: number;
  readonly tolerableFailures?: number;
  readonly retained?: number;
  readonly stateBackend?: 'memory' | 'disk';
  readonly stateMemory?: number;
  readonly restart?: RestartStrategy;
  readonly stuckAfter?: number | 'never';
  /** True unless --no-retain-on-exit was given. */
  readonly retainOnExit: boolean;
}

/** Answers the exit code. */
export async function run(pipeline: string, options: RunOptions): Promise<number> {
  if (options.claim && options.from === undefined)
    throw new CliError(
      exitCodes.wrongUsage,
      '--claim hands a savepoint over, so it goes with --from <savepoint>.',
    );
  return new Promise((exit) => new JobCommand(pipeline, options, exit).start());
}

/** The runtime promises to be gone 5 s after its stdin has ended. */
const killAfterMs = 6_000;

class JobCommand {
  readonly #context: CommandContext;
  readonly #options: RunOptions;
  readonly #pipelineFile: string;
  readonly #token = randomBytes(32).toString('hex');
  readonly #exit: (code: number) => void;
  readonly #progress: LiveProgress;
  #supervision: Supervision = beginSupervision;
  #runtime: RuntimeProcess | null = null;
  #client: Client | null = null;
  /** Fixed once it is known: a dashboard finds the restarted runtime at the same address. */
  #port: number;
  #job: string | null = null;
  /** Checkpoints that were there before this run. */
  #newestBefore = -1;
  #crashedAt: number | null = null;
  #lastWords: string | null = null;

  constructor(pipeline: string, options: RunOptions, exit: (code: number) => void) {
    this.#context = commandContext(options);
    this.#options = options;
    this.#pipelineFile = resolve(pipeline);
    this.#exit = exit;
    this.#port = typeof options.serve === 'number' ? options.serve : 0;
    this.#progress = new LiveProgress(this.#context.output);
  }

  start(): void {
    process.on('SIGINT', () => this.#interrupt());
    process.on('SIGTERM', () => this.#interrupt());
    this.#startRuntime(false);
  }

  #interrupt(): void {
    if (this.#supervision.state.phase === 'running') {
      this.#context.output.say('Stopping with a savepoint; press Ctrl-C again to stop at once.');
    }
    this.#handle({ type: 'interrupt' });
  }

  #handle(event: SupervisionEvent): void {
    const wasOver = this.#supervision.state.phase === 'over';
    const { supervision, effects } = supervise(this.#supervision, event);
    this.#supervision = supervision;
    for (const effect of effects) this.#carryOut(effect);
    if (!wasOver && supervision.state.phase === 'over') this.#end(supervision.state.outcome);
  }

  #carryOut(effect: SupervisionEffect): void {
    switch (effect.do) {
      case 'start-again':
        this.#startRuntime(true);
        break;
      case 'stop-with-savepoint':
        void this.#stopWithSavepoint();
        break;
      case 'close-stdin':
        this.#runtime?.closeStdin();
        break;
      case 'kill':
        this.#runtime?.kill();
        break;
      default:
        unreachable(effect);
    }
  }

  #startRuntime(isRestart: boolean): void {
    this.#runtime = startRuntime(
      this.#request(isRestart),
      {
        report: (report) => this.#reported(report),
        stderr: (line) => {
          this.#lastWords = line;
          this.#context.output.warn(line);
        },
        exited: (exit) => this.#exited(exit.signal ?? `exit code ${exit.code}`),
      },
      isRestart,
    );
  }

  #request(isRestart: boolean): LaunchRequest {
    const { output: _, data, workingDirectory } = this.#context;
    const options = this.#options;
    return {
      token: this.#token,
      workingDirectory,
      givesWay: false,
      dataDirectory: data.root,
      job: {
        pipelineFile: this.#pipelineFile,
        parallelism: options.parallelism ?? null,
        from: isRestart && this.#hasOwnCheckpoint() ? 'latest' : (options.from ?? null),
        supersede: options.supersede,
        allowNonRestoredState: options.allowNonRestoredState,
        claim: options.claim && !(isRestart && this.#hasOwnCheckpoint()),
        checkpoints: checkpointOptions(options),
        state: {
          ...(options.stateBackend === undefined ? {} : { backend: options.stateBackend }),
          ...(options.stateMemory === undefined ? {} : { memoryBytes: options.stateMemory }),
        },
        ...(options.restart === undefined ? {} : { restart: options.restart }),
        ...(options.stuckAfter === undefined
          ? {}
          : { stuckAfterMs: options.stuckAfter === 'never' ? null : options.stuckAfter }),
      },
      server: { port: this.#port, dashboard: options.serve !== undefined },
    };
  }

  /** A run is never continued from another run's checkpoint: until it has one of its own it begins where it began. */
  #hasOwnCheckpoint(): boolean {
    return this.#job !== null && newestCheckpoint(this.#context.data, this.#job) > this.#newestBefore;
  }

  #reported(report: LaunchReport): void {
    const { output } = this.#context;
    switch (report.type) {
      case 'listening':
        this.#listening(report.port, report.pid);
        break;
      case 'planned':
        if (this.#job === null) this.#planned(report);
        break;
      case 'running':
        this.#runs(report.at);
        break;
      case 'log':
        if (report.level !== 'debug' || output.verbose) {
          if (output.json) output.tell(report);
          else if (report.level === 'info') output.say(report.text);
          else output.warn(report.text);
        }
        break;
      case 'ended':
      case 'failed':
        break;
      default:
        unreachable(report);
    }
    this.#handle({ type: 'report', report });
  }

  #listening(port: number, pid: number): void {
    const { output } = this.#context;
    if (this.#options.serve !== undefined && this.#port !== port) {
      const address = `http://127.0.0.1:${port}/#token=${this.#token}`;
      output.tell({ type: 'serving', address, port, pid }, `Dashboard: ${address}`);
    } else if (this.#options.serve !== undefined && this.#crashedAt === null) {
      const address = `http://127.0.0.1:${port}/#token=${this.#token}`;
      output.tell({ type: 'serving', address, port, pid }, `Dashboard: ${address}`);
    }
    this.#port = port;
    if (output.json || output.isLive) void this.#watch(port);
  }

  #planned(report: Extract<LaunchReport, { type: 'planned' }>): void {
    const { output } = this.#context;
    this.#job = report.job;
    // The checkpoint that it goes on from is not its own.
    this.#newestBefore = newestCheckpoint(this.#context.data, report.job);
    const from = report.restoredFrom;
    const beginning =
      from !== null
        ? `${report.job} goes on from ${from.kind} #${from.checkpointId}${from.label === null ? '' : ` "${from.label}"`}.`
        : this.#options.from === 'latest'
          ? `${report.job} starts empty: there is no checkpoint or savepoint to go on from.`
          : `${report.job} starts empty.`;
    output.tell(
      { ...report, pipelineFile: this.#pipelineFile, dataDirectory: this.#context.data.root },
      beginning,
    );
  }

  #runs(at: number): void {
    const { output } = this.#context;
    const afterMs = this.#crashedAt === null ? null : at - this.#crashedAt;
    this.#crashedAt = null;
    const line = afterMs === null ? 'Running.' : `Running again after ${durationText(afterMs)}.`;
    output.tell({ type: 'running', at, recoveredAfterMs: afterMs }, line);
  }

  #exited(how: string): void {
    this.#client?.close();
    this.#client = null;
    const { phase } = this.#supervision.state;
    if (phase !== 'over' && phase !== 'killing') {
      const { output } = this.#context;
      const text = `The runtime process is gone (${how}); it is started again.`;
      if (output.json) output.tell({ type: 'crashed', how });
      output.warn(text);
      this.#crashedAt = Date.now();
    }
    this.#handle({ type: 'exited', at: Date.now(), lastWords: this.#lastWords });
  }

  async #watch(port: number): Promise<void> {
    try {
      this.#client = await Client.connect({ port, token: this.#token });
      await this.#progress.follow(this.#client);
    } catch {
      // It went away again; its exit is told.
    }
  }

  async #stopWithSavepoint(): Promise<void> {
    try {
      this.#client ??= await Client.connect({ port: this.#port, token: this.#token });
      await this.#client.request('job/stop', { drain: false });
      // The runtime reports the end, with the savepoint.
    } catch (error) {
      if (this.#supervision.state.phase !== 'stopping') return;
      this.#context.output.warn(`Not stopped: ${error instanceof Error ? error.message : String(error)}`);
      this.#handle({ type: 'stop-failed' });
    }
  }

  #end(outcome: RunOutcome): void {
    const { output } = this.#context;
    const goOnFrom = (from: string) =>
      goOnCommand(this.#context, {
        pipelineFile: this.#pipelineFile,
        from,
        parallelism: this.#options.parallelism ?? null,
      });
    this.#progress.end();
    this.#client?.close();
    switch (outcome.type) {
      case 'ended': {
        const { status, savepoint, recordsIn, recordsOut, metrics } = outcome.report;
        const sentence =
          status === 'finished'
            ? `Finished: everything is committed (${recordsIn.toLocaleString('en-US')} records read).`
            : status === 'suspended'
              ? `Stopped with the savepoint ${savepoint?.id}. Go on with: ${goOnFrom(savepoint?.id ?? 'latest')}`
              : 'Canceled.';
        output.tell(
          { type: 'ended', status, savepoint, recordsIn, recordsOut, metrics, exitCode: 0 },
          sentence,
          ...counterLines(metrics),
        );
        this.#finish(exitCodes.done);
        break;
      }
      case 'interrupted': {
        const { savepoint } = outcome;
        const goOn = goOnFrom(savepoint?.id ?? 'latest');
        output.tell(
          { type: 'interrupted', savepoint, exitCode: exitCodes.interrupted },
          savepoint === null
            ? `Stopped at once. Go on from the last checkpoint with: ${goOn}`
            : `Stopped with the savepoint ${savepoint.id}. Go on with: ${goOn}`,
        );
        this.#finish(exitCodes.interrupted);
        break;
      }
      case 'failed':
        this.#failed(outcome.failure);
        break;
      case 'lost': {
        const last = outcome.lastWords === null ? '' : ` Its last words: ${outcome.lastWords}`;
        const sentence = `The runtime process died ${outcome.crashes} times within a minute; the job was given up.${last}`;
        output.warn(`sluice: ${sentence}`);
        if (output.json)
          output.tell({ type: 'error', kind: 'internal', exitCode: exitCodes.jobFailed, message: sentence });
        this.#finish(exitCodes.jobFailed);
        break;
      }
      default:
        unreachable(outcome);
    }
  }

  #failed(failure: LaunchFailure): void {
    const { output } = this.#context;
    output.warn(`sluice: ${failure.message}`);
    for (const item of failure.preflight?.items ?? []) {
      if (item.verdict === 'impossible' || item.verdict === 'dropped')
        output.warn(`  ${item.name}: ${item.text}`);
    }
    if (
      failure.exception !== null &&
      failure.exception.stack !== '' &&
      (output.verbose || failure.kind === 'job-failed')
    ) {
      output.warn(failure.exception.stack);
    }
    if (output.json) output.tell({ type: 'error', ...failure });
    this.#finish(failure.exitCode);
  }

  #finish(exitCode: number): void {
    process.removeAllListeners('SIGINT');
    process.removeAllListeners('SIGTERM');
    const runtime = this.#runtime;
    runtime?.closeStdin();
    // This process ends when the runtime has: whoever comes next finds its locks free.
    setTimeout(() => runtime?.kill(), killAfterMs).unref();
    this.#exit(exitCode);
  }
}

function newestCheckpoint(data: DataDirectory, job: string): number {
  try {
    const ids = readdirSync(data.checkpoints(job)).map((name) => Number(/^chk-(\d+)$/.exec(name)?.[1] ?? -1));
    return Math.max(-1, ...ids);
  } catch {
    return -1;
  }
}

function checkpointOptions(options: RunOptions): NonNullable<LaunchRequest['job']>['checkpoints'] {
  const chosen = {
    intervalMs: options.checkpointInterval === 'off' ? null : options.checkpointInterval,
    mode: options.mode,
    unaligned: options.unaligned,
    alignedTimeoutMs: options.alignedTimeout,
    incremental: options.fullCheckpoints === true ? false : undefined,
    timeoutMs: options.checkpointTimeout,
    minPauseMs: options.minPause,
    maxConcurrent: options.maxConcurrent,
    tolerableFailures: options.tolerableFailures,
    retained: options.retained,
    retainOnExit: options.retainOnExit ? undefined : false,
  };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
}
