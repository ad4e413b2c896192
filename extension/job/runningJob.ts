/**
 * One job: its process, its connection and what is known about it, tied together. The decisions are made by the state
 * machines beside it (supervision, connection, facts); this carries out what they say. It does not know the editor.
 */
import { randomBytes } from 'node:crypto';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import type { CheckpointSummary } from '../../runtime/protocol/checkpoints.ts';
import type { LaunchReport } from '../../runtime/protocol/launch.ts';
import type { RequestMethod, RequestParams, RequestResult } from '../../runtime/protocol/messages.ts';
import { errorCodes, PROTOCOL_VERSION } from '../../runtime/protocol/version.ts';
import { type Conversation, errorCodeOf, startConversation } from '../connection/conversation.ts';
import { createLink, type Endpoint } from '../connection/link.ts';
import type { LaunchCommand } from '../supervisor/launchCommand.ts';
import { type RuntimeProcess, startRuntime } from '../supervisor/runtimeProcess.ts';
import {
  beginSupervision,
  type JobLaunch,
  type RecoveryPolicy,
  type Step,
  type Supervision,
  type SupervisionEffect,
  type SupervisionEvent,
  type SupervisionNews,
  supervise,
} from '../supervisor/supervision.ts';
import { unreachable } from '../unreachable.ts';
import { factsOf, fold, type JobFacts, type Notice } from './facts.ts';

export interface JobSurroundings {
  readonly workingDirectory: string;
  readonly dataDirectory: string;
  readonly clientVersion: string;
  /** Asked anew for every start: settings may have changed. */
  command(): LaunchCommand;
  recovery(): RecoveryPolicy;
  /** The editor comes first when the machine is busy. */
  givesWay(): boolean;
}

export interface JobListener {
  onChange(): void;
  onNotice(notice: Notice): void;
  onNews(news: SupervisionNews): void;
  onReport(report: LaunchReport): void;
  onLog(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
}

export interface RunningJob {
  readonly supervision: Supervision;
  readonly facts: JobFacts | null;
  /** False while the facts are of the past: the connection was lost, or the process is gone. */
  readonly isLive: boolean;
  readonly endpoint: Endpoint | null;
  readonly pid: number | null;
  request<M extends RequestMethod>(
    method: M,
    params: RequestParams<M>,
    cancellation?: CancellationToken,
  ): Promise<RequestResult<M>>;
  send(event: SupervisionEvent): void;
  /** Ends the process, politely for a moment, then surely. Settles when it is gone. */
  dispose(): Promise<void>;
}

/** A runtime that could not answer its greeting is asked once more after this. */
const greetAgainMs = 500;
/** When the window closes there is no time for the full courtesy; the savepoint-less end loses nothing that counts. */
const disposePoliteMs = 2_500;

export function startJob(
  launch: JobLaunch,
  surroundings: JobSurroundings,
  listener: JobListener,
): RunningJob {
  let supervision: Supervision;
  let facts: JobFacts | null = null;
  let isLive = false;
  let endpoint: Endpoint | null = null;
  let process: RuntimeProcess | null = null;
  let conversation: Conversation | null = null;
  let timer: NodeJS.Timeout | undefined;
  let token = '';
  let isDisposed = false;
  /** Checkpoints that completed after this belong to the present run. */
  let countsSince = 0;
  let knownRestore: number | null = null;
  let hasBeenSeen = false;

  const link = createLink({
    onState(state) {
      conversation?.end();
      conversation = null;
      isLive = false;
      if (state.phase === 'open') void converse();
      if (state.phase === 'refused')
        listener.onLog('error', `The runtime cannot be talked to: ${state.reason}.`);
      listener.onChange();
    },
    onText: (text) => conversation?.receive(text),
  });

  /** Greets the runtime and subscribes; every connection begins with this. */
  const converse = async () => {
    const started = startConversation((text) => void link.send(text), {
      onNotification: (method, params) => onNotice({ method, params } as Notice),
      onNonsense: (text) => listener.onLog('warning', `A message of the runtime cannot be read: ${text}`),
    });
    conversation = started;
    try {
      const client = { name: 'vscode', version: surroundings.clientVersion };
      const greeting = await started.request('initialize', { protocolVersion: PROTOCOL_VERSION, client });
      if (!greeting.hasJob || conversation !== started) return;
      const snapshot = await started.request('job/subscribe', {});
      if (conversation !== started) return;
      facts = factsOf(snapshot, Date.now());
      isLive = true;
      noteProgress();
      listener.onChange();
    } catch (error) {
      if (conversation !== started) return;
      const code = errorCodeOf(error);
      // The job was over before it was asked about: its reports have said so.
      if (code === errorCodes.wrongState) return;
      listener.onLog('error', `The runtime did not answer the greeting: ${sentenceOf(error)}`);
      if (code === errorCodes.incompatibleVersion) link.refuse(sentenceOf(error));
      else setTimeout(() => conversation === started && link.restart(), greetAgainMs).unref();
    }
  };

  const onNotice = (notice: Notice) => {
    // What comes before the snapshot is contained in it.
    if (facts === null || !isLive) return;
    const next = fold(facts, notice);
    if (next === 'gap') {
      listener.onLog('warning', 'Some checkpoint events were missed; the job is subscribed to anew.');
      link.restart();
      return;
    }
    facts = next;
    noteProgress();
    listener.onNotice(notice);
    listener.onChange();
  };

  /** Tells the supervisor where this run would go on: from a checkpoint of its own, or from where it was restored. */
  const noteProgress = () => {
    if (facts === null) return;
    const { restoredFrom, parallelism } = facts.job;
    if (restoredFrom !== null && restoredFrom.at !== knownRestore) {
      // The first one that is seen is what the process was started with; later ones happened under way.
      if (knownRestore !== null || (hasBeenSeen && restoredFrom.id !== supervision.launch.from)) {
        countsSince = Date.now();
        carryOut(supervise(supervision, { type: 'restored', savepoint: restoredFrom.id, parallelism }));
      }
      knownRestore = restoredFrom.at;
    }
    hasBeenSeen = true;
    if (supervision.progressed) return;
    const isOwn = ({ status, completedAt }: CheckpointSummary) =>
      status === 'completed' && completedAt !== null && completedAt - clockAheadMs() >= countsSince;
    if (facts.checkpoints.some(isOwn)) carryOut(supervise(supervision, { type: 'checkpoint-completed' }));
  };

  const clockAheadMs = () => facts?.clockAheadMs ?? 0;

  const spawn = (job: JobLaunch) => {
    token = randomBytes(32).toString('hex');
    facts = null;
    countsSince = Date.now();
    knownRestore = null;
    hasBeenSeen = false;
    const { workingDirectory, dataDirectory } = surroundings;
    const request = {
      token,
      workingDirectory,
      dataDirectory,
      givesWay: surroundings.givesWay(),
      job,
      server: { port: 0, dashboard: false },
    };
    process = startRuntime(surroundings.command(), request, {
      onReport(report) {
        if (report.type === 'log') listener.onLog(report.level, report.text);
        listener.onReport(report);
        carryOut(supervise(supervision, { type: 'report', at: Date.now(), report }));
      },
      onText: (line) => listener.onLog('info', line),
      onExit(exit) {
        process = null;
        listener.onLog('debug', `The runtime has exited (${exit.signal ?? exit.code}).`);
        if (isDisposed) return;
        carryOut(
          supervise(supervision, { type: 'exited', at: Date.now(), exit, policy: surroundings.recovery() }),
        );
      },
    });
  };

  const carryOut = (step: Step) => {
    const changed = supervision !== step.supervision;
    supervision = step.supervision;
    for (const effect of step.effects) perform(effect);
    if (changed) listener.onChange();
  };

  const perform = (effect: SupervisionEffect) => {
    switch (effect.do) {
      case 'spawn':
        return spawn(effect.job);
      case 'connect':
        endpoint = { port: effect.port, token };
        return link.aim(endpoint);
      case 'disconnect':
        endpoint = null;
        return link.aim(null);
      case 'cancel-job':
        // The timer of the supervisor goes on to harder means when this does not work.
        conversation?.request('job/cancel', {}).catch(() => {});
        return;
      case 'close-stdin':
        return process?.closeStdin();
      case 'kill':
        return process?.kill();
      case 'wake':
        clearTimeout(timer);
        if (effect.afterMs !== null) {
          timer = setTimeout(
            () => carryOut(supervise(supervision, { type: 'woke', at: Date.now() })),
            effect.afterMs,
          );
        }
        return;
      case 'tell':
        return listener.onNews(effect.news);
      default:
        return unreachable(effect);
    }
  };

  const first = beginSupervision(launch, Date.now());
  supervision = first.supervision;
  carryOut(first);

  return {
    get supervision() {
      return supervision;
    },
    get facts() {
      return facts;
    },
    get isLive() {
      return isLive;
    },
    get endpoint() {
      return endpoint;
    },
    get pid() {
      return process?.pid ?? null;
    },
    request(method, params, cancellation) {
      if (conversation === null) return Promise.reject(new Error('The job is not connected.'));
      return conversation.request(method, params, cancellation);
    },
    send: (event) => carryOut(supervise(supervision, event)),
    async dispose() {
      isDisposed = true;
      clearTimeout(timer);
      link.dispose();
      const ending = process;
      if (ending === null) return;
      ending.closeStdin();
      const deadline = setTimeout(() => ending.kill(), disposePoliteMs);
      await ending.exited;
      clearTimeout(deadline);
    },
  };
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
