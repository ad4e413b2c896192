/** The writing thread of ringThreads.test.ts: random sizes, every byte known from the frame's number. */
import { workerData } from 'node:worker_threads';
import { seededRandom } from '../../runtime/base/random.ts';
import { RingWriter } from '../../runtime/engine/channels/ring.ts';
import { payloadOf } from './ringPayload.ts';

const { memory, frames, seed } = workerData as { memory: SharedArrayBuffer; frames: number; seed: number };
const writer = new RingWriter(memory);
const random = seededRandom(seed);
for (let frame = 0; frame < frames; frame++) {
  const payload = payloadOf(frame, random.below(600));
  while (!writer.write(frame % 6, frame % 11, payload, 0)) {
    // The reader makes room in its own thread: this is the spinning that a parked thread would not do.
  }
}
