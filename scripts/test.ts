/**
 * `npm test`: everything, in the order in which failures tell most. Each runner leaves its counts in a file; the last
 * line sums them. A step that breaks without a count (a build, a crash of the runner) counts as one failure, so that
 * the sum never says less than what happened. With names as arguments only those steps run.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { installChromium } from './chromium.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'test-results');

const steps: Record<string, () => Counts> = {
  build: () => one(run('node', ['scripts/build.ts'])),
  types: () => one(run('node', ['scripts/check.ts', 'types'])),
  lint: () => one(run('node', ['scripts/check.ts', 'lint'])),
  dead: () => one(run('node', ['scripts/check.ts', 'dead'])),
  unit: () => vitest('unit'),
  process: () => vitest('process'),
  e2e: () => vitest('e2e'),
  vscode: () => counted('vscode', run('node', ['test/vscode/run.ts'])),
  package: () => one(run('node', ['scripts/package.ts']) && run('node', ['test/vscode/packaged.ts'])),
};

const asked = process.argv.slice(2);
mkdirSync(results, { recursive: true });
installChromium();

const sum = { passed: 0, failed: 0 };
const table: string[] = [];
for (const [name, step] of Object.entries(steps)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n== ${name}`);
  const startedAt = performance.now();
  const { passed, failed } = step();
  sum.passed += passed;
  sum.failed += failed;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  table.push(
    `${failed === 0 ? '✓' : '✗'} ${name.padEnd(8)} ${passed} passed, ${failed} failed  ${seconds} s`,
  );
}
console.log(`\n${table.join('\n')}\n\n${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = sum.failed === 0 ? 0 : 1;

function vitest(project: string): Counts {
  const output = join(results, `${project}.json`);
  rmSync(output, { force: true });
  const args = [
    'run',
    '--project',
    project,
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${output}`,
  ];
  const ok = run('vitest', args);
  try {
    const json = JSON.parse(readFileSync(output, 'utf8')) as Record<string, unknown>;
    return atLeastOneFailureUnless(ok, {
      passed: Number(json.numPassedTests),
      failed: Number(json.numTotalTests) - Number(json.numPassedTests),
    });
  } catch {
    return one(false);
  }
}

/** For a runner of our own, which writes its counts itself. */
function counted(name: string, ok: boolean): Counts {
  try {
    return atLeastOneFailureUnless(
      ok,
      JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8')) as Counts,
    );
  } catch {
    return one(false);
  }
}

function atLeastOneFailureUnless(ok: boolean, { passed, failed }: Counts): Counts {
  return { passed, failed: ok ? failed : Math.max(1, failed) };
}

function one(ok: boolean): Counts {
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function run(command: string, args: readonly string[]): boolean {
  const shell = process.platform === 'win32';
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', shell }).status === 0;
}
