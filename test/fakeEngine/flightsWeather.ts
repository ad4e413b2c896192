/**
 * The job of the pictures: flights and weather, enriched, windowed by airport. Weather is one slow split; now and then
 * one of its records takes seconds to decode, and everything downstream waits for barrier n on that one channel.
 */
import type {
  ChannelInfo,
  EdgeInfo,
  GraphInfo,
  OperatorInfo,
  StateInfo,
  VertexInfo,
} from '../../runtime/protocol/graph.ts';
import type { JobInfo } from '../../runtime/protocol/job.ts';
import type { SubtaskRef } from '../../runtime/protocol/values.ts';
import type { BarrierWorld, Behaviour, Load } from './barrierWorld.ts';
import { flightsMetrics } from './flightsMetrics.ts';

export const startedAt = Date.UTC(2026, 4, 12, 14, 10, 58, 4);
export const intervalMs = 30_000;
const file = '/projects/flights/flights-weather.ts';
const weatherFile = '/projects/flights/weather.ts';

const operator = (
  uid: string,
  type: string,
  line: number,
  states: StateInfo[] = [],
  inFile = file,
): OperatorInfo => ({
  uid,
  uidDerived: false,
  name: uid,
  type,
  states,
  location: { file: inFile, line, column: 4 },
});
const state = (name: string, type: StateInfo['type'], schemaVersion = 1): StateInfo => ({
  name,
  type,
  schemaVersion,
});

const vertices = (parallelism: number): VertexInfo[] => [
  vertex('flights', 'source', parallelism, [
    operator('flights', 'source', 14, [state('splits', 'operator-list')]),
  ]),
  vertex('parse', 'operator', parallelism, [operator('parse', 'map', 18)]),
  vertex('weather', 'source', 1, [
    operator('weather', 'source', 22, [state('splits', 'operator-list')]),
    operator('decodeMetar', 'map', 31, [], weatherFile),
  ]),
  vertex('enrich', 'operator', parallelism, [
    operator('enrich', 'connect', 28, [state('latest', 'map'), state('pending', 'list')]),
  ]),
  vertex('delay-window', 'operator', parallelism, [
    operator('delay-window', 'window', 36, [state('panes', 'aggregating'), state('timers', 'timers')]),
  ]),
  vertex('out', 'sink', 1, [operator('out', 'sink', 44, [state('pending-parts', 'operator-union')])]),
];

function vertex(
  id: string,
  role: VertexInfo['role'],
  parallelism: number,
  operators: OperatorInfo[],
): VertexInfo {
  return { id, name: id, role, parallelism, maxParallelism: 128, operators };
}

const edge = (id: string, from: string, to: string, key: string | null, input = 0): EdgeInfo => ({
  id,
  from,
  to,
  input,
  sideOutput: null,
  partitioning: key === null ? 'rebalance' : 'hash',
  label: key === null ? 'rebalance' : `hash(${key})`,
});

const edges: EdgeInfo[] = [
  edge('flights-parse', 'flights', 'parse', null),
  edge('parse-enrich', 'parse', 'enrich', 'station'),
  edge('weather-enrich', 'weather', 'enrich', 'station', 1),
  edge('enrich-window', 'enrich', 'delay-window', 'airport'),
  edge('window-out', 'delay-window', 'out', null),
];

export function flightsGraph(parallelism = 2): GraphInfo {
  const all = vertices(parallelism);
  const channels: ChannelInfo[] = [];
  for (const edge of edges) {
    const from = all.find((candidate) => candidate.id === edge.from)!;
    const to = all.find((candidate) => candidate.id === edge.to)!;
    for (let toSubtask = 0; toSubtask < to.parallelism; toSubtask++)
      for (let fromSubtask = 0; fromSubtask < from.parallelism; fromSubtask++)
        channels.push({ id: channels.length, edge: edge.id, fromSubtask, toSubtask, capacityRecords: 4_096 });
  }
  return { jobName: 'flights-weather', fingerprint: 'b3f1c0de', vertices: all, edges, channels };
}

export function flightsJob(overrides: Partial<JobInfo> = {}): JobInfo {
  return {
    name: 'flights-weather',
    runId: 'run-20260512-141058',
    status: 'running',
    statusSince: startedAt,
    startedAt,
    parallelism: 2,
    restarts: 0,
    restartAt: null,
    reason: null,
    restoredFrom: null,
    checkpointConfig: {
      intervalMs,
      mode: 'exactly-once',
      unaligned: false,
      alignedTimeoutMs: 0,
      timeoutMs: 20_000,
      minPauseMs: 0,
      maxConcurrent: 1,
      tolerableFailures: 2,
      retained: 3,
      retainOnExit: true,
    },
    pipelineFile: file,
    ...overrides,
  };
}

/** Checkpoints that had to wait for one long record of weather[0], and for how long; null until released or expired. */
export type Holds = Readonly<Record<number, number | null>>;
export const usualHolds: Holds = { 8: 2_500, 17: 2_000, 19: null, 24: 2_320, 29: null, 31: 2_340, 38: 3_567 };

const kibi = 1_024;
const mebi = 1_024 * kibi;

export function flightsBehaviour(holds: Holds): Behaviour {
  /** The same small unevenness for the same barrier, always. */
  const jitter = (a: number, b: number, spread: number) => (((a * 7_919 + b * 104_729) % 997) / 997) * spread;
  const seconds = (world: BarrierWorld) => (world.now - startedAt) / 1000;
  const stuckMs = (world: BarrierWorld) => {
    const holder = world.holder();
    return holder === null || holder.subtask.vertex !== 'weather'
      ? 0
      : world.now - holder.checkpoint.triggeredAt;
  };
  return {
    stallAfterMs: 2_000,
    bytesPerRecord: 262,
    holdMs: (source, checkpoint) =>
      source.vertex === 'weather' && checkpoint in holds
        ? (holds[checkpoint] ?? null)
        : 2 + Math.round(jitter(checkpoint, source.index + source.vertex.length, 4)),
    travelMs: (channel) =>
      ({ 'flights-parse': 16, 'parse-enrich': 19, 'weather-enrich': 6, 'enrich-window': 9, 'window-out': 5 })[
        channel.edge
      ]! +
      channel.fromSubtask * 3 +
      channel.toSubtask,
    syncMs: ({ vertex: name }) => ({ 'delay-window': 6, enrich: 4, out: 3 })[name] ?? 1,
    asyncMs: ({ vertex: name, index }, checkpoint) => {
      const base =
        { flights: 7, weather: 9, parse: 10, enrich: 180, 'delay-window': 230, out: 160 }[name] ?? 10;
      // Big states take their time; the last tenth of a second is the disk's mood.
      return Math.round(
        base * (1.2 + Math.min(1.6, checkpoint / 14)) + jitter(checkpoint, index + name.length, base / 2),
      );
    },
    stateBytes: ({ vertex: name, index }, at) => {
      const growth = Math.min(1, (at - startedAt) / 1_266_000);
      const full = { flights: 206, weather: 96, enrich: 9.2 * mebi, 'delay-window': 3.1 * mebi, out: 1_126 }[
        name
      ];
      if (full === undefined) return null;
      return Math.round(
        name === 'enrich' || name === 'delay-window' ? full * growth * (index === 0 ? 1.04 : 0.96) : full,
      );
    },
    stateKeys: ({ vertex: name }, at) => {
      const growth = Math.min(1, (at - startedAt) / 1_266_000);
      return (
        {
          flights: 2,
          weather: 1,
          enrich: Math.round(11_115 * growth),
          'delay-window': Math.round(1_008 * growth),
          out: 1,
        }[name] ?? null
      );
    },
    load: (subtask, world) => loadOf(subtask, world, stuckMs(world)),
    channelRate: (channel, world) => {
      const stuck = stuckMs(world) > 1_000;
      switch (channel.edge) {
        case 'flights-parse':
          return stuck ? 327.5 : 460;
        case 'parse-enrich':
          return stuck ? 245 : 460;
        case 'weather-enrich':
          return stuck ? 0 : 48;
        case 'enrich-window':
          return stuck ? 0 : 458;
        default:
          return stuck ? 0 : 21;
      }
    },
    fillRate: (channel) =>
      [
        [722, 619.4],
        [198.2, 184.1],
      ][channel.toSubtask]?.[channel.fromSubtask] ?? 300,
    splits: (world) => [
      ...[0, 1, 2].map((split) => ({
        subtask: { vertex: 'flights', index: split % world.vertex('flights').parallelism },
        split: String(split),
        offset: Math.round(seconds(world) * 613.6 + [0, -564, -234][split]!),
        watermark: world.now - 2_100,
        finished: world.state === 'finished',
      })),
      {
        subtask: { vertex: 'weather', index: 0 },
        split: '0',
        offset: Math.round((seconds(world) - stuckMs(world) / 1000) * 96),
        watermark: world.now - (stuckMs(world) > 1_000 ? 34_660 + stuckMs(world) : 4_400),
        finished: world.state === 'finished',
      },
    ],
    metrics: (world) => flightsMetrics(world, (world.now - startedAt - stuckMs(world)) / 1_000),
    explain: (waiting, channel, world) => [
      {
        subtask: waiting,
        waitsFor: channel.id,
        cause: 'aligning',
        operator: 'enrich',
        text: `${waiting.vertex}[${waiting.index}] aligns: barrier ${world.holder()?.checkpoint.id ?? ''} is here on 2 of 3 channels and waited for from weather[0].`,
      },
      {
        subtask: { vertex: 'weather', index: 0 },
        waitsFor: null,
        cause: 'busy-in-user-code',
        operator: 'decodeMetar',
        location: { file: weatherFile, line: 31, column: 13 },
        text: `weather[0] has not sent barrier ${world.holder()?.checkpoint.id ?? ''}: it is inside decodeMetar on one record (split 0, offset 120,871).`,
      },
    ],
  };
}

function loadOf(subtask: SubtaskRef, world: BarrierWorld, stuckForMs: number): Load {
  const stuck = stuckForMs > 1_000;
  const lag = (ms: number) => world.now - ms;
  const wobble = Math.sin((world.now / 1000 + subtask.index * 3) * 0.7) * 0.02;
  if (world.state === 'finished')
    return { inPerSecond: 0, outPerSecond: 0, busy: 0, backpressured: 0, idle: 1, watermark: lag(0) };
  const flow = (rate: number, out: number, busy: number, backpressured: number, lagMs: number): Load => ({
    inPerSecond: rate,
    outPerSecond: out,
    busy: Math.max(0, Math.min(1, busy + (stuck ? 0 : wobble))),
    backpressured,
    idle: Math.max(0, 1 - busy - backpressured - (stuck ? 0 : wobble)),
    watermark: lag(lagMs),
  });
  const dry = (lagMs: number): Load => ({
    inPerSecond: 0,
    outPerSecond: 0,
    busy: 0,
    backpressured: 0,
    idle: 1,
    watermark: lag(lagMs),
  });
  switch (subtask.vertex) {
    case 'flights':
      return stuck ? flow(655, 655, 0.14, 0.38, 2_100) : flow(920, 920, 0.21, 0, 1_900);
    case 'parse':
      return stuck ? flow(490, 490, 0.22, 0.41, 2_300) : flow(920, 920, 0.37, 0, 2_000);
    case 'weather':
      return stuck ? { ...dry(34_660 + stuckForMs), busy: 1, idle: 0 } : flow(96, 96, 0.34, 0, 4_400);
    case 'enrich':
      return stuck ? dry(34_660 + stuckForMs) : flow(968, 916, 0.61, 0, 4_500);
    case 'delay-window':
      return stuck ? dry(34_660 + stuckForMs) : flow(916, 21, 0.44, 0, 4_600);
    default:
      return stuck ? dry(34_660 + stuckForMs) : flow(42, 42, 0.06, 0, 4_700);
  }
}
