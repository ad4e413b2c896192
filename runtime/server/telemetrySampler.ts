/**
 * Reads the counters that the task threads write and turns them into samples. Every row remembers the sample at which it
 * last changed, so that each client can be sent exactly what changed since its own last one, however slow it is.
 *
 * Rates are over the last second: the oldest of the kept readings that is at least that old is what is compared with.
 */
import type { SubtaskId } from '../engine/control/messages.ts';
import type { JobFact } from '../engine/job/facts.ts';
import {
  type ChannelField,
  channelFields,
  type MetricsTable,
  type SubtaskField,
  subtaskFields,
  subtaskStatusNames,
} from '../engine/metricsTable.ts';
import type { ExecutionGraph } from '../graph/executionGraph.ts';
import type {
  BarrierInChannel,
  ChannelSample,
  SplitSample,
  SubtaskSample,
  Telemetry,
} from '../protocol/telemetry.ts';
import { MetricRows } from './metricRows.ts';

type PositionsFact = Extract<JobFact, { type: 'positions' }>;
type MetricsFact = Extract<JobFact, { type: 'metrics' }>;

interface Row<T> {
  readonly value: T;
  /** As JSON: what a client would see. */
  readonly text: string;
  readonly changedAt: number;
}

interface Reading {
  readonly monotonicMs: number;
  readonly values: Float64Array;
}

const rateWindowMs = 1_000;

export class TelemetrySampler {
  readonly #graph: ExecutionGraph;
  readonly #table: MetricsTable;
  #sample = 0;
  #at = 0;
  #isTaking = false;
  readonly #readings: Reading[] = [];
  readonly #subtasks = new Map<string, Row<SubtaskSample>>();
  readonly #channels = new Map<number, Row<ChannelSample>>();
  /** By vertex and split: two sources may read one file. */
  readonly #splits = new Map<string, Row<SplitSample>>();
  readonly #metrics = new MetricRows();

  constructor(graph: ExecutionGraph, table: MetricsTable) {
    this.#graph = graph;
    this.#table = table;
  }

  /** Number of the newest sample. */
  get sample(): number {
    return this.#sample;
  }

  take(now: number, monotonicMs: number): void {
    this.#sample += 1;
    this.#isTaking = true;
    this.#at = now;
    // The counters go on while they are read: one copy, so that a rate and its count agree.
    const reading = { monotonicMs, values: this.#table.values.slice() };
    this.#readings.push(reading);
    while ((this.#readings[1]?.monotonicMs ?? Number.POSITIVE_INFINITY) <= monotonicMs - rateWindowMs) {
      this.#readings.shift();
    }
    const oldest = this.#readings[0] ?? reading;
    const before = monotonicMs - oldest.monotonicMs >= rateWindowMs ? oldest : null;
    for (const vertex of this.#graph.vertices) {
      for (let index = 0; index < vertex.parallelism; index++) {
        const subtask = { vertex: vertex.id, index };
        this.#put(this.#subtasks, `${vertex.id}[${index}]`, this.#subtaskSample(subtask, reading, before));
      }
    }
    for (const { id } of this.#graph.channels)
      this.#put(this.#channels, id, this.#channelSample(id, reading, before));
    this.#metrics.take(this.#sample, monotonicMs);
    this.#isTaking = false;
  }

  /** As of the newest sample; null before the first. */
  subtask({ vertex, index }: SubtaskId): SubtaskSample | null {
    return this.#subtasks.get(`${vertex}[${index}]`)?.value ?? null;
  }

  /** Where a source stands, as it says itself a few times a second. */
  positions(subtask: SubtaskId, positions: PositionsFact['positions']): void {
    for (const { split, offset, watermark } of positions) {
      const before = this.#splits.get(`${subtask.vertex} ${split}`)?.value;
      this.#put(this.#splits, `${subtask.vertex} ${split}`, {
        subtask: { vertex: subtask.vertex, index: subtask.index },
        split,
        offset,
        watermark: finite(watermark ?? Number.NaN),
        finished: before?.finished ?? false,
      });
    }
  }

  /** What the author's own metrics are, as tasks say a few times a second while they change. */
  metrics(fact: MetricsFact, monotonicMs: number): void {
    this.#metrics.told(fact, monotonicMs);
  }

  /** The subtask has read its splits to their ends. */
  ended(subtask: SubtaskId): void {
    for (const [split, { value }] of this.#splits) {
      if (value.subtask.vertex !== subtask.vertex || value.subtask.index !== subtask.index) continue;
      this.#put(this.#splits, split, { ...value, finished: true });
    }
  }

  /** What changed after the sample `since`; 0 gives everything. */
  changedSince(since: number): Telemetry {
    const changed = <T>(rows: Iterable<Row<T>>): T[] => {
      const values: T[] = [];
      for (const row of rows) if (row.changedAt > since) values.push(row.value);
      return values;
    };
    return {
      at: this.#at,
      subtasks: changed(this.#subtasks.values()),
      channels: changed(this.#channels.values()),
      splits: changed(this.#splits.values()),
      metrics: this.#metrics.changedSince(since),
    };
  }

  #put<K, T>(rows: Map<K, Row<T>>, key: K, value: T): void {
    const text = JSON.stringify(value);
    // A row that changes between two samples belongs to the next one: the present one may have been sent already.
    if (rows.get(key)?.text !== text)
      rows.set(key, { value, text, changedAt: this.#sample + (this.#isTaking ? 0 : 1) });
  }

  #subtaskSample(subtask: SubtaskId, reading: Reading, before: Reading | null): SubtaskSample {
    const row = this.#table.subtaskRow(subtask.vertex, subtask.index);
    const field = (name: SubtaskField) => reading.values[row + subtaskPlaces[name]] ?? Number.NaN;
    const change = (name: SubtaskField) =>
      before === null ? Number.NaN : field(name) - (before.values[row + subtaskPlaces[name]] ?? Number.NaN);
    const seconds = before === null ? Number.NaN : (reading.monotonicMs - before.monotonicMs) / 1_000;
    // A step that has not come back yet is accounted for when it does: until then its time is busy time.
    const knownMs = change('busyMs') + change('backpressuredMs') + change('idleMs');
    const inStepMs = field('stepStartedAt') > 0 ? Math.max(0, seconds * 1_000 - knownMs) : 0;
    const accounted = knownMs + inStepMs;
    const shareOf = (name: SubtaskField) => {
      const spentMs = change(name) + (name === 'busyMs' ? inStepMs : 0);
      return accounted > 0 ? rounded(Math.min(1, Math.max(0, spentMs / accounted)), 1_000) : null;
    };
    return {
      subtask,
      status: subtaskStatusNames[field('status')] ?? 'deploying',
      recordsIn: counted(field('recordsIn')),
      recordsOut: counted(field('recordsOut')),
      recordsInPerSecond: rate(change('recordsIn'), seconds),
      recordsOutPerSecond: rate(change('recordsOut'), seconds),
      busy: shareOf('busyMs'),
      backpressured: shareOf('backpressuredMs'),
      idle: shareOf('idleMs'),
      watermark: finite(field('watermark')),
      stateKeys: countedOrUnknown(field('stateKeys')),
      stateBytes: countedOrUnknown(field('stateBytes')),
    };
  }

  #channelSample(channel: number, reading: Reading, before: Reading | null): ChannelSample {
    const row = this.#table.channelRow(channel);
    const field = (name: ChannelField) => reading.values[row + channelPlaces[name]] ?? Number.NaN;
    const written = counted(field('recordsWritten'));
    const read = counted(field('recordsRead'));
    const writtenBefore = before?.values[row + channelPlaces.recordsWritten] ?? Number.NaN;
    const seconds = before === null ? Number.NaN : (reading.monotonicMs - before.monotonicMs) / 1_000;
    const barriers: BarrierInChannel[] = [];
    if (field('barrierWritten') > (finite(field('barrierTaken')) ?? 0)) {
      const recordsAhead = Math.max(0, counted(field('barrierPosition')) - read);
      barriers.push({ checkpoint: field('barrierWritten'), recordsAhead });
    }
    return {
      channel,
      queuedRecords: Math.max(0, written - read),
      queuedBytes: countedOrUnknown(Math.max(0, field('bytesWritten') - field('bytesRead'))),
      blocked: field('blocked') === 1,
      records: read,
      recordsPerSecond: rate(field('recordsWritten') - writtenBefore, seconds),
      barriers,
    };
  }
}

const subtaskPlaces = Object.fromEntries(subtaskFields.map((name, place) => [name, place])) as Record<
  SubtaskField,
  number
>;
const channelPlaces = Object.fromEntries(channelFields.map((name, place) => [name, place])) as Record<
  ChannelField,
  number
>;

/** Null for what is not known and for the first and the last watermark, which are no times. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function counted(value: number): number {
  return Number.isFinite(value) ? Math.max(0, Math.floor(value)) : 0;
}

function countedOrUnknown(value: number): number | null {
  return Number.isFinite(value) ? counted(value) : null;
}

function rate(change: number, seconds: number): number | null {
  return Number.isFinite(change) && seconds > 0 ? rounded(Math.max(0, change / seconds), 10) : null;
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
