/**
 * A toy dataflow under a hand-driven clock. Barriers really walk through it (sources inject, channels take time,
 * subtasks with several inputs align and shut gates, everybody acknowledges), but no record does: rates, shares and
 * sizes are what a scenario says. It exists so that the dashboard and the editor can be tested against an engine that
 * does the same thing every time, down to the millisecond. It shares no code with the real engine.
 */
import type {
  CheckpointDetails,
  CheckpointEvent,
  CheckpointSummary,
  FailureReason,
  Stall,
  SubtaskCheckpoint,
} from '../../runtime/protocol/checkpoints.ts';
import type { ChannelInfo, EdgeInfo, GraphInfo, VertexInfo } from '../../runtime/protocol/graph.ts';
import type {
  ChannelSample,
  OperatorMetrics,
  SplitSample,
  SubtaskSample,
  Telemetry,
} from '../../runtime/protocol/telemetry.ts';
import type { SubtaskRef } from '../../runtime/protocol/values.ts';

/** What a scenario decides; everything else follows from the walk of the barriers. */
export interface Behaviour {
  /** How long a source sits on barrier `checkpoint` before it enters the stream; null: until `release`. */
  readonly holdMs: (source: SubtaskRef, checkpoint: number) => number | null;
  readonly travelMs: (channel: ChannelInfo) => number;
  readonly syncMs: (subtask: SubtaskRef) => number;
  readonly asyncMs: (subtask: SubtaskRef, checkpoint: number) => number;
  readonly stateBytes: (subtask: SubtaskRef, at: number) => number | null;
  readonly stateKeys: (subtask: SubtaskRef, at: number) => number | null;
  /** What the subtask reports now; the world adds status, counters and state. */
  readonly load: (subtask: SubtaskRef, world: BarrierWorld) => Load;
  /** Records a second on a channel while nothing is shut. */
  readonly channelRate: (channel: ChannelInfo, world: BarrierWorld) => number | null;
  /** How fast a shut channel fills; it may have filled faster at first than it flows now. */
  readonly fillRate: (channel: ChannelInfo) => number;
  readonly splits: (world: BarrierWorld) => SplitSample[];
  /** What the functions of the operators count themselves. */
  readonly metrics: (world: BarrierWorld) => OperatorMetrics[];
  /** Explains an alignment that has lasted `stallAfterMs`. */
  readonly explain: (waiting: SubtaskRef, channel: ChannelInfo, world: BarrierWorld) => Stall['hops'];
  readonly stallAfterMs: number;
  readonly bytesPerRecord: number;
}

export interface Load {
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  readonly busy: number | null;
  readonly backpressured: number | null;
  readonly idle: number | null;
  readonly watermark: number | null;
}

export interface WorldEvents {
  readonly checkpointEvent: (event: CheckpointEvent) => void;
  readonly stallChanged: (stall: Stall) => void;
  readonly completed: (checkpoint: CheckpointDetails) => void;
}

interface ChannelState {
  readonly info: ChannelInfo;
  readonly from: SubtaskRef;
  readonly to: SubtaskRef;
  blockedSince: number | null;
  drainFrom: { at: number; records: number } | null;
  barriers: { checkpoint: number; sentAt: number; arrivesAt: number }[];
}

export const telemetryEveryMs = 100;
const drainMs = 400;
const sameSubtask = (a: SubtaskRef, b: SubtaskRef) => a.vertex === b.vertex && a.index === b.index;

export class BarrierWorld {
  now: number;
  sequence = 0;
  nextCheckpoint = 1;
  /** What the subtasks say that they are doing; a failed world keeps the numbers of its last moment. */
  state: 'running' | 'finished' | 'failed' = 'running';
  failedSubtask: SubtaskRef | null = null;
  graph: GraphInfo;
  checkpoints: CheckpointDetails[] = [];
  stalls: Stall[] = [];
  readonly behaviour: Behaviour;
  readonly startedAt: number;
  readonly timeoutMs: number;
  private readonly events: WorldEvents;
  private channels: ChannelState[] = [];
  private agenda: { at: number; order: number; run: () => void }[] = [];
  private order = 0;

  constructor(
    graph: GraphInfo,
    startedAt: number,
    behaviour: Behaviour,
    events: WorldEvents,
    timeoutMs = 20_000,
  ) {
    this.now = startedAt;
    this.startedAt = startedAt;
    this.behaviour = behaviour;
    this.events = events;
    this.timeoutMs = timeoutMs;
    this.graph = graph;
    this.deploy(graph);
  }

  /** A new graph starts with open gates and without anything under way. */
  deploy(graph: GraphInfo): void {
    this.graph = graph;
    this.channels = graph.channels.map((info) => {
      const edge = this.edge(info.edge);
      return {
        info,
        from: { vertex: edge.from, index: info.fromSubtask },
        to: { vertex: edge.to, index: info.toSubtask },
        blockedSince: null,
        drainFrom: null,
        barriers: [],
      };
    });
  }

  at(time: number, run: () => void): void {
    this.agenda.push({ at: time, order: this.order++, run });
    this.agenda.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  advanceTo(time: number): void {
    while (this.agenda[0] !== undefined && this.agenda[0].at <= time) {
      const next = this.agenda.shift()!;
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = time;
  }

  trigger(
    kind: 'checkpoint' | 'savepoint',
    trigger: CheckpointSummary['trigger'],
    label: string | null,
  ): number {
    const id = this.nextCheckpoint++;
    const checkpoint: CheckpointDetails = {
      id,
      kind,
      trigger,
      label,
      status: 'in-progress',
      unaligned: false,
      triggeredAt: this.now,
      lastAcknowledgedAt: null,
      completedAt: null,
      durationMs: null,
      acknowledged: 0,
      tasks: this.subtasks().length,
      checkpointedBytes: null,
      fullBytes: null,
      processedInFlightBytes: null,
      persistedInFlightBytes: null,
      failure: null,
      path: null,
      subtasks: this.subtasks().map((subtask) => ({
        subtask,
        status: 'pending',
        startDelayMs: null,
        alignmentMs: null,
        syncMs: null,
        asyncMs: null,
        acknowledgedAfterMs: null,
        stateBytes: null,
        processedInFlightBytes: null,
        persistedInFlightBytes: null,
        channels: this.inputs(subtask).map((channel) => ({ channel: channel.info.id, barrierAfterMs: null })),
      })),
    };
    this.checkpoints.push(checkpoint);
    this.emit({ type: 'triggered', ...this.stamp(), checkpoint: structuredClone(checkpoint) });
    for (const source of this.subtasks().filter((subtask) => this.vertex(subtask.vertex).role === 'source')) {
      const hold = this.behaviour.holdMs(source, id);
      if (hold !== null) this.at(this.now + hold, () => this.inject(source, id));
    }
    this.at(this.now + this.timeoutMs, () =>
      this.fail(id, 'CHECKPOINT_EXPIRED', `had not acknowledged after ${this.timeoutMs / 1000} s`),
    );
    return id;
  }

  /** A barrier that `holdMs` kept for good goes on its way now. */
  release(source: SubtaskRef, id: number): void {
    this.inject(source, id);
  }

  fail(id: number, reason: FailureReason, why: string): void {
    const checkpoint = this.underWay(id);
    if (checkpoint === undefined) return;
    const culprit = this.culprit(checkpoint);
    checkpoint.status = 'failed';
    checkpoint.completedAt = this.now;
    checkpoint.durationMs = this.now - checkpoint.triggeredAt;
    for (const report of checkpoint.subtasks) if (report.status !== 'acknowledged') report.status = 'aborted';
    const name = culprit === null ? null : `${this.vertex(culprit.vertex).name}[${culprit.index}]`;
    const message =
      reason === 'USER_ABORTED'
        ? `Checkpoint ${id} was aborted by hand.`
        : `Checkpoint ${id} failed: ${name ?? 'a task'} ${why}.`;
    checkpoint.failure = { reason, message, subtask: reason === 'USER_ABORTED' ? null : culprit };
    for (const channel of this.channels) {
      channel.barriers = channel.barriers.filter((barrier) => barrier.checkpoint !== id);
      this.open(channel);
    }
    this.closeStalls(id);
    this.emit({ type: 'failed', ...this.stamp(), summary: summaryOf(checkpoint) });
  }

  abortAll(reason: FailureReason): void {
    for (const checkpoint of this.checkpoints) this.fail(checkpoint.id, reason, 'was cancelled');
  }

  /** Marks what retention dropped. */
  discard(ids: readonly number[]): void {
    for (const checkpoint of this.checkpoints) if (ids.includes(checkpoint.id)) checkpoint.path = null;
    if (ids.length > 0) this.emit({ type: 'discarded', ...this.stamp(), checkpoints: [...ids] });
  }

  /** The source subtask that has not let the barrier of this checkpoint go. */
  holder(): { subtask: SubtaskRef; checkpoint: CheckpointDetails } | null {
    const checkpoint = this.checkpoints.find((candidate) => candidate.status === 'in-progress');
    const report = checkpoint?.subtasks.find(
      ({ subtask, status }) => status === 'pending' && this.vertex(subtask.vertex).role === 'source',
    );
    return checkpoint === undefined || report === undefined ? null : { subtask: report.subtask, checkpoint };
  }

  isBlocked(subtask: SubtaskRef): boolean {
    return this.inputs(subtask).some((channel) => channel.blockedSince !== null);
  }

  blockedMs(): number {
    return Math.max(0, ...this.channels.map((channel) => this.now - (channel.blockedSince ?? this.now)));
  }

  telemetry(): Telemetry {
    return {
      at: this.now,
      subtasks: this.subtasks().map((subtask) => this.subtaskSample(subtask)),
      channels: this.channels.map((channel) => this.channelSample(channel)),
      splits: this.behaviour.splits(this),
      metrics: this.behaviour.metrics(this),
    };
  }

  subtasks(): SubtaskRef[] {
    return this.graph.vertices.flatMap(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, index) => ({ vertex: id, index })),
    );
  }

  vertex(id: string): VertexInfo {
    return this.graph.vertices.find((vertex) => vertex.id === id)!;
  }

  private inject(source: SubtaskRef, id: number): void {
    const checkpoint = this.underWay(id);
    if (checkpoint === undefined) return;
    const report = reportOf(checkpoint, source);
    report.startDelayMs = this.now - checkpoint.triggeredAt;
    report.alignmentMs = 0;
    this.emit({ type: 'barrier-injected', ...this.stamp(), checkpoint: id, subtask: source });
    this.snapshot(checkpoint, report);
  }

  private arrive(channel: ChannelState, id: number): void {
    const checkpoint = this.underWay(id);
    if (checkpoint === undefined) return;
    channel.barriers = channel.barriers.filter((barrier) => barrier.checkpoint !== id);
    const report = reportOf(checkpoint, channel.to);
    const after = this.now - checkpoint.triggeredAt;
    report.startDelayMs ??= after;
    report.channels.find((entry) => entry.channel === channel.info.id)!.barrierAfterMs = after;
    this.emit({
      type: 'barrier-arrived',
      ...this.stamp(),
      checkpoint: id,
      subtask: channel.to,
      channel: channel.info.id,
    });
    const waiting = report.channels.filter((entry) => entry.barrierAfterMs === null);
    if (waiting.length > 0) {
      channel.blockedSince = this.now;
      if (report.status === 'pending') {
        report.status = 'aligning';
        this.at(this.now + this.behaviour.stallAfterMs, () => this.openStall(checkpoint, report));
      }
      return;
    }
    report.alignmentMs = after - report.startDelayMs;
    const inputs = this.inputs(channel.to);
    const processedBytes = inputs.reduce(
      (sum, input) => sum + this.queued(input) * this.behaviour.bytesPerRecord,
      0,
    );
    for (const input of inputs) this.open(input);
    this.emit({
      type: 'aligned',
      ...this.stamp(),
      checkpoint: id,
      subtask: channel.to,
      alignmentMs: report.alignmentMs,
    });
    if (inputs.length > 1) this.closeStalls(id, channel.to);
    this.snapshot(checkpoint, report, processedBytes);
  }

  private snapshot(checkpoint: CheckpointDetails, report: SubtaskCheckpoint, processedBytes = 0): void {
    report.status = 'snapshotting';
    for (const output of this.channels.filter((channel) => sameSubtask(channel.from, report.subtask))) {
      const arrivesAt = this.now + this.behaviour.travelMs(output.info);
      output.barriers.push({ checkpoint: checkpoint.id, sentAt: this.now, arrivesAt });
      this.at(arrivesAt, () => this.arrive(output, checkpoint.id));
    }
    const sync = this.behaviour.syncMs(report.subtask);
    const async = this.behaviour.asyncMs(report.subtask, checkpoint.id);
    this.at(this.now + sync + async, () => {
      if (checkpoint.status !== 'in-progress') return;
      report.status = 'acknowledged';
      report.syncMs = sync;
      report.asyncMs = async;
      report.acknowledgedAfterMs = this.now - checkpoint.triggeredAt;
      report.stateBytes = this.behaviour.stateBytes(report.subtask, this.now) ?? 0;
      // Told with the acknowledgement and not before, like everything that only the subtask knows.
      report.processedInFlightBytes = processedBytes;
      report.persistedInFlightBytes = 0;
      checkpoint.acknowledged += 1;
      checkpoint.lastAcknowledgedAt = this.now;
      this.emit({
        type: 'acknowledged',
        ...this.stamp(),
        checkpoint: checkpoint.id,
        report: structuredClone(report),
      });
      if (checkpoint.acknowledged === checkpoint.tasks) this.complete(checkpoint);
    });
  }

  private complete(checkpoint: CheckpointDetails): void {
    const full = sum(checkpoint.subtasks, (report) => report.stateBytes);
    checkpoint.status = 'completed';
    checkpoint.completedAt = this.now;
    checkpoint.durationMs = this.now - checkpoint.triggeredAt;
    checkpoint.fullBytes = full;
    checkpoint.checkpointedBytes = checkpoint.kind === 'savepoint' ? full : Math.round(full * 0.053);
    checkpoint.processedInFlightBytes = sum(checkpoint.subtasks, (report) => report.processedInFlightBytes);
    checkpoint.persistedInFlightBytes = 0;
    checkpoint.path = `chk-${String(checkpoint.id).padStart(6, '0')}`;
    this.emit({ type: 'completed', ...this.stamp(), summary: summaryOf(checkpoint) });
    this.events.completed(checkpoint);
  }

  private openStall(checkpoint: CheckpointDetails, report: SubtaskCheckpoint): void {
    if (checkpoint.status !== 'in-progress' || report.status !== 'aligning') return;
    const waited = report.channels.find((entry) => entry.barrierAfterMs === null);
    if (waited === undefined) return;
    const channel = this.channels[waited.channel]!;
    const opened: Stall = {
      id: this.stalls.length + 1,
      checkpoint: checkpoint.id,
      subtask: report.subtask,
      channel: waited.channel,
      since: checkpoint.triggeredAt + (report.startDelayMs ?? 0),
      hops: this.behaviour.explain(report.subtask, channel.info, this),
      closedAt: null,
    };
    if (this.stalls.some((known) => known.closedAt === null && known.checkpoint === checkpoint.id)) return;
    this.stalls.push(opened);
    this.events.stallChanged(structuredClone(opened));
  }

  private closeStalls(checkpoint: number, subtask?: SubtaskRef): void {
    for (const stall of this.stalls) {
      const concerns =
        stall.checkpoint === checkpoint && (subtask === undefined || sameSubtask(stall.subtask, subtask));
      if (stall.closedAt !== null || !concerns) continue;
      stall.closedAt = this.now;
      this.events.stallChanged(structuredClone(stall));
    }
  }

  private open(channel: ChannelState): void {
    if (channel.blockedSince === null) return;
    channel.drainFrom = { at: this.now, records: this.queued(channel) };
    channel.blockedSince = null;
  }

  private queued(channel: ChannelState): number {
    if (channel.blockedSince !== null) {
      const rate = this.behaviour.fillRate(channel.info);
      const records = (rate * (this.now - channel.blockedSince)) / 1000;
      return Math.min(channel.info.capacityRecords, Math.round(records));
    }
    const drain = channel.drainFrom;
    if (drain === null) return 0;
    return Math.round(drain.records * Math.max(0, 1 - (this.now - drain.at) / drainMs));
  }

  private subtaskSample(subtask: SubtaskRef): SubtaskSample {
    const load = this.behaviour.load(subtask, this);
    const seconds = (this.now - this.startedAt) / 1000;
    return {
      subtask,
      status: this.statusOf(subtask),
      recordsIn: Math.round((load.inPerSecond ?? 0) * seconds),
      recordsOut: Math.round((load.outPerSecond ?? 0) * seconds),
      recordsInPerSecond: load.inPerSecond,
      recordsOutPerSecond: load.outPerSecond,
      busy: load.busy,
      backpressured: load.backpressured,
      idle: load.idle,
      watermark: load.watermark,
      stateKeys: this.behaviour.stateKeys(subtask, this.now),
      stateBytes: this.behaviour.stateBytes(subtask, this.now),
    };
  }

  private statusOf(subtask: SubtaskRef): SubtaskSample['status'] {
    if (this.state !== 'failed') return this.state;
    return this.failedSubtask !== null && sameSubtask(subtask, this.failedSubtask) ? 'failed' : 'canceled';
  }

  private channelSample(channel: ChannelState): ChannelSample {
    const queuedRecords = this.queued(channel);
    const rate = this.state === 'finished' ? 0 : this.behaviour.channelRate(channel.info, this);
    const stands = this.behaviour.load(channel.to, this).inPerSecond === 0;
    return {
      channel: channel.info.id,
      queuedRecords,
      queuedBytes: queuedRecords * this.behaviour.bytesPerRecord,
      blocked: channel.blockedSince !== null,
      records: Math.round(((rate ?? 0) * (this.now - this.startedAt)) / 1000),
      recordsPerSecond: stands && channel.blockedSince === null ? 0 : rate,
      barriers: channel.barriers.map(({ checkpoint, arrivesAt }) => ({
        checkpoint,
        recordsAhead: Math.max(0, Math.round(((rate ?? 0) * (arrivesAt - this.now)) / 1000)),
      })),
    };
  }

  private culprit(checkpoint: CheckpointDetails): SubtaskRef | null {
    return checkpoint.subtasks.find(({ status }) => status !== 'acknowledged')?.subtask ?? null;
  }

  private inputs(subtask: SubtaskRef): ChannelState[] {
    return this.channels.filter((channel) => sameSubtask(channel.to, subtask));
  }

  private edge(id: string): EdgeInfo {
    return this.graph.edges.find((edge) => edge.id === id)!;
  }

  private underWay(id: number): CheckpointDetails | undefined {
    return this.checkpoints.find((checkpoint) => checkpoint.id === id && checkpoint.status === 'in-progress');
  }

  private stamp(): { sequence: number; at: number } {
    this.sequence += 1;
    return { sequence: this.sequence, at: this.now };
  }

  private emit(event: CheckpointEvent): void {
    this.events.checkpointEvent(event);
  }
}

export function summaryOf({ subtasks: _, ...summary }: CheckpointDetails): CheckpointSummary {
  return { ...summary };
}

function reportOf(checkpoint: CheckpointDetails, subtask: SubtaskRef): SubtaskCheckpoint {
  return checkpoint.subtasks.find((report) => sameSubtask(report.subtask, subtask))!;
}

function sum<T>(items: readonly T[], value: (item: T) => number | null): number {
  return items.reduce((total, item) => total + (value(item) ?? 0), 0);
}
