/**
 * What a checkpoint a second costs the thread of a task whose operator has a million keys, a tenth of them touched a second: no
 * checkpoints, full ones, incremental ones. It is the state alone, with real files, in this process: so processor time can be
 * told apart from what else the machine does. A second of a task is a thousand milliseconds; what is spent of them is lost.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFileWriter, type WrittenFile } from '../runtime/checkpoint/dataFileWriter.ts';
import type { Outcome } from '../runtime/checkpoint/storage.ts';
import { type ChainPlan, defaultIncrementTuning, FileChain } from '../runtime/engine/fileChain.ts';
import { machineSnapshotFiles } from '../runtime/host/snapshotFiles.ts';
import type { StateDeclaration } from '../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../runtime/state/keyedStates.ts';
import type { Measured } from './measurements.ts';

const keyCount = 1_000_000;
const touched = 100_000;
const maxParallelism = 128;
const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const files = machineSnapshotFiles({ afterCallback: () => {} });

type Kind = 'none' | 'full' | 'incremental';

interface Costs {
  readonly touchMs: number[];
  readonly checkpointMs: number[];
  readonly megabytes: number[];
  readonly chainMegabytes: number[];
  readonly markMs: number[];
  readonly sliceMs: number[];
}

export async function increments(repetitions: number): Promise<readonly Measured[]> {
  // More than a round of key groups, so that chains are as long as they get.
  const seconds = Math.max(defaultIncrementTuning.slices + 4, repetitions);
  const none = await costsOf('none', seconds);
  const full = await costsOf('full', seconds);
  const incremental = await costsOf('incremental', seconds);
  const rows = (what: string, costs: Costs): Measured[] => [
    row(`${what}: written`, 'MB', costs.megabytes),
    row(`${what}: on disk, with what it shares`, 'MB', costs.chainMegabytes),
    row(`${what}: processor time to write it`, 'ms', costs.checkpointMs),
    row(`${what}: processor time of 100,000 updates meanwhile`, 'ms', costs.touchMs),
    row(`${what}: the marking`, 'ms', costs.markMs),
    { ...row(`${what}: a slice of its writing, 99th of 100`, 'ms', costs.sliceMs), budget: '≤ 5' },
  ];
  return [
    row('no checkpoints: processor time of 100,000 updates', 'ms', none.touchMs),
    ...rows('a full checkpoint', full),
    ...rows('an incremental checkpoint', incremental),
  ];
}

const row = (what: string, unit: string, values: readonly number[]): Measured => ({
  what,
  budget: '',
  unit,
  values,
});

async function costsOf(kind: Kind, seconds: number): Promise<Costs> {
  const root = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const keyGroups = { first: 0, last: maxParallelism - 1 };
  const backend = new KeyedStateBackend({
    operatorUid: 'op',
    maxParallelism,
    keyGroups,
    declarations: [count] as readonly StateDeclaration[],
    now: () => 0,
  });
  const counts = backend.value(count);
  const touch = (from: number, until: number) => {
    for (let i = from; i < until; i++) {
      backend.setCurrentKey(`key-${(i * 7_919) % keyCount}`);
      counts.set((counts.get() ?? 0) + 1);
    }
  };
  touch(0, keyCount);
  const chain = kind === 'incremental' ? new FileChain(backend, defaultIncrementTuning) : null;
  const costs: Costs = {
    touchMs: [],
    checkpointMs: [],
    megabytes: [],
    chainMegabytes: [],
    markMs: [],
    sliceMs: [],
  };
  for (let second = 0; second <= seconds; second++) {
    const touchMs = processorMs(() => touch(second * touched, (second + 1) * touched));
    // The first one is full, and what comes before it is not tracked.
    if (second > 0) costs.touchMs.push(touchMs);
    if (kind === 'none') continue;
    const directory = join(root, `attempt-${second}`);
    mkdirSync(directory);
    const before = threadMs();
    const taken = await checkpoint(backend, chain, second, directory);
    const writtenMs = threadMs() - before;
    const final = join(root, `chk-${second}`);
    renameSync(directory, final);
    chain?.complete(second, final);
    if (second > 1) rmSync(join(root, `chk-${second - 2}`), { recursive: true });
    if (second === 0) continue;
    costs.checkpointMs.push(writtenMs);
    costs.megabytes.push(taken.bytes / 1e6);
    costs.chainMegabytes.push(taken.chainBytes / 1e6);
    costs.markMs.push(taken.markMs);
    const slices = taken.slicesMs.sort((a, b) => a - b);
    costs.sliceMs.push(slices[Math.floor(slices.length * 0.99)] ?? Number.NaN);
  }
  rmSync(root, { recursive: true });
  return costs;
}

async function checkpoint(
  backend: KeyedStateBackend,
  chain: FileChain | null,
  id: number,
  directory: string,
) {
  const markedAt = threadMs();
  const plan: ChainPlan = chain?.plan(directory, files) ?? { type: 'alone' };
  const path = `op.${id}`;
  const wholeGroups = plan.type === 'increment' ? [...plan.wholeGroups] : null;
  const options = { operatorUid: 'op', subtaskIndex: 0, maxParallelism, wholeGroups };
  const writer = new DataFileWriter(files.create(join(directory, path)), options, backend.states);
  const cursor =
    plan.type === 'increment'
      ? backend.markIncrement(id, plan.wholeGroups)
      : plan.type === 'full'
        ? backend.markFullCheckpoint(id)
        : backend.markSnapshot(id);
  const markMs = threadMs() - markedAt;
  const slicesMs: number[] = [];
  for (;;) {
    const from = threadMs();
    const slice = cursor.next();
    if (slice === null) break;
    if (slice.block !== null) writer.append(slice.block);
    slicesMs.push(threadMs() - from);
  }
  const outcome = await new Promise<Outcome<WrittenFile>>((done) => writer.finish(done));
  if (!outcome.ok) throw new Error(outcome.message);
  const saved = chain?.wrote(id, plan, path, outcome.value);
  const { bytes } = outcome.value;
  const chainBytes = saved?.files.reduce((sum, file) => sum + file.bytes, 0) ?? bytes;
  return { bytes, chainBytes, markMs, slicesMs };
}

/** Of this thread: what else the machine does is not in it, nor what the threads that write files do. */
function processorMs(work: () => void): number {
  const before = threadMs();
  work();
  return threadMs() - before;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
