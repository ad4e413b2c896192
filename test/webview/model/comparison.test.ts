/** What a comparison says to people: names of states, what became of entries, times instead of numbers. */
import { expect, test } from 'vitest';
import type { EntryDifference, SourceRange } from '../../../runtime/protocol/savepoints.ts';
import { entryDifference, stateRole } from '../../../runtime/protocol/savepoints.ts';
import {
  changeWords,
  eventTimeApart,
  placeOf,
  rangeWord,
  readable,
  stateTitle,
} from '../../../webview/model/comparison.ts';
import { moment } from '../../../webview/model/format.ts';

const entry = (changes: Partial<EntryDifference>): EntryDifference => ({
  ...entryDifference.parse({ change: 'added', key: '"k"', subKey: null, before: null, after: null }),
  ...changes,
});
const noon = new Date(2026, 4, 12, 12).getTime();
const half = noon + 1_800_000;

test.each<[string, Partial<EntryDifference>, string | null]>([
  ['nothing', {}, null],
  ['a key of a map', { subKey: '["a",1]' }, '[ "a", 1 ]'],
  [
    'a window of one day',
    { subKey: '1', window: { start: noon, end: half } },
    '[2026-05-12 12:00:00, 12:30:00)',
  ],
  [
    'a window over midnight',
    { window: { start: noon, end: noon + 86_400_000 } },
    '[2026-05-12 12:00:00, 2026-05-13 12:00:00)',
  ],
  ['a window whose end is not known', { window: { start: noon, end: null } }, '[2026-05-12 12:00:00, –)'],
  ['a global window', { window: { start: null, end: null } }, '[all of time)'],
  ['a timer', { time: noon, namespace: 'null' }, '2026-05-12 12:00:00'],
  ['a timer of a namespace', { time: noon, namespace: '"second"' }, '2026-05-12 12:00:00, for "second"'],
  [
    'a timer of a window',
    { time: half - 1, namespace: String(noon), window: { start: noon, end: half } },
    '2026-05-12 12:29:59.999, [2026-05-12 12:00:00, 12:30:00)',
  ],
  ['records that wait in a join', { subKey: '1', time: noon }, '2026-05-12 12:00:00'],
])('the place of %s', (_, changes, expected) => {
  expect(placeOf(entry(changes))).toBe(expected);
});

test('a time that is no date is shown as it is', () => {
  expect(moment(9e15)).toBe('9000000000000000');
});

test.each([
  ['{"$bigint":"12"}', '12n'],
  ['{"$number":"NaN"}', 'NaN'],
  ['{"$number":"-0"}', '-0'],
  ['{"a":{"$undefined":true}}', '{ a: undefined }'],
  ['{"$date":"2026-01-31T17:45:02.000Z"}', '2026-01-31 17:45:02 UTC'],
  ['{"$map":[["a",1],[{"b":2},{"$set":[1]}]]}', 'Map [ "a" → 1, { b: 2 } → Set [ 1 ] ]'],
  ['{"$bytes":"00ff"}', 'bytes 00ff'],
  ['{"$Float64Array":[1,2]}', 'Float64Array [ 1, 2 ]'],
  ['{"$other":1}', '{ $other: 1 }'],
  ['{"$bigint":"1","b":2}', '{ $bigint: "1", b: 2 }'],
  ['{"cut":"off…', '{"cut":"off…'],
])('%s is read as %s', (json, expected) => {
  expect(readable(json)).toBe(expected);
});

test.each(stateRole.options)('a state that is %s has a title, and words for what becomes of it', (role) => {
  const title = stateTitle({ state: 'left', role });
  expect(title).not.toBe('');
  expect(Object.values(changeWords(role)).every((word) => word.length > 0)).toBe(true);
  expect(title === 'left').toBe(role === 'state' || role === 'bookkeeping' || role === 'per-window');
});

test('how far a split came in event time: by watermarks, else by its latest records', () => {
  const range: SourceRange = {
    operator: 's',
    split: '0',
    change: 'finished',
    a: 1,
    b: 2,
    records: 1,
    watermarkA: 10,
    watermarkB: 30,
    eventTimeA: 0,
    eventTimeB: 1,
  };
  expect(eventTimeApart(range)).toBe(20);
  expect(eventTimeApart({ ...range, watermarkB: null })).toBe(1);
  expect(eventTimeApart({ ...range, watermarkB: null, eventTimeA: null })).toBeNull();
  expect(rangeWord(range)).toBe('read to its end');
});
