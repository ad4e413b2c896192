import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import { csv, jsonl, text } from '../../runtime/connectors/index.ts';
import type { Source, SplitPosition } from '../../runtime/operators/source.ts';
import { readAll, readSplit, sourceContext } from './contexts.ts';
import { MemoryFiles } from './memoryFiles.ts';

function filesWith(contents: Record<string, string>): MemoryFiles {
  const files = new MemoryFiles();
  for (const [path, given] of Object.entries(contents)) files.put(path, given);
  return files;
}

function check<T>(source: Source<T>, given: string, values: readonly T[]): void {
  const files = filesWith({ in: given });
  expect(readAll(source, sourceContext(files))).toEqual(values);
  expect(files.openFiles).toBe(0);
}

test('a text source gives lines without their line feeds, also the last one that has none', () => {
  check(text.source('in'), '', []);
  check(text.source('in'), 'a\nb\n', ['a', 'b']);
  check(text.source('in'), 'a\n\nb', ['a', '', 'b']);
  check(text.source('in'), 'a\r\nb\r\n', ['a', 'b']);
  check(text.source('in'), '\uFEFFä\n€ 😀\n', ['ä', '€ 😀']);
  check(text.source('in'), `${'x'.repeat(200_000)}\n${'é'.repeat(70_000)}\nend`, [
    'x'.repeat(200_000),
    'é'.repeat(70_000),
    'end',
  ]);
});

test('a JSON Lines source gives one value per line and skips empty lines', () => {
  check(jsonl.source('in'), '{"a":1}\n\n[2]\r\n  \n"x\\ny"', [{ a: 1 }, [2], 'x\ny']);
});

test('a CSV source gives rows by the columns of the header', () => {
  check(csv.source('in'), 'a,b\n1,2\n\n3,\n', [
    { a: '1', b: '2' },
    { a: '3', b: '' },
  ]);
  check(csv.source('in'), 'a,b\r\n"x, ""y""","two\nlines"\r\n', [{ a: 'x, "y"', b: 'two\nlines' }]);
  check(csv.source('in', { separator: ';' }), 'a;b\n1,5;2', [{ a: '1,5', b: '2' }]);
  check(csv.source('in', { columns: ['x', 'y'] }), '1,2\n', [{ x: '1', y: '2' }]);
  check(csv.source('in'), 'a\n""\n', [{ a: '' }]);
});

test('a column called __proto__ is a column', () => {
  const [row] = readAll(csv.source('in'), sourceContext(filesWith({ in: '__proto__\nx\n' })));
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  expect(Object.entries(row ?? {})).toEqual([['__proto__', 'x']]);
});

test.each([
  ['a line that is no JSON', jsonl.source('in'), '{}\n{"a":\n', 'in line 2 is no JSON: {"a":'],
  [
    'too few fields',
    csv.source('in'),
    'a,b\n1,2\n1\n',
    'in line 3 has 1 fields where there are 2 columns: 1',
  ],
  ['an open quote', csv.source('in'), 'a,b\n1,"2\n', 'in line 2 has a quote that is not closed'],
  ['text behind a quote', csv.source('in'), 'a,b\n"1"x,2\n', 'in line 2 has "x" behind a closing quote'],
  ['a missing file', jsonl.source('data/none.jsonl'), '', 'Source file data/none.jsonl does not exist.'],
  ['a pattern without a match', jsonl.source('data/*.jsonl'), '', 'No source file matches data/*.jsonl.'],
])('%s is told with file and line', (_what, source, given, message) => {
  const context = sourceContext(filesWith({ in: given }));
  expect(() => readAll<unknown>(source as Source<unknown>, context)).toThrow(message);
  expect(() => readAll<unknown>(source as Source<unknown>, context)).toThrow(
    expect.objectContaining({ name: 'SourceError' }),
  );
});

test('bytes that are no UTF-8 are told with file and line, not replaced', () => {
  const files = filesWith({ in: 'a\n' });
  files.put('in', '');
  const bytes = Buffer.from([0x61, 0x0a, 0xff, 0x0a]);
  (files as unknown as { put(path: string, text: unknown): void }).put('in', bytes);
  expect(() => readAll(text.source('in'), sourceContext(files))).toThrow('in line 2 is no UTF-8');
});

test('several files are several splits, in the order of their names, each with its own header', () => {
  const files = filesWith({
    'd/b.csv': 'x\n2\n',
    'd/a.csv': 'y\n1\n',
    'd/.c.csv': 'no',
    'd/c.txt': 'no',
    'e/a.csv': 'no',
  });
  const source = csv.source(['d/*.csv', 'd/a.csv']);
  const context = sourceContext(files);
  expect(source.splits(context)).toEqual(['d/a.csv', 'd/b.csv']);
  expect(readAll(source, context)).toEqual([{ y: '1' }, { x: '2' }]);
  expect(source.requiredFiles).toEqual(['d/a.csv']);
});

test('a reader that goes on from any position gives exactly the rest', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 6 }).map((s) => s.replace(/[\r\n\uFEFF]/g, ' '));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), fc.nat(), (lines, ended, cutAt) => {
      const given = lines.join('\n') + (ended && lines.length > 0 ? '\n' : '');
      const context = sourceContext(filesWith({ in: given }));
      const source = text.source('in');
      const whole = readSplit(source, 'in', context).values;
      const reader = source.openSplit('in', null, context);
      const first: string[] = [];
      for (let left = whole.length === 0 ? 0 : cutAt % (whole.length + 1); left > 0; left--) {
        reader.poll((value) => first.push(value) > 0, 1);
      }
      const position = structuredClone(reader.position());
      const rest = readSplit(source, 'in', context, position).values;
      expect([...first, ...rest]).toEqual(whole);
      expect(position.offset).toBe(first.length);
      const expected = given.split('\n');
      if (expected.at(-1) === '') expected.pop();
      expect(whole).toEqual(expected);
    }),
  );
});

test('a CSV reader that goes on knows the header of the file', () => {
  const context = sourceContext(filesWith({ in: 'a,b\n1,"x\ny"\n3,4\n' }));
  const source = csv.source('in');
  const reader = source.openSplit('in', null, context);
  reader.poll(() => true, 2);
  expect(reader.position().offset).toBe(1);
  expect(readSplit(source, 'in', context, structuredClone(reader.position())).values).toEqual([
    { a: '3', b: '4' },
  ]);
});

test('a full output stops the reader behind the record that it took', () => {
  const context = sourceContext(filesWith({ in: 'a\nb\nc\n' }));
  const reader = text.source('in').openSplit('in', null, context);
  const values: string[] = [];
  expect(reader.poll((value) => values.push(value) < 1, 10)).toEqual({ status: 'more' });
  expect(values).toEqual(['a']);
  expect(reader.position()).toMatchObject({ offset: 1, finished: false });
});

test('following a file, a half written last line waits for its end', () => {
  const files = filesWith({ in: 'one\ntw' });
  const clock = new ManualClock(1_000);
  const source = text.source('in', { follow: true, pollIntervalMs: 50 });
  const reader = source.openSplit('in', null, sourceContext(files, clock));
  const values: string[] = [];
  const poll = () => reader.poll((value) => values.push(value) > 0, 100);
  expect(source.bounded).toBe(false);
  expect(poll()).toEqual({ status: 'waiting', at: 1_050 });
  expect(values).toEqual(['one']);
  files.append('in', 'o');
  poll();
  expect(values).toEqual(['one']);
  files.append('in', '\nthree\n');
  poll();
  expect(values).toEqual(['one', 'two', 'three']);
  expect(reader.position()).toEqual({
    offset: 3,
    resume: { byte: 14, line: 3, header: null },
    finished: false,
  });
});

test('a file that became shorter than what was read is a clear error', () => {
  const files = filesWith({ in: 'one\ntwo\n' });
  const source = text.source('in', { follow: true });
  const context = sourceContext(files);
  const reader = source.openSplit('in', null, context);
  reader.poll(() => true, 100);
  const position: SplitPosition = reader.position();
  files.put('in', 'new\n');
  const sentence = 'in has 4 bytes, but 8 were already read: it was truncated or replaced.';
  expect(() => source.openSplit('in', position, context)).toThrow(sentence);
  expect(() => text.source('in').openSplit('in', position, context)).toThrow(sentence);
});
