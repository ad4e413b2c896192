/** Breakages of state that is larger than memory. */
import type { Mutant } from '../mutants.ts';

const entries = 'runtime/state/spilledEntries.ts';
const cache = 'runtime/state/spillCache.ts';
const spill = 'test/state/spill.test.ts';

export const spillMutants: readonly Mutant[] = [
  {
    name: 'a value that was read from disk and changed in place is taken for what is on disk',
    file: entries,
    find: "const found = state === 'same' && typeof value === 'object' ? 'handed out' : state;",
    replace: 'const found = state;',
    tests: [spill],
    caughtBy: ['a value, of a new value and of one that was on disk', 'an element of a list'],
  },
  {
    name: 'a write that is done makes an older value the newest',
    file: entries,
    find: 'if (this.#slots.get(key) === encoded) this.#slots.set(key, ON_DISK);',
    replace: 'this.#slots.set(key, ON_DISK);',
    tests: [spill],
    caughtBy: ['both backends write the same bytes'],
  },
  {
    name: 'what is removed stays on disk',
    file: entries,
    find: 'if (this.#leave(slot)) this.#cache.remove(this.storeKey(key));',
    replace: 'this.#leave(slot);',
    tests: [spill],
    caughtBy: ['what is removed, replaced or cleared leaves nothing there'],
  },
  {
    name: 'a value on disk is not frozen, so a change that comes too late is lost',
    file: cache,
    find: 'freezeDeep(value);',
    replace: '',
    tests: [spill],
    caughtBy: ['a reference that was kept over records'],
  },
  {
    name: 'what cannot be frozen goes to disk while a record may still change it',
    file: cache,
    find: 'cell !== inUse && canFreeze(cell.value)',
    replace: 'cell !== inUse',
    tests: [spill],
    caughtBy: ['what cannot be frozen is not put on disk while a record may still change it'],
  },
  {
    name: 'two tables share the keys of the disk',
    file: cache,
    find: 'return this.#numbers++;',
    replace: 'return this.#numbers;',
    tests: [spill],
    caughtBy: ['both backends write the same bytes'],
  },
  {
    name: 'a cleared map is let go of while a snapshot still reads it',
    file: cache,
    find: 'if (table.stashes === null) this.#graves.push(map);\n    else this.#held.push({ map, table });',
    replace: 'this.#graves.push(map);',
    tests: [spill],
    caughtBy: ['a map that was cleared is read by the snapshot that was marked before'],
  },
  {
    name: 'two batches are under way at once',
    file: cache,
    find: 'if (this.#batchesBytes > 0 || this.#waiting.length === 0) return;',
    replace: 'if (this.#waiting.length === 0) return;',
    tests: [spill],
    caughtBy: ['both backends write the same bytes'],
  },
  {
    name: 'what waits for the disk has no bound',
    file: cache,
    find: 'return this.#waitingBytes + this.#batchesBytes > this.#waitingBytesMax;',
    replace: 'return false;',
    tests: [spill],
    caughtBy: ['what waits for a slow disk is bounded'],
  },
];
