import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../runtime/base/byteWriter.ts';
import { compareBytes } from '../../runtime/base/compareBytes.ts';
import type { Key } from '../../runtime/state/declarations.ts';
import { encodeKey, KeyRefused, keyBytesMax } from '../../runtime/state/keyEncoding.ts';
import { compareMapKeys, fromMapKey, toMapKey, writeMapKey } from '../../runtime/state/mapKey.ts';
import { arbitraryKey, hex } from './arbitraries.ts';

const anyKey = fc.oneof(
  arbitraryKey,
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', '\ufffd', '\0', 'a'), maxLength: 4 }),
);

test('two keys are held alike exactly when their bytes are equal', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => {
      const held = new Map([[toMapKey(a), 1]]);
      expect(held.has(toMapKey(b))).toBe(hex(encodeKey(a)) === hex(encodeKey(b)));
    }),
    { numRuns: 1_500 },
  );
});

test('held keys compare as their bytes do, and are written as them', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => {
      expect(Math.sign(compareMapKeys(toMapKey(a), toMapKey(b)))).toBe(
        Math.sign(compareBytes(encodeKey(a), encodeKey(b))),
      );
      const writer = new ByteWriter();
      writeMapKey(writer, toMapKey(a));
      expect(hex(writer.take())).toBe(hex(encodeKey(a)));
      expect(hex(encodeKey(fromMapKey(toMapKey(a))))).toBe(hex(encodeKey(a)));
    }),
    { numRuns: 1_500 },
  );
});

test.each<[string, Key]>([
  ['long ASCII', 'x'.repeat(keyBytesMax)],
  ['long other text', '東'.repeat(keyBytesMax / 2)],
  ['not a key', undefined as never],
])('%s is refused', (_, key) => {
  expect(() => toMapKey(key)).toThrow(KeyRefused);
});
