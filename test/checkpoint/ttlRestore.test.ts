/** State with TTL through data files: its times come back with it, at any parallelism, and TTL comes and goes. */
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import { compareSnapshots } from '../../runtime/checkpoint/compareSnapshots.ts';
import { SnapshotDamage } from '../../runtime/checkpoint/storage.ts';
import type { StateDeclaration, StateTtl } from '../../runtime/state/declarations.ts';
import type { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { manifest } from './manifests.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { at, restoreAll, restoreAtOnce, save, saveAll, subtasksOf } from './snapshotting.ts';

const ttl: StateTtl = {
  afterMs: 100,
  refresh: 'on-create-and-write',
  visibility: 'never-return-expired',
};
const value: StateDeclaration<number> = { name: 'value', type: 'value', schemaVersion: 1 };
const list: StateDeclaration<number> = { name: 'list', type: 'list', schemaVersion: 1 };
const map: StateDeclaration<number> = { name: 'map', type: 'map', schemaVersion: 1 };
const plain = [value, list, map];
const withTtl = plain.map((state) => ({ ...state, ttl }));

const clock = new ManualClock();
const operator = (declarations: readonly StateDeclaration<number>[]) => ({
  uid: 'op',
  maxParallelism: 8,
  declarations: declarations as readonly StateDeclaration[],
  now: () => clock.now(),
});

const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`);

/** Entries of time 0, and others of time 60. */
function write(subtasks: readonly KeyedStateBackend[]): void {
  for (const [time, element] of [
    [0, 1],
    [60, 2],
  ] as const) {
    clock.advance(time - clock.now());
    for (const [i, key] of keys.entries()) {
      const states = at(subtasks, key);
      if (time === 0 || i % 2 === 1) states.value(value).set(element);
      states.list(list).add(element);
      states.map(map).set(element, element);
    }
  }
}

/** At the time, by key: what is left. */
function read(subtasks: readonly KeyedStateBackend[], time: number) {
  clock.advance(time - clock.now());
  return keys.map((key) => {
    const states = at(subtasks, key);
    return [
      states.value(value).get(),
      states.list(list).get(),
      [...states.map(map).entries()].map(([sub]) => sub),
    ];
  });
}

const all = keys.map((_, i) => [i % 2 === 1 ? 2 : 1, [1, 2], [1, 2]]);
const younger = keys.map((_, i) => [i % 2 === 1 ? 2 : undefined, [2], [2]]);
const nothing = keys.map(() => [undefined, [], []]);

describe('what was touched when is restored', () => {
  test.each([1, 2, 3, 8])('at parallelism %i', (parallelism) => {
    const files = new MemoryFiles();
    const before = subtasksOf(operator(withTtl), 2);
    write(before);
    const saved = saveAll(before, files, 'dir');
    const restored = () => restoreAll(operator(withTtl), parallelism, saved, files);
    expect(read(restored(), 99)).toEqual(all);
    expect(read(restored(), 100)).toEqual(younger);
    expect(read(restored(), 159)).toEqual(younger);
    expect(read(restored(), 160)).toEqual(nothing);
  });
});

test('where there was no TTL, what is restored counts as touched at the restore', () => {
  const files = new MemoryFiles();
  const before = subtasksOf(operator(plain), 2);
  write(before);
  const saved = saveAll(before, files, 'dir');
  clock.advance(1_000 - clock.now());
  const after = restoreAll(operator(withTtl), 3, saved, files);
  expect(read(after, 1_099)).toEqual(all);
  expect(read(after, 1_100)).toEqual(nothing);
});

test('where there is no TTL any more, the times are left behind', () => {
  const files = new MemoryFiles();
  const before = subtasksOf(operator(withTtl), 2);
  write(before);
  const after = restoreAll(operator(plain), 3, saveAll(before, files, 'dir'), files);
  expect(read(after, 5_000)).toEqual(all);
  expect(after[0]!.states.map(({ name }) => name)).toEqual([
    'value',
    'list',
    'map',
    'event-time-timers',
    'processing-time-timers',
  ]);
});

test('a migration keeps the times, and what it drops has none', () => {
  const files = new MemoryFiles();
  const before = subtasksOf(operator(withTtl), 1);
  write(before);
  const saved = saveAll(before, files, 'dir');
  const migrations = { 1: (old: unknown) => (old === 1 ? undefined : old) };
  const newer = withTtl.map((state) =>
    state.name === 'value' ? { ...state, schemaVersion: 2, migrations } : state,
  );
  const after = restoreAll(operator(newer), 1, saved, files);
  const kept = younger.map(([ofValue]) => ofValue);
  expect(read(after, 60).map(([ofValue]) => ofValue)).toEqual(kept);
  // Half of the values are gone; of what is not there no time is saved.
  const again = save(after[0]!, files, 'again', 0).states;
  const entries = new Map(again.map((state) => [state.name, state.keys]));
  expect(entries.get('value')).toBe(keys.length / 2);
  expect(entries.get('value (ttl)')).toBe(keys.length / 2);
  expect(read(after, 160).map(([ofValue]) => ofValue)).toEqual(nothing.map(([ofValue]) => ofValue));
});

test.each<[string, StateDeclaration, unknown]>([
  ['a value', { name: 'value (ttl)', type: 'value', schemaVersion: 1 }, 'yesterday'],
  ['a list that is shorter', { name: 'list (ttl)', type: 'list', schemaVersion: 1 }, [1]],
  ['a list of something else', { name: 'list (ttl)', type: 'list', schemaVersion: 1 }, [1, 'yesterday']],
])('times that are none are damage: of %s', (_, times, content) => {
  const files = new MemoryFiles();
  // States of these names can be written only around the API.
  const forged = operator([...plain, times as StateDeclaration<number>]);
  const [backend] = subtasksOf(forged, 1);
  backend!.setCurrentKey('k');
  backend!.value(value).set(1);
  backend!.list(list).update([1, 2]);
  if (times.type === 'list') backend!.list(times).update(content as readonly unknown[]);
  else backend!.value(times).set(content);
  const saved = saveAll([backend!], files, 'dir');
  const [target] = subtasksOf(operator(withTtl), 1);
  const restore = () => restoreAtOnce(target!, withTtl as readonly StateDeclaration[], saved, files);
  expect(restore).toThrow(SnapshotDamage);
  expect(restore).toThrow('what should be times of a state with TTL is something else');
});

test('a comparison speaks of values, not of when they were touched', () => {
  const files = new MemoryFiles();
  const of = (directory: string, time: number) => {
    clock.advance(time - clock.now());
    const [backend] = subtasksOf(operator(withTtl), 1);
    backend!.setCurrentKey('k');
    backend!.value(value).set(7);
    const { states } = save(backend!, files, `${directory}/f`, 0);
    const operators = [
      {
        uid: 'op',
        name: 'op',
        type: 'process',
        parallelism: 1,
        maxParallelism: 8,
        states,
        files: [{ path: 'f', bytes: 1, sha256: '', subtaskIndex: 0 }],
      },
    ];
    return { manifest: manifest({ operators }), directory };
  };
  const [a, b] = [of('A', 0), of('B', 50)];
  const withoutTtl = {
    ...b,
    manifest: manifest({
      operators: b.manifest.operators.map((saved) => ({
        ...saved,
        states: saved.states.filter(({ name }) => !name.endsWith('(ttl)')),
      })),
    }),
  };
  const compared = compareSnapshots(a, b, files);
  expect(compared.states.map(({ state, changed }) => [state, changed])).toEqual([
    ['value', 0],
    ['list', 0],
    ['map', 0],
    ['event-time-timers', 0],
    ['processing-time-timers', 0],
  ]);
  expect(compareSnapshots(a, withoutTtl, files).planChanges).toEqual([]);
  expect(compareSnapshots(withoutTtl, a, files).planChanges).toEqual([]);
});

test('a data file with times is one like any other', () => {
  const files = new MemoryFiles();
  const [backend] = subtasksOf(operator(withTtl), 1);
  write([backend!]);
  const { states } = save(backend!, files, 'f', 0);
  const entries = states.map(({ name, type, keys }) => [name, type, keys]);
  expect(entries.slice(0, 6)).toEqual([
    ['value', 'value', 20],
    ['value (ttl)', 'value', 20],
    ['list', 'list', 20],
    ['list (ttl)', 'list', 20],
    ['map', 'map', 40],
    ['map (ttl)', 'map', 40],
  ]);
});
