/** All keys of a state are visited, each current while it is, whatever its visitor does to it. */
import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../runtime/base/assert.ts';
import type {
  Key,
  MapState,
  ReducingState,
  StateDeclaration,
  ValueState,
} from '../../runtime/state/declarations.ts';
import { keyGroupOf } from '../../runtime/state/keyGroups.ts';
import { backendKinds, openBackend } from './backends.ts';

const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const other: StateDeclaration<number> = { name: 'other', type: 'value', schemaVersion: 1 };
const perHour: StateDeclaration<number> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
const total: StateDeclaration<number> = {
  name: 'total',
  type: 'reducing',
  schemaVersion: 1,
  fold: { add: (sum, value) => ((sum as number | undefined) ?? 0) + (value as number), result: (sum) => sum },
};
const shortLived = (name: string, type: StateDeclaration['type']): StateDeclaration<number> => ({
  name,
  type,
  schemaVersion: 1,
  ttl: { afterMs: 10, refresh: 'on-create-and-write', visibility: 'never-return-expired' },
});
const values = shortLived('values', 'value');
const lists = shortLived('lists', 'list');
const maps = shortLived('maps', 'map');

const keys: readonly Key[] = ['SFO', 'JFK', '', 7, null, ['SFO', 7], { a: 1 }, 12n, true];

describe.each(backendKinds)('state in %s', (kind) => {
  function opened() {
    let now = 0;
    const backend = openBackend(kind, {
      operatorUid: 'op',
      maxParallelism: 8,
      keyGroups: { first: 0, last: 7 },
      declarations: [count, other, perHour, total, values, lists, maps],
      now: () => now,
    });
    return { backend, advance: (ms: number) => (now += ms) };
  }

  function filled() {
    const { backend } = opened();
    for (const [i, key] of keys.entries()) {
      backend.setCurrentKey(key);
      backend.value(count).set(i);
      backend.reducing(total).add(i + 1);
      backend.map(perHour).set('h', i);
    }
    backend.setCurrentKey('of another state only');
    backend.value(other).set(1);
    return backend;
  }

  test('every key of the state once, in the order of the key groups, with its handle', () => {
    const backend = filled();
    const visited: [Key, number | undefined][] = [];
    backend.forEachKey(count, (key, handle) => {
      expect(backend.currentKey()).toEqual(key);
      visited.push([key, (handle as ValueState<number>).get()]);
    });
    const byText = (pairs: readonly unknown[]) =>
      pairs.map((pair) => String(JSON.stringify(pair, bigints))).sort();
    expect(byText(visited)).toEqual(byText(keys.map((key, i) => [key, i])));
    const groups = visited.map(([key]) => keyGroupOf(key, 8));
    expect(groups).toEqual(groups.toSorted((a, b) => a - b));
  });

  test('a handle of any type, and any other state of the key', () => {
    const backend = filled();
    backend.forEachKey(total, (_, handle) => {
      (handle as ReducingState<number>).add(100);
      backend.value(other).set(1);
      backend.timers.registerEventTime(5);
    });
    backend.forEachKey(perHour, (_, handle) => (handle as MapState<string, number>).set('i', 1));
    for (const [i, key] of keys.entries()) {
      backend.setCurrentKey(key);
      expect(backend.reducing(total).get()).toBe(101 + i);
      expect(backend.value(other).get()).toBe(1);
      expect([...backend.map(perHour).entries()]).toEqual([
        ['h', i],
        ['i', 1],
      ]);
    }
    expect(backend.eventTimers.size).toBe(keys.length);
  });

  test('a visitor may clear the state of its key, and set it again, without being called again', () => {
    const backend = filled();
    let visits = 0;
    backend.forEachKey(count, (_, handle) => {
      const value = handle as ValueState<number>;
      visits++;
      value.clear();
      if (visits % 2 === 0) value.set(-1);
    });
    expect(visits).toBe(keys.length);
    let left = 0;
    backend.forEachKey(count, () => left++);
    expect(left).toBe(Math.floor(keys.length / 2));
  });

  test('afterwards no key is current, also when the visitor throws', () => {
    const backend = filled();
    backend.setCurrentKey('SFO');
    backend.forEachKey(count, () => {});
    expect(() => backend.value(count).get()).toThrow(AssertionError);
    expect(() => backend.timers.registerEventTime(1)).toThrow(AssertionError);
    expect(() =>
      backend.forEachKey(count, () => {
        throw new Error('of the author');
      }),
    ).toThrow('of the author');
    expect(() => backend.value(count).get()).toThrow(AssertionError);
  });

  test('what has expired is not visited', () => {
    const { backend, advance } = opened();
    for (const key of ['old', 'both', 'young']) {
      backend.setCurrentKey(key);
      if (key === 'young') continue;
      backend.value(values).set(1);
      backend.list(lists).add(1);
      backend.map(maps).set(1, 1);
    }
    advance(6);
    for (const key of ['both', 'young']) {
      backend.setCurrentKey(key);
      backend.value(values).set(2);
      backend.list(lists).add(2);
      backend.map(maps).set(2, 2);
    }
    advance(6);
    const visited = (declaration: StateDeclaration) => {
      const found: Key[] = [];
      backend.forEachKey(declaration, (key) => found.push(key));
      return found.sort();
    };
    for (const declaration of [values, lists, maps]) expect(visited(declaration)).toEqual(['both', 'young']);
    backend.setCurrentKey('both');
    expect(backend.list(lists).get()).toEqual([2]);
    expect([...backend.map(maps).entries()]).toEqual([[2, 2]]);
  });

  test('a snapshot under way has what was there at its mark', () => {
    const backend = filled();
    const cursor = backend.markSnapshot(1);
    backend.forEachKey(count, (_, handle) => (handle as ValueState<number>).clear());
    let saved = 0;
    for (let slice = cursor.next(); slice !== null; slice = cursor.next())
      if (slice.block?.state.name === 'count') saved += slice.block.entries;
    expect(saved).toBe(keys.length);
  });

  test('only of a keyed state', () => {
    const rules: StateDeclaration = { name: 'rules', type: 'operator-broadcast', schemaVersion: 1 };
    expect(() => opened().backend.forEachKey(rules, () => {})).toThrow('rules is no keyed state');
  });
});

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
