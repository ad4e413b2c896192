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
export const valueDepthMax = 100;
/** Types of extensions, as a byte. */
export const extensions = {
  undefined: 0,
  bigint: 1,
  map: 2,
  set: 3,
  binary: 4,
  utf16: 5,
  timestamp: 0xff,
} as const;

/** The byte that stands for a kind is its index here. Only ever appended to. */
export const typedArrays = [
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

// biome-ignore lint/style/noRestrictedGlobals: a Date is a value here, nobody asks it what time it is.
export const dateConstructor = Date;
