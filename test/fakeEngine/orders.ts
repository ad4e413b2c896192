/** The orders of `ordersPipeline.ts`, as planned by the real planner and run by nobody: rates and sizes are made up. */
import { buildExecutionGraph } from '../../runtime/graph/buildExecutionGraph.ts';
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import type { MetricSample } from '../../runtime/protocol/telemetry.ts';
import { graphInfo } from '../../runtime/server/graphInfo.ts';
import type { BarrierWorld, Behaviour, Load } from './barrierWorld.ts';
import { startedAt } from './flightsWeather.ts';
import { ordersPipeline } from './ordersPipeline.ts';

/** A picture must not tell on which machine it was made. */
const file = '/projects/orders/orders.ts';

/** Every operator of it has a parallelism of its own: there is one graph. */
export function ordersGraph(): GraphInfo {
  const planned = graphInfo(buildExecutionGraph(ordersPipeline.define().graph), 4_096);
  return {
    ...planned,
    vertices: planned.vertices.map((vertex) => ({
      ...vertex,
      operators: vertex.operators.map((operator) => ({
        ...operator,
        location: operator.location === null ? null : { ...operator.location, file },
      })),
    })),
  };
}

/** In and out per subtask and second, its busy share. */
const loads: Readonly<Record<string, readonly [number, number, number]>> = {
  orders: [1_000, 1_000, 0.18],
  limits: [1, 1, 0.01],
  check: [1_001, 1_890, 0.52],
  rejects: [104, 104, 0.03],
  depot: [630, 756, 0.31],
  audit: [1_134, 1_134, 0.44],
  totals: [945, 945, 0.63],
  out: [1_890, 1_890, 0.22],
};
const bytesOf: Readonly<Record<string, number>> = {
  orders: 84,
  limits: 42,
  check: 180,
  rejects: 2_140,
  depot: 96,
  audit: 6_200,
  totals: 48_300,
  out: 3_020,
};

export const ordersBehaviour: Behaviour = {
  stallAfterMs: 2_000,
  bytesPerRecord: 96,
  holdMs: (source) => 2 + source.index * 3,
  // What goes to review comes late, so that of two edges between the same vertices one waits for the other.
  travelMs: ({ edge, fromSubtask, toSubtask }) =>
    (edge === 'depot->audit:1' ? 44 : 6) + (edge.length % 9) + fromSubtask * 3 + toSubtask,
  syncMs: () => 2,
  asyncMs: ({ vertex, index }, checkpoint) => {
    const base = vertex === 'totals' ? 180 : vertex === 'audit' ? 60 : 24;
    return base + index * 9 + ((checkpoint * 7) % 11);
  },
  stateBytes: ({ vertex }) => bytesOf[vertex] ?? null,
  stateKeys: ({ vertex }) => (vertex === 'totals' ? 250 : 3),
  load: ({ vertex }, world) => loadOf(vertex, world),
  channelRate: ({ edge }, world) => channelRates(world.graph).get(edge) ?? null,
  fillRate: () => 700,
  splits: (world) => [
    ...[0, 1].map((index) => ({
      subtask: { vertex: 'orders', index },
      split: `lane-${index}`,
      offset: Math.floor((world.now - startedAt) * 1),
      watermark: null,
      finished: false,
    })),
    {
      subtask: { vertex: 'limits', index: 0 },
      split: 'lane-0',
      offset: Math.floor((world.now - startedAt) / 1_000),
      watermark: null,
      finished: false,
    },
  ],
  metrics: (world) => {
    const seconds = (world.now - startedAt) / 1_000;
    return [0, 1].map((index) => ({
      subtask: { vertex: 'check', index },
      operator: 'check',
      metrics: [
        { type: 'counter', name: 'rejected', value: Math.floor(52 * seconds), perSecond: 52 },
        {
          type: 'histogram',
          name: 'amount, €',
          summary: {
            count: Math.floor(1_000 * seconds),
            min: 1,
            mean: 500.5,
            p50: 501 + index,
            p95: 951,
            p99: 991 - index,
            max: 1_000,
          },
        },
      ] satisfies MetricSample[],
    }));
  },
  explain: (waiting, channel) => [
    {
      subtask: waiting,
      waitsFor: channel.id,
      cause: 'aligning',
      operator: waiting.vertex,
      text: `${waiting.vertex}[${waiting.index}] aligns.`,
    },
  ],
};

function loadOf(vertex: string, world: BarrierWorld): Load {
  const [inPerSecond = 0, outPerSecond = 0, busy = 0] = loads[vertex] ?? [];
  if (world.state === 'finished')
    return { inPerSecond: 0, outPerSecond: 0, busy: 0, backpressured: 0, idle: 1, watermark: null };
  return { inPerSecond, outPerSecond, busy, backpressured: 0, idle: 1 - busy, watermark: null };
}

/** What an edge carries in all, spread evenly over its channels. */
function channelRates({ edges, channels }: GraphInfo): ReadonlyMap<string, number> {
  const totals = (from: string, to: string, sideOutput: string | null): number =>
    sideOutput === 'rejected'
      ? 104
      : sideOutput === 'review'
        ? 378
        : from === 'limits'
          ? 2
          : to === 'check'
            ? 2_000
            : 1_890;
  return new Map(
    edges.map(({ id, from, to, sideOutput }) => [
      id,
      totals(from, to, sideOutput) / channels.filter(({ edge }) => edge === id).length,
    ]),
  );
}
