/** J7 with real threads: user code that does not come back is found, named, ended, and the job goes on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { type LaunchReport, type LaunchRequest, launchReport } from '../../runtime/protocol/launch.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-hung-'));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

/** Runs to the end of the job; the reports until then. `ONCE` in the source is the path of a mark. */
async function ran(
  source: string,
  options: {
    readonly args?: readonly string[];
    readonly until?: (reports: readonly LaunchReport[]) => boolean;
  } = {},
) {
  const workspace = mkdtempSync(join(root, 'w-'));
  const pipelineFile = join(workspace, 'p.ts');
  writeFileSync(pipelineFile, source.replaceAll('ONCE', JSON.stringify(join(workspace, 'once'))));
  const runtime = fileURLToPath(new URL('../../dist/runtime/runtime.js', import.meta.url));
  const child = spawn(process.execPath, [...(options.args ?? []), runtime], { stdio: 'pipe' });
  children.add(child);
  const reports: LaunchReport[] = [];
  const ended = new Promise<void>((over) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const report = launchReport.parse(JSON.parse(line));
      reports.push(report);
      if (report.type === 'ended' || report.type === 'failed' || options.until?.(reports) === true) over();
    });
    child.on('exit', () => over());
  });
  const request: LaunchRequest = {
    token: randomBytes(32).toString('hex'),
    workingDirectory: workspace,
    dataDirectory: join(workspace, '.sluice'),
    givesWay: false,
    job: {
      pipelineFile,
      parallelism: null,
      from: null,
      supersede: false,
      allowNonRestoredState: false,
      checkpoints: {},
    },
    server: { port: 0, dashboard: false },
  };
  child.stdin.write(`${JSON.stringify(request)}\n`);
  await ended;
  return { workspace, reports, child };
}

const once = "if (existsSync(ONCE)) return; writeFileSync(ONCE, '');";
const job = (operators: string, settings = "env.stuckAfter = '1 s';") => `
import { existsSync, writeFileSync } from 'node:fs';
import { pipeline, valueState } from 'sluice';
import { generator, text } from 'sluice/connectors';
function loopsOnce(n: number): void {
  if (n !== 300) return;
  ${once}
  while (true);
}
export default pipeline('job', (env) => {
  env.checkpoints({ interval: '50 ms' });
  ${settings}
  ${operators}
});
`;
const numbers =
  "env.fromSource(generator({ make: (index) => index, perSecond: 2000, count: 1000 }), { uid: 'numbers' })";

const logged = (reports: readonly LaunchReport[]): string =>
  reports.map((report) => (report.type === 'log' ? report.text : report.type)).join('\n');

const committed = (workspace: string): readonly number[] =>
  readdirSync(join(workspace, 'out'))
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) =>
      readFileSync(join(workspace, 'out', name), 'utf8')
        .trim()
        .split('\n'),
    )
    .map(Number)
    .sort((a, b) => a - b);

test.each([
  [
    'the operator, not the one before or behind it in its chain',
    `${numbers}.map((n) => n + 0, { uid: 'before' }).map((n) => { loopsOnce(n); return n; }, { uid: 'looping' })
      .filter(() => true, { uid: 'behind' }).map(String).sinkTo(text.sink('out'), { uid: 'out' });`,
    /looping\[0\] failed: it has not come back from its own code for 1[.0-9]* s, so its thread was ended; the job goes on from its last checkpoint/,
  ],
  [
    'one that has sent something on before it hangs',
    `${numbers}.flatMap(function* (n) { yield n; loopsOnce(n); }, { uid: 'looping' })
      .map(String, { uid: 'behind' }).sinkTo(text.sink('out'), { uid: 'out' });`,
    /looping\[0\] failed/,
  ],
  [
    'a source',
    `env.fromSource(generator({ make: (index) => { loopsOnce(index); return index; }, perSecond: 2000, count: 1000 }), { uid: 'looping' })
      .map(String, { uid: 'behind' }).sinkTo(text.sink('out'), { uid: 'out' });`,
    /looping\[0\] failed/,
  ],
])('J7 an endless loop is found and recovered from, and named: %s', async (_name, operators, sentence) => {
  const { workspace, reports } = await ran(job(operators));
  expect(logged(reports)).toMatch(sentence);
  expect(reports.at(-1)).toMatchObject({ type: 'ended', status: 'finished' });
  expect(committed(workspace)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
});

test('J7 where no restart is allowed it is told with the operator, the record and the line', async () => {
  const { reports } = await ran(
    job(
      `${numbers}.map((n) => { loopsOnce(n); return n; }, { uid: 'looping' }).map(String).sinkTo(text.sink('out'), { uid: 'out' });`,
      "env.stuckAfter = '1 s'; env.restart({ strategy: 'none' });",
    ),
  );
  const failed = reports.at(-1);
  expect(failed).toMatchObject({
    type: 'failed',
    failure: {
      kind: 'job-failed',
      exception: { name: 'ThreadHung', operator: 'looping', record: '300', location: { line: 8 } },
    },
  });
  expect(failed?.type === 'failed' ? failed.failure.message : '').toMatch(
    /^looping\[0\] failed on the record 300: it has not come back from its own code for 1[.0-9]* s, so its thread was ended at p\.ts:8$/,
  );
});

test('J7 never while a debugger may be attached', async () => {
  const { reports, child } = await ran(
    job(
      `${numbers}.map((n) => { loopsOnce(n); return n; }, { uid: 'looping' }).map(String).sinkTo(text.sink('out'), { uid: 'out' });
       console.log('it was planned');`,
      "env.stuckAfter = '200 ms';",
    ),
    { args: ['--inspect=127.0.0.1:0'], until: (all) => all.some(({ type }) => type === 'running') },
  );
  // Ten times as long as it would take.
  await new Promise((later) => setTimeout(later, 3_000));
  expect(logged(reports)).not.toContain('has not come back');
  expect(reports.some(({ type }) => type === 'ended')).toBe(false);
  child.stdin?.end();
  child.kill('SIGKILL');
});
