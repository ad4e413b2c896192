/**
 * Counters in shared memory: task threads write them, the coordinator reads them, nobody waits for anybody. One row of
 * doubles per subtask and per channel, at places that follow from the execution graph alone. Each field has one
 * writer; a reader may see one field newer than its neighbour, which a sample can bear. NaN means "not known".
 */
import type { ExecutionGraph } from '../graph/executionGraph.ts';

export const subtaskFields = [
  /** 0 deploying, 1 running, 2 paused, 3 finished, 4 failed, 5 canceled */
  'status',
  'recordsIn',
  'recordsOut',
  /** Cumulative time by what the task was doing. */
  'busyMs',
  'backpressuredMs',
  'idleMs',
  /** Lowest watermark of its inputs; not known before the first. */
  'watermark',
  /** Sources of an alignment group: how far the slowest of their splits is; Infinity when none holds the others back. */
  'alignmentWatermark',
  'stateKeys',
  'stateBytes',
  /** monotonicMs at which the task entered user code for the step under way; 0 when outside. Tells a blocked task, and is its heartbeat (`job/watchdog.ts`). */
  'stepStartedAt',
] as const;
export type SubtaskField = (typeof subtaskFields)[number];

export const channelFields = [
  'recordsWritten',
  'recordsRead',
  'bytesWritten',
  'bytesRead',
  /** 1 while shut in alignment. */
  'blocked',
  /** The newest barrier written into the channel (id, and recordsWritten at that moment) and the newest one taken. */
  'barrierWritten',
  'barrierPosition',
  'barrierTaken',
] as const;
export type ChannelField = (typeof channelFields)[number];

/** Splits of sources: a row each, claimed by the owning subtask; names travel in `log`-like control messages. */
export const subtaskStatusNames = [
  'deploying',
  'running',
  'paused',
  'finished',
  'failed',
  'canceled',
] as const;

/** Records inside a thread have no size in bytes; a source without a strategy has no watermark. */
const unknownAtFirst = {
  subtask: ['watermark', 'stateKeys', 'stateBytes'],
  channel: ['bytesWritten', 'bytesRead'],
} as const satisfies { readonly subtask: readonly SubtaskField[]; readonly channel: readonly ChannelField[] };

export class MetricsTable {
  readonly values: Float64Array;
  readonly #subtaskRow = new Map<string, number>();
  readonly #channelsAt: number;

  /** `buffer` null: memory of this thread only. */
  constructor(graph: ExecutionGraph, buffer: SharedArrayBuffer | null) {
    let row = 0;
    for (const vertex of graph.vertices) {
      this.#subtaskRow.set(vertex.id, row);
      row += vertex.parallelism;
    }
    this.#channelsAt = row * subtaskFields.length;
    this.values = new Float64Array(buffer ?? MetricsTable.share(graph));
  }

  /** In doubles. */
  static length(graph: ExecutionGraph): number {
    const subtasks = graph.vertices.reduce((sum, vertex) => sum + vertex.parallelism, 0);
    return subtasks * subtaskFields.length + graph.channels.length * channelFields.length;
  }

  /** Memory for a new deployment: counters at 0, and what nobody has measured yet as not known. */
  static share(graph: ExecutionGraph): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(MetricsTable.length(graph) * Float64Array.BYTES_PER_ELEMENT);
    const table = new MetricsTable(graph, memory);
    for (const vertex of graph.vertices) {
      for (let index = 0; index < vertex.parallelism; index++) {
        const row = table.subtaskRow(vertex.id, index);
        for (const field of unknownAtFirst.subtask)
          table.values[row + subtaskFields.indexOf(field)] = Number.NaN;
        // Before its first record a source holds the others back.
        table.values[row + subtaskFields.indexOf('alignmentWatermark')] = Number.NEGATIVE_INFINITY;
      }
    }
    for (const { id } of graph.channels) {
      for (const field of unknownAtFirst.channel)
        table.values[table.channelRow(id) + channelFields.indexOf(field)] = Number.NaN;
    }
    return memory;
  }

  /** First place of a subtask's row; add `subtaskFields.indexOf(field)`. */
  subtaskRow(vertex: string, index: number): number {
    const first = this.#subtaskRow.get(vertex);
    if (first === undefined) throw new RangeError(`no vertex ${vertex} in the metrics table`);
    return (first + index) * subtaskFields.length;
  }

  channelRow(channel: number): number {
    return this.#channelsAt + channel * channelFields.length;
  }

  subtask(vertex: string, index: number, field: SubtaskField): number {
    return this.values[this.subtaskRow(vertex, index) + subtaskFields.indexOf(field)] ?? Number.NaN;
  }

  channel(channel: number, field: ChannelField): number {
    return this.values[this.channelRow(channel) + channelFields.indexOf(field)] ?? Number.NaN;
  }
}
