/**
 * Two snapshots of a million keys each, on the disk, and what it takes to compare them: time and the most memory that the
 * process had. Each comparison runs in a process of its own, and so does the writing, which holds all keys.
 *
 * The keys have a value each (an object of three fields) and a timer. Of B every third is as in A, written by another run;
 * the rest depends on the case.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareSnapshots } from '../runtime/checkpoint/compareSnapshots.ts';
import { DataFileWriter } from '../runtime/checkpoint/dataFileWriter.ts';
import { compareEntryPage } from '../runtime/checkpoint/entryPages.ts';
import type { Manifest } from '../runtime/checkpoint/manifest.ts';
import { printManifest } from '../runtime/checkpoint/manifestCodec.ts';
import { readSnapshot } from '../runtime/host/savepointShelf.ts';
import { machineSnapshotFiles } from '../runtime/host/snapshotFiles.ts';
import type { StateDeclaration } from '../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../runtime/state/keyedStates.ts';
import { keyGroupOf } from '../runtime/state/keyGroups.ts';
import type { Measured } from './measurements.ts';

const keys = 1_000_000;
const maxParallelism = 128;
const parallelism = 2;
const totals: StateDeclaration = { name: 'totals', type: 'value', schemaVersion: 1 };
const files = machineSnapshotFiles({ afterCallback: () => {} });

const cases = { same: 0, 'a tenth changed': 0.1, 'all changed': 1 } as const;

/** Figures of one process. */
interface Taken {
  readonly countMs: number;
  /** Of the processor, for a machine that has something else to do. */
  readonly countCpuMs: number;
  readonly pageMs: number;
  readonly peakMiB: number;
}

export async function compareMillions(repetitions: number): Promise<readonly Measured[]> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-compare-'));
  try {
    child('write', join(directory, 'a'), '0');
    return Object.entries(cases).flatMap(([name, share]) => {
      const other = join(directory, name.replaceAll(' ', '-'));
      child('write', other, String(share));
      const taken = Array.from(
        { length: repetitions },
        () => JSON.parse(child('compare', join(directory, 'a'), other)) as Taken,
      );
      const measured = (what: string, budget: string, unit: string, of: (one: Taken) => number): Measured => {
        return { what: `compare 1 million keys, ${name}: ${what}`, budget, unit, values: taken.map(of) };
      };
      return [
        measured('all counts', '≤ 5,000', 'ms', ({ countMs }) => countMs),
        measured('all counts, time of the processor', '', 'ms', ({ countCpuMs }) => countCpuMs),
        measured('a page of entries in the middle', '', 'ms', ({ pageMs }) => pageMs),
        measured('memory', '≤ 300', 'MiB', ({ peakMiB }) => peakMiB),
      ];
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function child(...task: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...task], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${task.join(' ')}: ${stderr}`);
  return stdout;
}

async function write(directory: string, changed: number): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const backends = Array.from({ length: parallelism }, (_, subtask) => {
    const first = Math.ceil((subtask * maxParallelism) / parallelism);
    const last = Math.ceil(((subtask + 1) * maxParallelism) / parallelism) - 1;
    return new KeyedStateBackend({
      operatorUid: 'count',
      maxParallelism,
      keyGroups: { first, last },
      declarations: [totals],
      now: () => 0,
    });
  });
  for (let i = 0; i < keys; i++) {
    const key = `customer-${i}`;
    const group = keyGroupOf(key, maxParallelism);
    const backend = backends[Math.floor((group * parallelism) / maxParallelism)]!;
    backend.setCurrentKey(key);
    const isChanged = (i % 1_000) / 1_000 < changed;
    backend.value(totals).set({ orders: isChanged ? i + 1 : i, city: `city-${i % 5_000}`, last: i * 1_000 });
    backend.timers.registerEventTime(isChanged ? i + 1 : i, null);
  }
  const saved: Manifest['operators'][number]['files'][number][] = [];
  const states = new Map<string, Manifest['operators'][number]['states'][number]>();
  for (const [subtaskIndex, backend] of backends.entries()) {
    const path = `count-${subtaskIndex}.state`;
    const writer = new DataFileWriter(
      files.create(join(directory, path)),
      { operatorUid: 'count', subtaskIndex, maxParallelism },
      backend.states,
    );
    const cursor = backend.markSnapshot(1);
    for (let slice = cursor.next(); slice !== null; slice = cursor.next())
      if (slice.block !== null) writer.append(slice.block);
    await new Promise<void>((resolve, reject) =>
      writer.finish((result) => {
        if (!result.ok) {
          reject(new Error(result.message));
          return;
        }
        const { bytes, sha256 } = result.value;
        saved.push({ path, bytes, sha256, subtaskIndex });
        for (const state of result.value.states) {
          const known = states.get(state.name) ?? { ...state, keys: 0, bytes: 0 };
          states.set(state.name, {
            ...known,
            keys: known.keys + state.keys,
            bytes: known.bytes + state.bytes,
          });
        }
        resolve();
      }),
    );
  }
  const manifest: Manifest = {
    formatVersion: 1,
    sluiceVersion: '0.1.0',
    job: 'bench',
    fingerprint: 'bench',
    kind: 'savepoint',
    checkpointId: 1,
    runId: 'bench',
    parent: null,
    trigger: 'user',
    stopped: false,
    drained: false,
    finished: false,
    label: null,
    notes: null,
    triggeredAt: 0,
    completedAt: 0,
    parallelism,
    maxParallelism,
    operators: [
      {
        uid: 'count',
        name: 'count',
        type: 'process',
        parallelism,
        maxParallelism,
        states: [...states.values()],
        files: saved,
      },
    ],
    sources: [],
  };
  writeFileSync(join(directory, 'manifest.json'), printManifest(manifest));
}

function compare(left: string, right: string): void {
  const [a, b] = [readSnapshot(left), readSnapshot(right)];
  if (a === null || b === null) throw new Error('a snapshot is missing');
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const { states } = compareSnapshots(a, b, files);
  const countedAt = performance.now();
  const { user, system } = process.cpuUsage(before);
  const compared = states.reduce((sum, state) => sum + state.unchanged + state.changed + state.added, 0);
  if (compared !== 2 * keys) throw new Error(`${compared} entries were compared`);
  const page = { uid: 'count', state: 'totals', keyContains: null, limit: 100 } as const;
  compareEntryPage(a, b, { ...page, changes: ['changed'], cursor: 64 * 2 ** 36 }, files);
  const taken: Taken = {
    countMs: countedAt - startedAt,
    countCpuMs: (user + system) / 1_000,
    pageMs: performance.now() - countedAt,
    peakMiB: process.resourceUsage().maxRSS / 1_024,
  };
  process.stdout.write(JSON.stringify(taken));
}

if (import.meta.main) {
  const [task, first = '', second = ''] = process.argv.slice(2);
  if (task === 'write') await write(first, Number(second));
  else compare(first, second);
}
