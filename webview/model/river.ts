/**
 * What the river shows, without where: per vertex the card, per edge the stream with its banks, gate, basin and
 * barriers. Every frame is drawn from this; the layout adds the places.
 */
import type { CheckpointDetails, SubtaskCheckpoint } from '../../runtime/protocol/checkpoints.ts';
import type { VertexInfo } from '../../runtime/protocol/graph.ts';
import type { SubtaskSample } from '../../runtime/protocol/telemetry.ts';
import type { SourceLocation } from '../../runtime/protocol/values.ts';
import { checkpointToShow } from './alignment.ts';
import { type JobState, subtaskKey } from './dashboardState.ts';
import { indexOf, type Lane, nameOf, partitioningText } from './graphIndex.ts';
import { hasMetrics } from './metrics.ts';
import { edgeRates } from './rateMeans.ts';
import { openStall } from './stall.ts';

export type VertexTone = 'running' | 'cause' | 'failed' | 'paused' | 'finished';

export interface VertexFoot {
  readonly kind:
    | 'acknowledged'
    | 'aligning'
    | 'holds'
    | 'snapshotting'
    | 'not-here'
    | 'aborted'
    | 'none'
    | 'finished'
    | 'failed'
    | 'paused';
  readonly checkpoint: number | null;
  readonly ms: number | null;
}

export interface VertexView {
  readonly id: string;
  readonly name: string;
  readonly role: VertexInfo['role'];
  readonly type: string;
  readonly parallelism: number;
  readonly tone: VertexTone;
  readonly perSecond: number | null;
  readonly splits: number | null;
  readonly busy: number | null;
  readonly backpressured: number | null;
  readonly idle: number | null;
  readonly lagMs: number | null;
  readonly stateBytes: number | null;
  readonly stateless: boolean;
  /** Some of its state has keys: only that is measured while the job runs. */
  readonly hasKeyedState: boolean;
  /** An operator of it has metrics of the author's own. */
  readonly hasMetrics: boolean;
  readonly foot: VertexFoot;
  /** More than one edge comes in: this is where streams are aligned. */
  readonly isJoin: boolean;
  /** Which channels of each subtask have delivered the barrier; the first few subtasks. */
  readonly arrivals: readonly { readonly name: string; readonly arrived: readonly boolean[] }[];
  readonly location: SourceLocation | null;
}

export interface GateView {
  readonly shut: number;
  readonly channels: number;
  readonly bufferedRecords: number;
  readonly bufferedBytes: number | null;
  readonly capacityRecords: number;
}

export interface BarrierView {
  readonly checkpoint: number;
  readonly savepoint: boolean;
  /** 0 at the source of the edge, 1 at its end. */
  readonly progress: number;
  readonly recordsAhead: number | null;
  readonly place: 'held' | 'travelling' | 'gate';
}

export interface EdgeView {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** How records are spread: "hash(airport)". */
  readonly label: string;
  /** The side output that flows here; null: the sender's output. */
  readonly sideOutput: string | null;
  readonly lane: Lane;
  readonly perSecond: number | null;
  readonly meanPerSecond: number | null;
  readonly gate: GateView | null;
  readonly waitedForMs: number | null;
  readonly heldMs: number | null;
  readonly barriers: readonly BarrierView[];
  /** The newest checkpoint whose barrier has come out of every channel of this edge. */
  readonly crossed: { readonly checkpoint: number; readonly savepoint: boolean; readonly at: number } | null;
}

export interface EventTime {
  readonly name: string;
  readonly watermark: number | null;
  readonly behindMs: number | null;
}

export interface RiverView {
  readonly vertices: readonly VertexView[];
  readonly edges: readonly EdgeView[];
  readonly eventTime: readonly EventTime[];
  readonly checkpoint: CheckpointDetails | null;
}

const holdFromMs = 250;
export const arrivalRowsMax = 4;

export function riverOf(job: JobState, now: number): RiverView {
  const checkpoint = checkpointToShow(job);
  const causeVertex = openStall(job)?.hops.at(-1)?.subtask.vertex ?? null;
  const reports = reportsByVertex(checkpoint);
  const rates = edgeRates(job.graph, job.channels);
  const vertices = job.graph.vertices.map((vertex) =>
    vertexView(job, vertex, checkpoint, reports.get(vertex.id) ?? [], causeVertex, now),
  );
  const running = checkpoint?.status === 'in-progress' ? checkpoint : null;
  return {
    checkpoint,
    vertices,
    edges: job.graph.edges.map((edge) => ({
      id: edge.id,
      from: edge.from,
      to: edge.to,
      label: partitioningText(edge),
      sideOutput: edge.sideOutput,
      lane: indexOf(job.graph).lanes.get(edge.id) ?? { index: 0, of: 1 },
      perSecond: rates.get(edge.id) ?? null,
      meanPerSecond: job.means.get(edge.id)?.perSecond ?? null,
      ...passage(job, edge.id, edge.from, edge.to, running, reports, now),
      crossed: crossedBy(job, edge.id, checkpoint, reports.get(edge.to) ?? []),
    })),
    // Event time stands still when nothing runs; setting it against now would say nothing.
    eventTime: !isAlive(job)
      ? []
      : vertices
          .filter(({ role }) => role === 'source')
          .map(({ id, name }) => {
            const watermark = lowestWatermark(samplesOf(job, id));
            return { name, watermark, behindMs: watermark === null ? null : Math.max(0, now - watermark) };
          }),
  };
}

function isAlive({ info }: JobState): boolean {
  return info.status === 'running' || info.status === 'stopping';
}

function reportsByVertex(checkpoint: CheckpointDetails | null): Map<string, SubtaskCheckpoint[]> {
  const reports = new Map<string, SubtaskCheckpoint[]>();
  for (const report of checkpoint?.subtasks ?? []) {
    const known = reports.get(report.subtask.vertex);
    if (known === undefined) reports.set(report.subtask.vertex, [report]);
    else known.push(report);
  }
  return reports;
}

function vertexView(
  job: JobState,
  vertex: VertexInfo,
  checkpoint: CheckpointDetails | null,
  reports: readonly SubtaskCheckpoint[],
  causeVertex: string | null,
  now: number,
): VertexView {
  const samples = samplesOf(job, vertex.id);
  const foot = footOf(vertex, checkpoint, reports, samples, now);
  const watermark = lowestWatermark(samples);
  const splits =
    vertex.role === 'source'
      ? [...job.splits.values()].filter(({ subtask }) => subtask.vertex === vertex.id).length
      : null;
  return {
    id: vertex.id,
    name: vertex.name,
    role: vertex.role,
    type: vertex.operators[0]?.type ?? 'map',
    parallelism: vertex.parallelism,
    tone: toneOf(vertex.id, samples, causeVertex),
    perSecond: sumOf(samples, (sample) =>
      vertex.role === 'source' ? sample.recordsOutPerSecond : sample.recordsInPerSecond,
    ),
    splits,
    busy: meanOf(samples, (sample) => sample.busy),
    backpressured: meanOf(samples, (sample) => sample.backpressured),
    idle: meanOf(samples, (sample) => sample.idle),
    lagMs: watermark === null || !isAlive(job) ? null : Math.max(0, now - watermark),
    stateBytes: sumOf(samples, (sample) => sample.stateBytes),
    stateless: vertex.operators.every(({ states }) => states.length === 0),
    hasKeyedState: vertex.operators.some(({ states }) =>
      states.some(({ type }) => !type.startsWith('operator-')),
    ),
    hasMetrics: hasMetrics(vertex, job.metrics),
    foot,
    isJoin: (indexOf(job.graph).inEdges.get(vertex.id)?.length ?? 0) > 1,
    arrivals: reports.slice(0, arrivalRowsMax).map((report) => ({
      name: vertex.name.length <= 12 ? nameOf(job.graph, report.subtask) : `[${report.subtask.index}]`,
      // Who has begun its snapshot has the barrier from everywhere, whether or not every arrival was reported.
      arrived: report.channels.map(
        ({ barrierAfterMs }) =>
          barrierAfterMs !== null ||
          (report.status !== 'pending' && report.status !== 'aligning' && report.status !== 'aborted'),
      ),
    })),
    location: vertex.operators.find(({ location }) => location !== null)?.location ?? null,
  };
}

function toneOf(id: string, samples: readonly SubtaskSample[], causeVertex: string | null): VertexTone {
  if (samples.some(({ status }) => status === 'failed')) return 'failed';
  if (samples.some(({ status }) => status === 'paused')) return 'paused';
  if (id === causeVertex) return 'cause';
  return samples.length > 0 && samples.every(({ status }) => status === 'finished') ? 'finished' : 'running';
}

function footOf(
  vertex: VertexInfo,
  checkpoint: CheckpointDetails | null,
  reports: readonly SubtaskCheckpoint[],
  samples: readonly SubtaskSample[],
  now: number,
): VertexFoot {
  const id = checkpoint?.id ?? null;
  if (samples.some(({ status }) => status === 'failed')) return { kind: 'failed', checkpoint: id, ms: null };
  if (samples.some(({ status }) => status === 'paused')) return { kind: 'paused', checkpoint: id, ms: null };
  if (samples.length > 0 && samples.every(({ status }) => status === 'finished'))
    return { kind: 'finished', checkpoint: id, ms: null };
  if (checkpoint === null || reports.length === 0) return { kind: 'none', checkpoint: null, ms: null };
  const elapsed = Math.max(0, now - checkpoint.triggeredAt);
  const slowest = (value: (report: SubtaskCheckpoint) => number | null) =>
    Math.max(...reports.map((report) => value(report) ?? 0));
  if (reports.every(({ status }) => status === 'acknowledged'))
    return {
      kind: 'acknowledged',
      checkpoint: id,
      ms: slowest(({ acknowledgedAfterMs }) => acknowledgedAfterMs),
    };
  if (reports.some(({ status }) => status === 'aborted'))
    return { kind: 'aborted', checkpoint: id, ms: null };
  const aligning = reports.filter(({ status }) => status === 'aligning');
  if (aligning.length > 0) {
    const first = Math.min(...aligning.map(({ startDelayMs }) => startDelayMs ?? elapsed));
    return { kind: 'aligning', checkpoint: id, ms: elapsed - first };
  }
  if (reports.some(({ status }) => status === 'pending'))
    return {
      kind: vertex.role === 'source' && elapsed >= holdFromMs ? 'holds' : 'not-here',
      checkpoint: id,
      ms: elapsed,
    };
  return { kind: 'snapshotting', checkpoint: id, ms: elapsed };
}

/** Barriers, gate and clock of one edge. */
function passage(
  job: JobState,
  edge: string,
  from: string,
  to: string,
  running: CheckpointDetails | null,
  reports: ReadonlyMap<string, readonly SubtaskCheckpoint[]>,
  now: number,
): Pick<EdgeView, 'gate' | 'waitedForMs' | 'heldMs' | 'barriers'> {
  const channels = indexOf(job.graph).channelsOfEdge.get(edge) ?? [];
  let shut = 0;
  let bufferedRecords = 0;
  let bufferedBytes: number | null = 0;
  let capacityRecords = 0;
  const inChannels = new Map<number, { ahead: number; capacity: number }>();
  for (const { id, capacityRecords: capacity } of channels) {
    const sample = job.channels.get(id);
    capacityRecords += capacity;
    if (sample === undefined) continue;
    if (sample.blocked) {
      shut += 1;
      bufferedRecords += sample.queuedRecords;
      bufferedBytes =
        bufferedBytes === null || sample.queuedBytes === null ? null : bufferedBytes + sample.queuedBytes;
    }
    for (const barrier of sample.barriers) {
      const known = inChannels.get(barrier.checkpoint);
      if (known === undefined || known.ahead < barrier.recordsAhead)
        inChannels.set(barrier.checkpoint, { ahead: barrier.recordsAhead, capacity });
    }
  }
  const gate =
    shut === 0 ? null : { shut, channels: channels.length, bufferedRecords, bufferedBytes, capacityRecords };
  const isSavepoint = (checkpoint: number) =>
    job.checkpoints.find(({ id }) => id === checkpoint)?.kind === 'savepoint';
  const barriers: BarrierView[] = [...inChannels].map(([checkpoint, { ahead, capacity }]) => ({
    checkpoint,
    savepoint: isSavepoint(checkpoint),
    progress: Math.max(0.05, 1 - Math.min(1, ahead / Math.max(1, capacity))),
    recordsAhead: ahead,
    place: 'travelling',
  }));
  if (running === null) return { gate, waitedForMs: null, heldMs: null, barriers };
  const elapsed = Math.max(0, now - running.triggeredAt);
  const here = new Set(channels.map(({ id }) => id));
  const aligning = (reports.get(to) ?? []).filter(({ status }) => status === 'aligning');
  const waiting = aligning.filter((report) =>
    report.channels.some(({ channel, barrierAfterMs }) => here.has(channel) && barrierAfterMs === null),
  );
  const senders = reports.get(from) ?? [];
  const isSource = indexOf(job.graph).vertices.get(from)?.role === 'source';
  const held = isSource && elapsed >= holdFromMs && senders.some(({ status }) => status === 'pending');
  if (gate !== null && !inChannels.has(running.id))
    barriers.push({
      checkpoint: running.id,
      savepoint: running.kind === 'savepoint',
      progress: 1,
      recordsAhead: 0,
      place: 'gate',
    });
  if (held)
    barriers.push({
      checkpoint: running.id,
      savepoint: running.kind === 'savepoint',
      progress: 0,
      recordsAhead: null,
      place: 'held',
    });
  return {
    gate,
    waitedForMs:
      waiting.length === 0
        ? null
        : elapsed - Math.min(...waiting.map(({ startDelayMs }) => startDelayMs ?? elapsed)),
    heldMs: held ? elapsed : null,
    barriers,
  };
}

function crossedBy(
  job: JobState,
  edge: string,
  checkpoint: CheckpointDetails | null,
  receivers: readonly SubtaskCheckpoint[],
): EdgeView['crossed'] {
  if (checkpoint === null) return null;
  const here = new Set((indexOf(job.graph).channelsOfEdge.get(edge) ?? []).map(({ id }) => id));
  let lastMs = -1;
  for (const report of receivers) {
    for (const { channel, barrierAfterMs } of report.channels) {
      if (!here.has(channel)) continue;
      if (barrierAfterMs === null) return null;
      lastMs = Math.max(lastMs, barrierAfterMs);
    }
  }
  return lastMs < 0
    ? null
    : {
        checkpoint: checkpoint.id,
        savepoint: checkpoint.kind === 'savepoint',
        at: checkpoint.triggeredAt + lastMs,
      };
}

function samplesOf(job: JobState, vertex: string): SubtaskSample[] {
  const parallelism = indexOf(job.graph).vertices.get(vertex)?.parallelism ?? 0;
  const samples: SubtaskSample[] = [];
  for (let index = 0; index < parallelism; index++) {
    const sample = job.subtasks.get(subtaskKey({ vertex, index }));
    if (sample !== undefined) samples.push(sample);
  }
  return samples;
}

function lowestWatermark(samples: readonly SubtaskSample[]): number | null {
  const known = samples.map(({ watermark }) => watermark).filter((watermark) => watermark !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function sumOf(
  samples: readonly SubtaskSample[],
  value: (sample: SubtaskSample) => number | null,
): number | null {
  const known = samples.map(value).filter((one) => one !== null);
  return known.length === 0 ? null : known.reduce((total, one) => total + one, 0);
}

function meanOf(
  samples: readonly SubtaskSample[],
  value: (sample: SubtaskSample) => number | null,
): number | null {
  const total = sumOf(samples, value);
  return total === null
    ? null
    : Math.min(1, total / samples.filter((sample) => value(sample) !== null).length);
}
