/**
 * Key groups: the unit in which keyed state is moved between subtasks, as in Flink's KeyGroupRangeAssignment. A key
 * belongs to one of `maxParallelism` groups for good; a subtask owns a contiguous range of them.
 *
 *   group = |spread(murmur3(bytes of the key))| mod maxParallelism        (spread: Flink's MathUtils.murmurHash)
 *
 * Fixed for good, with golden vectors: the same key is in the same group on every machine and in every version.
 */
import { ByteWriter } from '../base/byteWriter.ts';
import type { Key } from './declarations.ts';
import { keyBytesMax, keyTags, writeKey } from './keyEncoding.ts';
import { finish, mixWord, murmur3 } from './murmur3.ts';

/** Flink's upper bound. */
export const maxParallelismMax = 32_768;

/** A contiguous range, both ends included; empty when last < first. */
export interface KeyGroupRange {
  readonly first: number;
  readonly last: number;
}

/** What `hashAsciiString` answers when the key is something else, a zero character or too long included. */
export const NOT_ASCII = -1;

/** The key group of a key. Throws KeyRefused. */
export function keyGroupOf(key: Key, maxParallelism: number): number {
  return spread(hashKey(key)) % maxParallelism;
}

/** murmur3 of the key's canonical bytes, seed 0; unsigned. */
export function hashKey(key: Key): number {
  if (typeof key === 'string') {
    const hash = hashAsciiString(key);
    if (hash !== NOT_ASCII) return hash;
  } else if (typeof key === 'number') {
    return hashNumber(key);
  }
  scratch.truncate(0);
  writeKey(scratch, key);
  return murmur3(scratch.view());
}

export function keyGroupRange(
  subtaskIndex: number,
  parallelism: number,
  maxParallelism: number,
): KeyGroupRange {
  return {
    first: Math.ceil((subtaskIndex * maxParallelism) / parallelism),
    last: Math.floor(((subtaskIndex + 1) * maxParallelism - 1) / parallelism),
  };
}

/** The subtask that owns the group. */
export function operatorIndexForKeyGroup(group: number, parallelism: number, maxParallelism: number): number {
  return Math.floor((group * parallelism) / maxParallelism);
}

/** Flink's MathUtils.murmurHash: spreads the bits of a hash code; 0 … 2^31 - 1. */
export function spread(hash: number): number {
  const spreadBits = finish(mixWord(0, hash), 0, 4) | 0;
  // |-2^31| does not fit Java's int, where Flink answers 0.
  return spreadBits === -0x8000_0000 ? 0 : Math.abs(spreadBits);
}

const scratch = new ByteWriter(256);
const number = new DataView(new ArrayBuffer(8));

/**
 * The same as hashing 07, the characters, 00 01, without writing them anywhere: keys of records are mostly short ASCII,
 * and this is on the path of every record. Anything else answers NOT_ASCII.
 */
export function hashAsciiString(key: string): number {
  const { length } = key;
  if (length > keyBytesMax - 3) return NOT_ASCII;
  let hash = 0;
  let word: number = keyTags.string;
  let shift = 8;
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i);
    if ((unit - 1) >>> 0 >= 0x7f) return NOT_ASCII;
    word |= unit << shift;
    shift += 8;
    if (shift === 32) {
      hash = mixWord(hash, word);
      word = 0;
      shift = 0;
    }
  }
  // The 00 of the terminator changes no bits, the 01 comes after it.
  shift += 8;
  if (shift === 32) {
    hash = mixWord(hash, word);
    return finish(hash, 1, length + 3);
  }
  word |= 1 << shift;
  if (shift === 24) return finish(mixWord(hash, word), 0, length + 3);
  return finish(hash, word, length + 3);
}

/** The same as hashing 04 and the eight ordered bytes of the number. */
function hashNumber(key: number): number {
  number.setFloat64(0, key === 0 ? 0 : key);
  let high = number.getInt32(0);
  let low = number.getInt32(4);
  if (Number.isNaN(key)) {
    high = 0x7ff8_0000;
    low = 0;
  }
  if (high < 0) {
    high = ~high;
    low = ~low;
  } else {
    high ^= 0x8000_0000;
  }
  // Big-endian bytes behind one tag byte, read as little-endian words: reverse, then shift by a byte.
  const a = reverseBytes(high);
  const b = reverseBytes(low);
  let hash = mixWord(0, keyTags.number | (a << 8));
  hash = mixWord(hash, (a >>> 24) | (b << 8));
  return finish(hash, b >>> 24, 9);
}

function reverseBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
