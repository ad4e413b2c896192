/** Pieces in, lines out. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutLines } from '../../../extension/supervisor/lines.ts';

function cut(pieces: readonly string[], charactersMax?: number): string[] {
  const lines: string[] = [];
  const cutter = cutLines((line) => lines.push(line), charactersMax);
  for (const piece of pieces) cutter.push(piece);
  cutter.end();
  return lines;
}

test.each<[string, string[], string[]]>([
  ['a line in one piece', ['a\n'], ['a']],
  ['a line in three', ['a', 'b', 'c\n'], ['abc']],
  ['three in one', ['a\nb\nc\n'], ['a', 'b', 'c']],
  ['carriage returns are no part of it', ['a\r\nb\r\n'], ['a', 'b']],
  ['an unfinished last line counts', ['a\nb'], ['a', 'b']],
  ['empty ones do not', ['\n\n a\n'], [' a']],
])('%s', (_, pieces, lines) => expect(cut(pieces)).toEqual(lines));

test('what grows beyond the limit is dropped whole, and the next line is read', () => {
  expect(cut(['aaaa', 'aaaa', 'aa\nb\n'], 6)).toEqual(['b']);
});

test('how it is cut into pieces makes no difference', () => {
  void fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[ab\n]*$/)), (pieces) => {
      expect(cut(pieces)).toEqual(cut([pieces.join('')]));
    }),
  );
});
