/**
 * Bytes being read, from front to back. Nothing is trusted: a length is compared with what is left before anything is
 * made of it, and reading over the end is MalformedBytes.
 */
import { MalformedBytes } from './malformedBytes.ts';
import { decodeUtf8 } from './utf8.ts';

const repeatedBytesMax = 32;
const repeated: string[] = new Array<string>(512).fill('');

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  /** The next byte, which stays; -1 at the end. */
  peek(): number {
    return this.#bytes[this.#position] ?? -1;
  }

  i8(): number {
    return this.#view.getInt8(this.#advance(1));
  }

  u16be(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  i16be(): number {
    return this.#view.getInt16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u32be(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  i32be(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  u64be(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  i64be(): bigint {
    return this.#view.getBigInt64(this.#advance(8));
  }

  f32be(): number {
    return this.#view.getFloat32(this.#advance(4));
  }

  f64be(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 0x80;
    }
    throw new MalformedBytes('a number is larger than 2^53 - 1');
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  utf8(length: number): string {
    const start = this.#advance(length);
    return decodeUtf8(this.#bytes, start, start + length);
  }

  /** As utf8, for texts that come again and again (names of properties): most are not made anew. */
  repeatedUtf8(length: number): string {
    const start = this.#advance(length);
    if (length === 0 || length > repeatedBytesMax) return decodeUtf8(this.#bytes, start, start + length);
    const bytes = this.#bytes;
    const slot =
      (length * 31 + bytes[start]! * 7 + bytes[start + length - 1]! * 3 + bytes[start + (length >> 1)]!) &
      (repeated.length - 1);
    const known = repeated[slot]!;
    if (known.length === length) {
      let i = 0;
      // Only ASCII texts are remembered, so that a character is a byte.
      while (i < length && known.charCodeAt(i) === bytes[start + i]) i++;
      if (i === length) return known;
    }
    const text = decodeUtf8(bytes, start, start + length);
    if (text.length === length) repeated[slot] = text;
    return text;
  }

  /** A varint with the length in bytes, then UTF-8. */
  text(): string {
    return this.utf8(this.varint());
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.#bytes.length - start) {
      throw new MalformedBytes(
        `${count} bytes are announced where only ${this.#bytes.length - start} are left`,
      );
    }
    this.#position = start + count;
    return start;
  }
}
