/**
 * One output edge of a task: chooses a channel for every record, gathers batches, and keeps order when channels are full.
 *
 * - O1. What a subtask sends to one channel arrives in the order in which it was sent, control frames included.
 * - O2. When a channel is full, frames wait in the overflow list and later ones queue behind them. The task takes no
 *   more input until the list is empty: that is backpressure. What one record produced beyond the room (a flatMap, a
 *   window that fires) is therefore held here, never lost.
 * - O3. A control frame goes behind all records sent before it, so partial batches are flushed first.
 * - O4. A barrier that overtakes is announced where the channel's frames end at that moment; what waits in the overflow list
 *   is saved as in flight, and the barrier's own frame queues behind it (O1). An aligned one that may still turn unaligned
 *   is announced when its frame is in the channel: nothing of it lies in the overflow list then.
 */

import type { Random } from '../base/random.ts';
import type { Barrier } from '../checkpoint/barrier.ts';
import type { CheckpointMode } from '../checkpoint/checkpointMode.ts';
import type { Partitioner } from '../graph/jobDefinition.ts';
import type { Partitioning } from '../graph/jobGraph.ts';
import type { Output } from '../operators/operator.ts';
import type { Key } from '../state/declarations.ts';
import { keyGroupOf, operatorIndexForKeyGroup } from '../state/keyGroups.ts';
import type { ChannelWriter } from './channels/channel.ts';
import type { ControlFrame, DataFrame, Frame } from './channels/frame.ts';
import type { InFlight } from './inFlight.ts';
import type { ChannelMeter } from './meters.ts';
import { inOperator } from './operatorFailure.ts';

interface Lane {
  readonly writer: ChannelWriter;
  readonly meter: ChannelMeter;
  values: unknown[];
  timestamps: number[];
  readonly overflow: Frame[];
}

export interface EdgeOutputOptions {
  /** Whose key selector or partitioner it is that chooses: what it throws is that operator's failure. */
  readonly receiverUid: string;
  readonly writers: readonly ChannelWriter[];
  readonly meters: readonly ChannelMeter[];
  readonly partitioning: Partitioning;
  /** For hash. */
  readonly keyOf: ((value: unknown) => Key) | null;
  /** For custom. */
  readonly partition: Partitioner<unknown> | null;
  readonly maxParallelism: number;
  /** Where round robin begins: the sender's index, so that senders do not all start with the same receiver. */
  readonly startAt: number;
  /** For shuffle. */
  readonly random: Random;
  readonly batchRecords: number;
  /** Null: no barrier overtakes anything here, in no mode. */
  readonly overtaking: Overtaking | null;
}

export interface Overtaking {
  readonly edge: string;
  /** The operator that saves what waits here, and its subtask. */
  readonly senderUid: string;
  readonly senderIndex: number;
  /** Aligned barriers may turn unaligned on their way, in the mode at the start. */
  readonly timesOut: boolean;
}

export class EdgeOutput implements Output<unknown> {
  readonly #lanes: readonly Lane[];
  readonly #choose: (value: unknown) => number;
  readonly #broadcast: boolean;
  readonly #batchMax: number;
  readonly #overtaking: Overtaking | null;
  #timesOut: boolean;
  /** Frames in all overflow lists. */
  #overflowing = 0;
  /** Records sent, for the task's counter. */
  recordsOut = 0;

  constructor(options: EdgeOutputOptions) {
    this.#lanes = options.writers.map((writer, index) => ({
      writer,
      meter: options.meters[index] as ChannelMeter,
      values: [],
      timestamps: [],
      overflow: [],
    }));
    this.#broadcast = options.partitioning === 'broadcast';
    this.#choose = chooser(options, this.#lanes.length);
    this.#batchMax = options.batchRecords;
    this.#overtaking = options.overtaking;
    this.#timesOut = options.overtaking?.timesOut ?? false;
  }

  /** Barriers that are written from now on are of another mode. */
  switchMode({ unaligned, alignedTimeoutMs }: CheckpointMode): void {
    this.#timesOut = this.#overtaking !== null && unaligned && alignedTimeoutMs > 0;
  }

  collect(value: unknown, timestamp: number): void {
    if (this.#broadcast) {
      for (const lane of this.#lanes) this.#append(lane, value, timestamp);
    } else {
      this.#append(this.#lanes[this.#choose(value)] as Lane, value, timestamp);
    }
    this.recordsOut++;
  }

  /** Room for a batch on every channel and nothing waiting. */
  hasRoom(): boolean {
    if (this.#overflowing > 0) return false;
    for (const lane of this.#lanes) if (!lane.writer.hasRoom()) return false;
    return true;
  }

  get overflowing(): boolean {
    return this.#overflowing > 0;
  }

  /** Sends on partial batches; at the end of every step, so that no record waits for company. */
  flush(): void {
    for (const lane of this.#lanes) this.#flushLane(lane);
  }

  /** To every channel, behind everything sent so far. */
  control(frame: ControlFrame): void {
    for (const lane of this.#lanes) {
      this.#flushLane(lane);
      this.#send(lane, frame);
    }
  }

  /** `inFlight`: where what it overtakes here is saved; null for an aligned one. */
  barrier(barrier: Barrier, inFlight: InFlight | null): void {
    const overtaking = inFlight === null ? null : this.#overtaking;
    for (const [to, lane] of this.#lanes.entries()) {
      this.#flushLane(lane);
      if (overtaking !== null && inFlight !== null) {
        const channel = { edge: overtaking.edge, from: overtaking.senderIndex, to };
        for (const frame of lane.overflow) inFlight.add(overtaking.senderUid, channel, 'sent', frame);
        lane.writer.announce({ barrier, position: lane.writer.writtenPosition() });
      }
      this.#send(lane, { kind: 'barrier', barrier });
    }
  }

  /** Tries to hand on what waits; answers whether anything moved. */
  drainOverflow(): boolean {
    if (this.#overflowing === 0) return false;
    let moved = false;
    for (const lane of this.#lanes) {
      while (lane.overflow.length > 0 && this.#offer(lane, lane.overflow[0] as Frame, lane.overflow)) {
        lane.overflow.shift();
        this.#overflowing--;
        moved = true;
      }
    }
    return moved;
  }

  #append(lane: Lane, value: unknown, timestamp: number): void {
    lane.values.push(value);
    lane.timestamps.push(timestamp);
    if (lane.values.length >= this.#batchMax) this.#flushLane(lane);
  }

  #flushLane(lane: Lane): void {
    if (lane.values.length === 0) return;
    const frame: DataFrame = { kind: 'data', values: lane.values, timestamps: lane.timestamps };
    lane.values = [];
    lane.timestamps = [];
    this.#send(lane, frame);
  }

  #send(lane: Lane, frame: Frame): void {
    if (lane.overflow.length === 0 && this.#offer(lane, frame, null)) return;
    lane.overflow.push(frame);
    this.#overflowing++;
  }

  /** True: the channel has it. A batch too large for the channel is replaced by its halves at the front of the list. */
  #offer(lane: Lane, frame: Frame, list: Frame[] | null): boolean {
    const answer = lane.writer.offer(frame);
    if (answer === 'taken') {
      if (frame.kind === 'data') lane.meter.wroteRecords(frame.values.length);
      else if (frame.kind === 'barrier') this.#wroteBarrier(lane, frame.barrier);
      return true;
    }
    if (answer === 'full' || frame.kind !== 'data') return false;
    const half = frame.values.length >> 1;
    if (half === 0)
      throw new RangeError(
        'a record is too large for the channel between two threads; run with one thread or make the record smaller',
      );
    const first: DataFrame = {
      kind: 'data',
      values: frame.values.slice(0, half),
      timestamps: frame.timestamps.slice(0, half),
    };
    const second: DataFrame = {
      kind: 'data',
      values: frame.values.slice(half),
      timestamps: frame.timestamps.slice(half),
    };
    if (list === null) {
      this.#send(lane, first);
      this.#send(lane, second);
      return true;
    }
    list.splice(0, 1, first, second);
    this.#overflowing++;
    return this.#offer(lane, first, list);
  }

  #wroteBarrier(lane: Lane, barrier: Barrier): void {
    lane.meter.wroteBarrier(barrier.checkpointId);
    if (this.#timesOut && !barrier.unaligned && !barrier.isSavepoint)
      lane.writer.announce({ barrier, position: lane.writer.writtenPosition() - 1 });
  }
}

const chooser = (options: EdgeOutputOptions, lanes: number): ((value: unknown) => number) => {
  if (lanes === 1) return () => 0;
  if (options.partitioning === 'hash') {
    const { keyOf, maxParallelism } = options;
    if (keyOf === null) throw new TypeError('a hash edge needs a key selector');
    return ofReceiver(options, (value) =>
      operatorIndexForKeyGroup(keyGroupOf(keyOf(value), maxParallelism), lanes, maxParallelism),
    );
  }
  if (options.partitioning === 'global') return () => 0;
  if (options.partitioning === 'shuffle') return () => options.random.below(lanes);
  if (options.partitioning === 'custom') return ofReceiver(options, customChooser(options.partition, lanes));
  let next = options.startAt % lanes;
  return () => {
    const chosen = next;
    next = next + 1 === lanes ? 0 : next + 1;
    return chosen;
  };
};

const ofReceiver =
  ({ receiverUid }: EdgeOutputOptions, choose: (value: unknown) => number) =>
  (value: unknown): number => {
    try {
      return choose(value);
    } catch (error) {
      throw inOperator(error, receiverUid, value, true);
    }
  };

const customChooser = (
  partition: Partitioner<unknown> | null,
  lanes: number,
): ((value: unknown) => number) => {
  if (partition === null) throw new TypeError('a custom edge needs a partitioner');
  return (value) => {
    const chosen = partition(value, lanes);
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < lanes) return chosen;
    throw new RangeError(
      `A partitioner answered ${String(chosen)}; it must answer a whole number from 0 to ${lanes - 1}, the receiver's subtask.`,
    );
  };
};
