import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../runtime/base/utf8.ts';
import { DelimitedCutter } from '../../runtime/connectors/delimitedCutter.ts';

function drain(cutter: DelimitedCutter): string[] {
  const records: string[] = [];
  for (let record = cutter.next(); record !== null; record = cutter.next()) records.push(record);
  return records;
}

function cut(text: string, delimiter = '\n'): string[] {
  const cutter = new DelimitedCutter(delimiter);
  cutter.push(encodeUtf8(text));
  return drain(cutter);
}

test('records end with the delimiter, which is no part of them', () => {
  expect(cut('a\n\nb\nrest')).toEqual(['a', '', 'b']);
  expect(cut('a\r\nb\r\r\n\r\n')).toEqual(['a', 'b\r', '']);
  expect(cut('a, b,', ',')).toEqual(['a', ' b']);
  expect(cut('a\r,', ',')).toEqual(['a\r']);
  expect(cut('a||b|c||', '||')).toEqual(['a', 'b|c']);
  expect(cut('aaab', 'aab')).toEqual(['a']);
  expect(cut('é😀€é', 'é')).toEqual(['', '😀€']);
});

test('however the bytes come in pieces, and whenever records are asked for, the records are the same', () => {
  const delimiters = fc.constantFrom('\n', ',', '||', 'aab', '😀');
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '|', ',', '\n', '😀', 'é') }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(
      delimiters,
      texts,
      fc.array(fc.nat({ max: 9 })),
      fc.nat(),
      (delimiter, streams, sizes, ask) => {
        const cutter = new DelimitedCutter(delimiter);
        const records: string[] = [];
        let turn = 0;
        for (const text of streams) {
          const bytes = encodeUtf8(text);
          for (let at = 0; at < bytes.length; turn++) {
            const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? 1);
            cutter.push(bytes.subarray(at, at + size));
            at += size;
            if ((ask >> (turn % 30)) & 1) records.push(...drain(cutter));
          }
          cutter.endStream('in order');
        }
        records.push(...drain(cutter));
        const expected = streams.flatMap((text) => {
          const parts = text.split(delimiter);
          if (parts.at(-1) === '') parts.pop();
          return delimiter === '\n' ? parts.map((part) => part.replace(/\r$/, '')) : parts;
        });
        expect(records).toEqual(expected);
        expect(cutter.bufferedBytes).toBe(0);
      },
    ),
  );
});

test('what was cut off is forgotten, and what was whole is not', () => {
  const cutter = new DelimitedCutter('\n');
  cutter.push(encodeUtf8('a\nb\nhalf'));
  expect(cutter.endStream('cut off')).toBe(4);
  cutter.push(encodeUtf8('c\n'));
  expect(drain(cutter)).toEqual(['a', 'b', 'c']);
  expect(cutter.endStream('cut off')).toBe(0);
});

test('a record larger than the buffer is kept whole, and room is used again', () => {
  const cutter = new DelimitedCutter('\n');
  const long = 'x'.repeat(300_000);
  for (let times = 0; times < 3; times++) {
    for (let at = 0; at < long.length; at += 50_000) cutter.push(encodeUtf8(long.slice(at, at + 50_000)));
    expect(cutter.next()).toBeNull();
    cutter.push(encodeUtf8('\nshort\n'));
    expect(drain(cutter)).toEqual([long, 'short']);
  }
});

test('where a stream ended is known when room is made', () => {
  const cutter = new DelimitedCutter('\n');
  cutter.push(encodeUtf8('a\nthe last one'));
  expect(cutter.next()).toBe('a');
  cutter.endStream('in order');
  cutter.push(encodeUtf8(`${'x'.repeat(100_000)}\n`));
  expect(drain(cutter)).toEqual(['the last one', 'x'.repeat(100_000)]);
});

test('bytes that are no UTF-8 are refused, not replaced', () => {
  const cutter = new DelimitedCutter('\n');
  cutter.push(Uint8Array.of(0x61, 0xff, 0x0a));
  expect(() => cutter.next()).toThrow(expect.objectContaining({ name: 'MalformedBytes' }));
});
