/**
 * Cuts a file into records and knows, after each, the byte at which the next one begins: that is what a snapshot
 * stores, and where a restored reader goes on.
 *
 * A record ends with a line feed; in CSV only with one outside of quotes (RFC 4180), which is one where the number of
 * quotes since the record's beginning is even. What has no line feed yet is *half written*: the last record of a file
 * that is complete, or one that somebody is still writing in a file that grows.
 */
import { decodeUtf8 } from '../base/utf8.ts';
import type { ReadableFile } from '../operators/files.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const blockBytes = 64 * 1024;
/** Beyond this a record is not believed to be one: more likely the file is no text, or a quote is missing. */
export const recordBytesMax = 64 * 1024 * 1024;

export type Cut =
  | { readonly type: 'record'; readonly text: string }
  /** Nothing more is in the file, except for what has no line feed yet. */
  | { readonly type: 'end'; readonly halfBytes: number }
  | { readonly type: 'too-long' }
  | { readonly type: 'malformed' };

export class RecordCutter {
  readonly #file: ReadableFile;
  readonly #quoted: boolean;
  /** Bytes of the file from `#blockAt` on; `#filled` of them are there, `#begin` is where the next record begins. */
  #block = new Uint8Array(blockBytes);
  #blockAt: number;
  #filled = 0;
  #begin = 0;
  /** The last record's lines, for messages. */
  #lines: number;

  constructor(
    file: ReadableFile,
    options: { readonly at: number; readonly lines: number; readonly quoted: boolean },
  ) {
    this.#file = file;
    this.#quoted = options.quoted;
    this.#blockAt = options.at;
    this.#lines = options.lines;
  }

  /** The byte after the last record that was cut. */
  get position(): number {
    return this.#blockAt + this.#begin;
  }

  /** Lines up to there. */
  get lines(): number {
    return this.#lines;
  }

  next(): Cut {
    let scanned = this.#begin;
    let anyHighByte = 0;
    let inQuotes = false;
    let lineFeeds = 0;
    for (;;) {
      const block = this.#block;
      for (; scanned < this.#filled; scanned++) {
        const byte = block[scanned] as number;
        anyHighByte |= byte;
        if (byte === LINE_FEED) {
          lineFeeds++;
          if (!inQuotes) return this.#cut(scanned, scanned + 1, anyHighByte < 0x80, lineFeeds);
        } else if (byte === QUOTE && this.#quoted) inQuotes = !inQuotes;
      }
      if (scanned - this.#begin > recordBytesMax) return { type: 'too-long' };
      // Filling moves the record to the front of the block: what was scanned is scanned at its new place.
      scanned -= this.#begin;
      if (!this.#fill()) return { type: 'end', halfBytes: this.#filled - this.#begin };
      scanned += this.#begin;
    }
  }

  /** The half written record, as the last one of a complete file. */
  rest(): Cut {
    return this.#cut(this.#filled, this.#filled, false, 1);
  }

  #cut(end: number, next: number, isAscii: boolean, lineFeeds: number): Cut {
    const start = this.#begin;
    const textEnd = end > start && this.#block[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    this.#begin = next;
    this.#lines += lineFeeds;
    try {
      return { type: 'record', text: this.#decode(start, textEnd, isAscii) };
    } catch {
      return { type: 'malformed' };
    }
  }

  #decode(start: number, end: number, isAscii: boolean): string {
    // Most lines are short and plain; a call's arguments live on the stack, so long ones go the other way.
    if (isAscii && end - start <= 4_096) {
      return String.fromCharCode.apply(null, this.#block.subarray(start, end) as unknown as number[]);
    }
    return decodeUtf8(this.#block, start, end);
  }

  /** Reads on; false when there is nothing to read. */
  #fill(): boolean {
    const kept = this.#filled - this.#begin;
    if (this.#begin > 0) {
      this.#block.copyWithin(0, this.#begin, this.#filled);
      this.#blockAt += this.#begin;
      this.#begin = 0;
      this.#filled = kept;
    }
    if (this.#filled === this.#block.length) {
      const larger = new Uint8Array(this.#block.length * 2);
      larger.set(this.#block);
      this.#block = larger;
    }
    const count = this.#file.read(this.#block.subarray(this.#filled), this.#blockAt + this.#filled);
    this.#filled += count;
    return count > 0;
  }
}
