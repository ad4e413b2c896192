/**
 * Every narrow window, one after the other: a small job dies at its first operation on the disk, then in another life at its
 * second, and so on to the last; once as by kill -9 and once as by a power cut. Whichever it is, the next process commits
 * every record exactly once.
 *
 * From the deadly operation on, none does anything any more: what the dying process would still do in memory is gone with it.
 */
import { describe, expect, test } from 'vitest';
import { ofType, pipeline, valueState } from '../../runtime/api/index.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { collection, jsonl } from '../../runtime/connectors/index.ts';
import type { RestorePoint } from '../../runtime/engine/job/jobMaster.ts';
import { FileError } from '../../runtime/operators/files.ts';
import type { DiskFaults } from './diskFaults.ts';
import type { DiskEntry } from './diskTree.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { Scheduler } from './scheduler.ts';
import { latestPoint, SimulatedProcess, STORAGE_ROOT } from './simulatedProcess.ts';
import { highestId } from './startingPoint.ts';

class Crash implements DiskFaults {
  #left: number;
  count = 0;

  constructor(at: number) {
    this.#left = at;
  }

  get hasCome(): boolean {
    return this.#left <= 0;
  }

  /** The next process has a sound disk. */
  over(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  write(path: string): void {
    this.#operate(path);
  }

  name(path: string): void {
    this.#operate(path);
  }

  change(path: string): void {
    this.#operate(path);
  }

  sync(path: string, entry: DiskEntry): void {
    this.#operate(path);
    entry.sync();
  }

  renamed(path: string): void {
    this.#operate(path);
  }

  published(): void {}

  #operate(path: string): void {
    this.count++;
    this.#left--;
    if (this.hasCome) throw new FileError(path, 'other', 'this process is dead');
  }
}

const KEYS = 3;
const RECORDS = 24;
const numbers = Array.from({ length: RECORDS }, (_unused, index) => index);

const job = pipeline('small', (env) => {
  env
    .fromSource(collection(numbers), { uid: 'numbers' })
    .keyBy((index) => index % KEYS)
    .map((index) => index, { uid: 'same', parallelism: 2 })
    .keyBy((index) => index % KEYS)
    .process(
      {
        state: { seen: valueState<number>() },
        output: ofType<{ id: string }>(),
        onElement: (index: number, context) => {
          const seen = (context.state.seen.get() ?? 0) + 1;
          context.state.seen.set(seen);
          context.emit({ id: `${index % KEYS}#${seen}` });
        },
      },
      { uid: 'count', parallelism: 2 },
    )
    .sinkTo(jsonl.sink('/out'), { uid: 'out', parallelism: 2 });
});

/** Dies at the operation `at`, goes on, and ends; answers what was committed and how many operations there were. */
function life(at: number, ends: 'kill -9' | 'power cut') {
  const scheduler = new Scheduler(seededRandom(7));
  const crash = new Crash(at);
  const disk = new MemoryDisk((call) => scheduler.later(call), crash);
  const run = (runId: string, restore: RestorePoint | null) => {
    const process = new SimulatedProcess({
      define: () => job.define(),
      disk,
      scheduler,
      settings: { ...job.define().graph.checkpoints, intervalMs: 3, tolerableFailures: 1_000, retained: 1 },
      parallelism: null,
      threadsMax: 2,
      ringBytes: 1 << 16,
      runId,
      restore,
      nextCheckpointId: highestId(disk, STORAGE_ROOT) + 1,
      retained: [...disk.manifests()].map(([directory, { checkpointId }]) => ({ checkpointId, directory })),
    });
    for (let turns = 0; !process.over && !crash.hasCome; turns++) {
      process.advance();
      if (turns > 200_000) throw new Error(`it does not end: it is ${process.master.status}`);
    }
    return process.master.status;
  };
  let status = run('first', null);
  const died = crash.hasCome;
  if (died) {
    crash.over();
    scheduler.forget();
    if (ends === 'power cut') disk.powerCut(seededRandom(at));
    const latest = latestPoint(disk);
    status = run('second', latest === null ? null : { ...latest, supersede: false, isLatest: true });
  }
  const committed = disk
    .list('/out')
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => disk.text(`/out/${name}`).split('\n'))
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id)
    .sort();
  return { status, died, committed, operations: crash.count };
}

const expected = numbers.map((index) => `${index % KEYS}#${Math.floor(index / KEYS) + 1}`).sort();

describe.each(['kill -9', 'power cut'] as const)('%s at each operation on the disk', (ends) => {
  test('commits every record exactly once', () => {
    const { operations } = life(Number.POSITIVE_INFINITY, ends);
    // Parts, data files, manifests, renames, syncs, commits, discards.
    expect(operations).toBeGreaterThan(60);
    for (let at = 1; at <= operations; at++) {
      const { status, died, committed } = life(at, ends);
      expect({ at, status, died, committed }).toEqual({
        at,
        status: 'finished',
        died: true,
        committed: expected,
      });
    }
  }, 120_000);
});
