import { expect, test } from 'vitest';
import * as format from '../../../webview/model/format.ts';

test.each([
  [980, '980/s'],
  [1_310, '1.31k/s'],
  [2_400_000, '2.40M/s'],
  [0, '0/s'],
  [null, '–'],
  [999.7, '1.00k/s'],
  [42.4, '42/s'],
])('a rate of %s is %s', (value, text) => expect(format.rate(value)).toBe(text));

test.each([
  [412, '412 B'],
  [8_192, '8.0 KiB'],
  [18.4 * 1_048_576, '18.4 MiB'],
  [0, '0 B'],
  [null, '–'],
  [1_023 * 1_024, '1.0 MiB'],
])('%s bytes are %s', (value, text) => expect(format.bytes(value)).toBe(text));

test.each([
  [52, '52 ms'],
  [6_340, '6.34 s'],
  [41_000, '41 s'],
  [1_266_000, '21 m 06 s'],
  [0, '0 ms'],
  [null, '–'],
  [999.6, '1.00 s'],
  [11_100_000, '3 h 05 m'],
  [59_990, '1 m 00 s'],
])('%s ms last %s', (value, text) => expect(format.duration(value)).toBe(text));

test.each([
  [10_403, '10,403'],
  [0, '0'],
  [null, '–'],
])('%s records are %s', (value, text) => expect(format.whole(value)).toBe(text));
test.each([
  [673_210, '673k'],
  [999, '999'],
  [1_045_440, '1M'],
  [null, '–'],
])('an estimate of %s is %s', (value, text) => expect(format.estimate(value)).toBe(text));
test.each([
  [0.63, '63 %'],
  [0, '0 %'],
  [null, '–'],
])('a share of %s is %s', (value, text) => expect(format.share(value)).toBe(text));

test.each([
  [10_403, '10,403'],
  [0, '0'],
  [-3, '−3'],
  [1_778_594_400_000, '1,778,594,400,000'],
  [1_234.5, '1,235'],
  [999.6, '1,000'],
  [177.3, '177'],
  [99.96, '100'],
  [23.52, '23.5'],
  [9.996, '10'],
  [2.9, '2.90'],
  [0.9143, '0.914'],
  [0.9996, '1'],
  [0.0123, '0.012'],
  [0.000_012_3, '1.23e-5'],
  [-1.5e21, '−1.5e21'],
  [2e15, '2e15'],
  [null, '–'],
])('a quantity of %s is %s', (value, text) => expect(format.quantity(value)).toBe(text));

test.each([
  [-12, '−12/s'],
  [0, '0/s'],
  [0.4, '0.4/s'],
  [null, '–'],
])('a rate that may be negative, %s, is %s', (value, text) => expect(format.signedRate(value)).toBe(text));

test('milliseconds are written only in details', () => {
  const at = Date.UTC(2026, 4, 12, 14, 31, 58, 4);
  expect(format.clockWithMs(at)).toMatch(/:31:58\.004$/);
  expect(format.clock(at)).toMatch(/:31:58$/);
});

test('a missing measurement is never shown as zero', () => {
  for (const show of [
    format.rate,
    format.signedRate,
    format.quantity,
    format.bytes,
    format.duration,
    format.whole,
    format.share,
    format.age,
    format.lag,
    format.after,
  ])
    expect(show(null)).toBe('–');
});
