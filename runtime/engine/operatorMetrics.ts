/**
 * The metrics that the functions of one operator registered, and what has changed of them since somebody last asked.
 * Counting costs an addition; a histogram keeps its latest values only, as Flink's does, so that it costs the same
 * however long the job runs, and is worked out only when it got a value.
 */
import type { Counter, Histogram, MetricGroup } from '../operators/metrics.ts';
import { errorMessage } from './operatorFailure.ts';

/** Of a histogram: how many values in all, the rest over the latest `histogramValues` of them. */
export interface HistogramSummary {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export type MetricValue =
  | { readonly type: 'counter'; readonly value: number }
  /** Null: not known, because its `read` threw or answered no number. */
  | { readonly type: 'gauge'; readonly value: number | null }
  /** Null: it has got no value yet. */
  | { readonly type: 'histogram'; readonly summary: HistogramSummary | null };

/** One metric at one moment. */
export type MetricReading = MetricValue & { readonly name: string };

/** Values that a histogram remembers. */
export const histogramValues = 1_024;
/** Metrics of one operator; a name made of record data would otherwise fill the memory. */
export const operatorMetricsMax = 256;
export const metricNameCharactersMax = 256;

/** What was told last stands beside the metric; undefined: nothing yet. */
type Registered =
  | { readonly type: 'counter'; readonly counter: CountingMetric; told: number | undefined }
  | { readonly type: 'gauge'; read: () => number; told: number | null | undefined; hasFailed: boolean }
  | { readonly type: 'histogram'; readonly histogram: RecentValues; told: number | undefined };

export class OperatorMetrics implements MetricGroup {
  readonly #metrics = new Map<string, Registered>();

  counter(name: string): Counter {
    const known = this.#registered(name, 'counter');
    if (known?.type === 'counter') return known.counter;
    const counter = new CountingMetric();
    this.#metrics.set(name, { type: 'counter', counter, told: undefined });
    return counter;
  }

  gauge(name: string, read: () => number): void {
    const known = this.#registered(name, 'gauge');
    if (known?.type === 'gauge') known.read = read;
    else this.#metrics.set(name, { type: 'gauge', read, told: undefined, hasFailed: false });
  }

  histogram(name: string): Histogram {
    const known = this.#registered(name, 'histogram');
    if (known?.type === 'histogram') return known.histogram;
    const histogram = new RecentValues();
    this.#metrics.set(name, { type: 'histogram', histogram, told: undefined });
    return histogram;
  }

  get isEmpty(): boolean {
    return this.#metrics.size === 0;
  }

  /**
   * Those that changed since the last call, in the order in which they were registered; at first all of them. A gauge is
   * code of the author's: when it fails, its value is not known, and `warn` is told why, once for each gauge.
   */
  changes(warn: (problem: string) => void): readonly MetricReading[] {
    const changed: MetricReading[] = [];
    for (const [name, metric] of this.#metrics) {
      const value = changeOf(metric, (problem) => warn(`The gauge "${name}" ${problem}`));
      if (value !== null) changed.push({ name, ...value });
    }
    return changed;
  }

  #registered(name: string, type: Registered['type']): Registered | undefined {
    if (name.trim() === '') throw new Error('A metric needs a name.');
    if (name.length > metricNameCharactersMax)
      throw new Error(
        `The name of a metric has at most ${metricNameCharactersMax} characters; "${name.slice(0, 40)}…" has ${name.length}.`,
      );
    const known = this.#metrics.get(name);
    if (known !== undefined && known.type !== type)
      throw new Error(`The metric "${name}" is a ${known.type} already; give the ${type} another name.`);
    if (known === undefined && this.#metrics.size >= operatorMetricsMax)
      throw new Error(
        `An operator has at most ${operatorMetricsMax} metrics; "${name}" is one too many. Do not make names of records.`,
      );
    return known;
  }
}

class CountingMetric implements Counter {
  count = 0;

  inc(amount = 1): void {
    this.count += amount;
  }
}

class RecentValues implements Histogram {
  readonly #values = new Float64Array(histogramValues);
  count = 0;

  update(value: number): void {
    if (Number.isNaN(value)) return;
    this.#values[this.count % histogramValues] = value;
    this.count++;
  }

  summary(): HistogramSummary | null {
    if (this.count === 0) return null;
    const sorted = this.#values.slice(0, this.count).sort();
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
    return {
      count: this.count,
      min: at(1 / sorted.length),
      max: at(1),
      mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
    };
  }
}

/** What it is now, where that is not what was told last. */
function changeOf(metric: Registered, warn: (problem: string) => void): MetricValue | null {
  switch (metric.type) {
    case 'counter': {
      const { count } = metric.counter;
      if (Object.is(count, metric.told)) return null;
      metric.told = count;
      return { type: 'counter', value: count };
    }
    case 'gauge': {
      const value = gaugeValue(metric, warn);
      if (Object.is(value, metric.told)) return null;
      metric.told = value;
      return { type: 'gauge', value };
    }
    case 'histogram': {
      const { count } = metric.histogram;
      if (count === metric.told) return null;
      metric.told = count;
      return { type: 'histogram', summary: metric.histogram.summary() };
    }
  }
}

function gaugeValue(
  gauge: Extract<Registered, { type: 'gauge' }>,
  warn: (problem: string) => void,
): number | null {
  const failed = (how: string): null => {
    if (!gauge.hasFailed) warn(`${how}; its value is shown as not known.`);
    gauge.hasFailed = true;
    return null;
  };
  try {
    const value: unknown = gauge.read();
    if (typeof value !== 'number')
      return failed(`answered ${value === null ? 'null' : typeof value} instead of a number`);
    return Number.isFinite(value) ? value : null;
  } catch (error) {
    return failed(`threw: ${errorMessage(error)}`);
  }
}
