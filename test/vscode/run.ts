/**
 * `npm run test:vscode`: the suites of test/vscode/suite in a real VS Code with a real extension host, each in a
 * window of its own on a copy of the workspace. With arguments only the suites whose file names contain one of them;
 * SLUICE_VSCODE_ONLY narrows further to the tests whose names contain it.
 *
 * On Linux the VS Code is code-server's (harness/code.ts); SLUICE_VSCODE=desktop, or another system, takes the
 * desktop build that @vscode/test-electron downloads. Without arguments the harness also checks itself: a failing
 * test and a killed extension host must each fail a run.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const results = join(root, 'test-results');
const pictures = join(results, 'vscode');
const isDesktop = process.env.SLUICE_VSCODE === 'desktop' || process.platform !== 'linux';

const asked = process.argv.slice(2);
const suites = readdirSync(join(here, 'suite'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => asked.length === 0 || asked.some((part) => name.includes(part)))
  .map((name) => join(here, 'suite', name))
  .sort();

rmSync(pictures, { recursive: true, force: true });
const sum = { passed: 0, failed: 0 };
for (const suite of suites) count(await runSuite(suite));
if (asked.length === 0 && !isDesktop) {
  await expectFailure('failing.test.ts', { passed: 1, failed: 1 });
  await expectFailure('killed.test.ts', null);
}
if (sum.passed + sum.failed === 0) throw new Error(`No suite has a name with ${asked.join(' or ')} in it.`);

mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'vscode.json'), JSON.stringify(sum));
console.log(`\n${sum.passed} passed, ${sum.failed} failed in VS Code`);
process.exitCode = sum.failed === 0 ? 0 : 1;

async function runSuite(suite: string): Promise<Counts> {
  console.log(`\n${basename(suite)}`);
  const { counts, exitedWell } = await runInVSCode(suite);
  if (counts === null) console.error('  ✗ the tests did not come to their end');
  return counts === null || (counts.failed === 0 && !exitedWell) ? { passed: 0, failed: 1 } : counts;
}

/** The harness must notice what is wrong with a broken suite; a test of its own. */
async function expectFailure(name: string, expected: Counts | null): Promise<void> {
  const { counts, exitedWell } = await runInVSCode(join(here, 'harness/broken', name), { isQuiet: true });
  const ok = !exitedWell && JSON.stringify(counts) === JSON.stringify(expected);
  console.log(`${ok ? '✓' : '✗'} the harness notices what ${name} does`);
  count(ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}

/** `counts` is null when the run was cut short. */
async function runInVSCode(
  suite: string,
  { isQuiet = false } = {},
): Promise<{ counts: Counts | null; exitedWell: boolean }> {
  const temporary = mkdtempSync(join(tmpdir(), 'sluice-'));
  const workspace = join(temporary, 'workspace');
  const resultFile = join(temporary, 'result.json');
  const debuggingPort = await freePort();
  cpSync(join(here, 'workspace'), workspace, { recursive: true });
  const restoreOutput = isQuiet ? silenceOutput() : () => undefined;
  const startedAt = performance.now();
  try {
    const exitCode = await runTests({
      ...(isDesktop ? {} : { vscodeExecutablePath: join(here, 'harness/code.ts') }),
      extensionDevelopmentPath: root,
      extensionTestsPath: await bundled(suite),
      launchArgs: [
        workspace,
        `--user-data-dir=${join(temporary, 'user-data')}`,
        `--extensions-dir=${join(temporary, 'extensions')}`,
        `--remote-debugging-port=${debuggingPort}`,
      ],
      extensionTestsEnv: {
        SLUICE_VSCODE_RESULT: resultFile,
        SLUICE_VSCODE_PICTURES: isQuiet ? temporary : pictures,
        SLUICE_VSCODE_DEBUGGING_PORT: String(debuggingPort),
        // Whatever a killed process leaves behind lies in what is removed below.
        TMPDIR: temporary,
      },
    }).catch(() => 1);
    restoreOutput();
    if (!isQuiet) console.log(`  ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    const counts = existsSync(resultFile) ? (JSON.parse(readFileSync(resultFile, 'utf8')) as Counts) : null;
    return { counts, exitedWell: exitCode === 0 };
  } finally {
    restoreOutput();
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** One CommonJS file, because Electron's Node takes no TypeScript: the suite, then `run`. */
async function bundled(suite: string): Promise<string> {
  const outfile = join(root, 'out/vscode', `${basename(suite, '.ts')}.cjs`);
  await build({
    stdin: {
      contents: `import ${JSON.stringify(suite)};\nexport { run } from ${JSON.stringify(join(here, 'harness/extensionHost.ts'))};`,
      resolveDir: here,
      loader: 'ts',
    },
    bundle: true,
    outfile,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    external: ['vscode', 'playwright-core'],
    logLevel: 'warning',
  });
  return outfile;
}

function count({ passed, failed }: Counts): void {
  sum.passed += passed;
  sum.failed += failed;
}

/** test-electron writes what VS Code prints straight to our own output. */
function silenceOutput(): () => void {
  const writes = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }));
  for (const { stream } of writes) stream.write = () => true;
  return () => {
    for (const { stream, write } of writes) stream.write = write;
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('A listening server has a port.');
  return address.port;
}
