/** Memory ordering does not show in a simulation: two real threads, random sizes, every byte checked. */
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import { makeRing, RING_BYTES_MIN, RingReader } from '../../runtime/engine/channels/ring.ts';
import { payloadOf } from './ringPayload.ts';

test.each([
  ['the smallest ring', RING_BYTES_MIN, 200_000],
  ['a ring of 256 KiB', 1 << 18, 400_000],
])(
  '%s carries every byte of every frame between two threads',
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
    await worker.terminate();
  },
  60_000,
);
