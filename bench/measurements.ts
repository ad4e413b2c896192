/** What is measured (section 13 of the design, as far as it is built): each answers its values, one per repetition. */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../runtime/host/cli/client.ts';
import { BenchRun, secondsToEnd } from './benchRun.ts';

export interface Measured {
  readonly what: string;
  readonly budget: string;
  readonly unit: string;
  readonly values: readonly number[];
}

/** A few seconds each. */
const records = { chain: 60_000_000, keyed: 4_000_000 };
/** /proc counts in hundredths of a second. */
const msPerTick = 10;

export async function throughput(
  pipeline: 'chain' | 'keyedCount',
  parallelism: number,
  repetitions: number,
): Promise<Measured> {
  const count = pipeline === 'chain' ? records.chain : records.keyed;
  const values: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const env = { BENCH_RECORDS: String(count) };
    values.push(count / (await secondsToEnd(`pipelines/${pipeline}.ts`, parallelism, env)) / 1e6);
  }
  const what = pipeline === 'chain' ? 'a chain of five operators' : 'a keyed count over 100,000 keys';
  return { what: `${what}, parallelism ${parallelism}`, budget: '', unit: 'million records/s', values };
}

/** One job with a million keys answers five questions. */
export async function millionKeys(repetitions: number): Promise<readonly Measured[]> {
  const run = new BenchRun('pipelines/millionKeys.ts', []);
  await run.line('all-keys');
  await pause(3_000);
  const quiet = run.lines('longest-pause', performance.now() - 2_500, performance.now());
  const checkpoints: number[] = [];
  const pauses: number[] = [];
  let { port, token } = run.running();
  let client = await Client.connect({ port, token });
  for (let i = 0; i < repetitions; i++) {
    const from = performance.now();
    const { checkpoint } = await client.request('checkpoint/trigger', {});
    checkpoints.push(checkpoint.durationMs ?? Number.NaN);
    await pause(1_500);
    pauses.push(Math.max(...run.lines('longest-pause', from, performance.now())));
  }
  const { savepoint: a } = await client.request('savepoint/take', {});
  await pause(500);
  const { savepoint: b } = await client.request('savepoint/take', {});
  const comparisons: number[] = [];
  for (let i = 0; i < Math.min(3, repetitions); i++) {
    comparisons.push((await client.request('savepoint/compare', { a: a.id, b: b.id })).tookMs);
  }
  client.close();
  const recoveries: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const killedAt = performance.now();
    const wallClock = Date.now();
    process.kill(run.running().process.pid, 'SIGKILL');
    const { value } = await run.line('first-record', killedAt);
    recoveries.push(Number(value) - wallClock);
    await pause(2_000);
    // A checkpoint of its own, so that the next recovery is from one of this deployment.
    ({ port, token } = run.running());
    client = await Client.connect({ port, token });
    await client.request('checkpoint/trigger', {});
    client.close();
  }
  await run.end();
  return [
    {
      what: 'a full checkpoint of 1 million keys, trigger to completed',
      budget: '≤ 1,000',
      unit: 'ms',
      values: checkpoints,
    },
    {
      what: 'longest pause of the operator in the second of that checkpoint',
      budget: '≤ 5 at p99',
      unit: 'ms',
      values: pauses,
    },
    { what: 'longest pause without a checkpoint, for comparison', budget: '', unit: 'ms', values: quiet },
    {
      what: 'kill -9 to the first new record, 1 million keys',
      budget: '≤ 2,000',
      unit: 'ms',
      values: recoveries,
    },
    { what: 'compare two savepoints of 1 million keys', budget: '≤ 5,000', unit: 'ms', values: comparisons },
  ];
}

export async function firstGraph(repetitions: number): Promise<Measured> {
  const values: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const run = new BenchRun('pipelines/idle.ts', ['--serve']);
    const { object } = await run.until(({ type }) => type === 'serving');
    const client = await Client.connect({
      port: Number(object.port),
      token: String(object.address).split('#token=')[1] ?? '',
    });
    const { graph } = await client.request('job/subscribe', {});
    if (graph.vertices.length === 0) throw new Error('the graph is empty');
    values.push(performance.now() - run.startedAt);
    client.close();
    await run.end();
  }
  return { what: 'run command to the first live graph at a client', budget: '≤ 1,000', unit: 'ms', values };
}

export async function idle(repetitions: number): Promise<Measured> {
  // Without --json nobody watches it.
  const run = new BenchRun('pipelines/idle.ts', []);
  await run.until(({ type }) => type === 'running');
  const { pid } = run.running().process;
  await pause(2_000);
  const values: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const [ticks, at] = [ticksOf(pid), performance.now()];
    await pause(5_000);
    values.push(((ticksOf(pid) - ticks) * msPerTick * 100) / (performance.now() - at));
  }
  await run.end();
  return {
    what: 'an idle job with one client and a checkpoint a second',
    budget: '≤ 1, without a client',
    unit: '% of a core',
    values,
  };
}

function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
