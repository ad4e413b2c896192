/** One `Map` holds 16,777,216 entries; a state has one per key group. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('manyKeysRun.ts', import.meta.url));
const keys = 2 ** 24 + 100_000;

test('G12 more than 16.7 million keys in one state are counted, saved and restored', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-many-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-old-space-size=4096',
      program,
      join(directory, 'op.state'),
      String(keys),
    ]);
    expect(JSON.parse(stdout)).toEqual({ saved: keys, restored: keys, wrong: 0 });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 600_000);
