/** One writer per directory, in real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { lockDirectory, lockHolder } from '../../runtime/host/lock.ts';
import { isAlive, ownProcess } from '../../runtime/host/processIdentity.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
const freshDirectory = () => {
  const directory = join(root, String(count++));
  mkdirSync(directory);
  return directory;
};
const options = { job: 'mine', supervisor: null, now: 1_000, patienceMs: 6_000 };

/** Another process that takes the lock and says so; it does what it is told by lines. */
async function otherHolder(directory: string, supervisor: number | null = null): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./lockHolder.ts', import.meta.url)), directory, String(supervisor)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((holds) => lines.once('line', () => holds()));
  return child;
}

test('a second one is told who holds it, and since when', async () => {
  const directory = freshDirectory();
  const holder = await otherHolder(directory);
  const before = performance.now();
  const outcome = await lockDirectory(directory, options);
  expect(outcome).toMatchObject({
    ok: false,
    holder: { process: { pid: holder.pid }, job: 'other', since: 123 },
  });
  expect(performance.now() - before).toBeLessThan(2_000);
  holder.kill('SIGKILL');
});

test('kill -9 frees it at once, without leaving anything to clear away', async () => {
  const directory = freshDirectory();
  const holder = await otherHolder(directory);
  const gone = new Promise((exited) => holder.once('exit', exited));
  holder.kill('SIGKILL');
  await gone;
  const outcome = await lockDirectory(directory, { ...options, patienceMs: 0 });
  expect(outcome.ok).toBe(true);
  if (outcome.ok) await outcome.lock.release();
  expect(await lockHolder(directory)).toBeNull();
});

test('one that is shutting down is waited for', async () => {
  const directory = freshDirectory();
  const holder = await otherHolder(directory);
  holder.stdin?.write('stop in 700\n');
  await untilStopping(directory);
  const outcome = await lockDirectory(directory, options);
  expect(outcome.ok).toBe(true);
  if (outcome.ok) await outcome.lock.release();
});

test('one that is shutting down is not waited for for good', async () => {
  const directory = freshDirectory();
  const holder = await otherHolder(directory);
  holder.stdin?.write('stop in 60000\n');
  await untilStopping(directory);
  expect((await lockDirectory(directory, { ...options, patienceMs: 300 })).ok).toBe(false);
  holder.kill('SIGKILL');
});

test('an orphan, which will notice that its supervisor is gone, is waited for', async () => {
  const directory = freshDirectory();
  const supervisor = spawn(process.execPath, ['-e', '']);
  await new Promise((exited) => supervisor.once('exit', exited));
  const holder = await otherHolder(directory, supervisor.pid ?? 0);
  setTimeout(() => holder.kill('SIGKILL'), 500);
  const outcome = await lockDirectory(directory, options);
  expect(outcome.ok).toBe(true);
  if (outcome.ok) await outcome.lock.release();
});

test('a directory is locked under every name that it has', async () => {
  const directory = freshDirectory();
  const other = join(root, 'another-name');
  symlinkSync(directory, other);
  const first = await lockDirectory(directory, options);
  expect((await lockDirectory(other, { ...options, patienceMs: 0 })).ok).toBe(false);
  if (first.ok) await first.lock.release();
});

test('of many that try at once one gets it', async () => {
  const directory = freshDirectory();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => lockDirectory(directory, { ...options, patienceMs: 0 })),
  );
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.ok) await outcome.lock.release();
});

test('a process id that was used again is not taken for the process', () => {
  const own = ownProcess();
  expect(isAlive(own)).toBe(true);
  if (own.startTicks !== null) expect(isAlive({ ...own, startTicks: own.startTicks - 1 })).toBe(false);
});

async function untilStopping(directory: string): Promise<void> {
  while ((await lockHolder(directory))?.isStopping !== true)
    await new Promise((later) => setTimeout(later, 10));
}
