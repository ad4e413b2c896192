import { expect, test } from 'vitest';
import { durationText, listText, recordsText } from '../../runtime/checkpoint/sentences.ts';

test.each([
  [-3, '0 ms'],
  [0, '0 ms'],
  [52, '52 ms'],
  [999, '999 ms'],
  [1_000, '1 s'],
  [6_340, '6.34 s'],
  [6_300, '6.30 s'],
  [9_999, '9.99 s'],
  [13_700, '13.7 s'],
  [20_000, '20 s'],
  [59_990, '59.9 s'],
  [60_000, '1 m 00 s'],
  [1_266_000, '21 m 06 s'],
  [3_600_000, '1 h 00 m'],
  [11_100_000, '3 h 05 m'],
])('%i ms is %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test('records and lists', () => {
  expect([0, 1, 999, 1_000, 10_403, 1_234_567].map(recordsText)).toEqual([
    '0 records',
    '1 record',
    '999 records',
    '1,000 records',
    '10,403 records',
    '1,234,567 records',
  ]);
  expect([['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']].map(listText)).toEqual([
    'a',
    'a and b',
    'a, b and 1 more',
    'a, b and 2 more',
  ]);
});
