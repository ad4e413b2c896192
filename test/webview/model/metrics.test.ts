/** The author's own metrics as the dashboard shows them, and graphs that have more than one edge between two vertices. */
import { expect, test } from 'vitest';
import type { StateType } from '../../../runtime/protocol/graph.ts';
import { stateType } from '../../../runtime/protocol/graph.ts';
import type { MetricSample } from '../../../runtime/protocol/telemetry.ts';
import { alignmentOf } from '../../../webview/model/alignment.ts';
import { amountOf } from '../../../webview/model/comparison.ts';
import {
  type DashboardState,
  initialState,
  type JobState,
  notified,
  subscribed,
} from '../../../webview/model/dashboardState.ts';
import { indexOf } from '../../../webview/model/graphIndex.ts';
import {
  foldMetrics,
  hasMetrics,
  type Metrics,
  metricsOf,
  noMetrics,
} from '../../../webview/model/metrics.ts';
import { riverOf } from '../../../webview/model/river.ts';
import { type ScenarioName, scenario } from '../../fakeEngine/scenarios.ts';

async function stateOf(name: ScenarioName): Promise<{ state: DashboardState; job: JobState; now: number }> {
  const engine = scenario(name);
  const state = subscribed(initialState, await engine.request('job/subscribe', {}), engine.now);
  return { state, job: state.job as JobState, now: engine.now };
}

const counter = (name: string, value: number | null, perSecond: number | null = 1): MetricSample => ({
  type: 'counter',
  name,
  value,
  perSecond,
});
const told = (index: number, ...metrics: MetricSample[]) => ({
  operator: 'enrich',
  subtask: { vertex: 'enrich', index },
  metrics,
});

async function enrichWith(...samples: readonly ReturnType<typeof told>[]) {
  const { job } = await stateOf('running');
  const metrics = foldMetrics(noMetrics, samples);
  return metricsOf(indexOf(job.graph).vertices.get('enrich')!, metrics)[0]?.metrics ?? [];
}

test('a counter is added up over its subtasks, a gauge is not', async () => {
  const metrics = await enrichWith(
    told(1, counter('seen', 7, 2), { type: 'gauge', name: 'depth', value: 3 }),
    told(0, counter('seen', 5, 1.5), { type: 'gauge', name: 'depth', value: null }),
  );
  expect(metrics).toEqual([
    {
      type: 'counter',
      name: 'seen',
      value: 12,
      perSecond: 3.5,
      subtasks: [
        { index: 0, value: 5, perSecond: 1.5 },
        { index: 1, value: 7, perSecond: 2 },
      ],
    },
    {
      type: 'gauge',
      name: 'depth',
      subtasks: [
        { index: 0, value: null },
        { index: 1, value: 3 },
      ],
    },
  ]);
});

test('a sum of which a part is not known is not known', async () => {
  expect(
    await enrichWith(told(0, counter('seen', 5, null)), told(1, counter('seen', null, 2))),
  ).toMatchObject([{ value: null, perSecond: null }]);
});

test('subtasks that register for themselves: one has it, or has another kind of it', async () => {
  const metrics = await enrichWith(
    told(0, counter('late', 3), { type: 'gauge', name: 'x', value: 1 }),
    told(1, counter('x', 2)),
  );
  expect(metrics).toMatchObject([
    { type: 'counter', name: 'late', value: 3 },
    { type: 'gauge', name: 'x', subtasks: [{ index: 0, value: 1 }] },
    { type: 'counter', name: 'x', value: 2 },
  ]);
});

test('what a sample does not mention stays, and costs nothing: not even a copy', () => {
  const first = foldMetrics(noMetrics, [told(0, counter('seen', 5), counter('late', 1))]);
  expect(foldMetrics(first, [])).toBe(first);
  const second = foldMetrics(first, [told(0, counter('seen', 6))]);
  const values = (metrics: Metrics) =>
    [...(metrics.get('enrich')?.get(0)?.values() ?? [])].map((metric) =>
      metric.type === 'counter' ? metric.value : null,
    );
  expect(values(second)).toEqual([6, 1]);
  expect(values(first)).toEqual([5, 1]);
});

test('vertices without metrics have no section, and say nothing of metrics', async () => {
  const { job, now } = await stateOf('running');
  const vertexOf = (id: string) => indexOf(job.graph).vertices.get(id)!;
  expect(metricsOf(vertexOf('parse'), job.metrics)).toEqual([]);
  expect(hasMetrics(vertexOf('parse'), job.metrics)).toBe(false);
  // A chain: the metrics are those of its second operator.
  expect(metricsOf(vertexOf('weather'), job.metrics).map(({ operator }) => operator.uid)).toEqual([
    'decodeMetar',
  ]);
  expect(
    riverOf(job, now)
      .vertices.filter((vertex) => vertex.hasMetrics)
      .map(({ id }) => id),
  ).toEqual(['weather', 'enrich', 'delay-window']);
});

test('a new graph forgets the metrics of the old one', async () => {
  const { state, job, now } = await stateOf('running');
  expect(job.metrics.size).toBeGreaterThan(0);
  expect(notified(state, 'graph/changed', { graph: job.graph }, now).job?.metrics.size).toBe(0);
});

test('edges say which side output they carry and how they spread it, and keep apart between the same two vertices', async () => {
  const { job, now } = await stateOf('orders');
  expect(
    riverOf(job, now).edges.map(
      ({ from, to, sideOutput, label, lane }) =>
        `${from} → ${to}${sideOutput === null ? '' : ` (${sideOutput})`}: ${label}, ${lane.index + 1}/${lane.of}`,
    ),
  ).toEqual([
    'orders → check: forward, 1/1',
    'limits → check: broadcast, 1/1',
    'check → rejects (rejected): rebalance, 1/1',
    'check → depot: custom, 1/1',
    'depot → audit: shuffle, 1/2',
    'depot → audit (review): rebalance, 2/2',
    'check → totals: hash(customer), 1/1',
    'totals → out: rebalance, 1/1',
  ]);
});

test('channels of one sender are told apart by their edge where it has several', async () => {
  const { job, now } = await stateOf('orders');
  const { subtasks } = alignmentOf(job, job.checkpoints[0]!, now);
  const audit = subtasks.find(({ name }) => name === 'audit → ledger[0]');
  expect(audit?.channels.map(({ from }) => from)).toEqual([
    ...[0, 1, 2].map((index) => ({ name: `depot[${index}]`, edge: 'shuffle', isSideOutput: false })),
    ...[0, 1, 2].map((index) => ({ name: `depot[${index}]`, edge: 'review', isSideOutput: true })),
  ]);
  const rejects = subtasks.find(({ name }) => name === 'rejects[0]');
  expect(rejects?.channels.map(({ from }) => from.edge)).toEqual([null, null]);
});

test.each(stateType.options)('%s state is counted in words of its own', (type: StateType) => {
  expect(amountOf({ type, role: 'state' }, 1)).toMatch(/^1 (key|timer|element|entry|batch)$/);
  expect(amountOf({ type, role: 'state' }, 2)).toMatch(/^2 (keys|timers|elements|entries|batches)$/);
});
