/**
 * The package as a user gets it: VS Code's own command installs the VSIX that `npm run package` has made, and what lies
 * there then plans a pipeline, with no Node, no esbuild and nothing else of ours on the path. Only where code-server runs.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installCodeServer } from './harness/install.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const pipeline = `
import { pipeline } from 'sluice';
import { jsonl } from 'sluice/connectors';

export default pipeline('packaged', (env) => {
  env.fromSource(jsonl.source<{ a: number }>('in.jsonl'), { uid: 'in' })
    .filter((record) => record.a > 0)
    .sinkTo(jsonl.sink('out'), { uid: 'out' });
});
`;

const temporary = mkdtempSync(join(tmpdir(), 'sluice-packaged-'));
try {
  const installed = install(join(root, `out/sluice-${version}-${process.platform}-${process.arch}.vsix`));
  const foreign = globSync('**/*.{ts,map}', { cwd: installed }).filter((path) => !path.endsWith('.d.ts'));
  if (foreign.length > 0) throw new Error(`The package carries ${foreign.join(', ')}.`);
  plan(installed);
  console.log('The package was installed and plans a pipeline.');
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

function install(vsix: string): string {
  const extensions = join(temporary, 'extensions');
  run([
    join(installCodeServer(), 'lib/vscode/out/server-main.js'),
    '--accept-server-license-terms',
    `--server-data-dir=${join(temporary, 'server')}`,
    `--user-data-dir=${join(temporary, 'user-data')}`,
    `--extensions-dir=${extensions}`,
    `--install-extension=${vsix}`,
  ]);
  const folder = readdirSync(extensions).find((name) => name.startsWith('sluice.sluice-'));
  if (folder === undefined) throw new Error(`VS Code did not install ${vsix}.`);
  return join(extensions, folder);
}

function plan(installed: string): void {
  writeFileSync(join(temporary, 'packaged.ts'), pipeline);
  writeFileSync(join(temporary, 'in.jsonl'), '{"a":1}\n');
  const stdout = run([join(installed, 'dist/runtime/cli.js'), 'plan', 'packaged.ts', '--json'], { PATH: '' });
  if (!stdout.includes('"out"')) throw new Error(`The plan has no sink:\n${stdout}`);
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
    cwd: temporary,
    encoding: 'utf8',
    env: { ...env, EXTENSIONS_GALLERY: '{}', XDG_RUNTIME_DIR: temporary },
  });
  if (status === 0) return stdout;
  throw new Error(`${args.join(' ')}\n${error?.message ?? `${stdout}${stderr}`}`);
}
