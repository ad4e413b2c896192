/**
 * One task alone in its thread: a test writes its input channels and reads its output channel, through rings, as a
 * neighbouring thread would.
 */
import { ManualClock } from '../../runtime/base/clock.ts';
import type { Barrier } from '../../runtime/checkpoint/barrier.ts';
import type { ChannelReader, ChannelWriter } from '../../runtime/engine/channels/channel.ts';
import type { Frame } from '../../runtime/engine/channels/frame.ts';
import { makeRing } from '../../runtime/engine/channels/ring.ts';
import { RingChannelReader, RingChannelWriter } from '../../runtime/engine/channels/ringChannel.ts';
import type {
  DeployOptions,
  FromWorker,
  SubtaskId,
  ToWorker,
} from '../../runtime/engine/control/messages.ts';
import { MetricsTable } from '../../runtime/engine/metricsTable.ts';
import { TaskThread } from '../../runtime/engine/taskThread.ts';
import { buildExecutionGraph } from '../../runtime/graph/buildExecutionGraph.ts';
import type { OperatorFactory } from '../../runtime/graph/jobDefinition.ts';
import {
  type CheckpointSettings,
  defaultCheckpointSettings,
  defaultRestartStrategy,
  type GraphOperator,
  type JobGraph,
} from '../../runtime/graph/jobGraph.ts';
import type { StreamOperator } from '../../runtime/operators/operator.ts';
import type { Source, WatermarkStrategy } from '../../runtime/operators/source.ts';
import { MemoryDisk } from '../simulation/memoryDisk.ts';

const vertex = (uid: string, role: GraphOperator['role'], inputs: number): GraphOperator => ({
  uid,
  uidDerived: false,
  name: uid,
  role,
  type: role,
  parallelism: 1,
  parallelismFixed: true,
  maxParallelism: 128,
  keyed: false,
  inputs,
  states: [],
  chainable: false,
  location: null,
  bounded: true,
  sinkDirectory: null,
  guarantee: null,
  requiredFiles: [],
});

export interface OneTask {
  readonly thread: TaskThread;
  readonly disk: MemoryDisk;
  readonly clock: ManualClock;
  readonly metrics: MetricsTable;
  readonly sent: FromWorker[];
  readonly into: readonly ChannelWriter[];
  /** Steps until nothing progresses and all disk answers have come, unless they are held. */
  settle(): void;
  /** Disk answers wait until they are let go. */
  holdDisk(held: boolean): void;
  /** What came out since the last call: values as text, control frames by name. */
  out(): string[];
  handle(message: ToWorker): void;
  messages(type: FromWorker['type']): FromWorker[];
}

export const barrierFrame = (checkpointId: number, given: Partial<Barrier> = {}): Frame => ({
  kind: 'barrier',
  barrier: barrierOf(checkpointId, given),
});

export const barrierOf = (checkpointId: number, given: Partial<Barrier> = {}): Barrier => ({
  checkpointId,
  timestamp: 0,
  isSavepoint: false,
  unaligned: false,
  suspend: false,
  directory: `/attempt-${checkpointId}`,
  ...given,
});

export const dataFrame = (...values: unknown[]): Frame => ({
  kind: 'data',
  values,
  timestamps: values.map(() => 0),
});

export const oneTask = (operator: StreamOperator, inputs = 1, given: Surroundings = {}): OneTask => {
  const sources = Array.from({ length: inputs }, (_unused, index) => `in${index}`);
  return alone(
    [
      ...sources.map((uid) => vertex(uid, 'source', 0)),
      vertex('task', 'operator', 1),
      vertex('out', 'sink', 1),
    ],
    [...sources.map((uid) => edge(uid, 'task')), edge('task', 'out')],
    'task',
    { role: 'operator', states: [], create: () => operator },
    given,
  );
};

/** What a test may say of the world around the task. */
export interface Surroundings {
  readonly checkpoints?: Partial<CheckpointSettings>;
  readonly restore?: DeployOptions['restore'];
  readonly disk?: MemoryDisk;
  readonly ringBytes?: number;
}

/** A source in the place of the task. */
export const oneSource = <T>(
  source: Source<T>,
  watermarks: WatermarkStrategy<unknown> | null = null,
): OneTask =>
  alone([vertex('in', 'source', 0), vertex('out', 'sink', 1)], [edge('in', 'out')], 'in', {
    role: 'source',
    source: source as Source<unknown>,
    watermarks,
  });

const edge = (from: string, to: string): JobGraph['edges'][number] => ({
  id: `${from}-${to}`,
  from,
  to,
  input: 0,
  partitioning: 'rebalance',
  label: '',
});

const alone = (
  operators: GraphOperator[],
  edges: JobGraph['edges'],
  tested: string,
  factory: OperatorFactory,
  given: Surroundings = {},
): OneTask => {
  const sources = edges.filter(({ to }) => to === tested).map(({ from }) => from);
  const graph: JobGraph = {
    name: 'one-task',
    maxParallelism: 128,
    operators,
    edges,
    fingerprint: 'x',
    checkpoints: { ...defaultCheckpointSettings, ...given.checkpoints },
    restart: defaultRestartStrategy,
  };
  const execution = buildExecutionGraph(graph);
  const mine: SubtaskId[] = [{ vertex: tested, index: 0 }];
  const neighbours: SubtaskId[] = [...sources, 'out'].map((uid) => ({ vertex: uid, index: 0 }));
  const rings = new Map(
    execution.channels.map((channel) => [channel.id, makeRing(given.ringBytes ?? 1 << 16)]),
  );
  const clock = new ManualClock(1_000);
  const metrics = new MetricsTable(execution, null);
  const waiting: (() => void)[] = [];
  const disk = given.disk ?? new MemoryDisk((call) => waiting.push(call));
  const sent: FromWorker[] = [];
  let held = false;
  const thread = new TaskThread({
    definition: { graph, factories: new Map([[tested, factory]]), edges: new Map() },
    execution,
    deploy: {
      runId: 'run',
      attempt: 1,
      subtasks: mine,
      parallelism: 1,
      checkpoints: graph.checkpoints,
      restart: graph.restart,
      restore: given.restore ?? null,
      supersede: false,
    },
    threadIndex: 0,
    threads: [mine, neighbours],
    rings,
    metrics,
    clock,
    files: disk,
    snapshots: disk,
    send: (message) => sent.push(message),
    wakeThread: () => {},
    wakeSelf: () => {},
    newAbort: () => new AbortController(),
  });
  const channelOf = (id: string) => execution.channels.find((channel) => channel.edge === id)?.id ?? -1;
  const into = sources.map(
    (uid) =>
      new RingChannelWriter(
        channelOf(`${uid}-${tested}`),
        4_096,
        rings.get(channelOf(`${uid}-${tested}`)) as SharedArrayBuffer,
        () => {},
      ),
  );
  const reader: ChannelReader = new RingChannelReader(
    channelOf(`${tested}-out`),
    rings.get(channelOf(`${tested}-out`)) as SharedArrayBuffer,
    () => {},
  );
  thread.step();
  return {
    thread,
    disk,
    clock,
    metrics,
    sent,
    into,
    settle: () => {
      for (let quiet = 0; quiet < 3; ) {
        const answer = held ? undefined : waiting.shift();
        answer?.();
        quiet = thread.step().progressed || answer !== undefined ? 0 : quiet + 1;
      }
    },
    holdDisk: (hold) => {
      held = hold;
    },
    out: () => {
      const seen: string[] = [];
      for (let frame = reader.take(); frame !== null; frame = reader.take()) {
        if (frame.kind === 'data') seen.push(...frame.values.map(String));
        else
          seen.push(
            frame.kind === 'barrier'
              ? `barrier ${frame.barrier.checkpointId}`
              : frame.kind === 'cancel'
                ? `cancel ${frame.checkpointId}`
                : frame.kind === 'watermark'
                  ? `watermark ${frame.time}`
                  : frame.kind,
          );
      }
      return seen;
    },
    handle: (message) => thread.handle(message),
    messages: (type) => sent.filter((message) => message.type === type),
  };
};
