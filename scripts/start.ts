/**
 * `npm start`: builds, then runs the first example (or the pipeline named as argument) and shows it. Where `code` is
 * on the path it is shown in VS Code, in a window that has the extension; else, or with SLUICE_START=browser, the
 * command line runs it and prints the address of the browser dashboard.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Real flights on two ways of different speed into one operator: every barrier can be seen waiting there. */
const firstExample = 'examples/slow-channel.ts';
/** The examples read this variable; at its own pace the first one is over within two minutes. */
const pace = process.env.PACE ?? '0.4';

const [asked, ...options] = process.argv.slice(2);
const pipeline = resolve(root, asked ?? firstExample);
if (!existsSync(pipeline)) {
  console.error(
    `There is no pipeline ${pipeline}: name one that exists, for instance npm start -- ${firstExample}.`,
  );
  process.exit(3);
}

if ((await run('node', ['scripts/build.ts'])) !== 0) process.exit(1);
process.exitCode = await (isInVSCode() ? showInVSCode() : showInBrowser());

/**
 * A process of its own, not a window of one that may be running: only so does it get the variable that says what to
 * run. The profile is kept, so that the second start finds the window as it was left.
 */
function showInVSCode(): Promise<number> {
  console.log(`Opening VS Code, which runs ${pipeline}.`);
  const args = [
    `--user-data-dir=${join(root, '.cache/vscode-profile')}`,
    `--extensionDevelopmentPath=${root}`,
    '--disable-workspace-trust',
    '--skip-welcome',
    // Chromium refuses root otherwise.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    root,
    pipeline,
  ];
  return run('code', args, { SLUICE_RUN: pipeline, PACE: pace });
}

/** Always from the beginning, so that there is something to see; what the last run committed is renamed, not lost. */
function showInBrowser(): Promise<number> {
  const args = ['dist/runtime/cli.js', 'run', pipeline, '--serve', '--supersede', ...options];
  return run('node', args, { PACE: pace });
}

function isInVSCode(): boolean {
  if (process.env.SLUICE_START === 'browser') return false;
  const names = process.platform === 'win32' ? ['code.cmd', 'code.exe'] : ['code'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => names.some((name) => existsSync(join(folder, name))));
}

/** Ctrl-C reaches the child by itself, and once; this process waits for what the child makes of it. */
async function run(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<number> {
  const shell = process.platform === 'win32';
  const child = spawn(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell,
    env: { ...process.env, ...variables },
  });
  const forward = () => child.kill('SIGTERM');
  const wait = () => undefined;
  process.on('SIGTERM', forward).on('SIGINT', wait);
  const [code] = await once(child, 'exit');
  process.off('SIGTERM', forward).off('SIGINT', wait);
  return code ?? 130;
}
