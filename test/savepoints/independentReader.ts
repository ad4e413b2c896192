/**
 * A reader of savepoints that was written from docs/savepoint-format.md and shares no code with Sluice. It is slow and
 * simple, reads files whole, and throws on everything that the page does not allow. What it answers is plain:
 * per operator and state, the list of entries.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';

export interface ReadEntry {
  readonly group: number;
  /** In a layer: it is there no longer; sub key null in a map: nothing of the key is. */
  readonly isRemoval?: boolean;
  readonly key: unknown;
  readonly subKey: unknown;
  readonly value: unknown;
}

export interface ReadState {
  readonly type: string;
  readonly schemaVersion: number;
  readonly entries: readonly ReadEntry[];
}

export interface ReadFile {
  readonly uid: string;
  readonly subtaskIndex: number;
  readonly maxParallelism: number;
  /** Null: all of them. */
  readonly wholeGroups: readonly number[] | null;
  readonly states: Readonly<Record<string, ReadState>>;
}

const typeNames = ['value', 'list', 'map', 'reducing', 'aggregating', 'timers', 'operator-list', 'operator-union', 'operator-broadcast', 'in-flight'];

/** The manifest and, by uid and subtask index, what is in the data files. */
export function readSnapshot(directory: string) {
  const bytes = readFileSync(join(directory, 'manifest.json'));
  const manifest = readManifest(bytes);
  const files = manifest.operators.flatMap((operator) =>
    operator.files.map((file) => {
      const content = readFileSync(join(directory, file.path));
      must(content.length === file.bytes, 'size');
      must(createHash('sha256').update(content).digest('hex') === file.sha256, 'sha256');
      const read = readDataFile(content);
      must(read.uid === operator.uid && read.subtaskIndex === file.subtaskIndex, 'owner');
      return read;
    }),
  );
  return { manifest, files };
}

/** What is there of a keyed state in the layers of one subtask, oldest first: simple, with everything in memory. */
export function readLayers(layers: readonly ReadFile[], state: string): readonly ReadEntry[] {
  const there = new Map<string, ReadEntry>();
  const text = (part: unknown) => inspect(part, { depth: null });
  for (const { wholeGroups, states } of layers) {
    for (const [name, { group }] of there) if (wholeGroups === null || wholeGroups.includes(group)) there.delete(name);
    const { type, entries } = states[state]!;
    for (const entry of entries) {
      if (entry.isRemoval === true && type === 'map' && entry.subKey === null) {
        for (const [name, old] of there) if (text(old.key) === text(entry.key)) there.delete(name);
      } else if (entry.isRemoval === true) there.delete(text([entry.key, entry.subKey]));
      else there.set(text([entry.key, entry.subKey]), entry);
    }
  }
  return [...there.values()];
}

export interface ReadManifest {
  readonly formatVersion: number;
  readonly job: string;
  readonly checkpointId: number;
  readonly operators: readonly {
    readonly uid: string;
    readonly parallelism: number;
    readonly maxParallelism: number;
    readonly states: readonly { readonly name: string; readonly type: string; readonly keys: number; readonly bytes: number }[];
    readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string; readonly subtaskIndex: number; readonly layer?: number }[];
  }[];
}

export function readManifest(bytes: Buffer): ReadManifest {
  // The eight digits stand before `"\n}\n`.
  const at = bytes.length - 12;
  const digits = bytes.toString('latin1', at, at + 8);
  must(bytes.toString('latin1', at + 8) === '"\n}\n', 'end of the manifest');
  const zeroed = Buffer.from(bytes);
  zeroed.write('00000000', at, 'latin1');
  must(Number.parseInt(digits, 16) === crc(zeroed), 'checksum of the manifest');
  const manifest = JSON.parse(bytes.toString('utf8')) as ReadManifest;
  const hasLayers = manifest.operators.some(({ files }) => files.some(({ layer }) => layer !== undefined));
  must(manifest.formatVersion === (hasLayers ? 2 : 1), 'format version');
  return manifest;
}

export function readDataFile(file: Buffer): ReadFile {
  must(file.toString('hex', 0, 7) === '534c5549434544', 'magic');
  const version = file.readUInt8(7);
  must(version === 1 || version === 2, 'format version');
  const isLayer = version === 2;
  must(file.toString('hex', file.length - 8) === (isLayer ? '454e444c41594552' : '454e44534c554943'), 'end mark');
  const footerLength = file.readUInt32LE(file.length - 12);
  const footerStart = file.length - 16 - footerLength;
  const footer = file.subarray(footerStart, file.length - 16);
  must(file.readUInt32LE(file.length - 16) === crc(footer), 'checksum of the footer');

  const input = new Input(footer);
  const uid = input.text();
  const subtaskIndex = input.varint();
  const maxParallelism = input.varint();
  const wholeGroups = isLayer ? Array.from({ length: input.varint() }, () => input.varint()) : null;
  must(wholeGroups?.every((group, i) => group < maxParallelism && (i === 0 || group > wholeGroups[i - 1]!)) !== false, 'key groups');
  const extents: [number, number][] = [];
  const states: Record<string, ReadState> = {};
  for (let left = input.varint(); left > 0; left--) {
    const name = input.text();
    const type = typeNames[input.byte()];
    must(type !== undefined, 'type');
    const schemaVersion = input.varint();
    const entries: ReadEntry[] = [];
    let last: { group: number; sort: Buffer } | null = null;
    for (let blocks = input.varint(); blocks > 0; blocks--) {
      const [group, count, position, length] = [input.varint(), input.varint(), input.varint(), input.varint()];
      extents.push([position, length]);
      const block = new Input(file.subarray(position, position + length));
      must(file.readUInt32LE(position + length) === crc(block.rest()), 'checksum of a block');
      for (let i = 0; i < count; i++) {
        if (type.startsWith('operator-')) {
          const value = readValue(block.sized());
          const entry = type === 'operator-broadcast' ? (value as readonly unknown[]) : [null, value];
          must(entry.length === 2, 'entry of a broadcast map');
          entries.push({ group, key: entry[0], subKey: null, value: entry[1] });
          continue;
        }
        const key = block.sized();
        const subKey = type === 'map' || type === 'timers' ? block.sized() : null;
        const mark = isLayer ? block.varint() : null;
        const isRemoval = mark === 0;
        must(!isRemoval || !wholeGroups!.includes(group), 'removal in a group that is in full');
        const value = isRemoval || (type === 'timers' && (mark ?? 1) === 1) ? null : mark === null ? block.sized() : block.take(mark - 1);
        must(type !== 'timers' || value === null, 'timer with a value');
        must(subKey?.length !== 0 || (isRemoval && type === 'map'), 'empty sub key');
        must(groupOf(key, maxParallelism) === group, 'key group');
        const sort = Buffer.concat([key, subKey ?? Buffer.alloc(0)]);
        must(last === null || last.group < group || (last.group === group && Buffer.compare(last.sort, sort) < 0), 'order');
        last = { group, sort };
        entries.push({
          group,
          ...(isRemoval ? { isRemoval } : {}),
          key: readKey(key),
          subKey: subKey === null || subKey.length === 0 ? null : readKey(subKey),
          value: value === null ? null : readValue(value),
        });
      }
      must(block.left === 0, 'number of entries');
    }
    states[name] = { type: type!, schemaVersion, entries };
  }
  must(input.left === 0, 'footer');
  let next = 8;
  for (const [position, length] of extents.sort((a, b) => a[0] - b[0])) {
    must(position === next, 'tiling');
    next = position + length + 4;
  }
  must(next === footerStart, 'tiling');
  return { uid, subtaskIndex, maxParallelism, wholeGroups, states };
}

class Input {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  take(count: number): Buffer {
    must(count <= this.left, 'length');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  peek(): number {
    must(this.left > 0, 'length');
    return this.#bytes.readUInt8(this.#at);
  }

  varint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.byte());
      value |= (byte & 127n) << shift;
      if (byte < 128n) break;
    }
    must(value < 2n ** 53n, 'varint');
    return Number(value);
  }

  sized(): Buffer {
    return this.take(this.varint());
  }

  text(): string {
    return utf8(this.sized());
  }
}

/** Keys and values are read into what JavaScript has for them. */
export function readKey(bytes: Buffer): unknown {
  const input = new Input(bytes);
  const key = nextKey(input);
  must(input.left === 0, 'key');
  return key;
}

function nextKey(input: Input): unknown {
  switch (input.byte()) {
    case 1:
      return null;
    case 2:
      return false;
    case 3:
      return true;
    case 4: {
      const bits = input.take(8).readBigUInt64BE();
      const high = 1n << 63n;
      const double = Buffer.alloc(8);
      double.writeBigUInt64BE((bits & high) === 0n ? bits ^ ((1n << 64n) - 1n) : bits ^ high);
      return double.readDoubleBE();
    }
    case 5:
      return -magnitude(input, 0xff);
    case 6:
      return magnitude(input, 0);
    case 7:
      return keyString(input);
    case 8: {
      const elements: unknown[] = [];
      while (input.peek() !== 0) elements.push(nextKey(input));
      input.byte();
      return elements;
    }
    case 9: {
      const properties: [string, unknown][] = [];
      while (input.peek() !== 0) {
        must(input.byte() === 7, 'property');
        properties.push([keyString(input), nextKey(input)]);
      }
      input.byte();
      return Object.fromEntries(properties);
    }
    default:
      throw new Error('key');
  }
}

function magnitude(input: Input, flip: number): bigint {
  const flipped = (bytes: Buffer) => Buffer.from(bytes.map((byte) => byte ^ flip));
  const bytes = flipped(input.take(flipped(input.take(4)).readUInt32BE()));
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function keyString(input: Input): string {
  const bytes: number[] = [];
  for (;;) {
    const byte = input.byte();
    if (byte !== 0) bytes.push(byte);
    else if (input.byte() === 1) return utf8(Buffer.from(bytes));
    else bytes.push(0);
  }
}

export function readValue(bytes: Buffer): unknown {
  const input = new Input(bytes);
  const value = nextValue(input);
  must(input.left === 0, 'value');
  return value;
}

function nextValue(input: Input): unknown {
  const type = input.byte();
  if (type <= 0x7f) return type;
  if (type <= 0x8f) return properties(input, type - 0x80);
  if (type <= 0x9f) return elements(input, type - 0x90);
  if (type <= 0xbf) return utf8(input.take(type - 0xa0));
  if (type >= 0xe0) return type - 0x100;
  const length = (size: number) => input.take(size).readUIntBE(0, size);
  switch (type) {
    case 0xc0: return null;
    case 0xc2: return false;
    case 0xc3: return true;
    case 0xc4: return new Uint8Array(input.take(length(1)));
    case 0xc5: return new Uint8Array(input.take(length(2)));
    case 0xc6: return new Uint8Array(input.take(length(4)));
    case 0xc7: return extension(input, length(1));
    case 0xc9: return extension(input, length(4));
    case 0xcb: return input.take(8).readDoubleBE();
    case 0xcc: return length(1);
    case 0xcd: return length(2);
    case 0xce: return length(4);
    case 0xcf: return input.take(8).readBigUInt64BE();
    case 0xd0: return input.take(1).readInt8();
    case 0xd1: return input.take(2).readInt16BE();
    case 0xd2: return input.take(4).readInt32BE();
    case 0xd3: return input.take(8).readBigInt64BE();
    case 0xd4: return extension(input, 1);
    case 0xd9: return utf8(input.take(length(1)));
    case 0xda: return utf8(input.take(length(2)));
    case 0xdb: return utf8(input.take(length(4)));
    case 0xdc: return elements(input, length(2));
    case 0xdd: return elements(input, length(4));
    case 0xde: return properties(input, length(2));
    case 0xdf: return properties(input, length(4));
    default: throw new Error(`type ${type}`);
  }
}

function elements(input: Input, count: number): unknown[] {
  const list: unknown[] = [];
  for (let i = 0; i < count; i++) list.push(nextValue(input));
  return list;
}

function properties(input: Input, count: number): object {
  const list: [string, unknown][] = [];
  for (let i = 0; i < count; i++) list.push([nextValue(input) as string, nextValue(input)]);
  return Object.fromEntries(list);
}

function extension(input: Input, length: number): unknown {
  const type = input.take(1).readInt8();
  const payload = input.take(length);
  switch (type) {
    case 0:
      must(payload.toString('hex') === '00', 'undefined');
      return undefined;
    case 1: {
      const value = BigInt(`0x${payload.toString('hex', 1)}`);
      return payload[0] === 1 ? -value : value;
    }
    case 2: {
      const flat = readValue(payload) as unknown[];
      return new Map(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]));
    }
    case 3:
      return new Set(readValue(payload) as unknown[]);
    case 4: {
      const { buffer } = new Uint8Array(payload.subarray(1));
      const kinds = [null, Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
      const kind = kinds[payload.readUInt8()];
      must(kind !== undefined, 'typed array');
      return kind === null ? buffer : new kind(buffer);
    }
    case 5:
      return payload.toString('utf16le');
    case -1:
      return new Date(Number(payload.readBigInt64BE(4)) * 1_000 + payload.readUInt32BE(0) / 1e6);
    default:
      throw new Error(`extension ${type}`);
  }
}

export function groupOf(key: Buffer, maxParallelism: number): number {
  const signed = BigInt.asIntN(32, spread(murmur(key)));
  const absolute = signed === -(2n ** 31n) ? 0n : signed < 0n ? -signed : signed;
  return Number(absolute % BigInt(maxParallelism));
}

// Both hashes in big integers, cut to 32 bits after every step: slow, and in no way like the ones they check.
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);
const rotl = (value: bigint, bits: bigint): bigint => u32((value << bits) | (value >> (32n - bits)));
const scrambled = (word: bigint): bigint => u32(rotl(u32(word * 0xcc9e2d51n), 15n) * 0x1b873593n);

function avalanche(value: bigint): bigint {
  let h = value;
  h ^= h >> 16n;
  h = u32(h * 0x85ebca6bn);
  h ^= h >> 13n;
  h = u32(h * 0xc2b2ae35n);
  return h ^ (h >> 16n);
}

function murmur(bytes: Buffer): bigint {
  let h = 0n;
  const words = bytes.length >> 2;
  for (let i = 0; i < words; i++) h = u32(rotl(h ^ scrambled(BigInt(bytes.readUInt32LE(i * 4))), 13n) * 5n + 0xe6546b64n);
  const tail = Buffer.alloc(4);
  bytes.copy(tail, 0, words * 4);
  if (bytes.length % 4 !== 0) h ^= scrambled(BigInt(tail.readUInt32LE()));
  return avalanche(h ^ BigInt(bytes.length));
}

function spread(hash: bigint): bigint {
  return avalanche(u32(rotl(scrambled(hash), 13n) * 5n + 0xe6546b64n) ^ 4n);
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

function utf8(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`The savepoint is not as docs/savepoint-format.md says: ${what}.`);
}
