/**
 * A channel inside one thread: a bounded queue of frames. Records pass by reference.
 *
 * The queue is a growing array with a moving head that is compacted now and then: pushing and shifting at both ends of
 * a JavaScript array costs a copy per shift.
 */
import { assert } from '../../base/assert.ts';
import type { Announcement, ChannelReader, ChannelWriter } from './channel.ts';
import { batchRecords, type Frame } from './frame.ts';

/**
 * Frames in the queue at which there is no room for input any more, whatever they carry (a filter that drops everything
 * still sends watermarks), and twice that for what a step under way may still write.
 */
const CONTROL_FRAMES_MAX = 2_048;

export class LocalChannel implements ChannelWriter, ChannelReader {
  readonly channel: number;
  readonly #capacityRecords: number;
  readonly #batchRecords: number;
  #frames: (Frame | null)[] = [];
  #head = 0;
  #queuedRecords = 0;
  #written = 0;
  #read = 0;
  #announcement: Announcement | null = null;

  constructor(channel: number, capacityRecords: number) {
    this.channel = channel;
    this.#capacityRecords = capacityRecords;
    this.#batchRecords = batchRecords(capacityRecords);
  }

  hasRoom(): boolean {
    const frames = this.#frames.length - this.#head;
    if (frames > CONTROL_FRAMES_MAX / 2) return false;
    return this.#queuedRecords === 0 || this.#queuedRecords + this.#batchRecords <= this.#capacityRecords;
  }

  offer(frame: Frame): 'taken' | 'full' {
    if (frame.kind === 'data') {
      const fits =
        this.#queuedRecords === 0 || this.#queuedRecords + frame.values.length <= this.#capacityRecords;
      if (!fits) return 'full';
      this.#queuedRecords += frame.values.length;
    } else if (this.#frames.length - this.#head >= this.#capacityRecords + CONTROL_FRAMES_MAX) {
      return 'full';
    }
    this.#frames.push(frame);
    this.#written++;
    return 'taken';
  }

  take(): Frame | null {
    if (this.#head === this.#frames.length) return null;
    const frame = this.#frames[this.#head] as Frame;
    this.#frames[this.#head++] = null;
    if (this.#head === this.#frames.length) {
      this.#frames.length = 0;
      this.#head = 0;
    } else if (this.#head > 64 && this.#head * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    if (frame.kind === 'data') this.#queuedRecords -= frame.values.length;
    this.#read++;
    return frame;
  }

  announce(announcement: Announcement): void {
    this.#announcement = announcement;
  }

  takeAnnouncement(): Announcement | null {
    const announcement = this.#announcement;
    this.#announcement = null;
    return announcement;
  }

  peek(until: number): readonly Frame[] {
    assert(until >= this.#read && until <= this.#written, 'what is peeked at was written and not read');
    return this.#frames.slice(this.#head, this.#head + until - this.#read) as readonly Frame[];
  }

  hasFrame(): boolean {
    return this.#head < this.#frames.length;
  }

  nextKind(): Frame['kind'] | null {
    return this.#frames[this.#head]?.kind ?? null;
  }

  readPosition(): number {
    return this.#read;
  }

  writtenPosition(): number {
    return this.#written;
  }
}
