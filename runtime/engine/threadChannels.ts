/**
 * The channel ends of one thread's tasks: a local queue where both subtasks live here, an end of a ring otherwise.
 */
import { present } from '../base/assert.ts';
import type { Channel, ExecutionGraph } from '../graph/executionGraph.ts';
import type { ChannelReader, ChannelWriter } from './channels/channel.ts';
import { LocalChannel } from './channels/localChannel.ts';
import { RingChannelReader, RingChannelWriter } from './channels/ringChannel.ts';
import type { SubtaskId } from './control/messages.ts';

export interface ThreadChannelsOptions {
  readonly execution: ExecutionGraph;
  readonly threads: readonly (readonly SubtaskId[])[];
  readonly threadIndex: number;
  readonly rings: ReadonlyMap<number, SharedArrayBuffer>;
  readonly capacityRecords: number;
  readonly wakeThread: (threadIndex: number) => void;
}

export class ThreadChannels {
  readonly #writers = new Map<number, ChannelWriter>();
  readonly #readers = new Map<number, ChannelReader>();

  constructor(options: ThreadChannelsOptions) {
    const threadOf = threadLookup(options.threads);
    for (const channel of options.execution.channels) {
      const from = threadOf(channel.fromVertex, channel.fromSubtask);
      const to = threadOf(channel.toVertex, channel.toSubtask);
      if (from === options.threadIndex && to === options.threadIndex) {
        const local = new LocalChannel(channel.id, options.capacityRecords);
        this.#writers.set(channel.id, local);
        this.#readers.set(channel.id, local);
      } else if (from === options.threadIndex) {
        const memory = present(options.rings.get(channel.id), `the ring of channel ${channel.id}`);
        this.#writers.set(
          channel.id,
          new RingChannelWriter(channel.id, options.capacityRecords, memory, () => options.wakeThread(to)),
        );
      } else if (to === options.threadIndex) {
        const memory = present(options.rings.get(channel.id), `the ring of channel ${channel.id}`);
        this.#readers.set(
          channel.id,
          new RingChannelReader(channel.id, memory, () => options.wakeThread(from)),
        );
      }
    }
  }

  writer(channel: Channel): ChannelWriter {
    return present(this.#writers.get(channel.id), `the writing end of channel ${channel.id}`);
  }

  reader(channel: Channel): ChannelReader {
    return present(this.#readers.get(channel.id), `the reading end of channel ${channel.id}`);
  }
}

/** Channels whose ends live in different threads: these need rings. */
export const crossingChannels = (
  execution: ExecutionGraph,
  threads: readonly (readonly SubtaskId[])[],
): readonly number[] => {
  const threadOf = threadLookup(threads);
  return execution.channels
    .filter(
      (channel) =>
        threadOf(channel.fromVertex, channel.fromSubtask) !== threadOf(channel.toVertex, channel.toSubtask),
    )
    .map((channel) => channel.id);
};

const threadLookup = (
  threads: readonly (readonly SubtaskId[])[],
): ((vertex: string, index: number) => number) => {
  const places = new Map<string, number>();
  for (const [thread, subtasks] of threads.entries()) {
    for (const id of subtasks) places.set(`${id.index}/${id.vertex}`, thread);
  }
  return (vertex, index) => present(places.get(`${index}/${vertex}`), `the thread of ${vertex}[${index}]`);
};
