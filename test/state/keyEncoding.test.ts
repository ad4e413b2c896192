import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBytes } from '../../runtime/base/compareBytes.ts';
import { MalformedBytes } from '../../runtime/base/malformedBytes.ts';
import type { Key } from '../../runtime/state/declarations.ts';
import { decodeKey, encodeKey, KeyRefused, keyBytesMax } from '../../runtime/state/keyEncoding.ts';
import { arbitraryKey, hex } from './arbitraries.ts';

test('a key comes back from its bytes', () => {
  fc.assert(
    fc.property(arbitraryKey, (key) => {
      expect(decodeKey(encodeKey(key))).toEqual(folded(key));
    }),
    { numRuns: 2_000 },
  );
});

test('the bytes of a key are never the start of those of another', () => {
  fc.assert(
    fc.property(arbitraryKey, arbitraryKey, (left, right) => {
      const [a, b] = [hex(encodeKey(left)), hex(encodeKey(right))];
      expect(a === b || (!a.startsWith(b) && !b.startsWith(a))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test.each<[string, readonly Key[]]>([
  [
    'numbers',
    [
      Number.NEGATIVE_INFINITY,
      -1e300,
      -2,
      -1.5,
      -Number.MIN_VALUE,
      0,
      Number.MIN_VALUE,
      1,
      2,
      1e300,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ],
  ],
  ['bigints', [-(2n ** 64n), -256n, -255n, -1n, 0n, 1n, 255n, 256n, 2n ** 64n]],
  [
    'strings, by code point',
    ['', '\0', '\0\0', '\0a', '\u0001', 'a', 'a\0', 'aa', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '😀'],
  ],
  ['types', [null, false, true, 0, -1n, 0n, '', [], {}]],
  ['arrays', [[], [1], [1, 2], [2], ['a'], ['a', 'b'], ['b']]],
])('the order of the bytes is the order of the values: %s', (_, ascending) => {
  const bytes = ascending.map((key) => encodeKey(key));
  for (let i = 1; i < bytes.length; i++) expect(compareBytes(bytes[i - 1]!, bytes[i]!)).toBeLessThan(0);
});

test.each<[string, Key, Key]>([
  ['-0 is 0', -0, 0],
  ['there is one NaN', new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer)[0]!, Number.NaN],
  ['the order of properties does not count', { a: 1, b: 2 }, { b: 2, a: 1 }],
  ['a prototype of null is plain', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ['a lone surrogate is U+FFFD', 'a\ud800', 'a\ufffd'],
])('%s', (_, left, right) => {
  expect(hex(encodeKey(left))).toBe(hex(encodeKey(right)));
});

const circle: unknown[] = [];
circle.push(circle);

test.each<[string, unknown, RegExp]>([
  ['undefined', undefined, /^undefined is no key/],
  ['a function', () => 1, /^a function is no key/],
  ['a symbol', Symbol('s'), /^a symbol is no key/],
  ['a date', new Date(0), /^A Date is no key; use one of its properties/],
  ['a map', new Map(), /^A Map is no key/],
  ['an instance of a class', new (class Order {})(), /^A Order is no key/],
  ['a hole', Object.assign([], { 1: 1 }), /^undefined is no key/],
  ['a property without a value', { a: undefined }, /^undefined is no key/],
  ['a circle', circle, /32 levels/],
  ['too long a string', 'x'.repeat(keyBytesMax), /65536 bytes/],
])('%s is refused as a key', (_, key, message) => {
  expect(() => encodeKey(key as Key)).toThrow(KeyRefused);
  expect(() => encodeKey(key as Key)).toThrow(message);
});

test('a property named __proto__ is a property, and changes no prototype', () => {
  const key = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as Key;
  const back = decodeKey(encodeKey(key)) as { polluted?: unknown };
  expect(Object.keys(back)).toEqual(['__proto__', 'a']);
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  expect(back.polluted).toBeUndefined();
});

test('bytes of nobody are refused, not guessed', () => {
  for (const bytes of [
    '',
    '00',
    '0a',
    '04ff',
    '0761',
    '076100',
    '07610002',
    '0101',
    '08',
    '0901',
    '06ffffffff00',
    '07ff0001',
  ]) {
    expect(() => decodeKey(Buffer.from(bytes, 'hex')), bytes).toThrow(MalformedBytes);
  }
});

/** What the encoding makes alike. */
function folded(key: Key): Key {
  if (typeof key === 'number') return key === 0 ? 0 : key;
  if (Array.isArray(key)) return key.map(folded);
  if (typeof key === 'object' && key !== null) {
    return Object.fromEntries(Object.entries(key).map(([name, value]) => [name, folded(value as Key)]));
  }
  return key;
}
