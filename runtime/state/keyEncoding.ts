/**
 * The canonical bytes of a key. They are what is hashed, what is sorted and what stands in savepoints, so they never
 * change: equal keys have equal bytes on every machine and in every version, and no bytes are the start of others.
 *
 *   null     01
 *   false    02         true 03
 *   number   04 + IEEE 754 double, big-endian; all bits flipped when negative, else the sign bit. -0 is 0, and there is
 *            one NaN (7ff8000000000000), which sorts last
 *   bigint   06 + length (4 bytes) + magnitude, big-endian without leading zeros, when it is not negative
 *            05 + the same with every bit flipped, when it is
 *   string   07 + UTF-8, where 00 is written 00 ff, + 00 01. A lone surrogate is U+FFFD, so two ill-formed strings
 *            can be one key
 *   array    08 + the elements + 00
 *   object   09 + per property its name (as a string) and its value, by the bytes of the names, + 00
 *
 * So the order of the bytes is the order of the values within a type, and that of the list between types. Only own
 * enumerable properties of plain objects count. Everything else (undefined, functions, symbols, dates, maps, class
 * instances, holes) is refused: it has no value to be equal by.
 */
// biome-ignore-all lint/correctness/noVoidTypeReturn: a table of types reads as one when every case returns its call.
import { ByteWriter } from '../base/byteWriter.ts';
import { compareBytes } from '../base/compareBytes.ts';
import { MalformedBytes } from '../base/malformedBytes.ts';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.ts';
import type { Key } from './declarations.ts';

export const keyTags = {
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  negativeBigint: 5,
  bigint: 6,
  string: 7,
  array: 8,
  object: 9,
} as const;
const END = 0;

/** Longer keys are refused: a key is held in memory and in an index many times over. */
export const keyBytesMax = 65_536;
const depthMax = 32;

/** What was given as a key is none. */
export class KeyRefused extends Error {
  override name = 'KeyRefused';
}

export function encodeKey(key: Key): Uint8Array {
  const writer = new ByteWriter(32);
  writeKey(writer, key);
  return writer.take();
}

/** Appends the key's bytes. Throws KeyRefused. */
export function writeKey(writer: ByteWriter, key: Key): void {
  const start = writer.length;
  write(writer, key, 0);
  if (writer.length - start > keyBytesMax) {
    throw new KeyRefused(`A key may take ${keyBytesMax} bytes; this one takes ${writer.length - start}.`);
  }
}

/** The key in these bytes, all of them. Throws MalformedBytes. */
export function decodeKey(bytes: Uint8Array): Key {
  const cursor = { bytes, position: 0 };
  const key = read(cursor, 0);
  if (cursor.position !== bytes.length) throw new MalformedBytes('a key is followed by bytes of nobody');
  return key;
}

function write(writer: ByteWriter, key: unknown, depth: number): void {
  switch (typeof key) {
    case 'string':
      return writeString(writer, key);
    case 'number':
      return writeNumber(writer, key);
    case 'boolean':
      return writer.u8(key ? keyTags.true : keyTags.false);
    case 'bigint':
      return writeBigint(writer, key);
    case 'object':
      if (key === null) return writer.u8(keyTags.null);
      if (depth === depthMax)
        throw new KeyRefused(`A key may be nested ${depthMax} levels deep; this one is deeper or a circle.`);
      if (Array.isArray(key)) return writeArray(writer, key, depth);
      if (isPlain(key)) return writeObject(writer, key, depth);
      throw new KeyRefused(`${nameOf(key)} is no key; use one of its properties.`);
    default:
      throw new KeyRefused(`${key === undefined ? 'undefined' : `a ${typeof key}`} is no key.`);
  }
}

function writeNumber(writer: ByteWriter, key: number): void {
  writer.u8(keyTags.number);
  const start = writer.length;
  writer.f64be(key === 0 ? 0 : key);
  const bytes = writer.view(start);
  if (Number.isNaN(key)) bytes.set([0x7f, 0xf8, 0, 0, 0, 0, 0, 0]);
  if (bytes[0]! >= 0x80) flip(bytes);
  else bytes[0]! |= 0x80;
}

function writeBigint(writer: ByteWriter, key: bigint): void {
  let digits = (key < 0n ? -key : key).toString(16);
  if (key === 0n) digits = '';
  if (digits.length % 2 === 1) digits = `0${digits}`;
  if (digits.length > 2 * keyBytesMax) throw new KeyRefused('A bigint key is too long.');
  writer.u8(key < 0n ? keyTags.negativeBigint : keyTags.bigint);
  const start = writer.length;
  writer.u32be(digits.length / 2);
  for (let i = 0; i < digits.length; i += 2) writer.u8(Number.parseInt(digits.slice(i, i + 2), 16));
  if (key < 0n) flip(writer.view(start));
}

function writeString(writer: ByteWriter, key: string): void {
  writer.u8(keyTags.string);
  // What is too long is refused before it is written.
  if (key.length > keyBytesMax)
    throw new KeyRefused(`A key may take ${keyBytesMax} bytes; this one takes more.`);
  let from = 0;
  for (let at = key.indexOf('\0'); at !== -1; at = key.indexOf('\0', from)) {
    writer.utf8(key.slice(from, at));
    writer.u8(0);
    writer.u8(0xff);
    from = at + 1;
  }
  writer.utf8(from === 0 ? key : key.slice(from));
  writer.u8(0);
  writer.u8(1);
}

function writeArray(writer: ByteWriter, key: readonly unknown[], depth: number): void {
  writer.u8(keyTags.array);
  for (let i = 0; i < key.length; i++) write(writer, key[i], depth + 1);
  writer.u8(END);
}

function writeObject(writer: ByteWriter, key: object, depth: number): void {
  const properties = Object.entries(key).map(([name, value]) => ({ name, bytes: encodeUtf8(name), value }));
  properties.sort((a, b) => compareBytes(a.bytes, b.bytes));
  writer.u8(keyTags.object);
  for (const [i, { name, bytes, value }] of properties.entries()) {
    const previous = properties[i - 1];
    if (previous && compareBytes(previous.bytes, bytes) === 0)
      throw new KeyRefused('Two properties of a key have names that differ only in ill-formed characters.');
    writeString(writer, name);
    write(writer, value, depth + 1);
  }
  writer.u8(END);
}

interface Cursor {
  readonly bytes: Uint8Array;
  position: number;
}

function read(cursor: Cursor, depth: number): Key {
  if (depth > depthMax) throw new MalformedBytes('a key is nested too deeply');
  const tag = take(cursor, 1)[0];
  switch (tag) {
    case keyTags.null:
      return null;
    case keyTags.false:
      return false;
    case keyTags.true:
      return true;
    case keyTags.number:
      return readNumber(cursor);
    case keyTags.negativeBigint:
    case keyTags.bigint:
      return readBigint(cursor, tag === keyTags.negativeBigint);
    case keyTags.string:
      return readString(cursor);
    case keyTags.array: {
      const elements: Key[] = [];
      while (!atEnd(cursor)) elements.push(read(cursor, depth + 1));
      return elements;
    }
    case keyTags.object: {
      const object: { [name: string]: Key } = {};
      while (!atEnd(cursor)) {
        if (take(cursor, 1)[0] !== keyTags.string)
          throw new MalformedBytes('a property of a key has no name');
        const name = readString(cursor);
        // Defined, not assigned: `__proto__` is a name like any other.
        Object.defineProperty(object, name, {
          value: read(cursor, depth + 1),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      return object;
    }
    default:
      throw new MalformedBytes(`${tag} is no type of a key`);
  }
}

function readNumber(cursor: Cursor): number {
  const bytes = take(cursor, 8).slice();
  if (bytes[0]! >= 0x80) bytes[0]! &= 0x7f;
  else flip(bytes);
  return new DataView(bytes.buffer).getFloat64(0);
}

function readBigint(cursor: Cursor, negative: boolean): bigint {
  const header = take(cursor, 4).slice();
  if (negative) flip(header);
  const magnitude = take(cursor, new DataView(header.buffer).getUint32(0)).slice();
  if (negative) flip(magnitude);
  if (magnitude.length === 0) return 0n;
  let digits = '';
  for (const byte of magnitude) digits += byte.toString(16).padStart(2, '0');
  const value = BigInt(`0x${digits}`);
  return negative ? -value : value;
}

function readString(cursor: Cursor): string {
  let text = '';
  const { bytes } = cursor;
  for (;;) {
    const end = bytes.indexOf(0, cursor.position);
    if (end === -1 || end + 1 >= bytes.length) throw new MalformedBytes('a string in a key does not end');
    text += decodeUtf8(bytes, cursor.position, end);
    cursor.position = end + 2;
    if (bytes[end + 1] === 1) return text;
    if (bytes[end + 1] !== 0xff) throw new MalformedBytes('a zero in a key is followed by neither 01 nor ff');
    text += '\0';
  }
}

function atEnd(cursor: Cursor): boolean {
  if (cursor.bytes[cursor.position] !== END) return false;
  cursor.position++;
  return true;
}

function take(cursor: Cursor, count: number): Uint8Array {
  if (cursor.position + count > cursor.bytes.length) throw new MalformedBytes('a key is cut off');
  const taken = cursor.bytes.subarray(cursor.position, cursor.position + count);
  cursor.position += count;
  return taken;
}

function flip(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i]! ^= 0xff;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm has a prototype whose own prototype is null.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? `A ${name}` : 'An object with a prototype';
}
