/**
 * Every narrow window, one after the other: a small job dies at its first operation on the disk, then in another life at its
 * second, and so on to the last; once as by kill -9, once as by a power cut, and once as by kill -9 with a power cut soon after
 * the next process has begun: what that one went on from must be there for the third. Whichever it is, the last process
 * commits every record exactly once.
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

  /** Of the next process; infinite: it has a sound disk. */
  next(at: number): void {
    this.#left = at;
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

type End = 'kill -9' | 'power cut';

interface Death {
  /** The operation at which a process dies. */
  readonly at: number;
  readonly end: End;
}

/** One process after the other dies, and the last one ends; answers what was committed and how many operations there were. */
function life(deaths: readonly Death[]) {
  const scheduler = new Scheduler(seededRandom(7));
  const crash = new Crash(Number.POSITIVE_INFINITY);
  const disk = new MemoryDisk((call) => scheduler.later(call), crash);
  const latest = (): RestorePoint | null => {
    const point = latestPoint(disk);
    return point === null ? null : { ...point, supersede: false, isLatest: true };
  };
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
  let died = 0;
  for (const [place, { at, end }] of deaths.entries()) {
    crash.next(at);
    run(`run${place}`, latest());
    if (!crash.hasCome) break;
    died++;
    scheduler.forget();
    if (end === 'power cut') disk.powerCut(seededRandom(at));
  }
  crash.next(Number.POSITIVE_INFINITY);
  const status = run('last', latest());
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

/** So soon after its start the power is cut for the second process: it has committed what it found, and little more. */
const SOON = 5;

describe.each([
  ['kill -9', (at: number): readonly Death[] => [{ at, end: 'kill -9' }]],
  ['power cut', (at: number): readonly Death[] => [{ at, end: 'power cut' }]],
  [
    'kill -9 and soon a power cut',
    (at: number): readonly Death[] => [
      { at, end: 'kill -9' },
      { at: SOON, end: 'power cut' },
    ],
  ],
])('%s at each operation on the disk', (_name, deathsAt) => {
  test('commits every record exactly once', () => {
    const { operations } = life([]);
    // Parts, data files, manifests, renames, syncs, commits, discards.
    expect(operations).toBeGreaterThan(60);
    for (let at = 1; at <= operations; at++) {
      const deaths = deathsAt(at);
      const { status, died, committed } = life(deaths);
      expect({ at, status, died, committed }).toEqual({
        at,
        status: 'finished',
        died: deaths.length,
        committed: expected,
      });
    }
  }, 120_000);
});
