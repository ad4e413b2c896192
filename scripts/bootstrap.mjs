/**
 * The one script that must run before anything is installed: plain JavaScript for any Node from 18 on, no packages.
 * `npm start` and `npm test` begin here. It installs what the lock file names, if that is not there yet, and hands
 * over to Node 24, which is one of the things installed, and to `scripts/start.ts` or `scripts/test.ts`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const binaries = join(root, 'node_modules', '.bin');
const isWindows = process.platform === 'win32';

const [task, ...args] = process.argv.slice(2);
if (task !== 'start' && task !== 'test') {
  console.error('Usage: node scripts/bootstrap.mjs start|test [arguments]');
  process.exit(2);
}

if (!isInstalled()) install();

const node = join(root, 'node_modules', 'node', 'bin', isWindows ? 'node.exe' : 'node');
const path = [binaries, ...pathWithoutOurs()].join(delimiter);
const child = spawn(node, [join(root, 'scripts', `${task}.ts`), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: path },
});
child.on('error', ({ message }) => {
  console.error(`Node 24 could not be started (${message}); npm ci puts it in place.`);
  process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 130));
// Ctrl-C reaches the child by itself, and once: this process only waits for what the child makes of it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));

/** npm keeps a copy of the lock file in what it has installed; the two must name the same versions. */
function isInstalled() {
  const installedLock = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock) || !existsSync(join(root, 'node_modules', 'node', 'bin'))) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(installedLock);
  return Object.entries(wanted).every(
    // An optional package is one for another platform, or none at all.
    ([name, { version, optional }]) => name === '' || optional || installed[name]?.version === version,
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

function install() {
  console.log('Installing what package-lock.json names …');
  const options = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm's own path when npm started us; the Node that runs npm must not be the one that npm is about to replace.
  const npm = process.env.npm_execpath;
  const { status, error } = npm
    ? spawnSync(process.execPath, [npm, ...options], inRoot())
    : spawnSync('npm', options, { ...inRoot(), shell: isWindows });
  if (status !== 0) {
    console.error(`npm ci failed${error ? ` (${error.message})` : ''}: see above, then try again.`);
    process.exit(1);
  }
}

function inRoot() {
  return { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: pathWithoutOurs().join(delimiter) } };
}

function pathWithoutOurs() {
  return (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== binaries);
}
