import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import { filesOf } from '../../runtime/connectors/filePaths.ts';
import { collectingSink, collection, consoleSink, text } from '../../runtime/connectors/index.ts';
import { readAll, readSplit, sinkContext, sourceContext } from './contexts.ts';
import { MemoryFiles } from './memoryFiles.ts';

test('a collection gives its values once, from any place', () => {
  const source = collection(['a', 'b', 'c']);
  const context = sourceContext(new MemoryFiles());
  expect(readAll(source, context)).toEqual(['a', 'b', 'c']);
  expect(readSplit(source, 'all', context, { offset: 2, resume: null, finished: false })).toMatchObject({
    values: ['c'],
    status: 'finished',
    position: { offset: 3, finished: true },
  });
});

test('a console sink says records in the log', () => {
  const logged: string[] = [];
  const writer = consoleSink({ prefix: 'late:' }).createWriter();
  writer.open(sinkContext(new MemoryFiles(), { log: (level, line) => logged.push(`${level} ${line}`) }), []);
  writer.write({ a: 1 }, 0);
  writer.write('text', 0);
  expect(logged).toEqual(['info late: {"a":1}', 'info late: text']);
});

test('a collecting sink holds what is committed, once', () => {
  const sink = collectingSink<number>();
  const writer = sink.createWriter();
  writer.open(sinkContext(new MemoryFiles()), []);
  writer.write(1, 0);
  const prepared = writer.prepareCommit({ checkpointId: 1, defer() {} });
  expect(sink.values).toEqual([]);
  sink.createCommitter()?.commit(structuredClone(prepared));
  sink.createCommitter()?.recover(sinkContext(new MemoryFiles()), structuredClone(prepared));
  expect(sink.values).toEqual([1]);
});

test('a file can be read at a rate', () => {
  const files = new MemoryFiles();
  files.put('in', 'a\nb\nc\n');
  const clock = new ManualClock();
  const reader = text.source('in', { perSecond: 2 }).openSplit('in', null, sourceContext(files, clock));
  const values: string[] = [];
  const poll = () => reader.poll((value) => values.push(value) > 0, 100);
  expect(poll()).toEqual({ status: 'waiting', at: 500 });
  clock.advance(1_000);
  expect(poll()).toEqual({ status: 'waiting', at: 1_500 });
  expect(values).toEqual(['a', 'b']);
  clock.advance(500);
  poll();
  clock.advance(500);
  expect(poll()).toEqual({ status: 'finished' });
  expect(values).toEqual(['a', 'b', 'c']);
});

test.each([
  ['*.log', 'a.log b.log'],
  ['logs/*.log', 'logs/c.log'],
  ['logs/c*g', 'logs/c.log'],
  ['a.*', 'a.log'],
])('the pattern %s means %s', (pattern, expected) => {
  const files = new MemoryFiles();
  for (const path of ['a.log', 'b.log', 'axlog', '.d.log', 'logs/c.log', 'logs/sub/d.log'])
    files.put(path, '');
  expect(filesOf([pattern], files).join(' ')).toBe(expected);
});

test('a star for a directory is refused', () => {
  expect(() => filesOf(['*/a.log'], new MemoryFiles())).toThrow("stars can only stand in the file's name");
});
