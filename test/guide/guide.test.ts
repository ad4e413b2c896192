/**
 * The guide is true: every code block compiles against the types that are shipped, and runs. A pipeline runs by the
 * built command, over the data of the examples, until it ends (one that never ends is planned); any other block
 * is a module that Node runs to its end.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks } from './codeBlocks.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/runtime/cli.js');
const blocks = codeBlocks(join(root, 'docs/guide'));
/** Inside the package, so that `sluice` means this version, as in a package that depends on it. */
const folder = join(root, 'test-results/guide');

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { fileName, text } of blocks) writeFileSync(join(folder, fileName), text);
  const base = JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8')) as {
    compilerOptions: Record<string, unknown>;
  };
  const { paths: _ours, ...compilerOptions } = base.compilerOptions;
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...compilerOptions, lib: ['ES2023', 'DOM'], types: ['node'] },
      include: ['*.ts'],
    }),
  );
});

test('there is code in the guide', () => {
  expect(blocks.length).toBeGreaterThan(3);
});

test('every code block compiles', () => {
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(stdout).toBe('');
});

describe('every code block runs', () => {
  const workspace = mkdtempSync(join(tmpdir(), 'sluice-guide-'));
  cpSync(join(root, 'examples/data'), join(workspace, 'data'), { recursive: true });
  afterAll(() => rmSync(workspace, { recursive: true, force: true }));

  const node = (...words: readonly string[]) => {
    const cwd = mkdtempSync(join(workspace, 'run-'));
    symlinkSync(join(workspace, 'data'), join(cwd, 'data'));
    const { status, stdout, stderr } = spawnSync(process.execPath, words, {
      cwd,
      encoding: 'utf8',
      timeout: 50_000,
    });
    return { status, output: `${stdout}${stderr}` };
  };

  test.each(blocks.map((block) => [block.place, block] as const))(
    '%s',
    (_place, { fileName, isPipeline }) => {
      const file = join(folder, fileName);
      if (!isPipeline) {
        const { status, output } = node(file);
        expect(status, output).toBe(0);
        return;
      }
      const planned = node(cli, 'plan', file, '--json');
      expect(planned.status, planned.output).toBe(0);
      const ends = (JSON.parse(planned.output) as PlannedJob).graph.operators
        .filter(({ role }) => role === 'source')
        .every(({ bounded }) => bounded);
      if (!ends) return;
      const run = node(cli, 'run', file);
      expect(run.status, run.output).toBe(0);
    },
  );
});

interface PlannedJob {
  readonly graph: { readonly operators: readonly { readonly role: string; readonly bounded: boolean }[] };
}
