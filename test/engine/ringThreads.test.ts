/** Memory ordering does not show in a simulation: two real threads, random sizes, every byte checked. */
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import { makeRing, RING_BYTES_MIN, RingReader } from '../../runtime/engine/channels/ring.ts';
import { ANNOUNCED_EVERY, payloadOf } from './ringPayload.ts';

test.each([
  ['the smallest ring', RING_BYTES_MIN, 200_000],
  ['a ring of 256 KiB', 1 << 18, 400_000],
])(
  '%s carries every byte of every frame and announcement between two threads',
  async (_name, bytes, frames) => {
    const seed = 20_261_123;
    const memory = makeRing(bytes);
    const worker = new Worker(new URL('./ringProducer.ts', import.meta.url), {
      workerData: { memory, frames, seed },
    });
    const failed = new Promise<never>((_resolve, reject) => worker.once('error', reject));
    const reader = new RingReader(memory);
    const random = seededRandom(seed);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    let announced = -1;
    let announcements = 0;
    /** C4, R3: whoever sees a frame knows what was announced before it; what lies before that can be looked at. */
    const look = (frame: number): void => {
      const found = reader.takeAnnouncement();
      if (found !== null) {
        announcements++;
        if (found.position <= announced) throw new Error(`${found.position} was announced twice`);
        announced = found.position;
        const expected = payloadOf(announced, announced % 600);
        if (Buffer.compare(found.payload, expected) !== 0)
          throw new Error(`the announcement of ${announced} is torn`);
        if (announced > frame && announcements % 16 === 0) {
          const ahead = reader.peek(announced, (kind, payload) => ({ kind, payload }));
          for (const [place, { kind, payload }] of ahead.entries())
            if (
              kind !== (frame + place) % 6 ||
              Buffer.compare(payload, payloadOf(frame + place, payload.length))
            )
              throw new Error(`frame ${frame + place} looks different from afar`);
          if (ahead.length !== announced - frame)
            throw new Error(`${ahead.length} frames before ${announced}`);
        }
      }
      if (announced < frame - (frame % ANNOUNCED_EVERY))
        throw new Error(`frame ${frame} is there, and what was announced before it is not`);
    };
    const read = async (): Promise<void> => {
      for (let frame = 0; frame < frames; ) {
        let spins = 0;
        while (!reader.hasFrame() && spins < 1_000) spins++;
        if (!reader.hasFrame()) {
          // Leaves the core to the writer, and lets its failure through.
          Atomics.wait(pause, 0, 0, 1);
          await new Promise((resolve) => setImmediate(resolve));
          continue;
        }
        look(frame);
        const length = random.below(600);
        reader.consume((kind, payload) => {
          if (kind !== frame % 6) throw new Error(`frame ${frame} has kind ${kind}`);
          const expected = payloadOf(frame, length);
          if (payload.length !== length)
            throw new Error(`frame ${frame} has ${payload.length} bytes instead of ${length}`);
          for (let index = 0; index < length; index++)
            if (payload[index] !== expected[index])
              throw new Error(`frame ${frame} differs at byte ${index}`);
        });
        frame++;
      }
    };
    await Promise.race([read(), failed]);
    expect(reader.framesRead()).toBe(frames);
    expect(reader.queuedRecords()).toBe(0);
    expect(announcements).toBeGreaterThan(100);
    await worker.terminate();
  },
  60_000,
);
