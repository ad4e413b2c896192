/** The writing thread of ringThreads.test.ts: random sizes, every byte known from the frame's number. */
import { workerData } from 'node:worker_threads';
import { seededRandom } from '../../runtime/base/random.ts';
import { RingWriter } from '../../runtime/engine/channels/ring.ts';
import { ANNOUNCED_EVERY, payloadOf } from './ringPayload.ts';

const { memory, frames, seed } = workerData as { memory: SharedArrayBuffer; frames: number; seed: number };
const writer = new RingWriter(memory);
const pause = new Int32Array(new SharedArrayBuffer(4));
const random = seededRandom(seed);
for (let frame = 0; frame < frames; frame++) {
  const payload = payloadOf(frame, random.below(600));
  if (frame % ANNOUNCED_EVERY === 0) writer.announce(frame, payloadOf(frame, frame % 600));
  for (let tries = 1; !writer.write(frame % 6, frame % 11, payload, 0); tries++) {
    // Spins at first, so that both threads touch the ring at once; then leaves the core to the reader.
    if (tries % 1_000 === 0) Atomics.wait(pause, 0, 0, 1);
  }
}
