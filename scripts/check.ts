/**
 * `npm run check`: types, lint, arrows and dead code, each by its tool. With names as arguments, only those
 * (`npm run check:types` is `check.ts types`). All of them run even when the first fails, so that one call tells
 * everything; the exit code is 1 when any did.
 */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const environments = ['core', 'node', 'dom', 'both'];

const checks: Record<string, () => boolean> = {
  types: () => environments.map((environment) => checkTypes(environment)).every(Boolean),
  lint: () => run('biome', ['check']),
  arrows: () => run('vitest', ['run', '--project', 'unit', 'test/house']),
  dead: () => run('knip', ['--no-config-hints']),
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in checks));
if (unknown !== undefined) {
  console.error(`There is no check named ${unknown}; there are ${Object.keys(checks).join(', ')}.`);
  process.exit(2);
}

const failed: string[] = [];
for (const [name, check] of Object.entries(checks)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const startedAt = performance.now();
  const ok = check();
  console.log(`${ok ? '✓' : '✗'} ${name} (${Math.round(performance.now() - startedAt)} ms)`);
  if (!ok) failed.push(name);
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`);
  process.exitCode = 1;
}

/** TypeScript calls a configuration without any file an error; a room that is not built yet is none. */
function checkTypes(environment: string): boolean {
  const result = spawnSync('tsc', ['-p', `tsconfig.${environment}.json`], {
    cwd: root,
    encoding: 'utf8',
    shell: isWindows(),
  });
  const nothingYet = result.stdout.includes('error TS18003') && !result.stdout.includes('error TS2');
  if (result.status === 0 || nothingYet) return true;
  console.error(`tsconfig.${environment}.json:\n${result.stdout}${result.stderr}`);
  return false;
}

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: isWindows() }).status === 0;
}

function isWindows(): boolean {
  return process.platform === 'win32';
}
