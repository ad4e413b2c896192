/** The guide's examples are what the guide shows; its source of one's own replays exactly. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { pipeline } from '../../runtime/api/index.ts';
import { collectingSink } from '../../runtime/connectors/index.ts';
import { testPipeline } from '../../runtime/testing/index.ts';
import { gzipLines } from './gzipLines.ts';
import { shownInGuide } from './shownInGuide.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-gzip-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const put = (directory: string, name: string, lines: number) => {
  const text = Array.from({ length: lines }, (_, line) => `${name} ${line}\n`).join('');
  writeFileSync(join(directory, name), gzipSync(text));
};

const copying = (directory: string, options = {}) =>
  pipeline('copying', (env) => {
    env.fromSource(gzipLines(directory, options), { uid: 'in' }).sinkTo(collectingSink(), { uid: 'out' });
  });

test('the guide shows the examples as they are', () => {
  for (const name of ['gzipLines.ts', 'datagrams.ts', 'sqliteSink.ts']) expect(shownInGuide(name)).toBe(true);
});

test('every line of every file comes once, at any parallelism and through failures, and new files too', () => {
  const directory = mkdtempSync(join(root, 'd-'));
  for (const [name, lines] of Object.entries({ 'a.gz': 3, 'b.gz': 0, 'c.gz': 2_000 }))
    put(directory, name, lines);
  let run = testPipeline(copying(directory, { discoverEveryMs: 1_000 }), { parallelism: 2 });
  const committed: string[] = [];
  run.run();
  run.checkpoint();
  run.fail();
  put(directory, 'd.gz', 5);
  run.advance(1_000);
  const savepoint = run.stop();
  committed.push(...run.sink<string>('out').committed);
  run = run.restore(savepoint, { parallelism: 3 });
  put(directory, 'e.gz', 1);
  run.advance(1_000);
  run.checkpoint();
  committed.push(...run.sink<string>('out').committed);
  expect(new Set(committed).size).toBe(3 + 2_000 + 5 + 1);
  expect(committed).toHaveLength(3 + 2_000 + 5 + 1);
});

test('without discovery the job ends, and a file that is no gzip is told in a sentence', () => {
  const directory = mkdtempSync(join(root, 'd-'));
  put(directory, 'a.gz', 3);
  const run = testPipeline(copying(directory));
  run.run();
  expect([run.isOver, run.sink('out').committed]).toEqual([true, ['a.gz 0', 'a.gz 1', 'a.gz 2']]);
  writeFileSync(join(directory, 'b.gz'), 'no');
  expect(() => testPipeline(copying(directory))).toThrow(`${join(directory, 'b.gz')} cannot be read:`);
});
