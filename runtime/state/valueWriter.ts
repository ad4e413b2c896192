/** Writes a state value as `valueFormat.ts` says. */
// biome-ignore-all lint/correctness/noVoidTypeReturn: a table of types reads as one when every case returns its call.
import type { ByteWriter } from '../base/byteWriter.ts';
import { isWellFormed } from '../base/utf8.ts';
import { dateConstructor, extensions, typedArrays, valueDepthMax } from './valueFormat.ts';

/** A value that cannot be saved; `path` leads to it from the value that was given, `.items[3]`. */
export class ValueRefused extends Error {
  override name = 'ValueRefused';
  path = '';
}

/** Appends the value's bytes. Throws ValueRefused. */
export function writeValue(writer: ByteWriter, value: unknown): void {
  write(writer, value, 0);
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
  if (value instanceof dateConstructor) return writeDate(writer, value);
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

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== ''
    ? `an instance of ${name}`
    : 'an object with a prototype of its own';
}
