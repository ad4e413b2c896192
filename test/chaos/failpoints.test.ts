/** Kills in the narrow windows, which random moments rarely hit. The command has its runtime going again by itself. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type Failpoint, failpoints } from '../../runtime/host/failpoints.ts';
import { type RunningCommand, runCommand, startCommand } from '../cli/sluiceCommand.ts';
import { committedLines } from './chaosRun.ts';
import { deviation, expectedLines } from './expected.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-failpoints-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pipelineFile = fileURLToPath(new URL('./pipeline.ts', import.meta.url));

const atTheEnd: readonly Failpoint[] = [
  'after-state-sync',
  'after-manifest-write',
  'before-manifest-rename',
  'after-manifest-rename',
  'after-publish',
  'before-notify',
  'before-link',
  'after-link',
];

describe.concurrent('a runtime that dies at its last checkpoint', () => {
  test.each(atTheEnd)('%s, commits what the last checkpoint covers', async (failpoint) => {
    expect(await killedAt(`${failpoint}:1`, 500, ['--checkpoint-interval', 'off'])).toEqual(right);
  });
});

const onTheWay: readonly [string, Failpoint, number][] = [
  ['with its state written and not durable', 'before-state-sync', 3],
  ['with its state durable and nobody told', 'after-state-sync', 5],
  ['before a part is synced', 'before-data-sync', 2],
  ['with the manifest written and nothing else', 'after-manifest-write', 2],
  ['with the manifest written and not yet in its place', 'before-manifest-rename', 1],
  ['there once more, later', 'before-manifest-rename', 3],
  ['with the manifest in its place and not durable', 'after-manifest-rename', 1],
  ['there once more, later', 'after-manifest-rename', 3],
  ['with the manifest durable and nobody told', 'after-publish', 2],
  ['before the sinks are notified', 'before-notify', 1],
  ['there once more, later', 'before-notify', 3],
  ['before a part gets its final name', 'before-link', 1],
  ['between the link and the removal of the pending name', 'after-link', 1],
  ['there once more, later', 'after-link', 4],
  ['before names are durable', 'before-directory-sync', 3],
  ['after that, with nobody told', 'after-directory-sync', 4],
  ['with a checkpoint that is half dropped', 'half-discarded', 2],
];

describe.concurrent('a runtime that dies', () => {
  test.each(onTheWay)('%s (%s, hit %i), loses and doubles nothing', async (_, failpoint, hit) => {
    expect(await killedAt(`${failpoint}:${hit}`, 8_000, [])).toEqual(right);
  });
});

const goingBack: readonly [string, Failpoint, number][] = [
  ['with the copy of the older point half made', 'half-adopted', 2],
  ['with the copy in its place and nobody told', 'after-manifest-rename', 1],
  ['with one part renamed', 'after-rename', 1],
  ['with some parts renamed', 'after-rename', 3],
];

describe.concurrent('a runtime that dies while it goes back to an older savepoint', () => {
  test.each(goingBack)('%s (%s, hit %i), loses and doubles nothing', async (_, failpoint, hit) => {
    const directory = mkdtempSync(join(root, 'back-'));
    // Slow, so that it is still there when the savepoint has been taken.
    const first = started(directory, [], { CHAOS_PER_SECOND: '700' });
    await partsBeyond(directory, first, 1);
    const taken = await runCommand(['savepoint', 'take', '--label', 'here', '--json'], { cwd: directory });
    expect(taken.code, taken.stderr).toBe(0);
    const [savepoint = ''] = readdirSync(join(directory, '.sluice/savepoints'));
    await partsBeyond(directory, first, parts(directory) + 4);
    process.kill(-first.pid, 'SIGKILL');
    await first.ended;
    const second = started(directory, ['--from', savepoint, '--supersede'], {
      SLUICE_FAILPOINTS: `${failpoint}:${hit}`,
    });
    expect(await endOf(second, directory, 8_000)).toEqual(right);
  });
});

test('every failpoint that there is has its kill', () => {
  const struck = [...atTheEnd, ...onTheWay.map(([, name]) => name), ...goingBack.map(([, name]) => name)];
  expect(new Set(struck)).toEqual(new Set(failpoints));
});

const right = { code: 0, missing: [], unexpected: [] };

function started(
  directory: string,
  more: readonly string[],
  env: Readonly<Record<string, string>>,
  records = 8_000,
): RunningCommand {
  return startCommand(['run', pipelineFile, '--parallelism', '2', ...more], {
    cwd: directory,
    env: { CHAOS_RECORDS: String(records), CHAOS_PER_SECOND: '2500', ...env },
    ownGroup: true,
  });
}

async function killedAt(failpoint: string, records: number, more: readonly string[]) {
  const directory = mkdtempSync(join(root, 'run-'));
  return endOf(started(directory, more, { SLUICE_FAILPOINTS: failpoint }, records), directory, records);
}

async function endOf(command: RunningCommand, directory: string, records: number) {
  const end = await command.ended;
  expect(end.stderr).toContain('The runtime process is gone (SIGKILL)');
  return { code: end.code, ...deviation(committedLines(join(directory, 'out')), expectedLines(records)) };
}

/** Waits until more than so many parts are committed. */
async function partsBeyond(directory: string, command: RunningCommand, count: number): Promise<void> {
  while (parts(directory) <= count) {
    if (command.isOver()) throw new Error((await command.ended).stderr);
    await pause(20);
  }
}

function parts(directory: string): number {
  try {
    return readdirSync(join(directory, 'out')).filter((name) => name.startsWith('part-')).length;
  } catch {
    return 0;
  }
}
