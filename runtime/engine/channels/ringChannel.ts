/**
 * A channel between threads: frames as blocks in a ring. The writer's end wakes the reader's thread when it has
 * published something, the reader's end wakes the writer's thread when it has made room.
 */
import { assert } from '../../base/assert.ts';
import { BlockCodec, frameKinds } from './blockCodec.ts';
import type { Announcement, ChannelReader, ChannelWriter } from './channel.ts';
import { batchRecords, type Frame } from './frame.ts';
import { ANNOUNCEMENT_BYTES_MAX, CONTROL_BYTES, FRAME_HEADER_BYTES, RingReader, RingWriter } from './ring.ts';

export class RingChannelWriter implements ChannelWriter {
  readonly channel: number;
  readonly #capacityRecords: number;
  readonly #batchRecords: number;
  readonly #ring: RingWriter;
  readonly #codec = new BlockCodec();
  readonly #wakeReader: () => void;
  #largestBlockBytes = 512;

  constructor(channel: number, capacityRecords: number, memory: SharedArrayBuffer, wakeReader: () => void) {
    this.channel = channel;
    this.#capacityRecords = capacityRecords;
    this.#batchRecords = batchRecords(capacityRecords);
    this.#ring = new RingWriter(memory);
    this.#wakeReader = wakeReader;
  }

  /** Bytes are judged by the largest block so far: what a batch will weigh is known only when it is encoded. */
  hasRoom(): boolean {
    if (this.#ring.framesWritten() === this.#ring.framesRead()) return true;
    const queued = this.#ring.queuedRecords();
    // Twice: the end of the area may have to be skipped.
    const wantedBytes = CONTROL_BYTES + 2 * (this.#largestBlockBytes + FRAME_HEADER_BYTES);
    return (
      (queued === 0 || queued + this.#batchRecords <= this.#capacityRecords) &&
      this.#ring.freeBytes() >= wantedBytes
    );
  }

  offer(frame: Frame): 'taken' | 'full' | 'too-large' {
    const kind = frameKinds.indexOf(frame.kind);
    if (frame.kind !== 'data') {
      if (!this.#ring.write(kind, 0, this.#codec.encode(frame), 0)) return 'full';
      this.#wakeReader();
      return 'taken';
    }
    const queued = this.#ring.queuedRecords();
    if (queued > 0 && queued + frame.values.length > this.#capacityRecords) return 'full';
    const payload = this.#codec.encode(frame);
    if (payload.length > this.#blockBytesMax()) return 'too-large';
    this.#largestBlockBytes = Math.max(this.#largestBlockBytes, payload.length);
    if (!this.#ring.write(kind, frame.values.length, payload, CONTROL_BYTES)) return 'full';
    this.#wakeReader();
    return 'taken';
  }

  announce({ barrier, position }: Announcement): void {
    const payload = this.#codec.encode({ kind: 'barrier', barrier });
    if (payload.length > ANNOUNCEMENT_BYTES_MAX)
      throw new RangeError(
        'the path of the checkpoint directory is too long to be announced; put the data directory elsewhere',
      );
    this.#ring.announce(position, payload);
    this.#wakeReader();
  }

  writtenPosition(): number {
    return this.#ring.framesWritten();
  }

  /** A third of the ring: such a block always fits once the ring has drained, wherever the end of the area falls. */
  #blockBytesMax(): number {
    return Math.floor((this.#ring.capacity - CONTROL_BYTES) / 3);
  }
}

export class RingChannelReader implements ChannelReader {
  readonly channel: number;
  readonly #ring: RingReader;
  readonly #codec = new BlockCodec();
  readonly #wakeWriter: () => void;

  constructor(channel: number, memory: SharedArrayBuffer, wakeWriter: () => void) {
    this.channel = channel;
    this.#ring = new RingReader(memory);
    this.#wakeWriter = wakeWriter;
  }

  take(): Frame | null {
    if (!this.#ring.hasFrame()) return null;
    const frame = this.#ring.consume((kind, payload) => this.#codec.decode(kindName(kind), payload));
    this.#wakeWriter();
    return frame;
  }

  hasFrame(): boolean {
    return this.#ring.hasFrame();
  }

  nextKind(): Frame['kind'] | null {
    const kind = this.#ring.nextKind();
    return kind < 0 ? null : kindName(kind);
  }

  takeAnnouncement(): Announcement | null {
    const found = this.#ring.takeAnnouncement();
    if (found === null) return null;
    const frame = this.#codec.decode('barrier', found.payload);
    assert(frame.kind === 'barrier', 'what is announced is a barrier');
    return { barrier: frame.barrier, position: found.position };
  }

  peek(until: number): readonly Frame[] {
    return this.#ring.peek(until, (kind, payload) => this.#codec.decode(kindName(kind), payload));
  }

  readPosition(): number {
    return this.#ring.framesRead();
  }

  writtenPosition(): number {
    return this.#ring.framesWritten();
  }
}

const kindName = (kind: number): Frame['kind'] => {
  const name = frameKinds[kind];
  assert(name !== undefined, `a ring frame of unknown kind ${kind}`);
  return name;
};
