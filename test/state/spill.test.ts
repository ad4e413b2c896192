/** What state larger than memory promises beside being the same state: its budget, its disk, and changes that are never lost. */
import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../runtime/base/assert.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import type { KeyedStateBackend, KeyedStateOptions } from '../../runtime/state/keyedStates.ts';
import { SpillFailure } from '../../runtime/state/spillStore.ts';
import { type BackendKind, backendKinds, openBackend, SpillingBackend } from './backends.ts';

interface Order {
  n: number;
  items: number[];
}

const order: StateDeclaration<Order> = { name: 'order', type: 'value', schemaVersion: 1 };
const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const note: StateDeclaration<string> = { name: 'note', type: 'value', schemaVersion: 1 };
const list: StateDeclaration<Order> = { name: 'list', type: 'list', schemaVersion: 1 };
const map: StateDeclaration<Order> = { name: 'map', type: 'map', schemaVersion: 1 };
const shared: StateDeclaration<Map<string, number>> = { name: 'shared', type: 'map', schemaVersion: 1 };

const options: KeyedStateOptions = {
  operatorUid: 'op',
  maxParallelism: 4,
  keyGroups: { first: 0, last: 3 },
  declarations: [order, count, note, list, map, shared] as readonly StateDeclaration[],
  now: () => 0,
};
const spilling = (memoryBytes: number, recordBytes?: number) =>
  new SpillingBackend(options, 1, memoryBytes, recordBytes);

function bytesOf(backend: KeyedStateBackend): readonly unknown[] {
  const cursor = backend.markSnapshot(1);
  const blocks: unknown[] = [];
  for (let slice = cursor.next(); slice !== null; slice = cursor.next()) {
    if (slice.block === null) continue;
    const { state, keyGroup, entries, bytes } = slice.block;
    blocks.push([state, keyGroup, entries, Buffer.from(bytes).toString('base64')]);
  }
  return blocks;
}

test.each([1, 2, 3, 4, 5])('both backends write the same bytes (seed %i)', (seed) => {
  const write = (kind: BackendKind) => {
    const random = seededRandom(seed);
    const backend = openBackend(kind, options, { seed });
    for (let i = 0; i < 2_000; i++) {
      backend.setCurrentKey(`key-${random.below(60)}`);
      const found = backend.value(order).get();
      if (found === undefined) backend.value(order).set({ n: i, items: [i] });
      else if (found.items.length > 20) backend.value(order).clear();
      else found.items.push(i);
      backend.value(note).set(`${i} `.repeat(random.below(40)));
      backend.list(list).add({ n: i, items: [] });
      backend.map(map).set(random.below(10), { n: i, items: [i, -0] });
      if (random.below(50) === 0) backend.map(map).clear();
      if (random.below(50) === 0) backend.list(list).clear();
    }
    return bytesOf(backend);
  };
  expect(write('disk')).toEqual(write('memory'));
});

describe('the budget', () => {
  test('values in memory are back within it between two records, and the rest is on disk', () => {
    const backend = spilling(20_000);
    for (let i = 0; i < 2_000; i++) {
      backend.setCurrentKey(i);
      backend.value(order).set({ n: i, items: [1, 2, 3] });
      expect(backend.cache.bytes).toBeLessThan(21_000);
    }
    backend.settle();
    expect(backend.store.size).toBeGreaterThan(1_700);
    for (let i = 0; i < 2_000; i++) {
      backend.setCurrentKey(i);
      expect(backend.value(order).get()).toEqual({ n: i, items: [1, 2, 3] });
    }
    expect(backend.keyCount).toBe(2_000);
  });

  test('what is used again and again stays in memory', () => {
    const backend = spilling(20_000);
    const touch = (i: number) => {
      backend.setCurrentKey(i);
      const found = backend.value(order).get();
      if (found === undefined) backend.value(order).set({ n: i, items: [] });
    };
    for (let i = 0; i < 500; i++) touch(i);
    for (let round = 0; round < 20; round++) for (let i = 0; i < 20; i++) touch(i);
    const { reads } = backend.store;
    for (let i = 500; i < 1_000; i++) {
      touch(i);
      touch(i % 20);
    }
    expect(backend.store.reads - reads).toBeLessThan(25);
  });

  test('numbers and short strings stay with their keys', () => {
    const backend = spilling(0);
    for (let i = 0; i < 100; i++) {
      backend.setCurrentKey(i);
      backend.value(count).set(i);
      backend.value(note).set('short');
    }
    backend.settle();
    expect(backend.store.puts).toBe(0);
  });

  test('a list that grows in place is noticed', () => {
    const backend = spilling(20_000);
    for (let i = 0; i < 2_000; i++) {
      backend.setCurrentKey(i % 10);
      backend.list(list).add({ n: i, items: [i] });
    }
    backend.settle();
    // Ten lists of 200 elements.
    expect(backend.store.size).toBeGreaterThan(7);
    backend.setCurrentKey(3);
    expect(backend.list(list).get()).toHaveLength(200);
  });

  test('one record can read a map that is larger than memory', () => {
    const backend = spilling(20_000, 40_000);
    for (let i = 0; i < 1_000; i++) {
      backend.setCurrentKey('a');
      backend.map(map).set(i, { n: i, items: [i] });
    }
    let sum = 0;
    let most = 0;
    for (const [, value] of backend.map(map).entries()) {
      sum += value.n;
      most = Math.max(most, backend.cache.bytes);
    }
    expect(sum).toBe(499_500);
    expect(most).toBeLessThan(42_000);
    // It was only read: nothing is written again.
    const { puts } = backend.store;
    backend.settle();
    expect(backend.store.puts - puts).toBeLessThan(200);
  });

  test('what waits for a slow disk is bounded: no record should come until it has written', () => {
    const backend = spilling(40_000);
    backend.betweenRecords = () => {
      backend.cache.relieve();
    };
    let records = 0;
    for (; !backend.cache.isChoked; records++) {
      expect(records).toBeLessThan(10_000);
      backend.setCurrentKey(records);
      backend.value(order).set({ n: records, items: [] });
    }
    while (backend.cache.isChoked) expect(backend.store.finishWrite()).toBe(true);
    for (let i = 0; i < records; i++) {
      backend.setCurrentKey(i);
      expect(backend.value(order).get()?.n).toBe(i);
    }
  });
});

describe('the disk', () => {
  test('what is removed, replaced or cleared leaves nothing there', () => {
    const backend = spilling(0);
    for (let i = 0; i < 300; i++) {
      backend.setCurrentKey(i);
      backend.value(order).set({ n: i, items: [] });
      backend.value(note).set('x'.repeat(100));
      for (let k = 0; k < 3; k++) backend.map(map).set(k, { n: k, items: [] });
    }
    backend.settle();
    expect(backend.store.size).toBe(300 * 5);
    for (let i = 0; i < 300; i++) {
      backend.setCurrentKey(i);
      if (i % 2 === 0) backend.value(order).get();
      backend.value(order).clear();
      backend.value(note).set('short');
      if (i % 3 === 0) backend.map(map).clear();
      else for (let k = 0; k < 3; k++) backend.map(map).delete(k);
    }
    backend.settle();
    expect(backend.store.size).toBe(0);
    expect(backend.keyCount).toBe(300);
  });

  test('a map that was cleared is read by the snapshot that was marked before, and is gone after it', () => {
    const backend = spilling(0);
    backend.setCurrentKey('a');
    for (let i = 0; i < 500; i++) backend.map(map).set(i, { n: i, items: [] });
    backend.settle();
    const before = bytesOf(backend);
    const cursor = backend.markSnapshot(2);
    backend.setCurrentKey('a');
    backend.map(map).clear();
    backend.map(map).set(1, { n: -1, items: [] });
    backend.settle();
    const after: unknown[] = [];
    for (let slice = cursor.next(); slice !== null; slice = cursor.next()) {
      backend.settle();
      if (slice.block === null) continue;
      const { state, keyGroup, entries, bytes } = slice.block;
      after.push([state, keyGroup, entries, Buffer.from(bytes).toString('base64')]);
    }
    expect(after).toEqual(before);
    backend.settle();
    expect(backend.store.size).toBe(1);
  });

  test('once it is of no use, the state is too: a sentence, and no wrong value', () => {
    const backend = spilling(0);
    for (let i = 0; i < 10; i++) {
      backend.setCurrentKey(i);
      backend.value(order).set({ n: i, items: [] });
    }
    const full = 'The disk is full.';
    for (let done = false; !done; ) done = backend.store.finishWrite(full);
    expect(() => backend.cache.relieve()).toThrow(SpillFailure);
    expect(() => backend.cache.isChoked).toThrow(full);
  });

  test('what cannot be saved is refused in the name of its state and key', () => {
    const backend = spilling(0);
    backend.setCurrentKey('a');
    backend.value(order).set({ n: (() => 1) as never, items: [] });
    expect(() => backend.cache.relieve()).toThrow(
      'State "order" of operator "op" cannot be saved for key "a": the value\'s .n is a function.',
    );
  });
});

describe.each(backendKinds)('a mutation in place is never silently lost: state in %s', (kind) => {
  /** Between two records, until nothing moves any more. */
  const settle = (backend: KeyedStateBackend) => {
    if (backend instanceof SpillingBackend) backend.settle();
  };

  test.each<[string, (backend: KeyedStateBackend) => void, (backend: KeyedStateBackend) => Order]>([
    [
      'a value',
      (backend) => backend.value(order).set({ n: 0, items: [] }),
      (backend) => backend.value(order).get()!,
    ],
    [
      'an element of a list',
      (backend) => backend.list(list).add({ n: 0, items: [] }),
      (backend) => backend.list(list).get()[0]!,
    ],
    [
      'a value of a map',
      (backend) => backend.map(map).set('k', { n: 0, items: [] }),
      (backend) => backend.map(map).get('k')!,
    ],
    [
      'a value of a map that is iterated over',
      (backend) => backend.map(map).set('k', { n: 0, items: [] }),
      (backend) => [...backend.map(map).entries()][0]![1],
    ],
  ])('%s, of a new value and of one that was on disk', (_, create, get) => {
    const backend = openBackend(kind, options, { memoryBytes: 0 });
    backend.setCurrentKey('a');
    create(backend);
    for (let round = 1; round <= 3; round++) {
      backend.setCurrentKey('a');
      // Got once: a second `get` would be a second chance to notice.
      const value = get(backend);
      value.n++;
      value.items.push(round);
      if (round > 1) settle(backend);
    }
    backend.setCurrentKey('a');
    expect(get(backend)).toEqual({ n: 3, items: [1, 2, 3] });
  });

  test('a reference that was kept over records: the change is there, or it is a TypeError', () => {
    const backend = openBackend(kind, options, { memoryBytes: 0 });
    backend.setCurrentKey('a');
    const kept: Order = { n: 0, items: [] };
    backend.value(order).set(kept);
    settle(backend);
    if (kind === 'disk') {
      expect(() => kept.n++).toThrow(TypeError);
      expect(() => kept.items.push(1)).toThrow(TypeError);
    } else kept.n++;
    backend.setCurrentKey('a');
    expect(backend.value(order).get()).toEqual({ n: kind === 'disk' ? 0 : 1, items: [] });
  });

  test('two values of one record, one of which was got long before it is changed', () => {
    const backend = kind === 'memory' ? openBackend(kind, options) : spilling(20_000, 40_000);
    backend.setCurrentKey('a');
    backend.value(order).set({ n: 0, items: [] });
    for (let i = 0; i < 50; i++) backend.map(map).set(i, { n: i, items: [] });
    settle(backend);
    backend.setCurrentKey('a');
    const early = backend.value(order).get()!;
    for (const [, value] of backend.map(map).entries()) value.n++;
    early.n = 7;
    settle(backend);
    backend.setCurrentKey('a');
    expect(backend.value(order).get()).toEqual({ n: 7, items: [] });
    expect(backend.map(map).get(3)).toEqual({ n: 4, items: [] });
  });

  test('what cannot be frozen is not put on disk while a record may still change it', () => {
    const backend = kind === 'memory' ? openBackend(kind, options) : spilling(1_000, 2_000);
    backend.setCurrentKey('a');
    const kept = new Map([['x', 1]]);
    backend.map(shared).set('first', kept);
    for (let i = 0; i < 100; i++) backend.map(shared).set(i, new Map([['x', i]]));
    kept.set('x', 2);
    settle(backend);
    backend.setCurrentKey('a');
    expect(backend.map(shared).get('first')).toEqual(new Map([['x', 2]]));
  });
});

test('the store of the tests is strict: what was never written is not read', () => {
  expect(() => spilling(0).store.get(new Uint8Array(1))).toThrow(AssertionError);
});
