/**
 * A disk that fails and lies, in each way by itself: whatever it does, what is committed in the end is exactly right. Where
 * a lie makes a loss unavoidable, a start is refused and an older point is gone on from; nothing wrong is ever taken.
 */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import { diskFaultKinds } from './diskFaults.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { simulate } from './simulate.ts';

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
