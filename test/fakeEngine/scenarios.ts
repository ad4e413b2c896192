/** Every state of a job that a screen has to show, ready to be looked at. */
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import type { ExceptionInfo } from '../../runtime/protocol/job.ts';
import type { Behaviour } from './barrierWorld.ts';
import { FakeEngine } from './fakeEngine.ts';
import { beforeEnrichId, flightsSavepoints, flightsShelf } from './flightsSavepoints.ts';
import {
  flightsBehaviour,
  flightsGraph,
  flightsJob,
  type Holds,
  intervalMs,
  startedAt,
  usualHolds,
} from './flightsWeather.ts';
import { ordersBehaviour, ordersGraph } from './orders.ts';
import { ordersSavepoints, ordersShelf } from './ordersSavepoints.ts';

export const scenarioNames = [
  'running',
  'stall',
  'empty',
  'finished',
  'failed',
  'restarting',
  'restored',
  'no-job',
  'at-least-once',
  'large',
  'orders',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** `earlierMs`: that much before its moment, so that whoever watches sees it come. */
export function scenario(name: ScenarioName, earlierMs = 0): FakeEngine {
  switch (name) {
    case 'running':
      return afterCheckpoint(42, 9_300 - earlierMs, usualHolds);
    case 'stall':
      return afterCheckpoint(42, 6_340 - earlierMs, { ...usualHolds, 42: null });
    case 'at-least-once': {
      const engine = afterCheckpoint(42, 9_300, usualHolds);
      engine.job = {
        ...engine.job,
        checkpointConfig: { ...engine.job.checkpointConfig, mode: 'at-least-once' },
      };
      return engine;
    }
    case 'empty':
      return flights({}, 1_600);
    case 'finished': {
      const engine = afterCheckpoint(42, 11_000, usualHolds);
      engine.world.state = 'finished';
      engine.job = { ...engine.job, status: 'finished', statusSince: engine.now - 2_000 };
      return engine;
    }
    case 'failed':
    case 'restarting':
      return thrown(name);
    case 'restored':
      return restored();
    case 'no-job': {
      const engine = afterCheckpoint(42, 9_300, usualHolds);
      engine.hasJob = false;
      return engine;
    }
    case 'large':
      return large();
    case 'orders':
      return orders(9_300 - earlierMs);
  }
}

function flights(holds: Holds, runForMs: number): FakeEngine {
  const engine = new FakeEngine({
    job: flightsJob(),
    graph: flightsGraph(),
    behaviour: flightsBehaviour(holds),
    startedAt,
    rescaled: flightsGraph,
    shelf: flightsShelf,
  });
  engine.skipTo(startedAt + runForMs);
  return engine;
}

/** Checkpoint n is triggered n intervals after the start. */
function afterCheckpoint(id: number, afterMs: number, holds: Holds): FakeEngine {
  const engine = flights(holds, id * intervalMs + afterMs);
  // 12 and 30 were taken by hand.
  for (const saved of engine.world.checkpoints) {
    if (saved.id !== 12 && saved.id !== 30) continue;
    saved.kind = 'savepoint';
    saved.trigger = 'user';
    saved.label = flightsSavepoints.find((known) => known.checkpointId === saved.id)?.label ?? null;
    saved.checkpointedBytes = saved.fullBytes;
    saved.durationMs = (saved.durationMs ?? 0) * 1.7;
  }
  engine.savepoints = [...flightsSavepoints];
  engine.log = [
    {
      at: startedAt - 2_100,
      level: 'info',
      text: 'flights-weather.ts planned: 6 vertices, 10 subtasks, fingerprint b3f1c0de.',
      subtask: null,
    },
    { at: startedAt, level: 'info', text: 'All 10 tasks run.', subtask: null },
    {
      at: startedAt + 29 * intervalMs + 20_000,
      level: 'warning',
      text: 'Checkpoint 29 failed: weather[0] had not acknowledged after 20 s.',
      subtask: { vertex: 'weather', index: 0 },
    },
  ];
  return engine;
}

const typeError = (at: number): ExceptionInfo => ({
  at,
  name: 'TypeError',
  message: "Cannot read properties of undefined (reading 'gust')",
  stack: [
    "TypeError: Cannot read properties of undefined (reading 'gust')",
    '    at enrich (/projects/flights/enrich.ts:52:31)',
    '    at connect (/projects/flights/flights-weather.ts:28:4)',
  ].join('\n'),
  location: { file: '/projects/flights/enrich.ts', line: 52, column: 31 },
  operator: 'enrich',
  subtask: { vertex: 'enrich', index: 1 },
  record: '{"flight":"DL 2214","origin":"ATL","scheduled":"14:31:20"}',
});

function thrown(name: 'failed' | 'restarting'): FakeEngine {
  const engine = afterCheckpoint(42, 9_300, usualHolds);
  const exception = typeError(engine.now - 800);
  engine.exceptions = [exception, typeError(engine.now - 4 * 60_000)];
  engine.log.push({
    at: exception.at,
    level: 'error',
    text: `enrich[1] failed: ${exception.message}`,
    subtask: exception.subtask,
  });
  engine.world.state = 'failed';
  engine.world.failedSubtask = exception.subtask;
  engine.job = {
    ...engine.job,
    status: name,
    statusSince: exception.at,
    restarts: name === 'failed' ? 3 : 1,
    restartAt: name === 'restarting' ? engine.now + 1_200 : null,
    reason:
      name === 'failed'
        ? 'enrich[1] failed on one record and the restart strategy allows no further attempt. Run it again from checkpoint 42.'
        : 'enrich[1] failed on one record. Restart 1 of 3 goes back to checkpoint 42.',
  };
  return engine;
}

function restored(): FakeEngine {
  const engine = afterCheckpoint(42, 9_300, usualHolds);
  engine.job = {
    ...engine.job,
    runId: 'run-2',
    startedAt: startedAt + 41 * intervalMs + 2_000,
    restoredFrom: {
      id: beforeEnrichId,
      checkpointId: 30,
      kind: 'savepoint',
      label: 'Before enrich v2',
      at: startedAt + 41 * intervalMs + 2_000,
    },
  };
  return engine;
}

/** Side outputs, custom partitioning, two edges between two vertices, states without keys. */
function orders(afterMs: number): FakeEngine {
  const engine = new FakeEngine({
    job: flightsJob({ name: 'orders', pipelineFile: '/projects/orders/orders.ts' }),
    graph: ordersGraph(),
    behaviour: ordersBehaviour,
    startedAt,
    rescaled: ordersGraph,
    shelf: ordersShelf,
  });
  engine.skipTo(startedAt + 12 * intervalMs + afterMs);
  engine.savepoints = [...ordersSavepoints];
  return engine;
}

/** A thousand vertices in 25 layers of 40, two thousand edges, most of them to a neighbour in the next layer. */
function large(): FakeEngine {
  const stages = [
    ['ingest', 3],
    ['parse', 4],
    ['geo-join', 5],
    ['sessions', 5],
    ['score', 5],
    ['out', 3],
  ] as const;
  const rows = 40;
  const layers = stages.flatMap(([stage, total]) =>
    Array.from({ length: total }, (_, index) => ({ stage, index })),
  );
  const vertices: GraphInfo['vertices'] = layers.flatMap(({ stage, index: column }, layer) =>
    Array.from({ length: rows }, (_, row) => {
      const id = `${stage}-${String(column * rows + row).padStart(3, '0')}`;
      return {
        id,
        name: id,
        role:
          layer === 0
            ? ('source' as const)
            : layer === layers.length - 1
              ? ('sink' as const)
              : ('operator' as const),
        parallelism: 1,
        maxParallelism: 128,
        operators: [
          {
            uid: id,
            uidDerived: false,
            name: id,
            type: layer === 0 ? 'source' : 'map',
            states: [],
            location: null,
          },
        ],
      };
    }),
  );
  const edges: GraphInfo['edges'] = [];
  for (let layer = 1; layer < layers.length; layer++) {
    for (let row = 0; row < rows; row++) {
      const other = (row + 1 + ((row * 7 + layer * 3) % 3)) % rows;
      for (const from of new Set([row, other, ...((row + layer) % 12 === 0 ? [(row + 9) % rows] : [])]))
        edges.push({
          id: `e${edges.length}`,
          from: vertices[(layer - 1) * rows + from]!.id,
          to: vertices[layer * rows + row]!.id,
          input: 0,
          sideOutput: null,
          partitioning: 'hash',
          label: 'hash(key)',
        });
    }
  }
  const channels = edges.map((edge, id) => ({
    id,
    edge: edge.id,
    fromSubtask: 0,
    toSubtask: 0,
    capacityRecords: 4_096,
  }));
  const graph: GraphInfo = {
    jobName: 'network-telemetry',
    fingerprint: 'thousand',
    vertices,
    edges,
    channels,
  };
  const number = (name: string) => Number(name.slice(-3));
  const behaviour: Behaviour = {
    ...flightsBehaviour({}),
    holdMs: (source) => 2 + (number(source.vertex) % 40),
    travelMs: (channel) => 4 + (channel.id % 30),
    syncMs: () => 1,
    asyncMs: ({ vertex }) => 20 + (number(vertex) % 200),
    stateBytes: () => 4_096,
    stateKeys: () => 12,
    channelRate: (channel) => ((channel.id * 37) % 90 < 8 ? 0 : (channel.id * 613) % 4_000),
    splits: () => [],
    metrics: () => [],
    load: ({ vertex }) => {
      const busy = ((number(vertex) * 7) % 80) / 100;
      const backpressured = number(vertex) % 17 === 0 ? 0.2 : 0;
      return {
        inPerSecond: 900 + number(vertex),
        outPerSecond: 900,
        busy,
        backpressured,
        idle: 1 - busy - backpressured,
        watermark: null,
      };
    },
  };
  const engine = new FakeEngine({
    job: flightsJob({ name: 'network-telemetry' }),
    graph,
    behaviour,
    startedAt,
    rescaled: () => graph,
    shelf: flightsShelf,
  });
  engine.skipTo(startedAt + 3 * intervalMs + 9_000);
  return engine;
}
