/**
 * A disk that fails and lies, in each way by itself: whatever it does, what is committed in the end is exactly right. Where
 * a lie makes a loss unavoidable, a start is refused and an older point is gone on from; nothing wrong is ever taken.
 */
import { describe, expect, test } from 'vitest';
import { pipeline } from '../../runtime/api/index.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { collection, jsonl } from '../../runtime/connectors/index.ts';
import { committedIds } from './committed.ts';
import { DrawnFaults, diskFaultKinds } from './diskFaults.ts';
import { DiskDirectory, DiskFile } from './diskTree.ts';
import { DiskTrouble } from './diskTrouble.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { Scheduler } from './scheduler.ts';
import { simulate } from './simulate.ts';
import { SimulatedProcess, STORAGE_ROOT } from './simulatedProcess.ts';
import { highestId } from './startingPoint.ts';

describe('whatever the disk does, what is committed is exactly right', () => {
  test.each(diskFaultKinds)(
    '%s',
    (kind) => {
      let struck = 0;
      for (let seed = 1; seed <= 12; seed++)
        if (simulate(seed, null, [kind]).kinds.has(`disk: ${kind}`)) struck++;
      expect(struck).toBeGreaterThan(0);
    },
    120_000,
  );
});

/** docs/reliability.md, "What is not promised": a lie that outlasts what a restore reads is nobody's to notice. */
describe('a sync that did nothing is made up for by the machine', () => {
  test.each([
    { what: 'what a checkpoint needs', name: '.part-0-0.run1-1.jsonl', publications: 2 },
    { what: 'the final name of a part', name: 'part-0-0.jsonl', publications: 1 },
  ])('$what: after $publications publications', ({ name, publications }) => {
    const faults = new DrawnFaults({ next: () => 0, below: () => 0 }, ['silent-sync']);
    const directory = new DiskDirectory();
    directory.change([name, new DiskFile()]);
    faults.sync('/out', directory);
    const durableAfter = [1, 2].find(() => {
      faults.published();
      return directory.unsyncedNames.length === 0;
    });
    expect(durableAfter).toBe(publications);
  });
});

describe('a power cut', () => {
  test('leaves what was synced, and of the rest a beginning', () => {
    const kept = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const disk = new MemoryDisk((call) => call());
      const file = disk.create('/d/f');
      file.write(new TextEncoder().encode('ab'));
      file.sync(() => {});
      disk.syncDirectory('/d', () => {});
      file.write(new TextEncoder().encode('cd'));
      disk.powerCut(seededRandom(seed));
      kept.add(disk.text('/d/f').replaceAll('\0', '0'));
    }
    expect([...kept].sort()).toEqual(['ab', 'ab0', 'ab00', 'abc', 'abc0', 'abcd']);
  });

  test('leaves a rename as a whole or not at all, and never a later name without an earlier one', () => {
    const kept = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const disk = new MemoryDisk((call) => call());
      disk.put('/d/old', 'x');
      disk.rename('/d/old', '/d/new');
      disk.link('/d/new', '/d/second');
      disk.powerCut(seededRandom(seed));
      kept.add(disk.list('/d').join(' '));
    }
    expect([...kept].sort()).toEqual(['new', 'new second', 'old']);
  });
});

/** Lives a small job whose disk, after its fourth checkpoint, forgets all but the first; answers how its user got it to its end. */
const lifeWithForgottenCheckpoints = (faultsSoFar: number) => {
  const ids = Array.from({ length: 1_000 }, (_unused, index) => ({ id: `${index}`.padStart(4, '0') }));
  const job = pipeline('small', (env) => {
    env
      .fromSource(collection(ids), { uid: 'ids' })
      .keyBy(({ id }) => id)
      .map((item) => item, { uid: 'same' })
      .sinkTo(jsonl.sink('/out'), { uid: 'out' });
  });
  const slowly = () => {
    const definition = job.define();
    return { ...definition, graph: { ...definition.graph, channelRecords: 1 } };
  };
  const scheduler = new Scheduler(seededRandom(7));
  const disk = new MemoryDisk((call) => scheduler.later(call));
  const kinds = new Set<string>();
  const trouble = new DiskTrouble(1, { only: ['silent-sync'], isExactlyOnce: true, story: [], kinds });
  trouble.faults?.counts.set('silent-sync', faultsSoFar);
  trouble.end();
  const starts: { readonly from: number | null; readonly consent: boolean }[] = [];
  for (let run = 0; ; run++) {
    const restore = trouble.begin(disk, null, ['/out']) ?? null;
    starts.push({ from: restore?.manifest.checkpointId ?? null, consent: restore?.supersede ?? false });
    let completed = 0;
    const process = new SimulatedProcess({
      define: slowly,
      disk,
      scheduler,
      settings: { ...slowly().graph.checkpoints, intervalMs: 3, retained: 9 },
      parallelism: null,
      threadsMax: 1,
      ringBytes: 1 << 16,
      runId: `run${run}`,
      restore,
      nextCheckpointId: highestId(disk, STORAGE_ROOT) + 1,
      retained: [],
      emit: (fact) => {
        trouble.hear(fact);
        if (fact.type === 'checkpoint-completed') completed++;
      },
    });
    const isKilled = () => run === 0 && completed === 4;
    for (let turns = 0; !process.over && !trouble.isRefused && !isKilled(); turns++) {
      process.advance();
      if (turns > 20_000) throw new Error(`it does not end: it is ${process.master.status}`);
    }
    if (process.over)
      return { starts, kinds, committed: committedIds(disk, ['/out']), ids: ids.map(({ id }) => id) };
    scheduler.forget();
    if (run === 0) forgetAllButTheFirst(disk);
    trouble.between(disk, restore, ['/out']);
  }
};

const forgetAllButTheFirst = (disk: MemoryDisk): void => {
  for (const [directory, { checkpointId }] of disk.manifests()) {
    const { parent, name } = disk.tree.place(directory);
    if (checkpointId > 1) parent.change([name, null]);
  }
};

describe('checkpoints that a disk forgot, with parts that they had committed', () => {
  test('are in the way once: their parts are set aside with consent, and all records are committed once', () => {
    const { starts, kinds, committed, ids } = lifeWithForgottenCheckpoints(1);
    expect(starts).toEqual([
      { from: null, consent: false },
      { from: 1, consent: false },
      { from: 1, consent: true },
    ]);
    expect(kinds).toContain('disk: refused');
    expect([...committed].sort()).toEqual(ids);
  });

  test('are a broken promise where the disk did nothing wrong', () => {
    expect(() => lifeWithForgottenCheckpoints(0)).toThrow(
      /^refused on an honest disk: .* came after the point to be restored/,
    );
  });
});
