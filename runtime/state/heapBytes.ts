/**
 * About how much memory a state value takes, for a budget that need not be exact. Of long arrays, maps and objects only some
 * elements are looked at, and never more than `looksMax` values in all, so it is quick whatever it is given.
 */
const sampled = 32;
const looksMax = 2_000;

let looks = 0;

export function heapBytes(value: unknown): number {
  looks = 0;
  return bytesOf(value);
}

function bytesOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return 24 + value.length;
    case 'bigint':
      return 32;
    case 'object':
      return value === null ? 8 : ofObject(value);
    default:
      return 12;
  }
}

function ofObject(value: object): number {
  if (++looks > looksMax) return 64;
  if (Array.isArray(value)) return 40 + ofElements(value, value.length);
  if (value instanceof Map)
    return 120 + ofElements(value.keys(), value.size) * 2 + ofElements(value.values(), value.size);
  if (value instanceof Set) return 120 + ofElements(value, value.size) * 2;
  if (ArrayBuffer.isView(value)) return 160 + value.byteLength;
  if (value instanceof ArrayBuffer) return 120 + value.byteLength;
  const names = Object.keys(value);
  const properties = value as Readonly<Record<string, unknown>>;
  let bytes = 0;
  const count = Math.min(sampled, names.length);
  for (let i = 0; i < count; i++) bytes += 8 + bytesOf(properties[names[i]!]);
  return 56 + scaled(bytes, count, names.length);
}

function ofElements(elements: Iterable<unknown>, length: number): number {
  let bytes = 0;
  let count = 0;
  for (const element of elements) {
    if (count === sampled) break;
    bytes += 8 + bytesOf(element);
    count++;
  }
  return scaled(bytes, count, length);
}

const scaled = (bytes: number, count: number, length: number): number =>
  count === 0 ? 0 : Math.ceil((bytes / count) * length);
