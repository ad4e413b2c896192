/**
 * Keys as a `Map` can hold them. JavaScript compares arrays and objects by identity, a keyed state by content: so a key
 * that is no primitive is held as a string, which starts with 00 (`marked`) and goes on with its canonical bytes, one
 * character each. Strings that start with 00 themselves are held in the same way; so no two different keys are held
 * alike, and equal keys always are.
 *
 * `compareMapKeys` is the order of the canonical bytes without making them, for nearly all keys.
 */
import type { ByteWriter } from '../base/byteWriter.ts';
import { isWellFormed } from '../base/utf8.ts';
import type { Key } from './declarations.ts';
import { decodeKey, encodeKey, keyBytesMax, keyTags, writeKey } from './keyEncoding.ts';

export type MapKey = string | number | bigint | boolean | null;

/** Throws KeyRefused. */
export function toMapKey(key: Key): MapKey {
  switch (typeof key) {
    case 'string':
      if (key.charCodeAt(0) === 0) return marked(key);
      // The encoding folds an ill-formed string and refuses a long one.
      return key.length > keyBytesMax / 3 - 3 || !isWellFormed(key)
        ? (decodeKey(encodeKey(key)) as string)
        : key;
    case 'number':
      // Map itself folds -0 and takes all NaN for one.
      return key;
    case 'bigint':
    case 'boolean':
      return key;
    default:
      return key === null ? null : marked(key);
  }
}

export function fromMapKey(key: MapKey): Key {
  if (typeof key === 'number') return key === 0 ? 0 : key;
  return isMarked(key) ? decodeKey(bytesOfMarked(key)) : key;
}

/** Appends the canonical bytes. */
export function writeMapKey(writer: ByteWriter, key: MapKey): void {
  if (isMarked(key)) for (let i = 1; i < key.length; i++) writer.u8(key.charCodeAt(i));
  else writeKey(writer, key);
}

/** Negative, zero or positive, as the canonical bytes compare. */
export function compareMapKeys(a: MapKey, b: MapKey): number {
  if (typeof a === 'string' && typeof b === 'string') {
    if (isMarked(a) || isMarked(b)) return compareMarked(a, b);
    return compareByCodePoint(a, b);
  }
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b);
  const ranks = tagOf(a) - tagOf(b);
  if (ranks !== 0) return ranks;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
  return 0;
}

const marked = (key: Key): string => `\0${characters(encodeKey(key))}`;

/** One character a byte: JavaScript compares such strings bytewise. */
function characters(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4_096) {
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + 4_096) as unknown as number[]);
  }
  return text;
}

function isMarked(key: MapKey): key is string {
  return typeof key === 'string' && key.charCodeAt(0) === 0;
}

function bytesOfMarked(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length - 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = key.charCodeAt(i + 1);
  return bytes;
}

function compareMarked(a: string, b: string): number {
  const left = isMarked(a) ? a.slice(1) : characters(encodeKey(a));
  const right = isMarked(b) ? b.slice(1) : characters(encodeKey(b));
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** JavaScript's own order is by UTF-16 unit, where a pair of surrogates comes before U+E000 … U+FFFF. */
function compareByCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) continue;
    if (left < 0xd800 || right < 0xd800) return left - right;
    const leftPaired = left <= 0xdfff;
    const rightPaired = right <= 0xdfff;
    return leftPaired === rightPaired ? left - right : leftPaired ? 1 : -1;
  }
  return a.length - b.length;
}

function tagOf(key: MapKey): number {
  switch (typeof key) {
    case 'string':
      return isMarked(key) ? key.charCodeAt(1) : keyTags.string;
    case 'number':
      return keyTags.number;
    case 'bigint':
      return key < 0n ? keyTags.negativeBigint : keyTags.bigint;
    case 'boolean':
      return key ? keyTags.true : keyTags.false;
    default:
      return keyTags.null;
  }
}
