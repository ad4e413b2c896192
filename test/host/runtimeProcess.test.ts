/** The built runtime as its supervisor sees it: reports on stdout, a leash on stdin. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { Client } from '../../runtime/host/cli/client.ts';
import type { JobInfo } from '../../runtime/protocol/job.ts';
import { type LaunchReport, type LaunchRequest, launchReport } from '../../runtime/protocol/launch.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-runtime-'));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

class Supervised {
  readonly child: ChildProcess;
  readonly token = randomBytes(32).toString('hex');
  readonly reports: LaunchReport[] = [];
  readonly workspace: string;
  readonly exited: Promise<{ code: number | null; signal: string | null; at: number }>;
  stderr = '';
  #waiting: (() => void)[] = [];
  #isGone = false;

  /** `source` null: no job. */
  constructor(
    source: string | null,
    more: Partial<NonNullable<LaunchRequest['job']>> = {},
    givesWay = false,
  ) {
    this.workspace = mkdtempSync(join(root, 'w-'));
    const pipelineFile = join(this.workspace, 'p.ts');
    if (source !== null) writeFileSync(pipelineFile, source);
    this.child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../../dist/runtime/runtime.js', import.meta.url))],
      {
        stdio: 'pipe',
        // So that the one that takes all memory is done with it soon.
        env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=200' },
      },
    );
    children.add(this.child);
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.reports.push(launchReport.parse(JSON.parse(line)));
      this.#wake();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.exited = new Promise((gone) => {
      this.child.on('exit', (code, signal) => {
        this.#isGone = true;
        this.#wake();
        gone({ code, signal, at: performance.now() });
      });
    });
    const job = {
      pipelineFile,
      parallelism: null,
      from: null,
      supersede: false,
      allowNonRestoredState: false,
      checkpoints: {},
      ...more,
    };
    const request: LaunchRequest = {
      token: this.token,
      workingDirectory: this.workspace,
      dataDirectory: join(this.workspace, '.sluice'),
      givesWay,
      job: source === null ? null : job,
      server: { port: 0, dashboard: false },
    };
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  async report<T extends LaunchReport['type']>(type: T): Promise<Extract<LaunchReport, { type: T }>> {
    for (;;) {
      const found = this.reports.find((report) => report.type === type);
      if (found !== undefined) return found as Extract<LaunchReport, { type: T }>;
      if (this.#isGone) throw new Error(`no report ${type}: ${JSON.stringify(this.reports)} ${this.stderr}`);
      await new Promise<void>((woken) => this.#waiting.push(woken));
    }
  }

  async logged(sentence: RegExp): Promise<void> {
    while (!this.reports.some((report) => report.type === 'log' && sentence.test(report.text))) {
      if (this.#isGone) throw new Error(`it never logged ${sentence}: ${JSON.stringify(this.reports)}`);
      await new Promise<void>((woken) => this.#waiting.push(woken));
    }
  }

  async client(): Promise<Client> {
    return Client.connect({ port: (await this.report('listening')).port, token: this.token });
  }

  #wake(): void {
    for (const woken of this.#waiting.splice(0)) woken();
  }
}

const source = (operator: string, settings = '') => `
import { pipeline } from 'sluice';
import { generator, text } from 'sluice/connectors';
export default pipeline('job', (env) => {
  env.checkpoints({ interval: '100 ms' });
  ${settings}
  env.fromSource(generator({ make: (index) => index, perSecond: 2000 }), { uid: 'numbers' })
    .map((n): number => { ${operator}; return n; }, { uid: 'mapped' })
    .map(String, { uid: 'strings' })
    .sinkTo(text.sink('out'), { uid: 'out' });
});
`;

describe.concurrent('whatever its tasks do, the runtime is gone within 5 s after its stdin has ended', () => {
  test.each([
    ['run', ''],
    ['loop', 'for (;;);'],
    ['wait for shared memory', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'],
  ])('when they %s', async (_, operator) => {
    const runtime = new Supervised(source(operator));
    await runtime.report('running');
    const endedAt = performance.now();
    runtime.child.stdin?.end();
    expect((await runtime.exited).at - endedAt).toBeLessThan(5_000);
  });

  // Not even V8 can end a thread that is inside the kernel; so it is with one at a breakpoint.
  test.skipIf(process.platform === 'win32')('when they are stuck in a system call', async () => {
    const directory = mkdtempSync(join(root, 'fifo-'));
    const [fifo, mark] = [join(directory, 'nobody-writes'), join(directory, 'is-stuck')];
    execFileSync('mkfifo', [fifo]);
    const operator = `writeFileSync(${JSON.stringify(mark)}, ''); openSync(${JSON.stringify(fifo)}, 'r')`;
    const runtime = new Supervised(`import { openSync, writeFileSync } from 'node:fs';\n${source(operator)}`);
    await runtime.report('running');
    while (!existsSync(mark)) await new Promise((later) => setTimeout(later, 10));
    const endedAt = performance.now();
    runtime.child.stdin?.end();
    const exit = await runtime.exited;
    expect(exit.at - endedAt).toBeLessThan(5_000);
    expect(exit.signal).toBe('SIGKILL');
  });

  test('when it has just been started', async () => {
    const runtime = new Supervised(source(''));
    runtime.child.stdin?.end();
    await runtime.exited;
  });

  test('when it serves savepoints only', async () => {
    const runtime = new Supervised(null);
    await runtime.report('listening');
    runtime.child.stdin?.end();
    expect((await runtime.exited).code).toBe(0);
  });
});

describe.concurrent('a task thread that ends is a failure like any other', () => {
  test.each([
    [
      'throws',
      "if (n === 300 && !existsSync('once')) { writeFileSync('once', ''); throw new Error('on' + 'ce'); }",
      /mapped\[0\] failed: once; the job goes on from its last checkpoint/,
    ],
    [
      'ends its thread',
      "if (n === 300 && !existsSync('once')) { writeFileSync('once', ''); process.exit(3); }",
      /ended its thread, with exit code 3/,
    ],
    [
      'throws outside of a call',
      "if (n === 300 && !existsSync('once')) { writeFileSync('once', ''); setTimeout(() => { throw new Error('later'); }); }",
      /ended with Error: later/,
    ],
    [
      'takes all memory',
      "if (n === 300 && !existsSync('once')) { writeFileSync('once', ''); const all: unknown[] = []; for (;;) all.push(new Array(100_000).fill(n)); }",
      /ran out of memory/,
    ],
  ])('an operator that %s is recovered from', async (_, operator, sentence) => {
    const directory = mkdtempSync(join(root, 'once-'));
    const own = `import { existsSync, writeFileSync } from 'node:fs';\n${source(operator.replaceAll("'once'", JSON.stringify(join(directory, 'once'))))}`;
    const runtime = new Supervised(own);
    await runtime.report('running');
    const client = await runtime.client();
    const jobs: JobInfo[] = [];
    const recovered = new Promise<void>((done) => {
      client.onNotification((method, params) => {
        if (method !== 'job/changed') return;
        const { job } = params as { job: JobInfo };
        jobs.push(job);
        if (job.status === 'running' && job.restarts > 0) done();
      });
    });
    const { job } = await client.request('job/subscribe', {});
    if (job.restarts === 0 || job.status !== 'running') await recovered;
    // Reports and notifications come by two ways.
    await runtime.logged(sentence);
    const { checkpoint } = await client.request('checkpoint/trigger', {});
    expect(checkpoint.status).toBe('completed');
    client.close();
  });
});

// A deadline that only the disk's answer had set was forgotten: nothing but a record woke the coordinator.
test('a job in which nothing happens still takes its checkpoints', async () => {
  const runtime = new Supervised(source('').replace('perSecond: 2000', 'perSecond: 0.01'));
  await runtime.report('running');
  const client = await runtime.client();
  await client.request('job/subscribe', {});
  const taken = async () =>
    (await client.request('checkpoint/list', {})).checkpoints.filter(({ status }) => status === 'completed');
  await expect
    .poll(async () => (await taken()).length, { timeout: 20_000, interval: 200 })
    .toBeGreaterThan(8);
  client.close();
});

test('a cancelled job is ended also when an operator loops', async () => {
  const runtime = new Supervised(source('for (;;);'));
  await runtime.report('running');
  const client = await runtime.client();
  await client.request('job/cancel', {});
  expect((await runtime.report('ended')).status).toBe('canceled');
  client.close();
});

test('what the author prints reaches the log, and never the reports', async () => {
  const runtime = new Supervised(
    source('if (n === 5) { console.log(\'{"type":"ended"}\'); console.error(\'careful\'); }'),
  );
  await runtime.report('running');
  const lines = () =>
    runtime.reports.flatMap((report) => (report.type === 'log' ? [`${report.level} ${report.text}`] : []));
  await expect.poll(lines).toEqual(expect.arrayContaining(['info {"type":"ended"}', 'warning careful']));
  expect(runtime.reports.some(({ type }) => type === 'ended')).toBe(false);
});

test.skipIf(process.platform === 'win32')(
  'task threads give way to the editor only when it asks for that',
  async () => {
    const priority = "console.log('priority ' + process.getBuiltinModule('node:os').getPriority())";
    for (const [givesWay, expected] of [
      [true, constants.priority.PRIORITY_BELOW_NORMAL],
      [false, getPriority()],
    ] as const) {
      const supervised = new Supervised(source(`if (n === 0) ${priority}`), {}, givesWay);
      await supervised.logged(new RegExp(`priority ${expected}\\b`));
      supervised.child.stdin?.end();
      await supervised.exited;
    }
  },
);

test('a pipeline that writes another plan each time is refused', async () => {
  const changing = source('', "env.restart({ strategy: 'none' });").replace(
    "uid: 'mapped'",
    'uid: String(Math.random())',
  );
  const runtime = new Supervised(changing);
  const { failure } = await runtime.report('failed');
  expect(failure.message).toContain('written differently each time');
});

test('without a job savepoints are served, and what needs a job says so', async () => {
  const runtime = new Supervised(null);
  const client = await runtime.client();
  expect(await client.request('savepoint/list', {})).toEqual({ savepoints: [], damaged: [] });
  await expect(client.request('savepoint/take', {})).rejects.toThrow('No job runs here');
  await expect(client.request('job/subscribe', {})).rejects.toThrow('No job runs here');
  await expect(client.request('savepoint/show', { savepoint: '../../../etc' })).rejects.toThrow(
    'There is no savepoint',
  );
  await expect(client.request('savepoint/delete', { savepoint: '..' })).rejects.toThrow(
    'There is no savepoint',
  );
  await expect(client.request('savepoint/import', { file: '../../../etc/passwd' })).rejects.toThrow(
    'is no file of this workspace',
  );
  client.close();
});

test('a request that is none is refused', async () => {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../../dist/runtime/runtime.js', import.meta.url))],
    { stdio: 'pipe' },
  );
  children.add(child);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stdin.write('{"token":"short"}\n');
  const code = await new Promise((exited) => child.on('exit', exited));
  expect(code).toBe(2);
  expect(launchReport.parse(JSON.parse(out))).toMatchObject({ type: 'failed', failure: { exitCode: 2 } });
});

test('the token is in no log, no report and no file but the one for the owner', async () => {
  const runtime = new Supervised(source(''));
  await runtime.report('running');
  const running = readFileSync(join(runtime.workspace, '.sluice/jobs/job/running.json'), 'utf8');
  expect(running).toContain(runtime.token);
  expect(JSON.stringify(runtime.reports) + runtime.stderr).not.toContain(runtime.token);
  runtime.child.stdin?.end();
  await runtime.exited;
  expect(() => readFileSync(join(runtime.workspace, '.sluice/jobs/job/running.json'))).toThrow('ENOENT');
});

test('an idle job uses no CPU to speak of', async () => {
  const runtime = new Supervised(
    source('')
      .replace('perSecond: 2000', 'perSecond: 0.01')
      .replace("interval: '100 ms'", "interval: '10 s'"),
  );
  await runtime.report('running');
  const ticks = () => {
    const fields =
      readFileSync(`/proc/${runtime.child.pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  if (process.platform !== 'linux') return;
  await new Promise((later) => setTimeout(later, 1_500));
  const before = ticks();
  await new Promise((later) => setTimeout(later, 3_000));
  // A tick is 10 ms: 1 % of 3 s are 3 of them; a test beside many others gets some room.
  expect(ticks() - before).toBeLessThanOrEqual(6);
});
