/** Both kinds of channel keep the same promises (C1 to C4 of channel.ts). */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import type { ChannelReader, ChannelWriter } from '../../runtime/engine/channels/channel.ts';
import type { Frame } from '../../runtime/engine/channels/frame.ts';
import { LocalChannel } from '../../runtime/engine/channels/localChannel.ts';
import { makeRing, RING_BYTES_MIN } from '../../runtime/engine/channels/ring.ts';
import { RingChannelReader, RingChannelWriter } from '../../runtime/engine/channels/ringChannel.ts';

const CAPACITY = 2_048;

const kinds: readonly [string, () => { writer: ChannelWriter; reader: ChannelReader }][] = [
  [
    'a queue inside a thread',
    () => {
      const channel = new LocalChannel(0, CAPACITY);
      return { writer: channel, reader: channel };
    },
  ],
  [
    'a ring of the smallest size',
    () => {
      const memory = makeRing(RING_BYTES_MIN);
      return {
        writer: new RingChannelWriter(0, CAPACITY, memory, () => {}),
        reader: new RingChannelReader(0, memory, () => {}),
      };
    },
  ],
  [
    'a roomy ring',
    () => {
      const memory = makeRing(1 << 20);
      return {
        writer: new RingChannelWriter(0, CAPACITY, memory, () => {}),
        reader: new RingChannelReader(0, memory, () => {}),
      };
    },
  ],
];

const data = (...values: unknown[]): Frame => ({
  kind: 'data',
  values,
  timestamps: values.map((_value, index) => index),
});
const barrier = (checkpointId: number): Frame => ({
  kind: 'barrier',
  barrier: {
    checkpointId,
    timestamp: 1,
    isSavepoint: false,
    unaligned: false,
    suspend: false,
    directory: '/d',
  },
});

const drain = (reader: ChannelReader): Frame[] => {
  const frames: Frame[] = [];
  for (let frame = reader.take(); frame !== null; frame = reader.take()) frames.push(frame);
  return frames;
};

describe.each(kinds)('%s', (_name, make) => {
  test('frames come out once and in order, control among data', () => {
    const { writer, reader } = make();
    const sent: Frame[] = [
      data('a', 'b'),
      barrier(1),
      { kind: 'watermark', time: 5 },
      data({ deep: [1, null] }),
      { kind: 'idle' },
      { kind: 'active' },
      { kind: 'cancel', checkpointId: 2 },
      { kind: 'end' },
    ];
    for (const frame of sent) expect(writer.offer(frame)).toBe('taken');
    expect(reader.nextKind()).toBe('data');
    expect(drain(reader)).toEqual(sent);
    expect(reader.hasFrame()).toBe(false);
    expect(reader.nextKind()).toBeNull();
  });

  test('data is refused when full, a barrier is not', () => {
    const { writer, reader } = make();
    let written = 0;
    while (writer.offer(data(...new Array(16).fill('a record of some length'))) === 'taken') written++;
    expect(written).toBeGreaterThan(0);
    expect(writer.hasRoom()).toBe(false);
    expect(writer.offer(barrier(7))).toBe('taken');
    const frames = drain(reader);
    expect(frames).toHaveLength(written + 1);
    expect(frames.at(-1)).toEqual(barrier(7));
    expect(writer.hasRoom()).toBe(true);
  });

  test('control frames alone also end in backpressure', () => {
    const { writer, reader } = make();
    let written = 0;
    while (writer.hasRoom() && written < 100_000)
      written += writer.offer({ kind: 'watermark', time: written }) === 'taken' ? 1 : 0;
    expect(written).toBeLessThan(100_000);
    for (let step = 0; step < 64; step++)
      expect(writer.offer({ kind: 'watermark', time: written++ })).toBe('taken');
    expect(drain(reader)).toHaveLength(written);
  });

  test('control frames without end are refused at last, and taken again when there is room', () => {
    const { writer, reader } = make();
    let written = 0;
    while (writer.offer(barrier(written + 1)) === 'taken' && written < 100_000) written++;
    expect(written).toBeLessThan(100_000);
    expect(drain(reader)).toHaveLength(written);
    expect(writer.offer(barrier(written + 1))).toBe('taken');
  });

  test('positions count frames, also across many rounds of the memory', () => {
    const { writer, reader } = make();
    const random = seededRandom(7);
    let next = 0;
    let expected = 0;
    for (let round = 0; round < 3_000; round++) {
      const frame = data(
        ...Array.from({ length: 1 + random.below(20) }, () => 'x'.repeat(random.below(40)) + String(next)),
      );
      if (writer.offer(frame) === 'taken') next++;
      if (random.below(3) === 0) {
        const taken = reader.take();
        if (taken !== null && taken.kind === 'data') {
          expect(String(taken.values[0]).endsWith(String(expected))).toBe(true);
          expected++;
        }
      }
    }
    expected += drain(reader).length;
    expect(expected).toBe(next);
    expect(reader.readPosition()).toBe(next);
    expect(reader.writtenPosition()).toBe(next);
  });
});

test('a batch that would never fit is refused as too large, not as full', () => {
  const memory = makeRing(RING_BYTES_MIN);
  const writer = new RingChannelWriter(0, CAPACITY, memory, () => {});
  expect(writer.offer(data('x'.repeat(RING_BYTES_MIN)))).toBe('too-large');
});

describe.each(kinds)('announcements in %s', (_kind, make) => {
  const told = (checkpointId: number, position: number) => {
    const frame = barrier(checkpointId);
    if (frame.kind !== 'barrier') throw new Error('a barrier is a barrier');
    return { barrier: frame.barrier, position };
  };

  test('an announcement is seen once, ahead of what is unread, and a newer one replaces it', () => {
    const { writer, reader } = make();
    expect(reader.takeAnnouncement()).toBeNull();
    for (const frame of [data('a'), data('b')]) writer.offer(frame);
    expect(writer.writtenPosition()).toBe(2);
    writer.announce(told(1, writer.writtenPosition()));
    expect(reader.takeAnnouncement()).toEqual(told(1, 2));
    expect(reader.takeAnnouncement()).toBeNull();
    writer.announce(told(2, 2));
    writer.announce(told(3, 2));
    expect(reader.takeAnnouncement()).toEqual(told(3, 2));
    expect(reader.takeAnnouncement()).toBeNull();
    expect(drain(reader)).toEqual([data('a'), data('b')]);
  });

  test('what lies before an announced position can be looked at and is still read', () => {
    const { writer, reader } = make();
    const random = seededRandom(7);
    const text = 'x'.repeat(700);
    let next = 0;
    let read = 0;
    const queued: Frame[] = [];
    for (let round = 0; round < 120; round++) {
      const frame: Frame = random.below(4) === 0 ? { kind: 'watermark', time: next } : data(`${next}${text}`);
      if (writer.offer(frame) === 'taken') {
        queued.push(frame);
        next++;
      }
      const until = read + random.below(queued.length + 1);
      expect(reader.peek(until)).toEqual(queued.slice(0, until - read));
      if (random.below(2) === 0 && queued.length > 0) {
        expect(reader.take()).toEqual(queued.shift());
        read++;
      }
    }
    expect(reader.readPosition()).toBe(read);
    expect(() => reader.peek(next + 1)).toThrow('written');
  });
});
