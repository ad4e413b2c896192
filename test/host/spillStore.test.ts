/** Keyed state beyond memory in a real LevelDB, and what is said when there can be none. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSpillStore } from '../../runtime/host/spillStore.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { SpillCache } from '../../runtime/state/spillCache.ts';
import { SpillFailure } from '../../runtime/state/spillStore.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-spill-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Kept {
  n: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}
const kept: StateDeclaration<Kept> = { name: 'kept', type: 'value', schemaVersion: 1 };
const perDay: StateDeclaration<Kept> = { name: 'per-day', type: 'map', schemaVersion: 1 };

const keptOf = (n: number): Kept => ({ n, bytes: new Uint8Array([n, 0, 255]), text: `é${n}`.repeat(100) });

test('5,000 values that have no room in memory come back as they were', async () => {
  let wake = () => {};
  const written = () => new Promise<void>((resolve) => (wake = resolve));
  const store = await openSpillStore(join(directory, 'state'), { afterCallback: () => wake() });
  const cache = new SpillCache({ store, memoryBytes: 100_000 });
  const backend = new KeyedStateBackend({
    operatorUid: 'op',
    maxParallelism: 8,
    keyGroups: { first: 0, last: 7 },
    declarations: [kept, perDay] as readonly StateDeclaration[],
    now: () => 0,
    spill: cache,
  });
  const betweenRecords = async () => {
    cache.relieve();
    while (cache.isChoked) {
      await written();
      cache.relieve();
    }
  };
  for (let i = 0; i < 5_000; i++) {
    backend.setCurrentKey(`key-${i}`);
    backend.value(kept).set(keptOf(i));
    backend.map(perDay).set(i % 3, keptOf(i));
    await betweenRecords();
  }
  expect(readdirSync(join(directory, 'state')).length).toBeGreaterThan(2);
  for (let i = 0; i < 5_000; i++) {
    backend.setCurrentKey(`key-${i}`);
    const found = backend.value(kept).get()!;
    expect(found).toEqual(keptOf(i));
    // A copy of its own, and no view into memory that somebody uses again.
    expect(found.bytes.constructor).toBe(Uint8Array);
    found.n = -i;
    expect([...backend.map(perDay).entries()]).toEqual([[i % 3, keptOf(i)]]);
    await betweenRecords();
  }
  for (let i = 0; i < 5_000; i += 7) {
    backend.setCurrentKey(`key-${i}`);
    expect(backend.value(kept).get()!.n).toBe(-i);
    await betweenRecords();
  }
  expect(store.problem).toBeNull();
  store.close();
});

test('a store that cannot be opened says where and why', async () => {
  const taken = join(directory, 'a-file');
  writeFileSync(taken, '');
  const store = await openSpillStore(taken, { afterCallback: () => {} });
  expect(store.problem).toMatch(/^State beyond memory cannot be kept in .*a-file: .*EEXIST/);
  expect(() => new SpillCache({ store, memoryBytes: 0 }).relieve()).toThrow(store.problem!);
});

// Only root may mount a disk that is small enough.
test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a disk that is full is one sentence with what to do',
  async () => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      const store = await openSpillStore(join(disk, 'state'), { afterCallback: () => {} });
      expect(store.problem).toBeNull();
      const write = (i: number) =>
        new Promise<void>((done) =>
          store.write([{ key: new Uint8Array([i]), value: randomBytes(300_000) }], done),
        );
      for (let i = 0; i < 10 && store.problem === null; i++) await write(i);
      expect(store.problem).toMatch(/^State beyond memory has no room on the disk of .*: make room there/);
      const cache = new SpillCache({ store, memoryBytes: 0 });
      expect(() => cache.relieve()).toThrow(SpillFailure);
      store.close();
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
  },
);
