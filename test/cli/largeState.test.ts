/**
 * State that is several times larger than the heap: in memory the job dies of it, on disk it completes, also when its
 * process is killed on the way.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCommand } from './sluiceCommand.ts';

const pipeline = fileURLToPath(new URL('pipelines/largeState.ts', import.meta.url));
const heapMegabytes = 64;
/** Four kilobytes each, which is twice the heap and eight times what values may take of it. */
const keys = 32_000;

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-large-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (...options: readonly string[]) =>
  startCommand(['run', pipeline, ...options], {
    cwd,
    env: { LARGE_STATE_KEYS: String(keys), NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}` },
    ownGroup: true,
  });

function committed(): {
  readonly keys: Set<number>;
  readonly lines: number;
  readonly wrong: readonly string[];
} {
  const found = new Set<number>();
  const wrong: string[] = [];
  let lines = 0;
  for (const name of readdirSync(join(cwd, 'out')).filter((part) => part.startsWith('part-'))) {
    for (const line of readFileSync(join(cwd, 'out', name), 'utf8')
      .trim()
      .split('\n')) {
      const { key, met, isSame } = JSON.parse(line) as { key: number; met: number; isSame: boolean };
      if (met !== 2 || !isSame) wrong.push(line);
      found.add(key);
      lines++;
    }
  }
  return { keys: found, lines, wrong };
}

const scratch = () => join(cwd, '.sluice/jobs/large-state/scratch');

test('in memory the job dies of it, and says so', async () => {
  const { code, stderr } = await run().ended;
  expect(stderr).toContain('its thread ran out of memory');
  expect(code).toBe(1);
}, 300_000);

test('on disk it completes, after a kill -9 too, and leaves nothing there', async () => {
  const killed = run('--state-backend', 'disk', '--checkpoint-interval', '1 s', '--json');
  await killed.object(
    'checkpoint',
    ({ status }: { readonly status?: string } & Record<string, unknown>) => status === 'completed',
  );
  expect(existsSync(scratch())).toBe(true);
  process.kill(-killed.pid, 'SIGKILL');
  await killed.ended;
  const { code, stderr } = await run(
    '--state-backend',
    'disk',
    '--checkpoint-interval',
    'off',
    '--from',
    'latest',
  ).ended;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const { keys: found, lines, wrong } = committed();
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(lines).toBe(keys);
  expect(found.size).toBe(keys);
  expect(existsSync(scratch())).toBe(false);
}, 600_000);
