/**
 * `npm start`: builds, then runs the first example (or the pipeline named as argument) and shows it. Where `code` is
 * on the path it is shown in VS Code, in a window that has the extension; else, or with SLUICE_START=browser, the
 * command line runs it and prints the address of the browser dashboard.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const firstExample = 'examples/flight-delays.ts';

const [asked, ...options] = process.argv.slice(2);
const pipeline = resolve(root, asked ?? firstExample);
if (!existsSync(pipeline)) {
  console.error(
    `There is no pipeline ${pipeline}: name one that exists, for instance npm start -- ${firstExample}.`,
  );
  process.exit(3);
}

if (run('node', ['scripts/build.ts']) !== 0) process.exit(1);
process.exitCode = isInVSCode() ? showInVSCode() : showInBrowser();

function showInVSCode(): number {
  console.log('Opening VS Code: press Run above pipeline(…), and the dashboard opens beside it.');
  return run('code', [
    '--new-window',
    `--extensionDevelopmentPath=${root}`,
    join(root, 'examples'),
    pipeline,
  ]);
}

/** A pipeline that ends goes on being served until Ctrl-C, so that there is something to look at. */
function showInBrowser(): number {
  return run('node', ['dist/runtime/cli.js', 'run', pipeline, '--from', 'latest', '--serve', ...options]);
}

function isInVSCode(): boolean {
  if (process.env.SLUICE_START === 'browser') return false;
  const names = process.platform === 'win32' ? ['code.cmd', 'code.exe'] : ['code'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => names.some((name) => existsSync(join(folder, name))));
}

function run(command: string, args: readonly string[]): number {
  const shell = process.platform === 'win32';
  // Ctrl-C reaches the child by itself; this process waits for what the child makes of it.
  process.on('SIGINT', () => undefined);
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', shell }).status ?? 130;
}
