/**
 * Puts one subtask together: its operators with their restored state, its output edges, its gate or source.
 */
import { present } from '../base/assert.ts';
import { seededRandom } from '../base/random.ts';
import { textHash } from '../base/textHash.ts';
import { createBarrierHandler } from '../checkpoint/barrierHandler.ts';
import { type OldFiles, restoreKeyedState, restoreOperatorState } from '../checkpoint/restoreKeyedState.ts';
import { alignedOnly } from '../graph/channels.ts';
import type { Channel, Vertex } from '../graph/executionGraph.ts';
import type { OperatorFactory } from '../graph/jobDefinition.ts';
import { CHANNEL_RECORDS } from '../graph/jobGraph.ts';
import type { OperatorContext, StreamOperator } from '../operators/operator.ts';
import { SinkOperator } from '../operators/sinkOperator.ts';
import type { SourceContext } from '../operators/source.ts';
import { type SplitState, splitsDeclaration } from '../operators/sourceState.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import { KeyedStateBackend } from '../state/keyedStates.ts';
import { keyGroupRange } from '../state/keyGroups.ts';
import type { SpillCache } from '../state/spillCache.ts';
import { logOf } from './authorLog.ts';
import { ChannelCapture } from './channelCapture.ts';
import { batchRecords } from './channels/frame.ts';
import type { SubtaskId } from './control/messages.ts';
import { defaultIncrementTuning, FileChain } from './fileChain.ts';
import { GateIntake } from './gateIntake.ts';
import { InputClock } from './inputClock.ts';
import { InputGate } from './inputGate.ts';
import { ChannelMeter, type SubtaskMeter } from './meters.ts';
import { type ChainEdge, OperatorChain, type OperatorOutputs } from './operatorChain.ts';
import { OperatorMetrics } from './operatorMetrics.ts';
import { EdgeOutput, type Overtaking } from './output.ts';
import { openReplay } from './replay.ts';
import { SourceIntake } from './sourceIntake.ts';
import { Task } from './task.ts';
import type { TaskThreadOptions } from './taskThread.ts';
import type { ThreadChannels } from './threadChannels.ts';
import { alignmentGroupOf } from './watermarkAlignment.ts';

interface BuildOptions extends TaskThreadOptions {
  readonly channels: ThreadChannels;
  readonly meter: SubtaskMeter;
  readonly spillCache: SpillCache | null;
}

export interface BuiltTask {
  readonly task: Task;
  /** Puts the keyed state of its operators back, a little with each step; to its end before the task is opened. */
  readonly restoring: Generator<void, void>;
}

export const buildTask = (id: SubtaskId, options: BuildOptions): BuiltTask => {
  const { execution, definition } = options;
  const vertex = present(
    execution.vertices.find((candidate) => candidate.id === id.vertex),
    `vertex ${id.vertex}`,
  );
  const factories = vertex.operators.map(({ operator }) =>
    present(definition.factories.get(operator.uid), `the functions of operator ${operator.uid}`),
  );
  const edges = vertex.operators.map((_operator, index) => outputsOf(vertex, index, id, options));
  const parts = vertex.operators.map((_operator, index) =>
    buildOperator(vertex, index, factories[index] as OperatorFactory, id, options),
  );
  const metrics = vertex.operators.map(({ operator }) => {
    return { uid: operator.uid, metrics: new OperatorMetrics() };
  });
  const inputClock = new InputClock(options.clock);
  const chain = new OperatorChain(vertex, {
    operator: (index) => present(parts[index] ?? null, 'an operator in a chain'),
    edgesOf: (index) => edges[index] ?? [],
    context: (index, outputs) =>
      operatorContext(
        vertex,
        index,
        id,
        {
          ...outputs,
          keyed: parts[index]?.keyed ?? null,
          metrics: present(metrics[index], 'the metrics of an operator').metrics,
          inputMs: () => inputClock.nowMs(),
        },
        options,
      ),
  });
  const intake =
    chain.head === null
      ? sourceIntake(vertex, factories[0] as OperatorFactory, chain, id, options)
      : gateIntake(vertex, chain, id, options);
  const task = new Task({
    id,
    chain,
    intake,
    clock: options.clock,
    inputClock,
    files: options.snapshots,
    meter: options.meter,
    metrics,
    send: options.send,
  });
  return { task, restoring: restoringOf(parts) };
};

function* restoringOf(parts: readonly (BuiltOperator | null)[]): Generator<void, void> {
  for (const part of parts) if (part !== null) yield* part.restoring;
}

const outputsOf = (vertex: Vertex, index: number, id: SubtaskId, options: BuildOptions): ChainEdge[] =>
  vertex.outputs
    .filter((edge) => edge.fromOperator === index)
    .map((edge) => {
      const channels = options.execution.channels
        .filter((channel) => channel.edge === edge.id && channel.fromSubtask === id.index)
        .sort((a, b) => a.toSubtask - b.toSubtask);
      const receiver = present(
        options.execution.vertices.find((candidate) => candidate.id === edge.toVertex),
        `vertex ${edge.toVertex}`,
      );
      const functions = options.definition.edges.get(edge.id);
      const output = new EdgeOutput({
        receiverUid: edge.toVertex,
        writers: channels.map((channel) => options.channels.writer(channel)),
        meters: channels.map((channel) => new ChannelMeter(options.metrics, channel.id)),
        partitioning: edge.partitioning,
        keyOf: functions?.keyOf ?? null,
        partition: functions?.partition ?? null,
        maxParallelism: receiver.maxParallelism,
        startAt: id.index,
        random: seededRandom(Number.parseInt(textHash(`${edge.id} ${id.index}`).slice(0, 8), 16)),
        batchRecords: batchRecords(options.execution.job.channelRecords ?? CHANNEL_RECORDS),
        overtaking: overtakingOf(vertex, index, edge.id, receiver, id, options),
      });
      return { edge: output, sideOutput: edge.sideOutput };
    });

/** Null where barriers stay behind the records in every mode. */
const overtakingOf = (
  vertex: Vertex,
  index: number,
  edge: string,
  receiver: Vertex,
  id: SubtaskId,
  { deploy }: BuildOptions,
): Overtaking | null => {
  if (alignedOnly(receiver)) return null;
  const { unaligned, alignedTimeoutMs } = deploy.checkpoints;
  const { operator } = present(vertex.operators[index], 'an operator');
  return {
    edge,
    senderUid: operator.uid,
    senderIndex: id.index,
    timesOut: unaligned && alignedTimeoutMs > 0,
  };
};

interface BuiltOperator {
  readonly operator: StreamOperator;
  readonly keyed: KeyedStateBackend | null;
  readonly fileChain: FileChain | null;
  readonly restoring: Iterable<void>;
}

const buildOperator = (
  vertex: Vertex,
  index: number,
  factory: OperatorFactory,
  id: SubtaskId,
  options: BuildOptions,
): BuiltOperator | null => {
  const { operator } = present(vertex.operators[index], 'an operator');
  switch (factory.role) {
    case 'source':
      return null;
    case 'sink':
      return { operator: new SinkOperator(factory.sink), keyed: null, fileChain: null, restoring: [] };
    case 'operator': {
      const keyed = operator.keyed
        ? new KeyedStateBackend({
            operatorUid: operator.uid,
            maxParallelism: vertex.maxParallelism,
            keyGroups: keyGroupRange(id.index, vertex.parallelism, vertex.maxParallelism),
            declarations: factory.states,
            now: () => options.clock.now(),
            spill: options.spillCache,
          })
        : null;
      const old = oldFiles(operator.uid, options);
      const restoring =
        keyed === null || old === null
          ? []
          : restoreKeyedState(keyed, factory.states, old, options.snapshots);
      const isIncremental = keyed !== null && options.deploy.checkpoints.incremental;
      const fileChain = isIncremental
        ? new FileChain(keyed, options.increments ?? defaultIncrementTuning)
        : null;
      return { operator: factory.create(), keyed, fileChain, restoring };
    }
  }
};

const oldFiles = (uid: string, options: BuildOptions): OldFiles | null => {
  const { restore } = options.deploy;
  if (restore === null) return null;
  return { operatorUid: uid, files: restore.operators.find((operator) => operator.uid === uid)?.files ?? [] };
};

const restoredElements = (
  uid: string,
  declaration: StateDeclaration,
  id: SubtaskId,
  parallelism: number,
  options: BuildOptions,
): readonly unknown[] => {
  const old = oldFiles(uid, options);
  return old === null
    ? []
    : restoreOperatorState(declaration, old, { subtaskIndex: id.index, parallelism }, options.snapshots);
};

const operatorContext = (
  vertex: Vertex,
  index: number,
  id: SubtaskId,
  own: OperatorOutputs & Pick<OperatorContext, 'keyed' | 'metrics' | 'inputMs'>,
  options: BuildOptions,
): OperatorContext => {
  const { operator } = present(vertex.operators[index], 'an operator');
  return {
    uid: operator.uid,
    name: operator.name,
    subtaskIndex: id.index,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    runId: options.deploy.runId,
    attempt: options.deploy.attempt,
    clock: options.clock,
    files: options.files,
    ...own,
    wake: options.wakeSelf,
    newAbort: options.newAbort,
    restored: options.deploy.restore !== null,
    supersede: options.deploy.supersede,
    restoredOperatorState: (declaration) =>
      restoredElements(operator.uid, declaration, id, vertex.parallelism, options),
    log: logOf(id, options.send),
  };
};

const sourceIntake = (
  vertex: Vertex,
  factory: OperatorFactory,
  chain: OperatorChain,
  id: SubtaskId,
  options: BuildOptions,
): SourceIntake => {
  if (factory.role !== 'source') throw new TypeError(`${vertex.id} has no inputs and is no source`);
  const intake: { current: SourceIntake | null } = { current: null };
  const context: SourceContext = {
    uid: vertex.id,
    subtaskIndex: id.index,
    parallelism: vertex.parallelism,
    clock: options.clock,
    files: options.files,
    log: logOf(id, options.send),
    wake: () => {
      intake.current?.wake();
      options.wakeSelf();
    },
  };
  intake.current = new SourceIntake({
    uid: vertex.id,
    maxParallelism: vertex.maxParallelism,
    source: factory.source,
    context,
    restored: restoredElements(
      vertex.id,
      splitsDeclaration,
      id,
      vertex.parallelism,
      options,
    ) as readonly SplitState[],
    strategy: factory.watermarks,
    alignment: alignmentGroupOf(id, options),
    entry: chain.entry,
    clock: options.clock,
    meter: options.meter,
    send: options.send,
  });
  return intake.current;
};

const gateIntake = (
  vertex: Vertex,
  chain: OperatorChain,
  id: SubtaskId,
  options: BuildOptions,
): GateIntake => {
  const incoming: { channel: Channel; input: number }[] = [];
  for (const edge of vertex.inputs) {
    for (const channel of options.execution.channels) {
      if (channel.edge === edge.id && channel.toSubtask === id.index)
        incoming.push({ channel, input: edge.input });
    }
  }
  const gate = new InputGate(
    incoming.map(({ channel, input }) => ({
      reader: options.channels.reader(channel),
      meter: new ChannelMeter(options.metrics, channel.id),
      input,
      keyOf: options.definition.edges.get(channel.edge)?.keyOf ?? null,
    })),
  );
  const { checkpoints, restore } = options.deploy;
  return new GateIntake({
    gate,
    mode: checkpoints,
    receiving: ({ mode, unaligned, alignedTimeoutMs }, memory) => {
      const overtakes = unaligned && !alignedOnly(vertex);
      return {
        handler: createBarrierHandler(
          {
            channels: incoming.length,
            mode,
            alignedTimeoutMs: overtakes ? alignedTimeoutMs : null,
            alignedOnly: !overtakes,
          },
          memory ?? undefined,
        ),
        capture: overtakes
          ? new ChannelCapture({
              uid: vertex.id,
              channels: gate.channels,
              origins: incoming.map(({ channel }) => ({
                edge: channel.edge,
                from: channel.fromSubtask,
                to: channel.toSubtask,
              })),
            })
          : null,
      };
    },
    replay:
      restore === null
        ? null
        : openReplay({
            execution: options.execution,
            vertex,
            subtaskIndex: id.index,
            edges: options.definition.edges,
            restored: restore.operators,
            files: options.snapshots,
          }),
    head: present(chain.head, 'the head of a chain'),
    clock: options.clock,
    meter: options.meter,
    send: options.send,
  });
};
