/** Reads a state value as `valueFormat.ts` says, from bytes that nobody vouches for. */
import { ByteReader } from '../base/byteReader.ts';
import { MalformedBytes } from '../base/malformedBytes.ts';
import { dateConstructor, extensions, typedArrays, valueDepthMax } from './valueFormat.ts';

/** The value that takes all of the bytes. Throws MalformedBytes. */
export function readWholeValue(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes);
  const value = read(reader, 0);
  if (reader.left > 0) throw new MalformedBytes('a value is followed by bytes of nobody');
  return value;
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
      return new dateConstructor(Number(reader.i64be()) * 1_000 + nanoseconds / 1_000_000);
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
