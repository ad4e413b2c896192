/**
 * Bytes in the making: a buffer that doubles when it is full. Integers of more than one byte are little-endian unless
 * the name says otherwise; a varint is LEB128 (seven bits a byte, low ones first) up to 2^53 - 1.
 */
import { assert } from './assert.ts';
import { utf8BytesMax, writeUtf8 } from './utf8.ts';

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u16be(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  u32be(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  u64be(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value);
    this.#length += 8;
  }

  f64be(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  varint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `${value} is no varint`);
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** UTF-8 without a length; answers how many bytes it took. */
  utf8(text: string): number {
    this.#reserve(utf8BytesMax(text.length));
    const start = this.#length;
    this.#length = writeUtf8(this.#bytes, start, text);
    return this.#length - start;
  }

  /** A varint with the length in bytes, then UTF-8. */
  text(text: string): void {
    const ascii = text.length < 0x80;
    const at = this.#length;
    if (ascii) {
      // The usual case: the length fits one byte also when it is counted in UTF-8.
      this.u8(0);
      const length = this.utf8(text);
      if (length < 0x80) {
        this.#bytes[at] = length;
        return;
      }
      this.#length = at;
    }
    const room = new ByteWriter(utf8BytesMax(text.length));
    this.varint(room.utf8(text));
    this.bytes(room.view());
  }

  /** Overwrites four bytes that were written before. */
  patchU32be(position: number, value: number): void {
    assert(position + 4 <= this.#length, 'a patch lies in what was written');
    this.#view.setUint32(position, value);
  }

  patchU8(position: number, value: number): void {
    assert(position < this.#length, 'a patch lies in what was written');
    this.#bytes[position] = value;
  }

  /** Forgets what was written behind `length`. */
  truncate(length: number): void {
    assert(length <= this.#length, 'truncating makes shorter');
    this.#length = length;
  }

  /** What was written so far, without a copy; valid until the next write. */
  view(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  /** A copy of what was written, and an empty writer again. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
