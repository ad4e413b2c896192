import { expect, test } from 'vitest';
import { parseFrame } from '../../runtime/api/callerLocation.ts';
import { type Duration, durationMs, signedDurationMs } from '../../runtime/api/duration.ts';

test.each<[Duration, number]>([
  [250, 250],
  ['500ms', 500],
  ['1.5 s', 1_500],
  ['5 min', 300_000],
  ['1 h', 3_600_000],
  ['2 days', 172_800_000],
  [0, 0],
])('%j is %i ms', (duration, ms) => {
  expect(durationMs(duration, 'It')).toBe(ms);
});

test.each(['', '5', '5 minuten', '-1 s', '1e3 s', Number.NaN, -1, Number.POSITIVE_INFINITY])(
  '%j is no duration',
  (duration) => {
    expect(() => durationMs(duration as Duration, 'The size')).toThrow(/^The size must be a duration/);
  },
);

test.each<[Duration, number]>([
  ['-5 min', -300_000],
  ['-1.5 s', -1_500],
  [-250, -250],
  ['5 min', 300_000],
  ['0 s', 0],
  ['-0 s', 0],
])('%j is %i ms, where a duration may be negative', (duration, ms) => {
  expect(signedDurationMs(duration, 'It')).toBe(ms);
});

test.each(['', '-', '--1 s', '- 5', '-5', Number.NaN, Number.NEGATIVE_INFINITY])(
  '%j is no duration, negative or not',
  (duration) => {
    expect(() => signedDurationMs(duration as Duration, 'The bound')).toThrow(
      /^The bound must be a duration/,
    );
  },
);

test.each([
  ['    at write (file:///tmp/p.js:3:7)', { file: 'file:///tmp/p.js', line: 3, column: 7 }],
  ['    at /home/a b/p.ts:10:2', { file: '/home/a b/p.ts', line: 10, column: 2 }],
  ['    at Object.<anonymous> (C:\\x\\p.js:1:2)', { file: 'C:\\x\\p.js', line: 1, column: 2 }],
  ['    at async file:///p.mjs:4:5', { file: 'file:///p.mjs', line: 4, column: 5 }],
  ['    at <anonymous>', null],
  ['', null],
])('the place in the frame %j is found', (frame, location) => {
  expect(parseFrame(frame)).toEqual(location);
});
