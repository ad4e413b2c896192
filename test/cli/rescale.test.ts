/** M12 d: a change of parallelism, there and back, by way of savepoints. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { committedLines } from '../chaos/chaosRun.ts';
import { deviation, expectedLines } from '../chaos/expected.ts';
import { startCommand } from './sluiceCommand.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-rescale-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const pipelineFile = fileURLToPath(new URL('../chaos/pipeline.ts', import.meta.url));
const records = 12_000;
const options = { cwd, env: { CHAOS_RECORDS: String(records), CHAOS_PER_SECOND: '4000' } };

test('a savepoint at parallelism 1 is restored at 3, one from there at 1, and the committed output is exactly right', async () => {
  let from: string[] = [];
  for (const parallelism of [1, 3]) {
    const command = startCommand(
      ['run', pipelineFile, '--json', '--parallelism', String(parallelism), ...from],
      options,
    );
    await command.object('checkpoint', (checkpoint) => checkpoint.status === 'completed');
    command.child.kill('SIGINT');
    const { savepoint } = await command.object<{
      savepoint: { id: string; parallelism: number; stopped: boolean };
    }>('interrupted');
    expect(savepoint).toMatchObject({ parallelism, stopped: true });
    expect((await command.ended).code).toBe(130);
    from = ['--from', savepoint.id];
  }
  const last = await startCommand(['run', pipelineFile, '--parallelism', '1', ...from], options).ended;
  expect(last.code).toBe(0);
  expect(deviation(committedLines(join(cwd, 'out')), expectedLines(records))).toEqual({
    missing: [],
    unexpected: [],
  });
});
