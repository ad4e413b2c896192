/**
 * The metrics that the functions of one operator registered, and what they are now. A histogram keeps its latest values
 * only, as Flink's does, so that it costs the same however long the job runs.
 */
import type { Counter, Histogram, MetricGroup } from '../operators/metrics.ts';

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
  | { readonly type: 'counter' | 'gauge'; readonly value: number }
  | { readonly type: 'histogram'; readonly summary: HistogramSummary | null };

/** Values that a histogram remembers. */
export const histogramValues = 1_024;
/** Metrics of one operator; a name made of record data would otherwise fill the memory. */
export const operatorMetricsMax = 256;

type Registered =
  | { readonly type: 'counter'; readonly counter: CountingMetric }
  | { readonly type: 'gauge'; readonly read: () => number }
  | { readonly type: 'histogram'; readonly histogram: RecentValues };

export class OperatorMetrics implements MetricGroup {
  readonly #metrics = new Map<string, Registered>();

  counter(name: string): Counter {
    const known = this.#registered(name, 'counter');
    if (known?.type === 'counter') return known.counter;
    const counter = new CountingMetric();
    this.#metrics.set(name, { type: 'counter', counter });
    return counter;
  }

  gauge(name: string, read: () => number): void {
    this.#registered(name, 'gauge');
    this.#metrics.set(name, { type: 'gauge', read });
  }

  histogram(name: string): Histogram {
    const known = this.#registered(name, 'histogram');
    if (known?.type === 'histogram') return known.histogram;
    const histogram = new RecentValues();
    this.#metrics.set(name, { type: 'histogram', histogram });
    return histogram;
  }

  get isEmpty(): boolean {
    return this.#metrics.size === 0;
  }

  /** What all of them are now, by name, in the order in which they were registered. */
  read(): ReadonlyMap<string, MetricValue> {
    const values = new Map<string, MetricValue>();
    for (const [name, metric] of this.#metrics) values.set(name, currentValue(metric));
    return values;
  }

  #registered(name: string, type: Registered['type']): Registered | undefined {
    if (name.trim() === '') throw new Error('A metric needs a name.');
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
  readonly #values: number[] = [];
  #count = 0;

  update(value: number): void {
    if (Number.isNaN(value)) return;
    this.#values[this.#count % histogramValues] = value;
    this.#count++;
  }

  summary(): HistogramSummary | null {
    if (this.#count === 0) return null;
    const sorted = this.#values.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
    return {
      count: this.#count,
      min: at(1 / sorted.length),
      max: at(1),
      mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
    };
  }
}

function currentValue(metric: Registered): MetricValue {
  switch (metric.type) {
    case 'counter':
      return { type: 'counter', value: metric.counter.count };
    case 'gauge':
      return { type: 'gauge', value: metric.read() };
    case 'histogram':
      return { type: 'histogram', summary: metric.histogram.summary() };
  }
}
