/**
 * What checkpoints cost where a tenth of a million keys is touched a second: full ones, incremental ones and none, one after
 * the other in runs of the same job. Processor time is what is compared: it hardly depends on what else the machine does.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../runtime/host/cli/client.ts';
import { BenchRun } from './benchRun.ts';
import { type Measured, processorMsOf } from './measurements.ts';

const keys = 1_000_000;
const touchedPerSecond = 100_000;

type Kind = 'none' | 'full' | 'incremental';

interface Costs {
  /** One value per second. */
  readonly processorMs: number[];
  readonly bytes: number[];
  readonly durationMs: number[];
  readonly pauseMs: number[];
  /** Of the newest checkpoint with all that it shares, as a multiple of a full one. */
  readonly onDisk: number[];
}

export async function increments(repetitions: number): Promise<readonly Measured[]> {
  // A whole round of key groups, so that the chain is as long as it gets.
  const seconds = Math.max(18, repetitions);
  const none = await costsOf('none', seconds);
  const full = await costsOf('full', seconds);
  const incremental = await costsOf('incremental', seconds);
  const rows = (what: string, costs: Costs): Measured[] => [
    { what: `${what}: written`, budget: '', unit: 'MB', values: costs.bytes.map((bytes) => bytes / 1e6) },
    { what: `${what}: trigger to completed`, budget: '', unit: 'ms', values: costs.durationMs },
    {
      what: `${what}: longest pause of the operator`,
      budget: '≤ 5 at p99',
      unit: 'ms',
      values: costs.pauseMs,
    },
    {
      what: `${what}: processor time a second, of the whole process`,
      budget: '',
      unit: 'ms',
      values: costs.processorMs,
    },
  ];
  return [
    { what: 'no checkpoint: longest pause of the operator', budget: '', unit: 'ms', values: none.pauseMs },
    { what: 'no checkpoint: processor time a second', budget: '', unit: 'ms', values: none.processorMs },
    ...rows('a full checkpoint', full),
    ...rows('an incremental checkpoint', incremental),
    {
      what: 'an incremental checkpoint: on disk, with what it shares',
      budget: '',
      unit: '× a full one',
      values: incremental.onDisk,
    },
  ];
}

async function costsOf(kind: Kind, seconds: number): Promise<Costs> {
  const run = new BenchRun('pipelines/millionKeys.ts', [], {
    BENCH_KEYS: String(keys),
    BENCH_TOUCHED_PER_SECOND: String(touchedPerSecond),
    BENCH_INCREMENTAL: String(kind === 'incremental'),
  });
  await run.line('all-keys');
  const { port, token, process: child } = run.running();
  const client = await Client.connect({ port, token });
  const costs: Costs = { processorMs: [], bytes: [], durationMs: [], pauseMs: [], onDisk: [] };
  // The first one is full, whatever the others are.
  const first = kind === 'none' ? null : (await client.request('checkpoint/trigger', {})).checkpoint;
  await pause(3_000);
  for (let second = 0; second < seconds; second++) {
    const [from, before] = [performance.now(), processorMsOf(child.pid)];
    if (first !== null) {
      const { checkpoint } = await client.request('checkpoint/trigger', {});
      costs.bytes.push(checkpoint.checkpointedBytes ?? Number.NaN);
      costs.durationMs.push(checkpoint.durationMs ?? Number.NaN);
      costs.onDisk.push((checkpoint.fullBytes ?? Number.NaN) / (first.fullBytes ?? Number.NaN));
    }
    await pause(Math.max(0, 1_000 - (performance.now() - from)));
    const passed = performance.now() - from;
    costs.processorMs.push(((processorMsOf(child.pid) - before) * 1_000) / passed);
    costs.pauseMs.push(...run.lines('longest-pause', from, performance.now()));
  }
  client.close();
  await run.end();
  return costs;
}
