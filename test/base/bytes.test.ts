import { crc32 as crc32OfZlib } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from '../../runtime/base/byteReader.ts';
import { ByteWriter } from '../../runtime/base/byteWriter.ts';
import { compareBytes } from '../../runtime/base/compareBytes.ts';
import { crc32 } from '../../runtime/base/crc32.ts';
import { MalformedBytes } from '../../runtime/base/malformedBytes.ts';
import { decodeUtf8, encodeUtf8, isWellFormed } from '../../runtime/base/utf8.ts';
import { anyCharacter } from '../state/arbitraries.ts';

test('our UTF-8 is that of the platform, lone surrogates included', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
      const text = String.fromCharCode(...units);
      expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
      const wellFormed = Buffer.from(text).toString();
      expect(decodeUtf8(encodeUtf8(text))).toBe(wellFormed);
      expect(isWellFormed(text)).toBe(text === wellFormed);
    }),
    { numRuns: 500 },
  );
});

test('what is no UTF-8 is refused, and what is, is not', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom(0, 0xc0, 0xe0, 0xed, 0xf0, 0xf4),
      (bytes, lead) => {
        const all = Uint8Array.of(lead, ...bytes);
        let expected: string | null = null;
        try {
          expected = strict.decode(all);
        } catch {
          expect(() => decodeUtf8(all)).toThrow(MalformedBytes);
          return;
        }
        expect(decodeUtf8(all)).toBe(expected);
      },
    ),
    { numRuns: 5_000 },
  );
});

test('long strings survive', () => {
  const text = 'é😀x'.repeat(100_000);
  expect(decodeUtf8(encodeUtf8(text)) === text).toBe(true);
});

test('the checksum is that of zip, whole and in parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, at) => {
      const expected = crc32OfZlib(bytes);
      expect(crc32(bytes)).toBe(expected);
      expect(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at)))).toBe(expected);
    }),
  );
});

test('numbers and texts come back', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.maxSafeNat(),
          fc.double(),
          fc.string({ unit: anyCharacter, maxLength: 140 }),
          fc.uint8Array(),
        ),
        { maxLength: 6 },
      ),
      (values) => {
        const writer = new ByteWriter(1);
        for (const value of values) {
          if (typeof value === 'string') writer.text(value);
          else if (typeof value !== 'number') {
            writer.varint(value.length);
            writer.bytes(value);
          } else if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) writer.varint(value);
          else writer.f64be(value);
        }
        const reader = new ByteReader(writer.take());
        for (const value of values) {
          if (typeof value === 'string') expect(reader.text()).toBe(value);
          else if (typeof value !== 'number')
            expect(compareBytes(reader.bytes(reader.varint()), value)).toBe(0);
          else if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0))
            expect(reader.varint()).toBe(value);
          else expect(reader.f64be()).toBe(value);
        }
        expect(reader.left).toBe(0);
      },
    ),
  );
});

test.each([
  ['over the end', [1], (reader: ByteReader) => reader.u32()],
  ['a length that the bytes do not have', [0xff, 0xff, 0x7f], (reader: ByteReader) => reader.text()],
  ['a number without an end', Array(9).fill(0xff), (reader: ByteReader) => reader.varint()],
  [
    'a number above 2^53',
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f],
    (reader: ByteReader) => reader.varint(),
  ],
])('reading %s is malformed', (_, bytes, read) => {
  expect(() => read(new ByteReader(Uint8Array.from(bytes)))).toThrow(MalformedBytes);
});

test('bytes are compared unsigned, a prefix first', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
    }),
  );
});
