import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCsvRecord, parseCsvRecord } from '../../runtime/connectors/csvRecord.ts';

test.each([
  ['', ['']],
  ['a', ['a']],
  ['a,', ['a', '']],
  [',', ['', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a""b"', ['a"b']],
  ['"",""', ['', '']],
  ['"a\r\nb"', ['a\r\nb']],
  ['a "quoted" word,x', ['a "quoted" word', 'x']],
])('%j has the fields %j', (record, fields) => {
  expect(parseCsvRecord(record, ',')).toEqual(fields);
});

test('what is written is read as it was', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', ';', '"', '\n', '\r', ' ', 'é') });
  fc.assert(
    fc.property(fc.array(field, { minLength: 1 }), fc.constantFrom(',', ';', '\t'), (fields, separator) => {
      expect(parseCsvRecord(formatCsvRecord(fields, separator), separator)).toEqual(fields);
    }),
  );
});

test('numbers, nothing and objects have a text', () => {
  expect(formatCsvRecord([1.5, null, undefined, true, { a: 1 }], ',')).toBe('1.5,,,true,"{""a"":1}"');
});
