/**
 * The metrics that an author's functions registered, as a person looks at them: per operator and name, a counter added up
 * over its subtasks, gauges and histograms subtask by subtask, since neither can be added up.
 */
import type { OperatorInfo, VertexInfo } from '../../runtime/protocol/graph.ts';
import type { HistogramSummary, MetricSample, OperatorMetrics } from '../../runtime/protocol/telemetry.ts';

/** By operator, subtask and name: the newest of each. */
export type Metrics = ReadonlyMap<string, ReadonlyMap<number, ReadonlyMap<string, MetricSample>>>;

export const noMetrics: Metrics = new Map();

/** A sample lists only what changed. Where it lists nothing, nothing is copied. */
export function foldMetrics(before: Metrics, changed: readonly OperatorMetrics[]): Metrics {
  if (changed.length === 0) return before;
  const next = new Map(before);
  for (const { operator, subtask, metrics } of changed) {
    const subtasks = new Map(next.get(operator));
    const named = new Map(subtasks.get(subtask.index));
    for (const metric of metrics) named.set(metric.name, metric);
    next.set(operator, subtasks.set(subtask.index, named));
  }
  return next;
}

export interface CounterOfSubtask {
  readonly index: number;
  readonly value: number | null;
  readonly perSecond: number | null;
}

export type MetricView =
  | {
      readonly type: 'counter';
      readonly name: string;
      /** Over all subtasks that have it; null where one of them is not known: a part of a sum is a wrong number. */
      readonly value: number | null;
      readonly perSecond: number | null;
      readonly subtasks: readonly CounterOfSubtask[];
    }
  | {
      readonly type: 'gauge';
      readonly name: string;
      readonly subtasks: readonly { readonly index: number; readonly value: number | null }[];
    }
  | {
      readonly type: 'histogram';
      readonly name: string;
      readonly subtasks: readonly { readonly index: number; readonly summary: HistogramSummary | null }[];
    };

export interface OperatorMetricsView {
  readonly operator: OperatorInfo;
  readonly metrics: readonly MetricView[];
}

export function hasMetrics({ operators }: VertexInfo, metrics: Metrics): boolean {
  return metrics.size > 0 && operators.some(({ uid }) => metrics.has(uid));
}

/** Of those operators of the chain that have any; empty where none has. */
export function metricsOf(vertex: VertexInfo, metrics: Metrics): readonly OperatorMetricsView[] {
  return vertex.operators.flatMap((operator) => {
    const subtasks = metrics.get(operator.uid);
    return subtasks === undefined ? [] : [{ operator, metrics: viewsOf(subtasks) }];
  });
}

function viewsOf(subtasks: ReadonlyMap<number, ReadonlyMap<string, MetricSample>>): MetricView[] {
  const inOrder = [...subtasks].sort(([a], [b]) => a - b);
  // Of one name there may be two kinds: subtasks register for themselves.
  const kinds = new Map<string, MetricSample>();
  for (const [, named] of inOrder)
    for (const metric of named.values()) kinds.set(`${metric.type} ${metric.name}`, metric);
  return [...kinds.values()].map(({ type, name }) => {
    const samples = inOrder.flatMap(([index, named]) => {
      const metric = named.get(name);
      return metric?.type === type ? [{ index, metric }] : [];
    });
    return viewOf(type, name, samples);
  });
}

function viewOf(
  type: MetricSample['type'],
  name: string,
  samples: readonly { readonly index: number; readonly metric: MetricSample }[],
): MetricView {
  switch (type) {
    case 'counter': {
      const subtasks = samples.flatMap(({ index, metric }) =>
        metric.type === 'counter' ? [{ index, value: metric.value, perSecond: metric.perSecond }] : [],
      );
      return {
        type,
        name,
        value: sumOf(subtasks.map(({ value }) => value)),
        perSecond: sumOf(subtasks.map(({ perSecond }) => perSecond)),
        subtasks,
      };
    }
    case 'gauge':
      return {
        type,
        name,
        subtasks: samples.flatMap(({ index, metric }) =>
          metric.type === 'gauge' ? [{ index, value: metric.value }] : [],
        ),
      };
    case 'histogram':
      return {
        type,
        name,
        subtasks: samples.flatMap(({ index, metric }) =>
          metric.type === 'histogram' ? [{ index, summary: metric.summary }] : [],
        ),
      };
  }
}

function sumOf(values: readonly (number | null)[]): number | null {
  let total = 0;
  for (const value of values) {
    if (value === null) return null;
    total += value;
  }
  return total;
}
