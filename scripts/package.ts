/**
 * `npm run package`: the VSIX for this machine, or for the targets named as arguments (`npm run package -- all`).
 *
 * A VSIX is built for one platform because esbuild's program and classic-level's addon come along. It is put together in a folder of its own,
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
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const vsceVersion = '4.1.0';
const budgetBytes = 8 * 1024 * 1024;

interface Target {
  /** Of esbuild's package; its Linux programs are static, so they serve Alpine too. */
  readonly esbuild: string;
  /** Where classic-level's addons for it lie; null: there is none, and state is kept in memory only. */
  readonly level: string | null;
}

const targets: Readonly<Record<string, Target>> = {
  'linux-x64': { esbuild: 'linux-x64', level: 'linux-x64/classic-level.node' },
  'linux-arm64': { esbuild: 'linux-arm64', level: 'linux-arm64/classic-level.armv8.node' },
  'linux-armhf': { esbuild: 'linux-arm', level: 'linux-arm/classic-level.armv7.node' },
  'alpine-x64': { esbuild: 'linux-x64', level: 'linux-x64/classic-level.musl.node' },
  'alpine-arm64': { esbuild: 'linux-arm64', level: null },
  'darwin-x64': { esbuild: 'darwin-x64', level: 'darwin-x64+arm64/classic-level.node' },
  'darwin-arm64': { esbuild: 'darwin-arm64', level: 'darwin-x64+arm64/classic-level.node' },
  'win32-x64': { esbuild: 'win32-x64', level: 'win32-x64/classic-level.node' },
  'win32-arm64': { esbuild: 'win32-arm64', level: null },
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
  const platforms = targets[target];
  if (platforms === undefined) throw new Error(`${target} is none of ${Object.keys(targets).join(', ')}.`);
  rmSync(join(stage, 'node_modules/@esbuild'), { recursive: true, force: true });
  placeEsbuild(platforms.esbuild);
  placeLevel(platforms.level);
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

/** What the VSIX is made from, without the programs of one platform. */
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
  for (const name of ['esbuild', ...packagesOf('classic-level')]) {
    cpSync(join(root, 'node_modules', name), join(stage, 'node_modules', name), {
      recursive: true,
      // A package's tests, and what its addon was made from.
      filter: (path) => !['test', 'deps', 'prebuilds'].includes(basename(path)),
    });
  }
}

/** It, and all that it needs when it runs. */
function packagesOf(name: string, found = new Set<string>()): ReadonlySet<string> {
  found.add(name);
  const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
  const { dependencies = {} } = JSON.parse(text) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  for (const needed of Object.keys(dependencies)) if (!found.has(needed)) packagesOf(needed, found);
  return found;
}

/** Its addons for all platforms lie in one package; one of them goes along. */
function placeLevel(addon: string | null): void {
  const to = join(stage, 'node_modules/classic-level/prebuilds');
  rmSync(to, { recursive: true, force: true });
  if (addon === null) return;
  cpSync(join(root, 'node_modules/classic-level/prebuilds', addon), join(to, addon), { recursive: true });
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
