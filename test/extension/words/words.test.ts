/** Numbers, pre-flights and ends as people read them. */
import { expect, test } from 'vitest';
import { exitText } from '../../../extension/words/failureText.ts';
import {
  ageText,
  bytesText,
  countText,
  durationText,
  rateText,
  roughAgeText,
  shareText,
} from '../../../extension/words/numbers.ts';
import { restoreQuestion } from '../../../extension/words/preflightText.ts';
import { sayEnglish as say } from '../../../extension/words/say.ts';
import { preflight } from '../examples.ts';

test.each([
  [rateText(980), '980/s'],
  [rateText(1_310), '1.31k/s'],
  [rateText(2_400_000), '2.40M/s'],
  [rateText(0), '0/s'],
  [rateText(null), '–'],
  [countText(10_403), '10,403'],
  [countText(0), '0'],
  [countText(null), '–'],
  [bytesText(412), '412 B'],
  [bytesText(8_192), '8.0 KiB'],
  [bytesText(19_293_798), '18.4 MiB'],
  [bytesText(0), '0 B'],
  [durationText(52), '52 ms'],
  [durationText(6_340), '6.34 s'],
  [durationText(1_266_000), '21 m 06 s'],
  [ageText(59_999), '59 s'],
  [ageText(-5), '0 s'],
  [ageText(3_700_000), '1 h 01 m'],
  [roughAgeText(27_000), '27 s'],
  [roughAgeText(3_700_000), '1 h'],
  [roughAgeText(90_000_000), '1 d'],
  [shareText(0.634), '63 %'],
  [shareText(null), '–'],
])('%s', (text, expected) => expect(text).toBe(expected));

test('a pre-flight asks one question, and its button says all that is agreed to', () => {
  expect(restoreQuestion(preflight, say)).toEqual({
    message: 'Restore delays from "before"?',
    detail: [
      '2 parts (2.0 KiB) were committed after this point. They would come twice, so they are renamed to .superseded-…; nothing is deleted.',
      'old · pending: No operator takes the state pending: 21,016 keys',
      'weather reads records 1,200 to 10,403 again.',
      'States restored as they are: 1; new and empty: 0.',
    ].join('\n\n'),
    agree: 'Restore, Supersede Parts and Drop State',
  });
});

test.each<[typeof preflight.needs, string]>([
  [[], 'Restore'],
  [['supersede'], 'Restore and Supersede Parts'],
  [['allow-non-restored-state'], 'Restore and Drop State'],
])('what needs %j is agreed to by "%s"', (needs, agree) => {
  expect(restoreQuestion({ ...preflight, needs }, say).agree).toBe(agree);
});

test('what is impossible cannot be agreed to', () => {
  const item = {
    uid: 'x',
    name: 'x',
    state: 's',
    verdict: 'impossible' as const,
    text: 'no migration from v1',
    keys: null,
    bytes: null,
  };
  const question = restoreQuestion({ ...preflight, items: [...preflight.items, item] }, say);
  expect([question.agree, question.detail.split('\n')[2]]).toEqual([null, 'x · s: no migration from v1']);
  expect(restoreQuestion({ ...preflight, possible: false }, say).agree).toBeNull();
});

test.each([
  [{ code: null, signal: 'SIGKILL', lastWords: 'x' }, 'it was ended by SIGKILL'],
  [{ code: 1, signal: null, lastWords: 'Out of memory.' }, 'Out of memory.'],
  [{ code: 1, signal: null, lastWords: null }, 'it ended with exit code 1'],
  [{ code: null, signal: null, lastWords: 'spawn ENOENT' }, 'spawn ENOENT'],
])('%j', (exit, text) => expect(exitText(exit, say)).toBe(text));
