/**
 * `npm run package`: the VSIX for this machine, or for the targets named as arguments (`npm run package -- all`).
 *
 * A VSIX is built for one platform because esbuild's program comes along. It is put together in a folder of its own,
 * from a build of its own, so that nothing stale slips in. vsce, the tool that VS Code's marketplace expects, brings
 * 86 MB of packages for publishing; it is installed when it is first needed and not by every `npm ci`.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const vsceVersion = '4.1.0';
const budgetBytes = 8 * 1024 * 1024;

/** The VSIX target and the platform of esbuild's package; its Linux programs are static, so they serve Alpine too. */
const targets: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-armhf': 'linux-arm',
  'alpine-x64': 'linux-x64',
  'alpine-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'win32-x64',
  'win32-arm64': 'win32-arm64',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const out = join(root, 'out');

const asked = process.argv.slice(2);
const here = `${process.platform}-${process.arch}`;
const chosen = asked.includes('all') ? Object.keys(targets) : asked.length > 0 ? asked : [here];

mkdirSync(out, { recursive: true });
const vsce = installVsce();
const stage = mkdtempSync(join(tmpdir(), 'sluice-package-'));
try {
  fillStage(stage);
  for (const target of chosen) packageFor(target);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

function packageFor(target: string): void {
  const platform = targets[target];
  if (platform === undefined) throw new Error(`${target} is none of ${Object.keys(targets).join(', ')}.`);
  rmSync(join(stage, 'node_modules/@esbuild'), { recursive: true, force: true });
  placeEsbuild(platform);
  const file = join(out, `sluice-${manifest.version}-${target}.vsix`);
  run(process.execPath, [
    vsce,
    'package',
    `--target=${target}`,
    `--out=${file}`,
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--no-update-package-json',
  ]);
  const { size } = statSync(file);
  const megabytes = (size / 1024 / 1024).toFixed(2);
  console.log(`${file}: ${megabytes} MB of the ${budgetBytes / 1024 / 1024} MB that it may have`);
  if (size > budgetBytes) process.exitCode = 1;
}

/** What the VSIX is made from, without the program of esbuild. */
function fillStage(stage: string): void {
  const { devDependencies: _, scripts: __, allowScripts: ___, ...shipped } = manifest;
  writeFileSync(join(stage, 'package.json'), JSON.stringify(shipped, null, 2));
  for (const name of [
    '.vscodeignore',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'NOTICE',
    'media',
    'l10n',
    'package.nls.json',
    'package.nls.zh-cn.json',
  ]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  run(process.execPath, [join(root, 'scripts/build.ts'), '--out', join(stage, 'dist')]);
  cpSync(join(root, 'node_modules/esbuild'), join(stage, 'node_modules/esbuild'), { recursive: true });
}

/** From what is installed for this machine; for another one, from the registry. */
function placeEsbuild(platform: string): void {
  const from = join(root, 'node_modules/@esbuild', platform);
  const to = join(stage, 'node_modules/@esbuild', platform);
  if (existsSync(from)) {
    cpSync(from, to, { recursive: true });
    return;
  }
  mkdirSync(to, { recursive: true });
  const version = manifest.dependencies.esbuild;
  run('npm', ['pack', '--silent', `@esbuild/${platform}@${version}`, `--pack-destination=${to}`]);
  run('tar', ['-xzf', `esbuild-${platform}-${version}.tgz`, '--strip-components=1'], to);
}

function installVsce(): string {
  const folder = join(root, '.cache', `vsce-${vsceVersion}`);
  const entry = join(folder, 'node_modules/@vscode/vsce/vsce');
  if (existsSync(entry)) return entry;
  console.log(`Installing vsce ${vsceVersion} into .cache …`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...options, `@vscode/vsce@${vsceVersion}`], folder);
  return entry;
}

function run(command: string, args: readonly string[], cwd = stage): void {
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
  if (status === 0) return;
  throw new Error(`${command} ${args.join(' ')}\n${error?.message ?? `${stdout}${stderr}`}`);
}
