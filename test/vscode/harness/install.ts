/**
 * A real VS Code where the desktop build cannot be downloaded: code-server on the npm registry carries the workbench
 * and the Node extension host. Its package is unpacked into a cache folder named by the version and given what its
 * own install script would fetch, without building anything native: what is missing then (the log's fast path, the
 * watchdog) only costs a line in the log. It runs on the Node 24 that is in node_modules already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** VS Code 1.139.1. */
export const codeServerVersion = '4.139.1';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const installed = join(root, '.cache', `vscode-${codeServerVersion}`);

/** Large parts that no test of an extension needs, about 300 MB; paths inside the package. */
const unneeded = [
  'lib/vscode/extensions/copilot',
  'lib/vscode/extensions/mermaid-markdown-features',
  'lib/vscode/node_modules/@devcontainers',
  'lib/vscode/node_modules/@github',
  'lib/vscode/node_modules/@microsoft/mxc-sdk',
];

/** Answers the folder; about 15 s and 90 MB of download the first time, nothing after that. */
export function installCodeServer(): string {
  if (existsSync(installed)) return installed;
  console.log(`Installing code-server ${codeServerVersion} into .cache …`);
  // Beside its final place and renamed when complete: an install that was interrupted does not exist.
  const folder = `${installed}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  try {
    const tarball = `code-server-${codeServerVersion}.tgz`;
    run('npm', ['pack', '--silent', `code-server@${codeServerVersion}`], folder);
    run('tar', ['-xzf', tarball, '--strip-components=1'], folder);
    // Not `npm ci`: the shrinkwrap that the package brings is one peer dependency short of it.
    for (const inner of ['lib/vscode', 'lib/vscode/extensions']) {
      run(
        'npm',
        ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
        join(folder, inner),
      );
    }
    for (const path of [tarball, ...unneeded]) rmSync(join(folder, path), { recursive: true, force: true });
    removeForeignTerminals(join(folder, 'lib/vscode/node_modules/node-pty/prebuilds'));
    renameSync(folder, installed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return installed;
}

function removeForeignTerminals(prebuilds: string): void {
  for (const name of existsSync(prebuilds) ? readdirSync(prebuilds) : []) {
    if (name !== `${process.platform}-${process.arch}`) rmSync(join(prebuilds, name), { recursive: true });
  }
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`${command} ${args.join(' ')} failed in ${cwd}: ${error?.message ?? `${stdout}${stderr}`}`);
}
