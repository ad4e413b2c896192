/** Order and backpressure of an output edge: O1 to O3 of output.ts. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import type { Announcement, ChannelWriter } from '../../runtime/engine/channels/channel.ts';
import type { Frame } from '../../runtime/engine/channels/frame.ts';
import { ChannelMeter } from '../../runtime/engine/meters.ts';
import { MetricsTable } from '../../runtime/engine/metricsTable.ts';
import type { OperatorFailure } from '../../runtime/engine/operatorFailure.ts';
import { EdgeOutput, type EdgeOutputOptions } from '../../runtime/engine/output.ts';
import type { ExecutionGraph } from '../../runtime/graph/executionGraph.ts';
import type { Partitioning } from '../../runtime/graph/jobGraph.ts';
import { keyGroupOf, keyGroupRange } from '../../runtime/state/keyGroups.ts';

/** A channel that takes `room` data frames and any control frame, and refuses batches above `batchMax`. */
class NarrowChannel implements ChannelWriter {
  readonly channel = 0;
  room: number;
  readonly #batchMax: number;
  readonly seen: string[] = [];

  constructor(room: number, batchMax = Number.POSITIVE_INFINITY) {
    this.room = room;
    this.#batchMax = batchMax;
  }

  announce({ barrier }: Announcement): void {
    this.seen.push(`announced ${barrier.checkpointId}`);
  }

  writtenPosition(): number {
    return this.seen.length;
  }

  hasRoom(): boolean {
    return this.room > 0;
  }

  offer(frame: Frame): 'taken' | 'full' | 'too-large' {
    if (frame.kind === 'data') {
      if (frame.values.length > this.#batchMax) return 'too-large';
      if (this.room === 0) return 'full';
      this.room--;
      this.seen.push(...frame.values.map(String));
    } else {
      this.seen.push(frame.kind === 'barrier' ? `|${frame.barrier.checkpointId}` : frame.kind);
    }
    return 'taken';
  }
}

const table = new MetricsTable(
  { vertices: [], edges: [], channels: [{ id: 0 }] } as unknown as ExecutionGraph,
  null,
);

const outputOver = (
  channels: readonly NarrowChannel[],
  partitioning: Partitioning = 'rebalance',
  batchRecords = 2,
  given: Partial<EdgeOutputOptions> = {},
) =>
  new EdgeOutput({
    receiverUid: 'receiver',
    writers: channels,
    meters: channels.map(() => new ChannelMeter(table, 0)),
    partitioning,
    keyOf: partitioning === 'hash' ? (value) => String(value) : null,
    maxParallelism: 128,
    partition: null,
    random: seededRandom(1),
    startAt: 0,
    batchRecords,
    overtaking: null,
    ...given,
  });

const barrier = (checkpointId: number) =>
  ({
    kind: 'barrier',
    barrier: {
      checkpointId,
      timestamp: 0,
      isSavepoint: false,
      unaligned: false,
      suspend: false,
      directory: '',
    },
  }) as const;

test('a barrier goes behind every record that was sent before it, also those that wait for room', () => {
  const channel = new NarrowChannel(1);
  const output = outputOver([channel]);
  for (const value of ['1', '2', '3']) output.collect(value, 0);
  output.control(barrier(1));
  output.collect('4', 0);
  output.flush();
  expect(channel.seen).toEqual(['1', '2']);
  expect(output.hasRoom()).toBe(false);
  channel.room = 1;
  expect(output.drainOverflow()).toBe(true);
  expect(channel.seen).toEqual(['1', '2', '3', '|1']);
  channel.room = 5;
  output.drainOverflow();
  expect(channel.seen).toEqual(['1', '2', '3', '|1', '4']);
  expect(output.overflowing).toBe(false);
  expect(output.hasRoom()).toBe(true);
});

test('what waits for room stays in front of what is sent later, even when room comes in between', () => {
  const channel = new NarrowChannel(0);
  const output = outputOver([channel]);
  for (const value of ['1', '2']) output.collect(value, 0);
  channel.room = 9;
  for (const value of ['3', '4']) output.collect(value, 0);
  output.control(barrier(1));
  expect(channel.seen).toEqual([]);
  output.drainOverflow();
  expect(channel.seen).toEqual(['1', '2', '3', '4', '|1']);
});

test('a batch that is too large for the channel goes in halves, in order', () => {
  const channel = new NarrowChannel(100, 2);
  const output = outputOver([channel], 'rebalance', 7);
  for (let value = 1; value <= 7; value++) output.collect(value, 0);
  output.control({ kind: 'end' });
  output.drainOverflow();
  expect(channel.seen).toEqual(['1', '2', '3', '4', '5', '6', '7', 'end']);
});

test('halves of a large batch wait in order too', () => {
  const channel = new NarrowChannel(1, 2);
  const output = outputOver([channel], 'rebalance', 5);
  for (let value = 1; value <= 5; value++) output.collect(value, 0);
  for (let round = 0; round < 5; round++) {
    channel.room = 1;
    output.drainOverflow();
  }
  expect(channel.seen).toEqual(['1', '2', '3', '4', '5']);
});

test('every key goes to the subtask that owns its key group', () => {
  const channels = [new NarrowChannel(1_000), new NarrowChannel(1_000), new NarrowChannel(1_000)];
  const output = outputOver(channels, 'hash');
  const keys = Array.from({ length: 300 }, (_unused, index) => `key-${index}`);
  for (const key of keys) output.collect(key, 0);
  output.flush();
  for (const [subtask, channel] of channels.entries()) {
    const range = keyGroupRange(subtask, 3, 128);
    for (const key of channel.seen) {
      expect(keyGroupOf(key, 128)).toBeGreaterThanOrEqual(range.first);
      expect(keyGroupOf(key, 128)).toBeLessThanOrEqual(range.last);
    }
  }
  expect(channels.flatMap((channel) => channel.seen).sort()).toEqual([...keys].sort());
});

test('broadcast gives every channel everything, round robin spreads evenly', () => {
  const everywhere = [new NarrowChannel(9), new NarrowChannel(9)];
  const broadcast = outputOver(everywhere, 'broadcast');
  const spread = [new NarrowChannel(9), new NarrowChannel(9)];
  const rebalance = outputOver(spread, 'rebalance');
  for (const value of ['1', '2', '3', '4']) {
    broadcast.collect(value, 0);
    rebalance.collect(value, 0);
  }
  broadcast.flush();
  rebalance.flush();
  expect(everywhere.map((channel) => channel.seen)).toEqual([
    ['1', '2', '3', '4'],
    ['1', '2', '3', '4'],
  ]);
  expect(spread.map((channel) => channel.seen)).toEqual([
    ['1', '3'],
    ['2', '4'],
  ]);
});

test.each<[Partitioning, Partial<EdgeOutputOptions>, string]>([
  ['hash', { keyOf: () => Symbol('s') as unknown as string }, 'a symbol is no key.'],
  ['custom', { partition: () => 2 }, 'A partitioner answered 2; it must answer a whole number from 0 to 1'],
])(
  'what is wrong with the choice of a %s edge is the failure of its receiver',
  (partitioning, given, problem) => {
    const output = outputOver([new NarrowChannel(1), new NarrowChannel(1)], partitioning, 1, given);
    try {
      output.collect({ n: 1 }, 0);
    } catch (error) {
      expect(error).toMatchObject({ uid: 'receiver', record: '{"n":1}' });
      expect(String((error as OperatorFailure).cause)).toContain(problem);
      return;
    }
    throw new Error('the record was accepted');
  },
);

test('a partitioner decides for each record, and a shuffle spreads by chance, the same each time', () => {
  const custom = [new NarrowChannel(9), new NarrowChannel(9), new NarrowChannel(9)];
  const output = outputOver(custom, 'custom', 1, {
    partition: (value, receivers) => Number(value) % receivers,
  });
  for (const n of [0, 1, 2, 3, 4, 5]) output.collect(n, 0);
  expect(custom.map(({ seen }) => seen)).toEqual([
    ['0', '3'],
    ['1', '4'],
    ['2', '5'],
  ]);
  const shuffled = () => {
    const channels = [new NarrowChannel(99), new NarrowChannel(99)];
    const spread = outputOver(channels, 'shuffle', 1);
    for (let n = 0; n < 40; n++) spread.collect(n, 0);
    return channels.map(({ seen }) => seen.map(Number));
  };
  const [left = [], right = []] = shuffled();
  expect([...left, ...right].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  // Round robin would give each every other one.
  expect(left.every((n) => n % 2 === left[0]! % 2)).toBe(false);
  expect(shuffled()).toEqual([left, right]);
});
