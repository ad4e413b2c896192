/**
 * The author's own metrics as clients see them. Tasks tell what changed; what a metric is now is worked out when a
 * sample is taken, since a counter's rate falls to zero by nothing being told.
 *
 *   told     0 ─────── 12 ──────── 30 ─────── 41                       (every 250 ms while it moves)
 *   rate     –  –  –   –   –  –  … 41/s: the newest against the newest that is at least a second older
 *   silence                                    └── after a second without a word: 0/s
 *
 * A row is one metric of one operator in one subtask and remembers the sample at which it last changed, so that every
 * client is sent exactly what changed since its own last sample.
 */
import { unreachable } from '../base/assert.ts';
import type { SubtaskId } from '../engine/control/messages.ts';
import type { JobFact } from '../engine/job/facts.ts';
import type { MetricReading } from '../engine/operatorMetrics.ts';
import type { HistogramSummary, MetricSample, OperatorMetrics } from '../protocol/telemetry.ts';

type MetricsFact = Extract<JobFact, { type: 'metrics' }>;

interface Row {
  told: MetricReading;
  /** Told since the last sample. */
  isNew: boolean;
  sample: MetricSample | null;
  changedAt: number;
  /** Of a counter, oldest first: as many as a rate needs. */
  readonly counts: { readonly monotonicMs: number; readonly value: number }[];
}

interface Group {
  readonly subtask: SubtaskId;
  readonly operator: string;
  /** By name, in the order in which they were registered. */
  readonly rows: Map<string, Row>;
}

const rateWindowMs = 1_000;

export class MetricRows {
  readonly #groups = new Map<string, Group>();

  /** What a task says of one operator. */
  told({ subtask, operator, metrics }: MetricsFact, monotonicMs: number): void {
    const key = `${subtask.vertex}[${subtask.index}] ${operator}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const { vertex, index } = subtask;
      group = { subtask: { vertex, index }, operator, rows: new Map() };
      this.#groups.set(key, group);
    }
    for (const reading of metrics) {
      const row = group.rows.get(reading.name) ?? newRow(reading);
      group.rows.set(reading.name, row);
      row.told = reading;
      row.isNew = true;
      if (reading.type === 'counter') remember(row, reading.value, monotonicMs);
    }
  }

  /** Works out what changed, as part of sample number `sample`. */
  take(sample: number, monotonicMs: number): void {
    for (const { rows } of this.#groups.values()) {
      for (const row of rows.values()) {
        // A counter that stands still, and is known to, stays as it is until it is told of.
        const stands = row.sample?.type === 'counter' ? row.sample.perSecond === 0 : row.sample !== null;
        if (!row.isNew && stands) continue;
        row.isNew = false;
        const now = sampleOf(row, monotonicMs);
        if (row.sample !== null && isSame(row.sample, now)) continue;
        row.sample = now;
        row.changedAt = sample;
      }
    }
  }

  /** What changed after the sample `since`; 0 gives everything. */
  changedSince(since: number): OperatorMetrics[] {
    const changed: OperatorMetrics[] = [];
    for (const { subtask, operator, rows } of this.#groups.values()) {
      const metrics: MetricSample[] = [];
      for (const { sample, changedAt } of rows.values()) {
        if (sample !== null && changedAt > since) metrics.push(sample);
      }
      if (metrics.length > 0) changed.push({ subtask, operator, metrics });
    }
    return changed;
  }
}

function newRow(told: MetricReading): Row {
  return { told, isNew: true, sample: null, changedAt: 0, counts: [] };
}

function remember(row: Row, value: number, monotonicMs: number): void {
  const { counts } = row;
  const newest = counts.at(-1);
  const windowBegins = monotonicMs - rateWindowMs;
  // Nothing was told for longer than the window: it stood still until then, and what it did since is all of the last second.
  if (newest !== undefined && newest.monotonicMs < windowBegins) {
    counts.length = 0;
    counts.push({ monotonicMs: windowBegins, value: newest.value });
  }
  counts.push({ monotonicMs, value });
  while ((counts[1]?.monotonicMs ?? Number.POSITIVE_INFINITY) <= windowBegins) counts.shift();
}

function sampleOf({ told, counts }: Row, monotonicMs: number): MetricSample {
  const { name } = told;
  switch (told.type) {
    case 'counter':
      return {
        type: 'counter',
        name,
        value: finite(told.value),
        perSecond: perSecond(counts, monotonicMs),
      };
    case 'gauge':
      return { type: 'gauge', name, value: told.value };
    case 'histogram':
      return { type: 'histogram', name, summary: told.summary === null ? null : finiteSummary(told.summary) };
    default:
      return unreachable(told);
  }
}

function perSecond(counts: Row['counts'], monotonicMs: number): number | null {
  const [oldest] = counts;
  const newest = counts.at(-1);
  if (oldest === undefined || newest === undefined) return null;
  if (monotonicMs - newest.monotonicMs >= rateWindowMs) return 0;
  const passedMs = newest.monotonicMs - oldest.monotonicMs;
  if (passedMs < rateWindowMs) return null;
  const rate = finite(((newest.value - oldest.value) / passedMs) * 1_000);
  return rate === null ? null : Math.round(rate * 10) / 10;
}

function finiteSummary({ count, min, max, mean, p50, p95, p99 }: NonNullable<Summary>): HistogramSummary {
  return {
    count,
    min: finite(min),
    max: finite(max),
    mean: finite(mean),
    p50: finite(p50),
    p95: finite(p95),
    p99: finite(p99),
  };
}

type Summary = Extract<MetricReading, { type: 'histogram' }>['summary'];

/** JSON has no word for the others. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function isSame(a: MetricSample, b: MetricSample): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
