/**
 * An engine in memory that speaks the protocol: requests in, answers and notifications out, nothing happens until its
 * clock is moved by hand. What a user can do to a real job (take a savepoint, restore, compare, abort, stop) works
 * here in the way a scenario says. Every message that leaves is checked against the schemas, so that what is built on
 * this fake meets no surprise with the real thing.
 */
import type { CheckpointDetails } from '../../runtime/protocol/checkpoints.ts';
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import type { ExceptionInfo, JobInfo, LogLine } from '../../runtime/protocol/job.ts';
import {
  type Capability,
  capability,
  type JobSnapshot,
  type NotificationMethod,
  type NotificationParams,
  notifications,
  type RequestMethod,
  type RequestParams,
  type RequestResult,
  requests,
} from '../../runtime/protocol/messages.ts';
import type {
  Comparison,
  EntryDifference,
  Preflight,
  SavepointDetails,
  SavepointSummary,
} from '../../runtime/protocol/savepoints.ts';
import { errorCodes, PROTOCOL_VERSION } from '../../runtime/protocol/version.ts';
import { BarrierWorld, type Behaviour, summaryOf, telemetryEveryMs } from './barrierWorld.ts';

/** What the savepoints of a scenario hold, and how they differ. */
export interface FakeShelf {
  readonly savepoint: (
    given: Pick<SavepointSummary, 'id' | 'checkpointId' | 'label' | 'createdAt' | 'bytes' | 'keys'> &
      Partial<SavepointSummary>,
  ) => SavepointSummary;
  readonly details: (summary: SavepointSummary, now: number) => SavepointDetails;
  readonly compare: (a: SavepointSummary, b: SavepointSummary) => Comparison;
  readonly entriesOf: (comparison: Comparison, uid: string, state: string) => EntryDifference[];
  readonly preflight: (summary: SavepointSummary, parallelism: number, now: number) => Preflight;
}

export interface FakeJob {
  readonly job: JobInfo;
  readonly graph: GraphInfo;
  readonly behaviour: Behaviour;
  readonly startedAt: number;
  /** What the graph becomes at another parallelism. */
  readonly rescaled: (parallelism: number) => GraphInfo;
  readonly shelf: FakeShelf;
}

export class RequestRefused extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export type Listener = <M extends NotificationMethod>(method: M, params: NotificationParams<M>) => void;

const savepointAnswerAfterMs = 60_000;
const shownMax = 60;

export class FakeEngine {
  job: JobInfo;
  savepoints: SavepointSummary[] = [];
  damaged: { path: string; message: string }[] = [];
  exceptions: ExceptionInfo[] = [];
  log: LogLine[] = [];
  capabilities: readonly Capability[] = capability.options;
  hasJob = true;
  readonly world: BarrierWorld;
  private readonly rescaled: FakeJob['rescaled'];
  private readonly shelf: FakeShelf;
  private readonly listeners = new Set<Listener>();
  private readonly waiting = new Map<number, (checkpoint: CheckpointDetails) => void>();
  private restoredCount = 0;
  private quiet = false;
  private nextTelemetryAt: number;

  constructor({ job, graph, behaviour, startedAt, rescaled, shelf }: FakeJob) {
    this.job = job;
    this.rescaled = rescaled;
    this.shelf = shelf;
    this.world = new BarrierWorld(graph, startedAt, behaviour, {
      checkpointEvent: (event) => {
        this.notify('checkpoint/events', { events: [event] });
        if (event.type === 'failed') this.waiting.delete(event.summary.id);
      },
      stallChanged: (stall) => this.notify('stall/changed', { stall }),
      completed: (checkpoint) => this.completed(checkpoint),
    });
    this.nextTelemetryAt = startedAt + telemetryEveryMs;
    this.triggerPeriodically(startedAt + (job.checkpointConfig.intervalMs ?? 0));
  }

  get now(): number {
    return this.world.now;
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Moves the clock; everything that is due happens in order, telemetry every 100 ms. */
  advance(ms: number): void {
    const until = this.now + ms;
    while (this.nextTelemetryAt <= until) {
      this.world.advanceTo(this.nextTelemetryAt);
      this.nextTelemetryAt += telemetryEveryMs;
      if (this.hasJob) this.notify('telemetry', this.world.telemetry());
    }
    this.world.advanceTo(until);
  }

  /** The past of a scenario: nobody is listening, and telemetry of it is not wanted. */
  skipTo(time: number): void {
    this.quiet = true;
    this.world.advanceTo(time);
    this.nextTelemetryAt = time + telemetryEveryMs;
    this.quiet = false;
  }

  changeJob(change: Partial<JobInfo>): void {
    const statusSince =
      change.status !== undefined && change.status !== this.job.status ? this.now : this.job.statusSince;
    this.job = { ...this.job, statusSince, ...change };
    this.notify('job/changed', { job: this.job });
  }

  throwInUserCode(exception: ExceptionInfo): void {
    this.exceptions = [exception, ...this.exceptions];
    this.notify('exception', { exception });
  }

  write(level: LogLine['level'], text: string): void {
    const line: LogLine = { at: this.now, level, text, subtask: null };
    this.log.push(line);
    this.notify('log', { lines: [line] });
  }

  /** One request; rejects with RequestRefused as the server would answer with an error. */
  async request<M extends RequestMethod>(method: M, params: RequestParams<M>): Promise<RequestResult<M>> {
    const schema = requests[method];
    const checked = schema.params.parse(params) as never;
    const result = await this.answers[method](checked);
    return schema.result.parse(result) as RequestResult<M>;
  }

  private readonly answers: {
    [M in RequestMethod]: (params: RequestParams<M>) => RequestResult<M> | Promise<RequestResult<M>>;
  } = {
    initialize: ({ protocolVersion }) => {
      if (protocolVersion.major !== PROTOCOL_VERSION.major)
        throw new RequestRefused(
          errorCodes.incompatibleVersion,
          `This runtime speaks version ${PROTOCOL_VERSION.major}.`,
        );
      return {
        protocolVersion: PROTOCOL_VERSION,
        engine: { name: 'fake', version: '0.1.0' },
        capabilities: [...this.capabilities],
        hasJob: this.hasJob,
      };
    },
    'job/subscribe': () => this.snapshot(),
    'job/stop': async ({ drain, label }) => {
      this.needsRunning();
      this.changeJob({ status: 'stopping' });
      const taken = await this.take('stop', label ?? null, null, { stopped: true, drained: drain });
      this.world.state = 'finished';
      this.changeJob({ status: 'finished' });
      return { savepoint: taken };
    },
    'job/cancel': () => {
      this.world.abortAll('JOB_FAILURE');
      this.world.state = 'finished';
      this.changeJob({ status: 'canceled' });
      return {};
    },
    'checkpoint/trigger': async () => {
      this.needsRunning();
      const checkpoint = await this.complete(this.world.trigger('checkpoint', 'user', null));
      return { checkpoint: summaryOf(checkpoint) };
    },
    'checkpoint/abort': ({ id }) => {
      this.world.fail(id, 'USER_ABORTED', 'was aborted');
      return {};
    },
    'checkpoint/configure': (mode) => {
      this.needsRunning();
      const under = this.shown().filter(({ status }) => status === 'in-progress');
      for (const { id } of under) this.world.fail(id, 'USER_ABORTED', 'the checkpoints are switched');
      const checkpointConfig = { ...this.job.checkpointConfig, ...mode };
      this.changeJob({ checkpointConfig });
      return { checkpointConfig };
    },
    'checkpoint/list': () => ({ checkpoints: this.shown().map(summaryOf), retained: [] }),
    'checkpoint/details': ({ id }) => this.checkpoint(id),
    'savepoint/take': async ({ label, notes }) => {
      this.needsRunning();
      return { savepoint: await this.take('user', label ?? null, notes ?? null, {}) };
    },
    'savepoint/list': () => ({ savepoints: this.savepoints, damaged: this.damaged }),
    'savepoint/show': (params) => this.shelf.details(this.find(params.savepoint), this.now),
    'savepoint/label': (params) => {
      const labelled = { ...this.find(params.savepoint), label: params.label, notes: params.notes };
      this.replaceSavepoints(this.savepoints.map((known) => (known.id === labelled.id ? labelled : known)));
      return { savepoint: labelled };
    },
    'savepoint/delete': (params) => {
      const gone = this.find(params.savepoint);
      this.replaceSavepoints(this.savepoints.filter((known) => known.id !== gone.id));
      return {};
    },
    'savepoint/export': (params) => ({ file: params.file, bytes: this.find(params.savepoint).bytes }),
    // Whatever the file is, it holds the newest one once more.
    'savepoint/import': (params) => {
      const [newest] = this.savepoints;
      if (newest === undefined) throw new Error(`There is no file ${params.file}.`);
      const savepoint = { ...newest, id: `${newest.id}-2` };
      this.replaceSavepoints([savepoint, ...this.savepoints]);
      return { savepoint };
    },
    'savepoint/preflight': (params) =>
      this.shelf.preflight(this.find(params.savepoint), params.parallelism ?? this.job.parallelism, this.now),
    'savepoint/restore': async (params) => {
      const from = this.find(params.savepoint);
      const parallelism = params.parallelism ?? this.job.parallelism;
      const verdict = this.shelf.preflight(from, parallelism, this.now);
      const given = { supersede: params.supersede, 'allow-non-restored-state': params.allowNonRestoredState };
      if (!verdict.possible || verdict.needs.some((need) => !given[need]))
        throw new RequestRefused(
          errorCodes.notCompatible,
          'The savepoint does not fit the plan, or consent is missing.',
          verdict,
        );
      this.world.abortAll('JOB_FAILURE');
      this.changeJob({ status: 'restarting', reason: `Restoring "${from.label ?? from.id}".` });
      await this.after(400);
      this.world.deploy(this.rescaled(parallelism));
      this.world.state = 'running';
      this.restoredCount += 1;
      this.notify('graph/changed', { graph: this.world.graph });
      this.changeJob({
        status: 'running',
        reason: null,
        parallelism,
        startedAt: this.now,
        runId: `run-${this.restoredCount + 1}`,
        restoredFrom: {
          id: from.id,
          checkpointId: from.checkpointId,
          kind: from.kind,
          label: from.label,
          at: this.now,
        },
      });
      this.triggerPeriodically(this.now + 1_000);
      return { job: this.job };
    },
    'savepoint/compare': ({ a, b }) => this.shelf.compare(this.find(a), this.find(b)),
    'savepoint/compareEntries': ({ a, b, uid, state, changes, keyContains, cursor, limit }) => {
      const compared = this.shelf.compare(this.find(a), this.find(b));
      const wanted = this.shelf
        .entriesOf(compared, uid, state)
        .filter(
          (entry) =>
            changes.includes(entry.change) && (keyContains === undefined || entry.key.includes(keyContains)),
        );
      const entries = wanted.slice(cursor, cursor + limit);
      return { entries, next: cursor + entries.length < wanted.length ? cursor + entries.length : null };
    },
    'savepoint/compareValue': ({ a, b, uid, state, at, part, offset }) => {
      const compared = this.shelf.compare(this.find(a), this.find(b));
      const entry = this.shelf.entriesOf(compared, uid, state).find((each) => each.at === at);
      const text = (part === 'key' ? entry?.key : entry?.[part]) ?? '';
      return { text: text.slice(offset), next: null };
    },
  };

  private snapshot(): JobSnapshot {
    const all = this.world.checkpoints;
    const count = (status: CheckpointDetails['status']) =>
      all.filter((checkpoint) => checkpoint.status === status).length;
    return structuredClone({
      at: this.now,
      sequence: this.world.sequence,
      job: this.job,
      graph: this.world.graph,
      telemetry: this.world.telemetry(),
      checkpoints: this.shown(),
      counts: {
        triggered: all.length,
        inProgress: count('in-progress'),
        completed: count('completed'),
        failed: count('failed'),
        restored: this.restoredCount,
      },
      stalls: this.world.stalls.filter(
        (stall) => stall.closedAt === null || this.now - stall.closedAt < 1_800_000,
      ),
      savepoints: this.savepoints,
      damagedSavepoints: this.damaged,
      exceptions: this.exceptions,
      log: this.log,
    });
  }

  private shown(): CheckpointDetails[] {
    return this.world.checkpoints.slice(-shownMax).reverse();
  }

  private async take(
    trigger: 'user' | 'stop',
    label: string | null,
    notes: string | null,
    more: Partial<SavepointSummary>,
  ): Promise<SavepointSummary> {
    const done = await this.complete(this.world.trigger('savepoint', trigger, label));
    return this.addSavepoint(done, notes, more);
  }

  addSavepoint(
    done: CheckpointDetails,
    notes: string | null,
    more: Partial<SavepointSummary>,
  ): SavepointSummary {
    const taken = this.shelf.savepoint({
      id: `20260512-${done.id}-${(done.label ?? 'savepoint').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
      checkpointId: done.id,
      label: done.label,
      notes,
      createdAt: this.now,
      bytes: done.fullBytes ?? 0,
      keys: 24_918,
      parallelism: this.job.parallelism,
      runId: this.job.runId,
      ...more,
    });
    this.replaceSavepoints([taken, ...this.savepoints]);
    return taken;
  }

  private complete(id: number): Promise<CheckpointDetails> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, resolve);
      this.world.at(this.now + savepointAnswerAfterMs, () =>
        reject(new RequestRefused(errorCodes.failed, 'It took too long.')),
      );
    });
  }

  private completed(checkpoint: CheckpointDetails): void {
    this.waiting.get(checkpoint.id)?.(structuredClone(checkpoint));
    this.waiting.delete(checkpoint.id);
    const kept = this.world.checkpoints.filter((known) => known.kind === 'checkpoint' && known.path !== null);
    const retained = this.job.checkpointConfig.retained;
    this.world.discard(kept.slice(0, Math.max(0, kept.length - retained)).map((known) => known.id));
  }

  private triggerPeriodically(from: number): void {
    const interval = this.job.checkpointConfig.intervalMs;
    if (interval === null) return;
    const run = this.job.runId;
    const next = () => {
      if (this.job.runId !== run) return;
      const busy = this.world.checkpoints.some((checkpoint) => checkpoint.status === 'in-progress');
      if (!busy && this.world.state === 'running' && this.job.status === 'running')
        this.world.trigger('checkpoint', 'periodic', null);
      this.world.at(this.now + interval, next);
    };
    this.world.at(from, next);
  }

  private after(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.at(this.now + ms, resolve));
  }

  private needsRunning(): void {
    if (this.job.status !== 'running')
      throw new RequestRefused(errorCodes.wrongState, `The job is ${this.job.status}; nothing was done.`);
  }

  private find(id: string): SavepointSummary {
    const found = this.savepoints.find((known) => known.id === id || known.path === id);
    if (found === undefined) throw new RequestRefused(errorCodes.notFound, `There is no savepoint ${id}.`);
    return found;
  }

  private checkpoint(id: number): CheckpointDetails {
    const found = this.world.checkpoints.find((known) => known.id === id);
    if (found === undefined) throw new RequestRefused(errorCodes.notFound, `There is no checkpoint ${id}.`);
    return structuredClone(found);
  }

  private replaceSavepoints(savepoints: SavepointSummary[]): void {
    this.savepoints = savepoints;
    this.notify('savepoints/changed', { savepoints: this.savepoints, damaged: this.damaged });
  }

  private notify<M extends NotificationMethod>(method: M, params: NotificationParams<M>): void {
    if (this.quiet) return;
    const checked = notifications[method].parse(params) as NotificationParams<M>;
    for (const listener of this.listeners) listener(method, checked);
  }
}
