/**
 * A single-producer single-consumer ring in shared memory, between two threads.
 *
 * Layout: a header of 32-bit words, then a circular area of bytes. A frame is three words (payload length, kind, number of
 * records; a fourth pads) and the payload, padded to 8 bytes. It never wraps: when it does not fit before the end, a skip
 * mark (length −1) sends the reader to the start. `written` and `read` count bytes modulo 2^32, so that full and empty
 * are told apart without a lost byte; frames and records are counted alike. Both are published with Atomics.store after the bytes they cover and read with
 * Atomics.load before them: that pair is the only synchronisation (R1).
 *
 * - R1. The reader never looks beyond `written`; the writer never writes before `read` + capacity.
 * - R2. Data leaves CONTROL_BYTES free; control frames may use them (C2 of channel.ts).
 * - R3. Between header and area lie two slots for announcements (C4), written in turn, each before the count that tells of it.
 *   Whoever finds the count unchanged after reading the newest slot has read it whole: the writer was in the other one.
 */
import { assert } from '../../base/assert.ts';

const WRITTEN = 0;
const READ = 1;
const FRAMES_WRITTEN = 2;
const FRAMES_READ = 3;
const RECORDS_WRITTEN = 4;
const RECORDS_READ = 5;
const ANNOUNCEMENTS = 6;
const HEADER_BYTES = 64;
const SLOTS = 2;
/** Position, length, and the longest path that systems allow with what else a barrier carries. */
const SLOT_BYTES = 8 + 4_600;
export const ANNOUNCEMENT_BYTES_MAX = SLOT_BYTES - 8;
const AREA_AT = HEADER_BYTES + SLOTS * SLOT_BYTES;
export const FRAME_HEADER_BYTES = 16;
const SKIP = -1;

/** Reserved for barriers, watermarks and the like. */
export const CONTROL_BYTES = 4_096;
export const RING_BYTES_MIN = 2 * CONTROL_BYTES;

export const makeRing = (capacityBytes: number): SharedArrayBuffer => {
  assert(
    capacityBytes >= RING_BYTES_MIN && capacityBytes % 8 === 0,
    'a ring has at least 8 KiB, a multiple of 8',
  );
  return new SharedArrayBuffer(AREA_AT + capacityBytes);
};

const slotOf = <T>(slots: readonly T[], count: number): T => slots[count & (SLOTS - 1)] as T;

const padded = (bytes: number): number => (bytes + 7) & ~7;

abstract class RingEnd {
  protected readonly header: Int32Array;
  protected readonly slots: readonly { readonly words: Int32Array; readonly bytes: Uint8Array }[];
  protected readonly bytes: Uint8Array;
  protected readonly words: Int32Array;
  readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.header = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.slots = Array.from({ length: SLOTS }, (_unused, index) => ({
      words: new Int32Array(memory, HEADER_BYTES + index * SLOT_BYTES, 2),
      bytes: new Uint8Array(memory, HEADER_BYTES + index * SLOT_BYTES + 8, ANNOUNCEMENT_BYTES_MAX),
    }));
    this.capacity = memory.byteLength - AREA_AT;
    this.bytes = new Uint8Array(memory, AREA_AT, this.capacity);
    this.words = new Int32Array(memory, AREA_AT, this.capacity / 4);
  }

  framesWritten(): number {
    return Atomics.load(this.header, FRAMES_WRITTEN) >>> 0;
  }

  framesRead(): number {
    return Atomics.load(this.header, FRAMES_READ) >>> 0;
  }

  queuedRecords(): number {
    return (Atomics.load(this.header, RECORDS_WRITTEN) - Atomics.load(this.header, RECORDS_READ)) >>> 0;
  }
}

export class RingWriter extends RingEnd {
  /** Bytes since the start, modulo 2^32; only this end changes it. */
  #written = 0;
  #frames = 0;
  #records = 0;
  #at = 0;
  #announcements = 0;

  /** Bytes that could be written at once, in the worst case of a skip at the end. */
  freeBytes(): number {
    return this.capacity - this.#used();
  }

  /** False: no room now. `reserve` bytes must stay free afterwards. */
  write(kind: number, records: number, payload: Uint8Array, reserveBytes: number): boolean {
    const needed = FRAME_HEADER_BYTES + padded(payload.length);
    const tail = this.capacity - this.#at;
    const skipped = tail < needed ? tail : 0;
    if (this.#used() + skipped + needed + reserveBytes > this.capacity) return false;
    if (skipped > 0) {
      this.words[this.#at >> 2] = SKIP;
      this.#at = 0;
    }
    this.words[this.#at >> 2] = payload.length;
    this.words[(this.#at >> 2) + 1] = kind;
    this.words[(this.#at >> 2) + 2] = records;
    this.bytes.set(payload, this.#at + FRAME_HEADER_BYTES);
    this.#at = (this.#at + needed) % this.capacity;
    this.#written = (this.#written + skipped + needed) | 0;
    this.#frames = (this.#frames + 1) | 0;
    this.#records = (this.#records + records) | 0;
    Atomics.store(this.header, FRAMES_WRITTEN, this.#frames);
    Atomics.store(this.header, RECORDS_WRITTEN, this.#records);
    Atomics.store(this.header, WRITTEN, this.#written);
    return true;
  }

  /** At most ANNOUNCEMENT_BYTES_MAX. Frames written later are seen later (R3). */
  announce(position: number, payload: Uint8Array): void {
    const slot = slotOf(this.slots, this.#announcements);
    slot.words[0] = position;
    slot.words[1] = payload.length;
    slot.bytes.set(payload);
    this.#announcements = (this.#announcements + 1) | 0;
    Atomics.store(this.header, ANNOUNCEMENTS, this.#announcements);
  }

  #used(): number {
    return (this.#written - Atomics.load(this.header, READ)) >>> 0;
  }
}

export class RingReader extends RingEnd {
  #read = 0;
  #frames = 0;
  #records = 0;
  #at = 0;
  #announcements = 0;

  /** The newest announcement that was not taken yet; the payload is a copy. */
  takeAnnouncement(): { readonly position: number; readonly payload: Uint8Array } | null {
    let newest = Atomics.load(this.header, ANNOUNCEMENTS);
    if (newest === this.#announcements) return null;
    while (true) {
      const { words, bytes } = slotOf(this.slots, newest - 1);
      const position = (words[0] as number) >>> 0;
      const length = words[1] as number;
      // A torn length may be anything.
      const payload = bytes.slice(0, Math.max(0, Math.min(length, ANNOUNCEMENT_BYTES_MAX)));
      const now = Atomics.load(this.header, ANNOUNCEMENTS);
      if (now === newest) {
        this.#announcements = newest;
        return { position, payload };
      }
      newest = now;
    }
  }

  /** The frames before that position, without consuming them: R1 leaves them alone until they are read. */
  peek<T>(until: number, use: (kind: number, payload: Uint8Array) => T): T[] {
    const count = (until - this.#frames) >>> 0;
    assert(
      count <= (this.framesWritten() - this.#frames) >>> 0,
      'what is peeked at was written and not read',
    );
    const seen: T[] = [];
    let at = this.#at;
    for (let left = count; left > 0; left--) {
      if (this.words[at >> 2] === SKIP) at = 0;
      const length = this.words[at >> 2] as number;
      const start = at + FRAME_HEADER_BYTES;
      seen.push(use(this.words[(at >> 2) + 1] as number, this.bytes.slice(start, start + length)));
      at = (at + FRAME_HEADER_BYTES + padded(length)) % this.capacity;
    }
    return seen;
  }

  hasFrame(): boolean {
    return Atomics.load(this.header, WRITTEN) !== this.#read;
  }

  /** Kind of the next frame; −1 when there is none. */
  nextKind(): number {
    if (!this.hasFrame()) return -1;
    this.#skip();
    return this.words[(this.#at >> 2) + 1] as number;
  }

  /** Hands the next frame's kind and payload to `use`; the payload is valid only during the call. */
  consume<T>(use: (kind: number, payload: Uint8Array) => T): T {
    assert(this.hasFrame(), 'nothing to consume');
    this.#skip();
    const length = this.words[this.#at >> 2] as number;
    const kind = this.words[(this.#at >> 2) + 1] as number;
    const records = this.words[(this.#at >> 2) + 2] as number;
    assert(length >= 0 && this.#at + FRAME_HEADER_BYTES + length <= this.capacity, 'a ring frame is torn');
    const start = this.#at + FRAME_HEADER_BYTES;
    // A copy in memory of our own: msgpackr hands out views and strings of what it is given.
    const result = use(kind, this.bytes.slice(start, start + length));
    const size = FRAME_HEADER_BYTES + padded(length);
    this.#at = (this.#at + size) % this.capacity;
    this.#advance(size);
    this.#frames = (this.#frames + 1) | 0;
    this.#records = (this.#records + records) | 0;
    Atomics.store(this.header, FRAMES_READ, this.#frames);
    Atomics.store(this.header, RECORDS_READ, this.#records);
    return result;
  }

  #skip(): void {
    if (this.words[this.#at >> 2] !== SKIP) return;
    const tail = this.capacity - this.#at;
    this.#at = 0;
    this.#advance(tail);
  }

  #advance(bytes: number): void {
    this.#read = (this.#read + bytes) | 0;
    Atomics.store(this.header, READ, this.#read);
  }
}
