/** The author's own metrics on their way to a client: what changed, at most ten times a second, with rates. */
import { expect, test } from 'vitest';
import {
  histogramValues,
  type MetricReading,
  metricNameCharactersMax,
  operatorMetricsMax,
} from '../../runtime/engine/operatorMetrics.ts';
import { type JobSnapshot, notifications } from '../../runtime/protocol/messages.ts';
import { type MetricSample, operatorMetrics, telemetry } from '../../runtime/protocol/telemetry.ts';
import { MetricRows } from '../../runtime/server/metricRows.ts';
import { sessionLimits } from '../../runtime/server/session.ts';
import { deployed } from './jobOf.ts';
import { ServerWorld } from './serverWorld.ts';

const counter = (name: string, value: number): MetricReading => ({ name, type: 'counter', value });

function tell(world: ServerWorld, index: number, ...metrics: MetricReading[]): void {
  const subtask = { vertex: 'both', index };
  world.server.fact({ type: 'metrics', at: world.clock.now(), subtask, operator: 'both', metrics });
}

test('a client that connects late gets what all metrics are, and then what changes', () => {
  const world = new ServerWorld().begin();
  tell(world, 0, counter('seen', 5), { name: 'depth', type: 'gauge', value: 2 });
  tell(world, 1, counter('seen', 7));
  world.pass(2_000);
  const client = world.client();
  const { telemetry: first } = client.ask<JobSnapshot>('job/subscribe');
  expect(first.metrics).toEqual([
    {
      subtask: { vertex: 'both', index: 0 },
      operator: 'both',
      metrics: [
        { type: 'counter', name: 'seen', value: 5, perSecond: 0 },
        { type: 'gauge', name: 'depth', value: 2 },
      ],
    },
    {
      subtask: { vertex: 'both', index: 1 },
      operator: 'both',
      metrics: [{ type: 'counter', name: 'seen', value: 7, perSecond: 0 }],
    },
  ]);
  world.pass(500);
  expect(client.of('telemetry').flatMap(({ metrics }) => metrics)).toEqual([]);
  tell(world, 0, { name: 'depth', type: 'gauge', value: null });
  world.pass(200);
  expect(client.of('telemetry').flatMap(({ metrics }) => metrics)).toEqual([
    {
      subtask: { vertex: 'both', index: 0 },
      operator: 'both',
      metrics: [{ type: 'gauge', name: 'depth', value: null }],
    },
  ]);
});

test('what is told more often than it is sent is sent as it is then, ten times a second at most', () => {
  const world = new ServerWorld().begin();
  const client = world.client();
  client.ask('job/subscribe');
  for (let value = 1; value <= 100; value++) {
    tell(world, 0, counter('seen', value));
    world.pass(10);
  }
  const told = client.of('telemetry').filter(({ metrics }) => metrics.length > 0);
  expect(told.length).toBeGreaterThan(5);
  expect(told.length).toBeLessThanOrEqual(10);
  expect(told.at(-1)?.metrics[0]?.metrics).toMatchObject([{ value: expect.any(Number) }]);
});

test('a slow client gets the newest values of all that changed meanwhile, and none twice', () => {
  const world = new ServerWorld().begin();
  const client = world.client();
  client.ask('job/subscribe');
  client.backlogBytes = sessionLimits.telemetryBacklogBytesMax + 1;
  for (const value of [1, 2, 3]) {
    tell(world, 0, { name: 'depth', type: 'gauge', value });
    tell(world, 1, { name: 'depth', type: 'gauge', value: value * 10 });
    world.pass(200);
  }
  client.backlogBytes = 0;
  world.pass(100);
  expect(client.of('telemetry').flatMap(({ metrics }) => metrics.map(({ metrics: all }) => all))).toEqual([
    [{ type: 'gauge', name: 'depth', value: 3 }],
    [{ type: 'gauge', name: 'depth', value: 30 }],
  ]);
});

test('a new deployment begins without the values of the one before it', () => {
  const world = new ServerWorld().begin();
  tell(world, 0, counter('seen', 5));
  world.server.metrics(world.table);
  world.server.fact(deployed(world.graph, world.clock.now()));
  const { telemetry: first } = world.client().ask<JobSnapshot>('job/subscribe');
  expect(first.metrics).toEqual([]);
});

/** `told` by time in milliseconds; answers the rate at each moment that is asked for. */
function rates(told: Readonly<Record<number, number>>, moments: readonly number[]): (number | null)[] {
  const rows = new MetricRows();
  const answers: (number | null)[] = [];
  const subtask = { vertex: 'both', index: 0 };
  let sampleNumber = 0;
  for (let now = 0; now <= Math.max(...moments); now += 50) {
    const value = told[now];
    if (value !== undefined)
      rows.told(
        { type: 'metrics', at: now, subtask, operator: 'both', metrics: [counter('seen', value)] },
        now,
      );
    rows.take(++sampleNumber, now);
    const [sample] = rows.changedSince(0)[0]?.metrics ?? [];
    if (moments.includes(now)) answers.push(sample?.type === 'counter' ? sample.perSecond : null);
  }
  return answers;
}

test.each<[string, Record<number, number>, number[], (number | null)[]]>([
  [
    'before a second has passed it is not known',
    { 0: 0, 250: 10, 500: 20 },
    [0, 500, 900],
    [null, null, null],
  ],
  [
    'while it moves evenly it is even, whenever one looks',
    { 0: 0, 250: 10, 500: 20, 750: 30, 1000: 40, 1250: 50, 1500: 60 },
    [1_000, 1_100, 1_250, 1_300, 1_500, 1_700],
    [40, 40, 40, 40, 40, 40],
  ],
  [
    'when nothing more is told it is 0 after a second',
    { 0: 0, 1000: 40 },
    [1_500, 1_950, 2_000],
    [40, 40, 0],
  ],
  ['what is registered and never counts has the rate 0', { 0: 0 }, [900, 1_000], [null, 0]],
  [
    'a burst after a silence is all of the last second',
    { 0: 0, 60000: 30 },
    [59_000, 60_000, 61_000],
    [0, 30, 0],
  ],
  ['a counter that goes down has a negative rate', { 0: 100, 500: 60, 1000: 20 }, [1_000], [-80]],
  ['a counter that is no number any more has none', { 0: 1, 1000: Number.NaN }, [1_000], [null]],
])('the rate of a counter: %s', (_, told, moments, expected) => {
  expect(rates(told, moments)).toEqual(expected);
});

test('what JSON cannot say is not known', () => {
  const rows = new MetricRows();
  const summary = {
    count: 3,
    min: 1,
    max: Number.POSITIVE_INFINITY,
    mean: Number.NaN,
    p50: 2,
    p95: 3,
    p99: 3,
  };
  const subtask = { vertex: 'both', index: 0 };
  rows.told(
    {
      type: 'metrics',
      at: 0,
      subtask,
      operator: 'both',
      metrics: [{ name: 'size', type: 'histogram', summary }, counter('sum', Number.NEGATIVE_INFINITY)],
    },
    0,
  );
  rows.take(1, 0);
  const metrics = rows.changedSince(0);
  expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics);
  expect(metrics[0]?.metrics).toMatchObject([
    { summary: { count: 3, max: null, mean: null, p99: 3 } },
    { value: null },
  ]);
});

test('whatever may be registered fits the protocol', () => {
  const metrics: MetricSample[] = Array.from({ length: operatorMetricsMax }, (_, index) => ({
    type: 'gauge',
    name: String(index).padStart(metricNameCharactersMax, 'x'),
    value: 0,
  }));
  const row = { subtask: { vertex: 'both', index: 0 }, operator: 'both', metrics };
  expect(operatorMetrics.safeParse(row).success).toBe(true);
  expect(operatorMetrics.safeParse({ ...row, metrics: [...metrics, ...metrics] }).success).toBe(false);
  expect(histogramValues).toBe(1_024);
});

test('an engine of protocol 1.0 sends no metrics, and is understood', () => {
  expect(telemetry.parse({ at: 0, subtasks: [], channels: [], splits: [] }).metrics).toEqual([]);
  const edge = { id: 'e', from: 'a', to: 'b', input: 0, partitioning: 'hash', label: '' };
  const graph = { jobName: 'j', fingerprint: 'f', vertices: [], edges: [edge], channels: [] };
  expect(notifications['graph/changed'].parse({ graph }).graph.edges[0]?.sideOutput).toBeNull();
});
