/**
 * The bytes of a state value: MessagePack, written here rather than by a library, because a savepoint promises more than
 * a library does: what cannot come back as it was is refused with its path instead of being changed silently, equal
 * values have equal bytes, and a file of a stranger can neither exhaust memory nor reach a prototype. Any MessagePack
 * reader can read it; what MessagePack has no type for is in extensions:
 *
 *   nil, true, false, str (UTF-8), bin (Uint8Array), array, map (plain object, its names as str, in insertion order)
 *   integers that fit 32 bits (smallest form), every other number as float 64: -0 and NaN keep being what they are
 *   int 64, uint 64: bigints that fit; the numbers above never use them
 *   ext -1 (timestamp 96)  Date
 *   ext 0   undefined; payload 00
 *   ext 1   other bigints: 00 or 01 for the sign, then the magnitude, big-endian
 *   ext 2   Map: an array of key, value, key, value, … in insertion order
 *   ext 3   Set: an array of its elements in insertion order
 *   ext 4   typed array or ArrayBuffer: one byte for the kind (`typedArrays`), then its bytes, little-endian
 *   ext 5   an ill-formed string: UTF-16, little-endian
 *
 * Refused: functions, symbols, class instances, errors, regular expressions, promises, invalid dates, circles (nothing
 * may be nested deeper than 100 levels). Holes in arrays become undefined; properties with symbols as names are not kept.
 */
// biome-ignore-all lint/correctness/noVoidTypeReturn: a table of types reads as one when every case returns its call.
import type { ByteReader } from '../base/byteReader.ts';
import type { ByteWriter } from '../base/byteWriter.ts';
import { MalformedBytes } from '../base/malformedBytes.ts';
import { isWellFormed } from '../base/utf8.ts';

/** A value that cannot be saved; `path` leads to it from the value that was given, `.items[3]`. */
export class ValueRefused extends Error {
  override name = 'ValueRefused';
  path = '';
}

export const valueDepthMax = 100;
const extensions = { undefined: 0, bigint: 1, map: 2, set: 3, binary: 4, utf16: 5, timestamp: 0xff } as const;

/** The byte that stands for a kind is its index here. Only ever appended to. */
const typedArrays = [
  ArrayBuffer,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Appends the value's bytes. Throws ValueRefused. */
export function writeValue(writer: ByteWriter, value: unknown): void {
  write(writer, value, 0);
}

/** The next value. Throws MalformedBytes. */
export function readValue(reader: ByteReader): unknown {
  return read(reader, 0);
}

function write(writer: ByteWriter, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'number':
      return writeNumber(writer, value);
    case 'string':
      return writeString(writer, value);
    case 'boolean':
      return writer.u8(value ? 0xc3 : 0xc2);
    case 'undefined':
      writer.u8(0xd4);
      writer.u8(extensions.undefined);
      return writer.u8(0);
    case 'bigint':
      return writeBigint(writer, value);
    case 'object':
      if (value === null) return writer.u8(0xc0);
      if (depth === valueDepthMax)
        throw new ValueRefused(`is nested deeper than ${valueDepthMax} levels, or a circle`);
      return writeObject(writer, value, depth + 1);
    default:
      throw new ValueRefused(`is a ${typeof value}`);
  }
}

function writeNumber(writer: ByteWriter, value: number): void {
  const whole = value | 0;
  if (whole === value && (whole !== 0 || Object.is(value, 0))) {
    if (whole >= 0) {
      if (whole < 0x80) return writer.u8(whole);
      if (whole < 0x100) {
        writer.u8(0xcc);
        return writer.u8(whole);
      }
      if (whole < 0x10000) {
        writer.u8(0xcd);
        return writer.u16be(whole);
      }
      writer.u8(0xce);
      return writer.u32be(whole);
    }
    if (whole >= -0x20) return writer.u8(whole & 0xff);
    if (whole >= -0x80) {
      writer.u8(0xd0);
      return writer.u8(whole & 0xff);
    }
    if (whole >= -0x8000) {
      writer.u8(0xd1);
      return writer.u16be(whole & 0xffff);
    }
    writer.u8(0xd2);
    return writer.u32be(whole);
  }
  if (value >>> 0 === value && !Object.is(value, -0)) {
    writer.u8(0xce);
    return writer.u32be(value);
  }
  writer.u8(0xcb);
  writer.f64be(Number.isNaN(value) ? Number.NaN : value);
}

function writeString(writer: ByteWriter, value: string): void {
  if (!isWellFormed(value)) {
    const at = beginExtension(writer, extensions.utf16);
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      writer.u8(unit & 0xff);
      writer.u8(unit >> 8);
    }
    return endExtension(writer, at);
  }
  // The length in bytes is known only afterwards: room for the form that must be enough, moved when a shorter one is.
  if (value.length <= 10) {
    const at = writer.length;
    writer.u8(0);
    return writer.patchU8(at, 0xa0 | writer.utf8(value));
  }
  let bytes = value.length;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    // Each half of a pair counts two of its four bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  if (bytes < 32) writer.u8(0xa0 | bytes);
  else writeLength(writer, bytes, 0xd9);
  writer.utf8(value);
}

function writeBigint(writer: ByteWriter, value: bigint): void {
  if (value >= -0x8000_0000_0000_0000n && value < 0x1_0000_0000_0000_0000n) {
    writer.u8(value < 0n ? 0xd3 : 0xcf);
    return writer.u64be(BigInt.asUintN(64, value));
  }
  const at = beginExtension(writer, extensions.bigint);
  writer.u8(value < 0n ? 1 : 0);
  let digits = (value < 0n ? -value : value).toString(16);
  if (digits.length % 2 === 1) digits = `0${digits}`;
  for (let i = 0; i < digits.length; i += 2) writer.u8(Number.parseInt(digits.slice(i, i + 2), 16));
  endExtension(writer, at);
}

function writeObject(writer: ByteWriter, value: object, depth: number): void {
  if (Array.isArray(value)) return writeArray(writer, value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null) {
    return writeProperties(writer, value, depth);
  }
  if (value instanceof Map) {
    const at = beginExtension(writer, extensions.map);
    writeArrayHeader(writer, value.size * 2);
    for (const [key, element] of value) {
      writeAt(writer, key, depth, '.keys()');
      writeAt(writer, element, depth, `.get(${String(key)})`);
    }
    return endExtension(writer, at);
  }
  if (value instanceof Set) {
    const at = beginExtension(writer, extensions.set);
    writeArrayHeader(writer, value.size);
    for (const element of value) writeAt(writer, element, depth, '.values()');
    return endExtension(writer, at);
  }
  if (isDate(value)) return writeDate(writer, value);
  if (value instanceof Uint8Array) {
    writeLength(writer, value.length, 0xc4);
    return writer.bytes(value);
  }
  const kind = typedArrays.findIndex((typed) => value instanceof typed);
  if (kind === -1) throw new ValueRefused(`is ${nameOf(value)}; a state holds plain data`);
  const at = beginExtension(writer, extensions.binary);
  writer.u8(kind);
  const { buffer, byteOffset, byteLength } =
    kind === 0
      ? { buffer: value as ArrayBuffer, byteOffset: 0, byteLength: (value as ArrayBuffer).byteLength }
      : (value as Int8Array);
  writer.bytes(new Uint8Array(buffer, byteOffset, byteLength));
  endExtension(writer, at);
}

function writeArray(writer: ByteWriter, value: readonly unknown[], depth: number): void {
  writeArrayHeader(writer, value.length);
  for (let i = 0; i < value.length; i++) {
    const element = value[i];
    // Without a `try` where nothing can be refused; the path is needed only where something was.
    if (typeof element === 'number') writeNumber(writer, element);
    else writeAt(writer, element, depth, `[${i}]`);
  }
}

function writeProperties(writer: ByteWriter, value: object, depth: number): void {
  const names = Object.keys(value);
  if (names.length < 16) writer.u8(0x80 | names.length);
  else if (names.length < 0x10000) {
    writer.u8(0xde);
    writer.u16be(names.length);
  } else {
    writer.u8(0xdf);
    writer.u32be(names.length);
  }
  for (const name of names) {
    writeString(writer, name);
    const property = (value as Readonly<Record<string, unknown>>)[name];
    if (typeof property === 'number') writeNumber(writer, property);
    else if (typeof property === 'string') writeString(writer, property);
    else writeAt(writer, property, depth, `.${name}`);
  }
}

function writeAt(writer: ByteWriter, value: unknown, depth: number, step: string): void {
  try {
    write(writer, value, depth);
  } catch (error) {
    if (error instanceof ValueRefused) error.path = step + error.path;
    throw error;
  }
}

function writeDate(writer: ByteWriter, value: { getTime(): number }): void {
  const time = value.getTime();
  if (Number.isNaN(time)) throw new ValueRefused('is an invalid date');
  const seconds = Math.floor(time / 1_000);
  writer.u8(0xc7);
  writer.u8(12);
  writer.u8(extensions.timestamp);
  writer.u32be((time - seconds * 1_000) * 1_000_000);
  writer.u64be(BigInt.asUintN(64, BigInt(seconds)));
}

function writeArrayHeader(writer: ByteWriter, length: number): void {
  if (length < 16) return writer.u8(0x90 | length);
  if (length < 0x10000) {
    writer.u8(0xdc);
    return writer.u16be(length);
  }
  writer.u8(0xdd);
  writer.u32be(length);
}

/** Lengths of 8, 16 or 32 bits, whose three type bytes follow each other. */
function writeLength(writer: ByteWriter, length: number, type: number): void {
  if (length < 0x100) {
    writer.u8(type);
    return writer.u8(length);
  }
  if (length < 0x10000) {
    writer.u8(type + 1);
    return writer.u16be(length);
  }
  writer.u8(type + 2);
  writer.u32be(length);
}

function beginExtension(writer: ByteWriter, type: number): number {
  writer.u8(0xc9);
  writer.u32be(0);
  writer.u8(type);
  return writer.length;
}

function endExtension(writer: ByteWriter, start: number): void {
  writer.patchU32be(start - 5, writer.length - start);
}

function read(reader: ByteReader, depth: number): unknown {
  if (depth > valueDepthMax) throw new MalformedBytes('a value is nested too deeply');
  const type = reader.u8();
  if (type < 0x80) return type;
  if (type < 0x90) return readProperties(reader, type & 0x0f, depth);
  if (type < 0xa0) return readArray(reader, type & 0x0f, depth);
  if (type < 0xc0) return reader.utf8(type & 0x1f);
  if (type >= 0xe0) return type - 0x100;
  switch (type) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return reader.bytes(reader.u8()).slice();
    case 0xc5:
      return reader.bytes(reader.u16be()).slice();
    case 0xc6:
      return reader.bytes(reader.u32be()).slice();
    case 0xc7:
      return readExtension(reader, reader.u8(), depth);
    case 0xc8:
      return readExtension(reader, reader.u16be(), depth);
    case 0xc9:
      return readExtension(reader, reader.u32be(), depth);
    case 0xca:
      return reader.f32be();
    case 0xcb:
      return reader.f64be();
    case 0xcc:
      return reader.u8();
    case 0xcd:
      return reader.u16be();
    case 0xce:
      return reader.u32be();
    case 0xcf:
      return reader.u64be();
    case 0xd0:
      return reader.i8();
    case 0xd1:
      return reader.i16be();
    case 0xd2:
      return reader.i32be();
    case 0xd3:
      return reader.i64be();
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return readExtension(reader, 1 << (type - 0xd4), depth);
    case 0xd9:
      return reader.utf8(reader.u8());
    case 0xda:
      return reader.utf8(reader.u16be());
    case 0xdb:
      return reader.utf8(reader.u32be());
    case 0xdc:
      return readArray(reader, reader.u16be(), depth);
    case 0xdd:
      return readArray(reader, reader.u32be(), depth);
    case 0xde:
      return readProperties(reader, reader.u16be(), depth);
    case 0xdf:
      return readProperties(reader, reader.u32be(), depth);
    default:
      throw new MalformedBytes(`${type} is no type of a value`);
  }
}

function readArray(reader: ByteReader, length: number, depth: number): unknown[] {
  // Every element takes a byte at least: an array is never longer than what is left.
  if (length > reader.left)
    throw new MalformedBytes(`an array of ${length} elements in ${reader.left} bytes`);
  const array: unknown[] = [];
  for (let i = 0; i < length; i++) array.push(read(reader, depth + 1));
  return array;
}

function readProperties(reader: ByteReader, length: number, depth: number): object {
  const object: Record<string, unknown> = {};
  for (let i = 0; i < length; i++) {
    const name = readName(reader, depth);
    const value = read(reader, depth + 1);
    // Defined, not assigned: `__proto__` is a name like any other.
    if (name === '__proto__')
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    else object[name] = value;
  }
  return object;
}

function readName(reader: ByteReader, depth: number): string {
  const type = reader.peek();
  if (type >= 0xa0 && type < 0xc0) return reader.repeatedUtf8(reader.u8() & 0x1f);
  const name = read(reader, depth + 1);
  if (typeof name !== 'string') throw new MalformedBytes('a property has no name');
  return name;
}

function readExtension(reader: ByteReader, length: number, depth: number): unknown {
  const type = reader.u8();
  if (length > reader.left)
    throw new MalformedBytes(`an extension of ${length} bytes where ${reader.left} are left`);
  const end = reader.position + length;
  const value = readPayload(reader, type, length, depth);
  if (reader.position !== end)
    throw new MalformedBytes(`extension ${type} has another length than its content`);
  return value;
}

function readPayload(reader: ByteReader, type: number, length: number, depth: number): unknown {
  switch (type) {
    case extensions.undefined:
      reader.u8();
      return undefined;
    case extensions.bigint: {
      const negative = reader.u8() === 1;
      let digits = '0x0';
      for (const byte of reader.bytes(length - 1)) digits += byte.toString(16).padStart(2, '0');
      return negative ? -BigInt(digits) : BigInt(digits);
    }
    case extensions.map: {
      const map = new Map<unknown, unknown>();
      const flat = readElements(reader, depth);
      if (flat.length % 2 === 1) throw new MalformedBytes('the last key of a Map has no value');
      for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
      return map;
    }
    case extensions.set:
      return new Set(readElements(reader, depth));
    case extensions.binary:
      return readTyped(reader, length - 1);
    case extensions.utf16: {
      let text = '';
      for (let i = 0; i + 1 < length; i += 2) text += String.fromCharCode(reader.u8() | (reader.u8() << 8));
      return text;
    }
    case extensions.timestamp: {
      if (length !== 12) throw new MalformedBytes('a date is a timestamp of 96 bits');
      const nanoseconds = reader.u32be();
      return dateAt(Number(reader.i64be()) * 1_000 + nanoseconds / 1_000_000);
    }
    default:
      throw new MalformedBytes(`${type} is no extension of a value`);
  }
}

function readElements(reader: ByteReader, depth: number): readonly unknown[] {
  const elements = read(reader, depth + 1);
  if (!Array.isArray(elements)) throw new MalformedBytes('a Map or Set without its elements');
  return elements;
}

function readTyped(reader: ByteReader, length: number): unknown {
  const typed = typedArrays[reader.u8()];
  if (typed === undefined) throw new MalformedBytes('a typed array of an unknown kind');
  const { buffer } = reader.bytes(length).slice();
  if (typed === ArrayBuffer) return buffer;
  const view = typed as Exclude<typeof typed, typeof ArrayBuffer>;
  if (length % view.BYTES_PER_ELEMENT !== 0) throw new MalformedBytes('a typed array ends within an element');
  return new view(buffer as ArrayBuffer);
}

// biome-ignore lint/style/noRestrictedGlobals: a Date is a value here, nobody asks it what time it is.
const dateConstructor = Date;

function isDate(value: object): value is { getTime(): number } {
  return value instanceof dateConstructor;
}

function dateAt(time: number): object {
  return new dateConstructor(time);
}

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== ''
    ? `an instance of ${name}`
    : 'an object with a prototype of its own';
}
