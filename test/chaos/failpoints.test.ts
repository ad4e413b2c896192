/** Kills in the narrow windows, which random moments rarely hit. The command has its runtime going again by itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { runCommand } from '../cli/sluiceCommand.ts';
import { committedLines } from './chaosRun.ts';
import { deviation, expectedLines } from './expected.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-failpoints-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pipelineFile = fileURLToPath(new URL('./pipeline.ts', import.meta.url));

describe.concurrent('a runtime that dies at its last checkpoint', () => {
  test.each(['before-manifest-rename', 'after-manifest-rename', 'before-notify', 'after-link'])(
    '%s, commits what the last checkpoint covers',
    async (failpoint) => {
      expect(await killedAt(`${failpoint}:1`, 500, ['--checkpoint-interval', 'off'])).toEqual(right);
    },
  );
});

describe.concurrent('a runtime that dies', () => {
  test.each([
    ['between the link and the removal of the pending name', 'after-link', 1],
    ['there once more, later', 'after-link', 4],
    ['before a part is synced', 'before-data-sync', 2],
    ['with the manifest written and not yet in its place', 'before-manifest-rename', 1],
    ['there once more, later', 'before-manifest-rename', 3],
    ['with the manifest in its place and nobody told', 'after-manifest-rename', 1],
    ['there once more, later', 'after-manifest-rename', 3],
    ['before the sinks are notified', 'before-notify', 1],
    ['there once more, later', 'before-notify', 3],
  ])('%s (%s, hit %i), loses and doubles nothing', async (_, failpoint, hit) => {
    expect(await killedAt(`${failpoint}:${hit}`, 8_000, [])).toEqual(right);
  });
});

const right = { code: 0, missing: [], unexpected: [] };

async function killedAt(failpoints: string, records: number, more: readonly string[]) {
  const directory = mkdtempSync(join(root, 'run-'));
  const end = await runCommand(['run', pipelineFile, '--parallelism', '2', ...more], {
    cwd: directory,
    env: { SLUICE_FAILPOINTS: failpoints, CHAOS_RECORDS: String(records), CHAOS_PER_SECOND: '2500' },
  });
  expect(end.stderr).toContain('The runtime process is gone (SIGKILL)');
  return { code: end.code, ...deviation(committedLines(join(directory, 'out')), expectedLines(records)) };
}
