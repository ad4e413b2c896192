/** A job with a real child process and a real socket, against a scripted runtime. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import type { Notice } from '../../../extension/job/facts.ts';
import { type RunningJob, startJob } from '../../../extension/job/runningJob.ts';
import { launchCommand } from '../../../extension/supervisor/launchCommand.ts';
import type { RecoveryPolicy, SupervisionNews } from '../../../extension/supervisor/supervision.ts';

// Processes start slowly on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 30_000 });

const fakeRuntime = fileURLToPath(new URL('../fakeRuntime.ts', import.meta.url));

interface Started {
  readonly job: RunningJob;
  readonly news: SupervisionNews[];
  readonly notices: Notice[];
  readonly log: string[];
}

const started: RunningJob[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((job) => job.dispose()));
});

function start(pipeline: string, recovery: RecoveryPolicy = 'ask'): Started {
  const [news, notices, log]: [SupervisionNews[], Notice[], string[]] = [[], [], []];
  const job = startJob(
    {
      pipelineFile: `/w/${pipeline}.ts`,
      parallelism: null,
      from: null,
      supersede: false,
      allowNonRestoredState: false,
      checkpoints: {},
    },
    {
      workingDirectory: fileURLToPath(new URL('.', import.meta.url)),
      dataDirectory: '/w/.sluice',
      clientVersion: '0',
      command: () =>
        launchCommand({
          execPath: process.execPath,
          nodePath: '',
          runtimeFile: fakeRuntime,
          env: process.env,
        }),
      recovery: () => recovery,
      givesWay: () => true,
    },
    {
      onChange: () => {},
      onNotice: (notice) => notices.push(notice),
      onNews: (told) => news.push(told),
      onReport: () => {},
      onLog: (level, text) => log.push(`${level}: ${text}`),
    },
  );
  started.push(job);
  return { job, news, notices, log };
}

async function until(isTrue: () => boolean, withinMs = 20_000): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`Waited ${withinMs} ms for: ${isTrue}`);
    await delay(10);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a job is started, greeted and followed', async () => {
  const { job, notices, log } = start('running');
  await until(() => job.isLive && job.supervision.state.phase === 'running');
  expect(job.facts?.graph.vertices.length).toBeGreaterThan(3);
  expect(log).toContain('info: A line for people from running.');
  await until(() => notices.some(({ method }) => method === 'telemetry'));
});

test('a savepoint is taken, and the supervisor learns that there is something to go on from', async () => {
  const { job } = start('running');
  await until(() => job.isLive);
  const { savepoint } = await job.request('savepoint/take', { label: 'by a test' });
  expect(savepoint.label).toBe('by a test');
  await until(
    () =>
      job.facts?.checkpoints.some(
        ({ id, status }) => id === savepoint.checkpointId && status === 'completed',
      ) ?? false,
  );
});

test('a refused request carries the sentence of the runtime', async () => {
  const { job } = start('running');
  await until(() => job.isLive);
  await expect(job.request('savepoint/show', { savepoint: 'nowhere' })).rejects.toThrow(/nowhere/);
});

test('a killed runtime is announced and, when asked, back at once', async () => {
  const { job, news } = start('running');
  await until(() => job.isLive);
  process.kill(job.pid ?? 0, 'SIGKILL');
  await until(() => job.supervision.state.phase === 'crashed');
  expect(news).toEqual([
    { type: 'crashed', exit: { code: null, signal: 'SIGKILL', lastWords: expect.anything() }, answer: 'ask' },
  ]);
  expect(job.isLive).toBe(false);
  job.send({ type: 'recover', at: Date.now() });
  expect(job.supervision.state).toMatchObject({ phase: 'starting', recovery: true });
  await until(() => job.isLive);
});

test('by setting it is brought back without a question', async () => {
  const { job, news } = start('running', 'automatic');
  await until(() => job.isLive);
  const before = job.pid;
  process.kill(before ?? 0, 'SIGKILL');
  await until(() => news.at(-1)?.type === 'recovered' && job.isLive, 4_000);
  expect(news.map(({ type }) => type)).toEqual(['recovering', 'recovered']);
  expect(job.pid).not.toBe(before);
});

test('a pipeline that does not compile has ended, with the line', async () => {
  const { job, news } = start('no-compile');
  await until(() => job.supervision.state.phase === 'ended' && job.pid === null);
  expect(news).toMatchObject([
    {
      type: 'ended',
      outcome: { type: 'failed', failure: { kind: 'does-not-compile', location: { line: 3 } } },
    },
  ]);
});

test('stopping ends the process', async () => {
  const { job } = start('running');
  await until(() => job.isLive);
  const pid = job.pid ?? 0;
  job.send({ type: 'stop' });
  // The scripted job is cancelled but its process stays, as one that hangs would.
  await until(() => !isAlive(pid) && job.supervision.state.phase === 'ended', 9_000);
});

test('disposing ends even a process that does not listen', async () => {
  const { job } = start('deaf');
  await until(() => job.isLive);
  const pid = job.pid ?? 0;
  await job.dispose();
  expect(isAlive(pid)).toBe(false);
});

test('a start that says nothing can be stopped', async () => {
  const { job } = start('mute');
  await until(() => job.pid !== null);
  const pid = job.pid ?? 0;
  job.send({ type: 'stop' });
  await until(() => !isAlive(pid), 6_000);
});
