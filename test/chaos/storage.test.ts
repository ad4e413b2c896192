/**
 * Real files that cannot be written: on a small disk that is filled while a job runs, where one may be mounted, and
 * everywhere under a limit of the size of files, which the kernel answers in the same place. And a data directory that
 * somebody removes while the job runs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { runCommand, startCommand } from '../cli/sluiceCommand.ts';
import { chaosRun, committedLines } from './chaosRun.ts';
import { deviation, expectedLines } from './expected.ts';
import { smallDiskProblem } from './smallDisk.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-storage-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pipelineFile = fileURLToPath(new URL('./pipeline.ts', import.meta.url));
const isPosix = process.platform !== 'win32';

test('what does not fit is told in one sentence with its path, and leaves nothing that looks whole', () => {
  // Windows has no such limit; there a state file is written as anywhere.
  if (!isPosix) return expect(existsSync(root)).toBe(true);
  const directory = mkdtempSync(join(root, 'limited-'));
  const script = fileURLToPath(new URL('../host/limitedWriter.ts', import.meta.url));
  const text = execFileSync(
    'sh',
    ['-c', `ulimit -f 64; exec "$0" "$1" "$2"`, process.execPath, script, directory],
    {
      encoding: 'utf8',
    },
  );
  const told = JSON.parse(text) as Record<string, string>;
  expect(told).toEqual({
    state: `there is no space left for ${join(directory, 'data.state')}`,
    part: 'FileError: there is no space left for part.txt',
    manifest: expect.stringMatching(/^there is no space left for .*manifest\.json; make room on that disk$/),
  });
  expect(existsSync(join(directory, 'data.state'))).toBe(false);
  expect(
    readdirSync(join(directory, 'jobs/joined/checkpoints')).filter((name) => !name.startsWith('.')),
  ).toEqual([]);
});

test('a disk that is full for a while costs time, and not one record', async () => {
  const problem = smallDiskProblem();
  if (problem !== null)
    console.log(`no small disk can be mounted (${problem}): a run without one takes its place`);
  const result = await chaosRun(41, join(root, 'full'), {
    onSmallDisk: problem === null,
    only: problem === null ? ['full disk'] : null,
  });
  expect({ exitCode: result.exitCode, ...result.deviation }, result.log).toEqual({
    exitCode: 0,
    missing: [],
    unexpected: [],
  });
  if (problem === null) expect(result.kills.some((kill) => kill.startsWith('full disk'))).toBe(true);
});

test('a data directory that is removed while the job runs is made again by the next checkpoint, which is whole', async () => {
  const cwd = mkdtempSync(join(root, 'removed-'));
  const env = { CHAOS_RECORDS: '12000', CHAOS_PER_SECOND: '2000' };
  const checkpoints = join(cwd, '.sluice/jobs/chaos/checkpoints');
  const completed = () =>
    existsSync(checkpoints) ? readdirSync(checkpoints).filter((name) => name.startsWith('chk-')) : [];
  // The checkpoint that is under way fails; a restart for it would find nothing to go on from.
  const args = ['run', pipelineFile, '--parallelism', '2', '--tolerable-failures', '100'];
  const first = startCommand(args, { cwd, env, ownGroup: true });
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      if (first.isOver()) throw new Error((await first.ended).stderr);
      await pause(10);
    }
  };
  await until(() => completed().length > 0);
  renameSync(join(cwd, '.sluice'), join(cwd, 'removed'));
  rmSync(join(cwd, 'removed'), { recursive: true, force: true });
  await until(() => completed().length > 0);
  process.kill(-first.pid, 'SIGKILL');
  await first.ended;
  const end = await runCommand(['run', pipelineFile, '--parallelism', '3', '--from', 'latest'], { cwd, env });
  expect(end.code, end.stderr).toBe(0);
  expect(deviation(committedLines(join(cwd, 'out')), expectedLines(12_000))).toEqual({
    missing: [],
    unexpected: [],
  });
});
