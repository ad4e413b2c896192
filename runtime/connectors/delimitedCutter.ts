/**
 * Cuts bytes that come in pieces into records that end with a delimiter. Bytes are kept until they are asked for, so what
 * waits here is measured in bytes, and a record is decoded once, wherever the pieces were cut.
 *
 *     buffer   | given | a record ⏎ another ⏎ the last one of a stream ¶ a record of the next stre|     room     |
 *                      begin                                           end                        filled
 */
import { decodeUtf8, encodeUtf8 } from '../base/utf8.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class DelimitedCutter {
  readonly #delimiter: Uint8Array;
  /** Of text lines a carriage return before the line feed belongs to the delimiter. */
  readonly #isLineFeed: boolean;
  #buffer = new Uint8Array(64 * 1024);
  #begin = 0;
  #filled = 0;
  /** No delimiter begins between `#begin` and here. */
  #scanned = 0;
  /** Where a stream ended without a delimiter: its last record ends there, and no delimiter reaches across. */
  #ends: number[] = [];

  /** `delimiter` has at least one character. */
  constructor(delimiter: string) {
    this.#delimiter = encodeUtf8(delimiter);
    this.#isLineFeed = this.#delimiter.length === 1 && this.#delimiter[0] === LINE_FEED;
  }

  /** Not yet given. */
  get bufferedBytes(): number {
    return this.#filled - this.#begin;
  }

  push(piece: Uint8Array): void {
    if (this.#filled + piece.length > this.#buffer.length) this.#makeRoom(piece.length);
    this.#buffer.set(piece, this.#filled);
    this.#filled += piece.length;
  }

  /** The next record without its delimiter; null when none is whole. Throws MalformedBytes where it is no UTF-8. */
  next(): string | null {
    const limit = this.#ends[0] ?? this.#filled;
    const at = this.#find(this.#scanned, limit);
    if (at >= 0) return this.#give(at, at + this.#delimiter.length);
    if (this.#ends.length > 0) {
      this.#ends.shift();
      return this.#give(limit, limit);
    }
    // A delimiter may have begun at the very end.
    this.#scanned = Math.max(this.#begin, limit - this.#delimiter.length + 1);
    return null;
  }

  /**
   * The stream is over. What has no delimiter yet is its last record if it ended in order; otherwise it was cut off, and is
   * forgotten. Answers how many bytes that are.
   */
  endStream(how: 'in order' | 'cut off'): number {
    let begin = this.#ends.at(-1) ?? this.#begin;
    for (let at = this.#find(begin, this.#filled); at >= 0; at = this.#find(begin, this.#filled)) {
      begin = at + this.#delimiter.length;
    }
    const bytes = this.#filled - begin;
    if (bytes === 0) return 0;
    if (how === 'in order') this.#ends.push(this.#filled);
    else {
      this.#filled = begin;
      this.#scanned = Math.min(this.#scanned, begin);
    }
    return bytes;
  }

  #give(end: number, next: number): string {
    const begin = this.#begin;
    const hasReturn = this.#isLineFeed && end > begin && this.#buffer[end - 1] === CARRIAGE_RETURN;
    this.#begin = next;
    this.#scanned = next;
    return decodeUtf8(this.#buffer, begin, hasReturn ? end - 1 : end);
  }

  /** Where the next delimiter begins that lies between the two; −1 when there is none. */
  #find(start: number, limit: number): number {
    const delimiter = this.#delimiter;
    const first = delimiter[0] as number;
    const known = this.#buffer.subarray(0, limit);
    for (let at = known.indexOf(first, start); at >= 0; at = known.indexOf(first, at + 1)) {
      let matched = 1;
      while (matched < delimiter.length && known[at + matched] === delimiter[matched]) matched++;
      if (matched === delimiter.length) return at;
    }
    return -1;
  }

  /** What was given makes place first; then the buffer doubles. */
  #makeRoom(bytes: number): void {
    const kept = this.bufferedBytes;
    let { length } = this.#buffer;
    while (length < kept + bytes) length *= 2;
    const next = length === this.#buffer.length ? this.#buffer : new Uint8Array(length);
    if (next === this.#buffer) next.copyWithin(0, this.#begin, this.#filled);
    else next.set(this.#buffer.subarray(this.#begin, this.#filled));
    this.#buffer = next;
    this.#ends = this.#ends.map((end) => end - this.#begin);
    this.#scanned -= this.#begin;
    this.#begin = 0;
    this.#filled = kept;
  }
}
