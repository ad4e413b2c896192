/**
 * MurmurHash3 x86-32 (Austin Appleby, public domain definition): four bytes a step, little-endian, then the rest, then
 * an avalanche. Unsigned result. `mixWord` and `finish` are apart so that a hash can be taken while bytes are made.
 */
export function murmur3(bytes: Uint8Array, seed = 0): number {
  let hash = seed | 0;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    hash = mixWord(hash, bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
  }
  let rest = 0;
  for (let shift = 0; i < bytes.length; i++, shift += 8) rest |= bytes[i]! << shift;
  return finish(hash, rest, bytes.length);
}

export function mixWord(hash: number, word: number): number {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** `rest` holds the last 0 to 3 bytes, little-endian, zero when there is none. */
export function finish(hash: number, rest: number, length: number): number {
  let mixed = hash ^ scramble(rest) ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const multiplied = Math.imul(word, 0xcc9e2d51);
  return Math.imul((multiplied << 15) | (multiplied >>> 17), 0x1b873593);
}
