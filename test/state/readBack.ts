/** One value from its bytes, all of them. */
import { expect } from 'vitest';
import { ByteReader } from '../../runtime/base/byteReader.ts';
import { readValue } from '../../runtime/state/valueCodec.ts';

export function readBack(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes);
  const value = readValue(reader);
  expect(reader.left).toBe(0);
  return value;
}
