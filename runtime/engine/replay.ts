/**
 * What was in flight at the cut that a deployment starts from, replayed before anything new is taken. Every channel of the
 * old deployment that brings something to this subtask becomes a channel of its own, with its own watermark, so that event
 * time goes on exactly where it was:
 *
 *   old channel a[0]→b[1]   received: r1 r2   sent: r3        read before the new channels a[i]→b[j], in this order
 *
 * Who gets what at another parallelism: of a hash edge whoever owns the key now, of a custom one whoever the partitioner
 * names now; what was spread without a rule goes to subtask `to` modulo the new parallelism. Broadcast and pointwise edges have
 * nothing in flight: they are aligned (`alignedOnly`).
 */
import { present } from '../base/assert.ts';
import { filesBySubtask, openNewest } from '../checkpoint/savedLayers.ts';
import { SnapshotDamage, type SnapshotFiles } from '../checkpoint/storage.ts';
import type { ExecutionGraph, Vertex, VertexEdge } from '../graph/executionGraph.ts';
import type { EdgeFunctions } from '../graph/jobDefinition.ts';
import { WatermarkCoalescer } from '../operators/watermarks.ts';
import { inFlightStates } from '../state/declarations.ts';
import { keyGroupOf, operatorIndexForKeyGroup } from '../state/keyGroups.ts';
import type { Announcement, ChannelReader } from './channels/channel.ts';
import type { DataFrame, Frame } from './channels/frame.ts';
import type { RestoredOperator } from './control/messages.ts';
import type { CarriedFrame, InFlightFrame, InFlightWatermark, OldChannel } from './inFlight.ts';
import { type GateChannel, InputGate } from './inputGate.ts';

export interface Replay {
  readonly gate: InputGate;
  readonly watermarks: WatermarkCoalescer;
}

export interface ReplayOptions {
  readonly execution: ExecutionGraph;
  readonly vertex: Vertex;
  readonly subtaskIndex: number;
  readonly edges: ReadonlyMap<string, EdgeFunctions>;
  readonly restored: readonly RestoredOperator[];
  readonly files: SnapshotFiles;
}

/** Null: nothing was in flight. Throws SnapshotDamage. */
export const openReplay = (options: ReplayOptions): Replay | null => {
  const channels: GateChannel[] = [];
  const known: (InFlightWatermark | null)[] = [];
  const read = new Map<string, SavedInFlight>();
  // One channel that had nothing in flight still holds back event time.
  let isEmpty = true;
  for (const edge of options.vertex.inputs) {
    const sender = senderOf(edge, options);
    const receiver = operatorOf(options.vertex.id, options);
    const atSender = savedOf(sender, read, options.files);
    const atReceiver = savedOf(receiver, read, options.files);
    // Of a channel in this order: what the receiver had in it lies before what the sender still held.
    const frames = [...atReceiver.received, ...atSender.sent].filter((saved) => saved.edge === edge.id);
    const watermarks = atReceiver.watermarks.filter((saved) => saved.edge === edge.id);
    if (frames.length > 0 || watermarks.length > 0) isEmpty = false;
    const share = shareOf(edge, receiver.parallelism, options);
    for (let to = 0; to < receiver.parallelism; to++) {
      if (!share.reads(to)) continue;
      for (let from = 0; from < sender.parallelism; from++) {
        const ofChannel = frames.filter((saved) => saved.from === from && saved.to === to);
        channels.push({
          reader: new ReplayedChannel(ofChannel.map(({ frame }) => share.of(frame)).filter(hasContent)),
          meter: UNMETERED,
          input: edge.input,
          keyOf: options.edges.get(edge.id)?.keyOf ?? null,
        });
        known.push(watermarks.find((saved) => saved.from === from && saved.to === to) ?? null);
      }
    }
  }
  if (isEmpty || channels.length === 0) return null;
  const watermarks = new WatermarkCoalescer(channels.length);
  for (const [place, saved] of known.entries()) if (saved !== null) watermarks.place(place, saved);
  return { gate: new InputGate(channels), watermarks };
};

interface SavedInFlight {
  readonly received: readonly InFlightFrame[];
  readonly sent: readonly InFlightFrame[];
  readonly watermarks: readonly InFlightWatermark[];
}

const savedOf = (
  operator: RestoredOperator,
  read: Map<string, SavedInFlight>,
  files: SnapshotFiles,
): SavedInFlight => {
  const known = read.get(operator.uid);
  if (known !== undefined) return known;
  const received: InFlightFrame[] = [];
  const sent: InFlightFrame[] = [];
  const watermarks: InFlightWatermark[] = [];
  for (const ofSubtask of operator.inFlight ? filesBySubtask(operator.files) : []) {
    const reader = openNewest(files, operator.uid, ofSubtask);
    try {
      const elementsOf = (name: string): readonly unknown[] => {
        const state = reader.state(name);
        const elements = state === null ? [] : reader.elements(state);
        if (!elements.every(isOfChannel))
          throw new SnapshotDamage(reader.path, `is damaged: its state "${name}" is not what Sluice writes.`);
        return elements;
      };
      received.push(...(elementsOf(inFlightStates.received.name) as readonly InFlightFrame[]));
      sent.push(...(elementsOf(inFlightStates.sent.name) as readonly InFlightFrame[]));
      watermarks.push(...(elementsOf(inFlightStates.watermarks.name) as readonly InFlightWatermark[]));
    } finally {
      reader.close();
    }
  }
  const saved = { received, sent, watermarks };
  read.set(operator.uid, saved);
  return saved;
};

const isOfChannel = (element: unknown): element is OldChannel =>
  typeof element === 'object' &&
  element !== null &&
  'edge' in element &&
  'from' in element &&
  'to' in element;

const operatorOf = (uid: string, { restored }: ReplayOptions): RestoredOperator =>
  present(
    restored.find((operator) => operator.uid === uid),
    `what operator ${uid} starts from`,
  );

const senderOf = (edge: VertexEdge, options: ReplayOptions): RestoredOperator => {
  const vertex = options.execution.vertices.find(({ id }) => id === edge.fromVertex);
  const sender = present(vertex?.operators[edge.fromOperator], `the sender of edge ${edge.id}`);
  return operatorOf(sender.operator.uid, options);
};

/** What this subtask takes of an edge's old channels. */
interface Share {
  reads(oldReceiver: number): boolean;
  of(frame: CarriedFrame): CarriedFrame;
}

const shareOf = (edge: VertexEdge, oldParallelism: number, options: ReplayOptions): Share => {
  const { subtaskIndex, vertex } = options;
  const { parallelism, maxParallelism } = vertex;
  if (oldParallelism === parallelism)
    return { reads: (oldReceiver) => oldReceiver === subtaskIndex, of: (frame) => frame };
  const functions = options.edges.get(edge.id);
  if (edge.partitioning === 'hash') {
    const keyOf = present(functions?.keyOf ?? undefined, `the key of edge ${edge.id}`);
    return onlyWhere(
      (value) =>
        operatorIndexForKeyGroup(keyGroupOf(keyOf(value), maxParallelism), parallelism, maxParallelism) ===
        subtaskIndex,
    );
  }
  if (edge.partitioning === 'custom') {
    const partition = present(functions?.partition ?? undefined, `the partitioner of edge ${edge.id}`);
    return onlyWhere((value) => partition(value, parallelism) === subtaskIndex);
  }
  return { reads: (oldReceiver) => oldReceiver % parallelism === subtaskIndex, of: (frame) => frame };
};

const onlyWhere = (isMine: (value: unknown) => boolean): Share => ({
  reads: () => true,
  of: (frame) => {
    if (frame.kind !== 'data') return frame;
    const mine = frame.values.map(isMine);
    const values = frame.values.filter((_value, place) => mine[place]);
    const timestamps = frame.timestamps.filter((_timestamp, place) => mine[place]);
    return { kind: 'data', values, timestamps } satisfies DataFrame;
  },
});

const hasContent = (frame: CarriedFrame): boolean => frame.kind !== 'data' || frame.values.length > 0;

/** Nobody watches what is not between two tasks. */
const UNMETERED: GateChannel['meter'] = { readRecords: () => {}, tookBarrier: () => {}, blocked: () => {} };

class ReplayedChannel implements ChannelReader {
  readonly channel = -1;
  readonly #frames: readonly Frame[];
  #read = 0;

  constructor(frames: readonly Frame[]) {
    this.#frames = frames;
  }

  take(): Frame | null {
    return this.#frames[this.#read++] ?? null;
  }

  hasFrame(): boolean {
    return this.#read < this.#frames.length;
  }

  nextKind(): Frame['kind'] | null {
    return this.#frames[this.#read]?.kind ?? null;
  }

  takeAnnouncement(): Announcement | null {
    return null;
  }

  peek(): readonly Frame[] {
    return [];
  }

  readPosition(): number {
    return this.#read;
  }

  writtenPosition(): number {
    return this.#frames.length;
  }
}
