/**
 * All clients of one runtime. Facts of the job go in once and are sent to whoever has subscribed; samples of the counters
 * are taken only while somebody looks. The host calls `tick` when it is due, and sends nothing by itself.
 *
 * Events wait up to 20 ms for company, so that a burst of barriers is one message; the order among all notifications is
 * that of the facts.
 */
import type { Clock } from '../base/clock.ts';
import type { JobFact } from '../engine/job/facts.ts';
import type { MetricsTable } from '../engine/metricsTable.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import { CHANNEL_RECORDS } from '../graph/jobGraph.ts';
import type { CheckpointDetails, CheckpointEvent } from '../protocol/checkpoints.ts';
import type { LogLine } from '../protocol/job.ts';
import type { Capability, JobSnapshot, RequestResult } from '../protocol/messages.ts';
import type { DamagedSavepoint, SavepointSummary } from '../protocol/savepoints.ts';
import type { OperatorMetrics, Telemetry } from '../protocol/telemetry.ts';
import { errorCodes, PROTOCOL_VERSION } from '../protocol/version.ts';
import type { JobView, Notification } from './jobView.ts';
import { rpcCodes } from './jsonRpc.ts';
import type { Answer, Services } from './services.ts';
import { type Connection, printed, Session } from './session.ts';
import { StallWatch } from './stallWatch.ts';
import { TelemetrySampler } from './telemetrySampler.ts';

export interface JobServerOptions {
  readonly clock: Clock;
  readonly engine: { readonly name: string; readonly version: string };
  readonly capabilities: readonly Capability[];
  readonly services: Services;
}

const eventsWithinMs = 20;
const telemetryEveryMs = 100;
/** So many events at most in one message. */
const eventsMax = 1_000;

export class JobServer {
  readonly #options: JobServerOptions;
  readonly #sessions = new Set<Session>();
  #view: JobView | null = null;
  #hasJob: boolean | null = null;
  #sampler: TelemetrySampler | null = null;
  #stalls: StallWatch | null = null;
  #nextMetrics: MetricsTable | null = null;
  #savepoints: { savepoints: readonly SavepointSummary[]; damaged: readonly DamagedSavepoint[] } = {
    savepoints: [],
    damaged: [],
  };
  #events: CheckpointEvent[] = [];
  #logLines: LogLine[] = [];
  #flushAt: number | null = null;
  #sampleAt = 0;
  /** Clients that came before it was known whether there is a job. */
  #waiting: (() => void)[] = [];

  constructor(options: JobServerOptions) {
    this.#options = options;
  }

  get sampler(): TelemetrySampler | null {
    return this.#sampler;
  }

  get services(): Services {
    return this.#options.services;
  }

  get hasSubscribers(): boolean {
    for (const session of this.#sessions) if (session.isSubscribed) return true;
    return false;
  }

  open(connection: Connection): Session {
    const session = new Session(this, connection, this.#options.clock);
    this.#sessions.add(session);
    return session;
  }

  leave(session: Session): void {
    this.#sessions.delete(session);
  }

  /** The job is planned: from now on there is something to see. Null: only savepoints are served. */
  serve(view: JobView | null): void {
    this.#view = view;
    this.#hasJob = view !== null;
    if (view === null) this.#release();
  }

  /** Counters of the deployment whose fact comes next. */
  metrics(table: MetricsTable): void {
    this.#nextMetrics = table;
  }

  fact(fact: JobFact): void {
    if (this.#view === null) return;
    const notifications = this.#view.apply(fact);
    if (fact.type === 'deployed') {
      this.#watch(fact.graph, this.#nextMetrics);
      for (const session of this.#sessions) session.forgetTelemetry();
    }
    if (fact.type === 'positions') this.#sampler?.positions(fact.subtask, fact.positions);
    if (fact.type === 'metrics') this.#sampler?.metrics(fact, this.#options.clock.monotonicMs());
    if (fact.type === 'ended-subtask') {
      this.#sampler?.ended(fact.subtask);
      this.#stalls?.ended(fact.subtask);
    }
    this.announce(notifications);
    if (fact.type === 'deployed') this.#release();
  }

  announce(notifications: readonly Notification[]): void {
    for (const notification of notifications) {
      if (notification.method === 'checkpoint/events') {
        this.#events.push(...notification.params.events);
        this.#flushAt ??= this.#options.clock.monotonicMs() + eventsWithinMs;
        if (this.#events.length >= eventsMax) this.#flush();
      } else if (notification.method === 'log') {
        this.#logLines.push(...notification.params.lines);
        this.#flushAt ??= this.#options.clock.monotonicMs() + eventsWithinMs;
        if (this.#logLines.length >= eventsMax) this.#flush();
      } else {
        this.#flush();
        this.#sendAll(printed(notification));
      }
    }
  }

  /** What the author's own metrics are now, or were last. */
  operatorMetrics(): OperatorMetrics[] {
    if (this.#sampler === null) return [];
    this.#takeSample(this.#options.clock.monotonicMs());
    return this.#sampler.changedSince(0).metrics;
  }

  savepoints(savepoints: readonly SavepointSummary[], damaged: readonly DamagedSavepoint[]): void {
    this.#savepoints = { savepoints, damaged };
    this.announce([
      { method: 'savepoints/changed', params: { savepoints: [...savepoints], damaged: [...damaged] } },
    ]);
  }

  /** Somebody subscribed. */
  joined(): void {
    this.#sampleAt = Math.min(this.#sampleAt, this.#options.clock.monotonicMs());
  }

  /** Sends what is due; answers when (monotonicMs) to call again, null when nothing is due before the next fact or client. */
  tick(): number | null {
    const now = this.#options.clock.monotonicMs();
    if (this.#flushAt !== null && now >= this.#flushAt) this.#flush();
    if (this.hasSubscribers && this.#sampler !== null && now >= this.#sampleAt) {
      this.#sampleAt = now + telemetryEveryMs;
      this.#takeSample(now);
      for (const session of this.#sessions) session.sendTelemetry();
    }
    return this.nextDeadline();
  }

  nextDeadline(): number | null {
    const sampleAt = this.hasSubscribers && this.#sampler !== null ? this.#sampleAt : null;
    if (this.#flushAt === null || sampleAt === null) return this.#flushAt ?? sampleAt;
    return Math.min(this.#flushAt, sampleAt);
  }

  introduction(): RequestResult<'initialize'> {
    const { engine, capabilities } = this.#options;
    return {
      protocolVersion: PROTOCOL_VERSION,
      engine: { ...engine },
      capabilities: [...capabilities],
      hasJob: this.#hasJob ?? true,
    };
  }

  /** Answers once there is a graph, or at once when there never will be. */
  snapshot(answer: Answer<JobSnapshot>): void {
    if (this.#hasJob === false) {
      const message = 'No job runs here; only savepoints are served.';
      answer({ ok: false, error: { code: errorCodes.wrongState, message } });
      return;
    }
    const made = this.#makeSnapshot();
    if (made === null) this.#waiting.push(() => this.snapshot(answer));
    else answer({ ok: true, value: made });
  }

  checkpointList(answer: Answer<RequestResult<'checkpoint/list'>>): void {
    const view = this.#view;
    const checkpoints = (view?.checkpoints ?? []).map(({ subtasks: _, ...summary }) => summary);
    answer({ ok: true, value: { checkpoints, retained: [...(view?.retained ?? [])] } });
  }

  checkpointDetails(id: number, answer: Answer<CheckpointDetails>): void {
    const details = this.#view?.checkpoints.find((checkpoint) => checkpoint.id === id);
    if (details === undefined) {
      const message = `Checkpoint ${id} is not in the history: it keeps the last 60 of this run.`;
      answer({ ok: false, error: { code: errorCodes.notFound, message } });
    } else answer({ ok: true, value: details });
  }

  /** The runtime ends: whoever still waits for a graph will not get one. */
  end(reason: string): void {
    this.#flush();
    this.#hasJob = false;
    this.#release();
    for (const session of [...this.#sessions])
      session.notify(printed({ method: 'log', params: { lines: [this.#line(reason)] } }));
  }

  #watch(graph: ExecutionGraph, table: MetricsTable | null): void {
    const view = this.#view;
    for (const stall of this.#stalls?.closeAll(this.#options.clock.now()) ?? [])
      this.announce(view?.stall(stall) ?? []);
    this.#sampler = table === null ? null : new TelemetrySampler(graph, table);
    this.#stalls =
      table === null || this.#sampler === null
        ? null
        : new StallWatch({
            graph,
            table,
            sampler: this.#sampler,
            channelCapacityRecords: graph.job.channelRecords ?? CHANNEL_RECORDS,
          });
  }

  #makeSnapshot(): JobSnapshot | null {
    if (this.#view === null) return null;
    // What waits for company is part of the snapshot already; it must not follow it as well.
    this.#flush();
    const clock = this.#options.clock;
    // Others must get the changes that this sample finds, so it is taken as every other one is.
    if (this.#sampler !== null) this.#takeSample(clock.monotonicMs());
    const telemetry: Telemetry = this.#sampler?.changedSince(0) ?? {
      at: clock.now(),
      subtasks: [],
      channels: [],
      splits: [],
      metrics: [],
    };
    return this.#view.snapshot({
      telemetry,
      savepoints: [...this.#savepoints.savepoints],
      damagedSavepoints: [...this.#savepoints.damaged],
    });
  }

  #takeSample(monotonicMs: number): void {
    const now = this.#options.clock.now();
    this.#sampler?.take(now, monotonicMs);
    const view = this.#view;
    if (view === null || this.#stalls === null) return;
    for (const stall of this.#stalls.look(view.checkpoints, now, monotonicMs))
      this.announce(view.stall(stall));
  }

  #flush(): void {
    this.#flushAt = null;
    const events = this.#events;
    const lines = this.#logLines;
    this.#events = [];
    this.#logLines = [];
    if (events.length > 0) this.#sendAll(printed({ method: 'checkpoint/events', params: { events } }));
    if (lines.length > 0) this.#sendAll(printed({ method: 'log', params: { lines } }));
  }

  #sendAll(text: string): void {
    for (const session of [...this.#sessions]) session.notify(text);
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  #line(text: string): LogLine {
    return { at: this.#options.clock.now(), level: 'info', text, subtask: null };
  }
}

/** For services that a runtime without a job cannot offer. */
export function withoutJob<T>(answer: Answer<T>): void {
  answer({
    ok: false,
    error: { code: errorCodes.wrongState, message: 'No job runs here; only savepoints are served.' },
  });
}

export function internalError<T>(answer: Answer<T>, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  answer({ ok: false, error: { code: rpcCodes.internalError, message } });
}
