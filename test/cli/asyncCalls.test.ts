/** Promises in a real task thread: it sleeps while calls are under way, and each answer wakes it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { committedLines } from '../chaos/chaosRun.ts';
import { runCommand, startCommand } from './sluiceCommand.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-async-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** The file of a pipeline whose stream is `body`. */
function pipelineOf(name: string, records: number, body: string): string {
  const file = join(cwd, `${name}.ts`);
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { type AsyncContext, pipeline } from 'sluice';
import { collection, generator, jsonl } from 'sluice/connectors';

const numbers = Array.from({ length: ${records} }, (_, n) => n);
const later = <T>(ms: number, value: T) => new Promise<T>((done) => setTimeout(done, ms, value));

export default pipeline('${name}', (env) => {
  ${body}
    .sinkTo(jsonl.sink('${name}'), { uid: 'out' });
});
`,
  );
  return file;
}

/** What it committed, each line read as JSON. */
async function run<T>(name: string, records: number, body: string): Promise<readonly T[]> {
  const { code, stderr } = await runCommand(['run', pipelineOf(name, records, body)], { cwd });
  expect(code, stderr).toBe(0);
  return committedLines(join(cwd, name)).map((line) => JSON.parse(line) as T);
}

const CALL_MS = 50;
const RECORDS = 200;

test('calls are under way at once, up to the capacity, and come out in order', async () => {
  const calls = await run<{ n: number; from: number; to: number }>(
    'many',
    RECORDS,
    `env.fromSource(collection(numbers), { uid: 'numbers' }).asyncMap(
      async (n) => {
        const from = performance.now();
        await later(${CALL_MS}, null);
        return { n, from, to: performance.now() };
      },
      { capacity: 20, uid: 'calls' },
    )`,
  );
  expect(calls.map(({ n }) => n)).toEqual(Array.from({ length: RECORDS }, (_, n) => n));
  const took = Math.max(...calls.map(({ to }) => to)) - Math.min(...calls.map(({ from }) => from));
  // One after the other they take 10 s, 20 at once half a second; the machine may be busy.
  expect(took).toBeLessThan((RECORDS * CALL_MS) / 2);
  const atOnce = calls.map(({ from }) => calls.filter((call) => call.from <= from && from < call.to).length);
  expect(Math.max(...atOnce)).toBeGreaterThan(10);
  expect(Math.max(...atOnce)).toBeLessThanOrEqual(20);
});

test.each([
  ['with room for more', 100],
  ['with no room', 2],
])('a thread whose calls are under way sleeps, %s', async (name, capacity) => {
  const utilizations = await run<number>(
    `asleep-${capacity}`,
    6,
    `env.fromSource(collection(numbers), { uid: 'numbers' }).asyncMap(
      async () => {
        // What it takes to begin the calls is over.
        await later(200, null);
        const before = performance.eventLoopUtilization();
        await later(1_000, null);
        return performance.eventLoopUtilization(before).utilization;
      },
      { capacity: ${capacity}, uid: 'calls' },
    )`,
  );
  expect(utilizations).toHaveLength(6);
  // A thread that looks again and again is at 1.
  expect(Math.min(...utilizations), name).toBeLessThan(0.3);
});

test('time is up by the machine’s clock, what was waited for is aborted, and another try may succeed', async () => {
  const answers = await run<string>(
    'late',
    3,
    `const call = (n: number, { attempt, signal }: AsyncContext) =>
      n === 0
        ? new Promise<string>((_, failed) => signal.addEventListener('abort', () => failed(signal.reason)))
        : n === 1 && attempt < 3
          ? Promise.reject(new Error('not yet'))
          : later(1, \`\${n} after \${attempt}\`);
    env.fromSource(collection(numbers), { uid: 'numbers' }).asyncMap(call, {
      uid: 'calls',
      timeout: '300ms',
      onTimeout: (n) => \`\${n} is late\`,
      retry: { attempts: 2, delay: '20ms' },
    })`,
  );
  expect(answers).toEqual(['0 is late', '1 after 3', '2 after 1']);
});

test('a job that is stopped with --drain waits for the calls that are under way', async () => {
  const begun = join(cwd, 'begun');
  const file = pipelineOf(
    'drained',
    0,
    `env.fromSource(generator({ make: (n) => n, perSecond: 200 }), { uid: 'numbers' }).asyncMap(
      (n) => {
        appendFileSync(${JSON.stringify(begun)}, \`\${n}\\n\`);
        return later(150, n);
      },
      { uid: 'calls', order: 'unordered' },
    )`,
  );
  const job = startCommand(['run', file, '--serve', '--json'], { cwd });
  await job.object('checkpoint', ({ status }) => status === 'completed');
  expect((await runCommand(['stop', '--drain'], { cwd })).code).toBe(0);
  expect((await job.ended).code).toBe(0);
  const called = readFileSync(begun, 'utf8').trim().split('\n');
  expect(called.length).toBeGreaterThan(0);
  expect([...committedLines(join(cwd, 'drained'))].sort()).toEqual(called.sort());
});
