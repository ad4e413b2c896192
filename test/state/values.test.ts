import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../runtime/base/byteWriter.ts';
import { MalformedBytes } from '../../runtime/base/malformedBytes.ts';
import { valueDepthMax } from '../../runtime/state/valueFormat.ts';
import { readWholeValue as readBack } from '../../runtime/state/valueReader.ts';
import { ValueRefused, writeValue } from '../../runtime/state/valueWriter.ts';
import { anyCharacter, hex } from './arbitraries.ts';

const bytesOf = (value: unknown): Uint8Array => {
  const writer = new ByteWriter(1);
  writeValue(writer, value);
  return writer.take();
};

const anything = fc.anything({
  withBigInt: true,
  withDate: false,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: false,
  withNullPrototype: false,
  key: fc.string({ unit: anyCharacter, maxLength: 40 }),
});

test('what is saved comes back as it was', () => {
  fc.assert(
    fc.property(anything, (value) => void expect(readBack(bytesOf(value))).toStrictEqual(value)),
    { numRuns: 3_000 },
  );
});

test.each<[string, unknown]>([
  ['-0', -0],
  ['NaN', Number.NaN],
  ['infinity', Number.NEGATIVE_INFINITY],
  ['a small integer', 127],
  ['a byte', 128],
  ['two bytes', 65_535],
  ['four bytes', 4_294_967_295],
  ['more', 2 ** 53],
  ['negative', -32],
  ['negative byte', -33],
  ['negative two', -129],
  ['negative four', -32_769],
  ['negative more', -(2 ** 31) - 1],
  ['undefined', undefined],
  ['in a property', { a: undefined }],
  ['in a list', [undefined, null]],
  ['a bigint of 64 bits', 2n ** 64n - 1n],
  ['a negative one', -(2n ** 63n)],
  ['larger', 2n ** 64n],
  ['and smaller', -(2n ** 63n) - 1n],
  ['huge', -(7n ** 999n)],
  ['dates', [new Date(0), new Date(-1), new Date(1_700_000_000_123), new Date(8.64e15), new Date(-8.64e15)]],
  ['a Map in a Map', new Map<unknown, unknown>([[{ k: 1 }, new Map([[Number.NaN, new Set([1, 'a'])]])]])],
  ['bytes', new Uint8Array(70_000).fill(7)],
  ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
  [
    'typed arrays',
    [Float64Array.of(1.5, -0), BigInt64Array.of(-1n), Uint8ClampedArray.of(255), Int16Array.of()],
  ],
  [
    'strings of every length',
    [0, 1, 10, 11, 31, 32, 255, 256, 65_535, 65_536].flatMap((length) =>
      ['x', 'é', '東', '😀'].map((unit) => unit.repeat(length)),
    ),
  ],
  ['an ill-formed string', '\ud800a\udc00'],
  ['long lists', Array.from({ length: 70_000 }, (_, i) => i % 300)],
  ['many properties', Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`p${i}`, i]))],
  ['a view into something larger', new Uint8Array(new ArrayBuffer(100), 10, 3).fill(5)],
])('comes back: %s', (_, value) => {
  expect(readBack(bytesOf(value))).toStrictEqual(value);
});

test('any MessagePack reader can read the plain part', () => {
  const unpackr = new Unpackr({ useRecords: false, int64AsType: 'bigint' });
  const plain = fc.anything({
    key: fc.string({ maxLength: 40 }).filter((name) => name !== '__proto__'),
    withNullPrototype: false,
  });
  fc.assert(
    fc.property(plain, (value) => void expect(unpackr.unpack(bytesOf(value))).toStrictEqual(value)),
    { numRuns: 1_000 },
  );
});

test('equal values have equal bytes', () => {
  fc.assert(
    fc.property(
      anything,
      (value) => void expect(hex(bytesOf(readBack(bytesOf(value))))).toBe(hex(bytesOf(value))),
    ),
  );
});

const circle: { self?: unknown } = {};
circle.self = circle;

test.each<[string, unknown, string, string]>([
  ['a function', { a: [0, { f: () => 1 }] }, '.a[1].f', 'is a function'],
  ['a symbol', [Symbol('s')], '[0]', 'is a symbol'],
  [
    'a class instance',
    new Map([['k', new (class Order {})()]]),
    '.get(k)',
    'is an instance of Order; a state holds plain data',
  ],
  ['an error', new RangeError('x'), '', 'is an instance of RangeError; a state holds plain data'],
  ['an invalid date', [new Date(Number.NaN)], '[0]', 'is an invalid date'],
  [
    'a circle',
    circle,
    '.self'.repeat(valueDepthMax),
    `is nested deeper than ${valueDepthMax} levels, or a circle`,
  ],
])('%s is refused with its place', (_, value, path, message) => {
  let refused: unknown;
  try {
    bytesOf(value);
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(ValueRefused);
  expect((refused as ValueRefused).message).toBe(message);
  expect((refused as ValueRefused).path).toBe(path);
});

test('a property named __proto__ is a property, and changes no prototype', () => {
  const value: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
  const back = readBack(bytesOf(value)) as { polluted?: unknown };
  expect(Object.keys(back)).toEqual(['__proto__']);
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  expect(back.polluted).toBeUndefined();
});

test.each([
  ['a list of four billion', 'ddffffffff'],
  ['four billion properties', 'dfffffffff'],
  ['a string of four billion', 'dbffffffff61'],
  ['four billion bytes', 'c6ffffffff00'],
  ['an extension of four billion', 'c9ffffffff02'],
  ['lists in lists without end', '91'.repeat(1_000)],
  ['a type that there is not', 'c1'],
  ['an extension that there is not', 'd41000'],
  ['an extension longer than its content', 'c7030390'.padEnd(12, '0')],
  ['a Map with half an entry', 'c702029101'],
  ['a property without a name', '810101'],
  ['text that is none', 'a1ff'],
  ['a typed array that ends within an element', 'c7020300'.replace('0300', '0403').padEnd(8, '0')],
])('%s is malformed and costs no memory', (_, bytes) => {
  expect(() => readBack(Buffer.from(bytes, 'hex'))).toThrow(MalformedBytes);
});

test('random bytes are read as something or refused, but break nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        readBack(bytes);
      } catch (error) {
        if (!(error instanceof MalformedBytes)) throw error;
      }
    }),
    { numRuns: 20_000 },
  );
});
