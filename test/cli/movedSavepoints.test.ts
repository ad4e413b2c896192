/** CONFORMANCE H3 to H5, as they are typed: a savepoint is moved, handed over, or stays the user's. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { committedLines } from '../chaos/chaosRun.ts';
import { objectsOf, runCommand, startCommand } from './sluiceCommand.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-moved-'));
const pipelineFile = fileURLToPath(new URL('./pipelines/paced.ts', import.meta.url));
const shelf = join(cwd, '.sluice/savepoints');
let savepoint = '';

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Runs from there until so many checkpoints have completed, and stops with a savepoint, whose name it answers. */
async function runFrom(from: string | null, checkpoints: number, ...options: string[]): Promise<string> {
  const args = from === null ? [] : ['--from', from];
  const command = startCommand(['run', pipelineFile, ...args, ...options, '--json'], { cwd });
  let seen = 0;
  await command.object('checkpoint', (checkpoint) => {
    if (checkpoint.status === 'completed') seen++;
    return seen >= checkpoints;
  });
  command.child.kill('SIGINT');
  const { savepoint: taken } = await command.object<{ savepoint: { id: string } }>('interrupted');
  expect((await command.ended).code).toBe(130);
  const lines = committedLines(join(cwd, 'out'));
  expect(new Set(lines).size).toBe(lines.length);
  return taken.id;
}

beforeAll(async () => {
  savepoint = await runFrom(null, 1);
});

test('H3 a savepoint that was moved is restored from where it is now', async () => {
  const elsewhere = join(cwd, 'archive/of 2026');
  mkdirSync(elsewhere, { recursive: true });
  const moved = join(elsewhere, 'renamed');
  renameSync(join(shelf, savepoint), moved);
  savepoint = await runFrom(moved, 1);
  expect(readdirSync(moved)).toContain('manifest.json');
});

test('H5 without a claim it stays where it is', async () => {
  const before = savepoint;
  savepoint = await runFrom(before, 2, '--retained', '1');
  expect(existsSync(join(shelf, before, 'manifest.json'))).toBe(true);
});

test('H4 with --claim it is gone when a newer checkpoint has completed', async () => {
  const before = savepoint;
  savepoint = await runFrom(before, 3, '--retained', '1', '--claim');
  expect(existsSync(join(shelf, before))).toBe(false);
  const listed = objectsOf((await runCommand(['savepoint', 'list', '--json'], { cwd })).stdout);
  expect(listed.map(({ id }) => id)).toContain(savepoint);
});

test('exported to one file, deleted, imported on another shelf, and gone on with', async () => {
  const exported = await runCommand(['savepoint', 'export', savepoint, 'mine.sluice.tar.gz', '--json'], {
    cwd,
  });
  expect(objectsOf(exported.stdout)).toEqual([
    { type: 'exported', savepoint, file: join(cwd, 'mine.sluice.tar.gz'), bytes: expect.any(Number) },
  ]);
  expect((await runCommand(['savepoint', 'delete', savepoint], { cwd })).code).toBe(0);
  const again = await runCommand(['savepoint', 'export', savepoint], { cwd });
  expect(again.code).toBe(3);
  const imported = await runCommand(['savepoint', 'import', 'mine.sluice.tar.gz', '--json'], { cwd });
  const [summary] = objectsOf(imported.stdout);
  expect(summary).toMatchObject({ type: 'savepoint', id: savepoint, job: 'paced' });
  savepoint = await runFrom(savepoint, 1);
});

test('what cannot be exported or imported is told in a sentence', async () => {
  writeFileSync(
    join(cwd, 'torn.sluice.tar.gz'),
    readFileSync(join(cwd, 'mine.sluice.tar.gz')).subarray(0, 500),
  );
  const cases: readonly (readonly [args: string[], code: number, sentence: RegExp])[] = [
    [
      ['import', 'torn.sluice.tar.gz'],
      4,
      /^sluice: Nothing was imported: .*torn\.sluice\.tar\.gz ends too early\.\n$/,
    ],
    [['import', 'nowhere.tar.gz'], 3, /^sluice: There is no file nowhere\.tar\.gz\.\n$/],
    [
      ['export', savepoint, 'mine.sluice.tar.gz'],
      2,
      /^sluice: mine\.sluice\.tar\.gz is there already; name another file\.\n$/,
    ],
  ];
  for (const [args, code, sentence] of cases) {
    const end = await runCommand(['savepoint', ...args], { cwd });
    expect(end.stderr).toMatch(sentence);
    expect(end.code).toBe(code);
  }
});

test('a claim without a savepoint is wrong usage', async () => {
  const end = await runCommand(['run', pipelineFile, '--claim'], { cwd });
  expect(end.code).toBe(2);
  expect(end.stderr).toBe('sluice: --claim hands a savepoint over, so it goes with --from <savepoint>.\n');
});

test('--no-retain-on-exit leaves no checkpoint of a job that was stopped, and its savepoint is enough', async () => {
  savepoint = await runFrom(savepoint, 1, '--no-retain-on-exit');
  expect(readdirSync(join(cwd, '.sluice/jobs/paced/checkpoints'))).toEqual([]);
  await runFrom(savepoint, 1);
});
