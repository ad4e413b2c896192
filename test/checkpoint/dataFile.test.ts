import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataFileReader } from '../../runtime/checkpoint/dataFileReader.ts';
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { RestoreRefused, restoreOperatorState } from '../../runtime/checkpoint/restoreKeyedState.ts';
import { SnapshotDamage } from '../../runtime/checkpoint/storage.ts';
import type { Key, StateDeclaration } from '../../runtime/state/declarations.ts';
import { StateRefused } from '../../runtime/state/snapshotCursor.ts';
import { arbitraryKey } from '../state/arbitraries.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { at, type Operator, restoreAll, restoreAtOnce, save, saveAll, subtasksOf } from './snapshotting.ts';

const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const items: StateDeclaration<string> = { name: 'items', type: 'list', schemaVersion: 1 };
const perHour: StateDeclaration<{ n: number }> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
const operator: Operator = {
  uid: 'op',
  maxParallelism: 8,
  declarations: [count, items, perHour] as readonly StateDeclaration[],
};

test.each([
  [1, 1],
  [1, 3],
  [2, 3],
  [3, 1],
  [3, 2],
  [8, 5],
])('state of parallelism %i comes back whole at %i', (before, after) => {
  fc.assert(
    fc.property(fc.uniqueArray(arbitraryKey, { maxLength: 40, comparator: 'SameValueZero' }), (keys) => {
      const files = new MemoryFiles();
      const old = subtasksOf(operator, before);
      for (const [i, key] of keys.entries()) write(old, key, i);
      const restored = restoreAll(operator, after, saveAll(old, files, 'a'), files);
      for (const key of keys) expect(readAll(restored, key)).toEqual(readAll(old, key));
      const total = (subtasks: typeof restored) =>
        subtasks.reduce((sum, backend) => sum + backend.eventTimers.size, 0);
      expect(total(restored)).toBe(total(old));
    }),
    { numRuns: 60 },
  );
});

function write(subtasks: ReturnType<typeof subtasksOf>, key: Key, i: number): void {
  const states = at(subtasks, key);
  states.value(count).set(i);
  states.list(items).add(`item ${i}`);
  states.list(items).add('x'.repeat(i));
  states.map(perHour).set(['hour', i], { n: i });
  states.map(perHour).set(i, { n: -i });
  states.timers.registerEventTime(i, ['window', i]);
  states.timers.registerProcessingTime(-i);
}

function readAll(subtasks: ReturnType<typeof subtasksOf>, key: Key) {
  const states = at(subtasks, key);
  const entries = [...states.map(perHour).entries()].map((entry) => JSON.stringify(entry)).sort();
  return { count: states.value(count).get(), items: states.list(items).get(), entries };
}

test('timers come back in the order of their times, each once', () => {
  const files = new MemoryFiles();
  const old = subtasksOf(operator, 2);
  for (const [key, time] of [
    ['a', 5],
    ['b', 3],
    ['a', 1],
    ['c', 3],
    ['a', 5],
  ] as const)
    at(old, key).timers.registerEventTime(time, 'w');
  at(old, 'b').timers.deleteEventTime(3, 'w');
  const [restored] = restoreAll(operator, 1, saveAll(old, files, 'a'), files);
  expect(restored!.eventTimers.nextTime()).toBe(1);
  const due = [];
  for (let timer = restored!.eventTimers.popDue(4); timer !== null; timer = restored!.eventTimers.popDue(4))
    due.push(timer);
  expect(due).toEqual([
    { key: 'a', time: 1, namespace: 'w' },
    { key: 'c', time: 3, namespace: 'w' },
  ]);
  expect(restored!.eventTimers.size).toBe(1);
});

test('the file lists every state with its entries and bytes, also empty ones', () => {
  const files = new MemoryFiles();
  const [backend] = subtasksOf(operator, 1);
  for (let i = 0; i < 3; i++) at([backend!], `k${i}`).map(perHour).set('h', { n: i });
  expect(
    save(backend!, files, 'f', 0).states.map(({ name, type, keys, bytes }) => [name, type, keys, bytes > 0]),
  ).toEqual([
    ['count', 'value', 0, false],
    ['items', 'list', 0, false],
    ['per-hour', 'map', 3, true],
    ['event-time-timers', 'timers', 0, false],
    ['processing-time-timers', 'timers', 0, false],
  ]);
});

test('large states are many blocks, none much larger than 64 KiB', () => {
  const files = new MemoryFiles();
  const [backend] = subtasksOf({ ...operator, maxParallelism: 1 }, 1);
  for (let i = 0; i < 20_000; i++)
    at([backend!], `key-${i}`).list(items).add('some text that takes its place');
  save(backend!, files, 'f', 0);
  const reader = new DataFileReader(files.open('f'));
  const { blocks } = reader.state('items')!;
  expect(blocks.length).toBeGreaterThan(10);
  expect(Math.max(...blocks.map(({ length }) => length))).toBeLessThan(66_000);
});

test('G2, G3: an operator list is divided within one, nothing lost; a union goes to everybody', () => {
  const files = new MemoryFiles();
  const list: StateDeclaration = { name: 'pending', type: 'operator-list', schemaVersion: 1 };
  const union: StateDeclaration = { name: 'offsets', type: 'operator-union', schemaVersion: 1 };
  const saved = [
    [0, 10],
    [0, 15],
  ].map((elements, i) => {
    const path = `f${i}`;
    const writer = new DataFileWriter(
      files.create(path),
      { operatorUid: 'op', subtaskIndex: i, maxParallelism: 8 },
      [],
    );
    writer.putOperatorState(list, elements);
    writer.putOperatorState(union, [{ subtask: i }]);
    writer.finish(() => {});
    return { path, oldSubtaskIndex: i };
  });
  const old = { operatorUid: 'op', files: [...saved].reverse() };
  for (const parallelism of [1, 2, 3, 7]) {
    const parts = Array.from({ length: parallelism }, (_, subtaskIndex) =>
      restoreOperatorState(list, old, { subtaskIndex, parallelism }, files),
    );
    expect(parts.flat()).toEqual([0, 10, 0, 15]);
    const lengths = parts.map(({ length }) => length);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
      expect(restoreOperatorState(union, old, { subtaskIndex, parallelism }, files)).toEqual([
        { subtask: 0 },
        { subtask: 1 },
      ]);
    }
  }
});

test('damage of any byte is noticed, names the file and never gives a wrong value', () => {
  const files = new MemoryFiles();
  const old = subtasksOf(operator, 1);
  for (const [i, key] of ['a', 'b', ['c', 1]].entries()) write(old, key as Key, i);
  const saved = saveAll(old, files, 'dir');
  const path = saved.files[0]!.path;
  const whole = files.contents.get(path)!;
  for (let position = 0; position < whole.length; position++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const damaged = whole.slice();
      damaged[position]! ^= flip;
      files.contents.set(path, damaged);
      expect(() => restoreAll(operator, 1, saved, files), `byte ${position} ^ ${flip}`).toThrow(
        SnapshotDamage,
      );
    }
  }
  for (let length = 0; length < whole.length; length++) {
    files.contents.set(path, whole.slice(0, length));
    expect(() => restoreAll(operator, 1, saved, files), `${length} bytes`).toThrow(SnapshotDamage);
    expect(() => restoreAll(operator, 1, saved, files)).toThrow(path);
  }
  files.contents.set(path, Uint8Array.of(...whole, 0));
  expect(() => restoreAll(operator, 1, saved, files)).toThrow(SnapshotDamage);
});

test('a file whose footer leaves out bytes is refused, though every checksum fits', () => {
  const files = new MemoryFiles();
  const [backend] = subtasksOf(operator, 1);
  write([backend!], 'a', 1);
  save(backend!, files, 'f', 0);
  const file = Buffer.from(files.contents.get('f')!);
  const footerAt = file.length - 16 - file.readUInt32LE(file.length - 12);
  const footer = file.subarray(footerAt, file.length - 16);
  // One byte of nobody between the last block and the footer.
  const trailer = file.subarray(file.length - 16);
  files.contents.set(
    'f',
    new Uint8Array(Buffer.concat([file.subarray(0, footerAt), Buffer.of(0), footer, trailer])),
  );
  expect(() => new DataFileReader(files.open('f'))).toThrow(SnapshotDamage);
});

test('a file of another subtask is refused', () => {
  const files = new MemoryFiles();
  const saved = saveAll(subtasksOf(operator, 2), files, 'a');
  const swapped = saved.files.map(({ oldSubtaskIndex }, i) => ({
    path: saved.files[1 - i]!.path,
    oldSubtaskIndex,
  }));
  expect(() => restoreAll(operator, 1, { ...saved, files: swapped }, files)).toThrow(
    'subtask 1, and not of "op", subtask 0',
  );
});

test('a file of another operator is refused', () => {
  const files = new MemoryFiles();
  const saved = saveAll(subtasksOf({ ...operator, uid: 'other' }, 1), files, 'a');
  expect(() => restoreAll(operator, 1, { ...saved, operatorUid: 'op' }, files)).toThrow(
    'holds the state of "other", subtask 0, and not of "op", subtask 0',
  );
});

const v2 = (declaration: StateDeclaration<never>): StateDeclaration => ({
  ...declaration,
  schemaVersion: 3,
  migrations: { 1: (old) => ({ old, steps: [1] }), 2: (old) => ({ ...(old as object), steps: [1, 2] }) },
});

test('G10: an older schema is migrated step by step, in every type of state', () => {
  const files = new MemoryFiles();
  const old = subtasksOf(operator, 1);
  write(old, 'k', 1);
  const newer = {
    ...operator,
    declarations: [count, items, perHour].map((declaration) => v2(declaration as StateDeclaration<never>)),
  };
  const restored = restoreAll(newer, 1, saveAll(old, files, 'a'), files);
  const read = readAll(restored, 'k');
  expect(read.count).toEqual({ old: 1, steps: [1, 2] });
  expect(read.items).toEqual([
    { old: 'item 1', steps: [1, 2] },
    { old: 'x', steps: [1, 2] },
  ]);
  expect(read.entries).toContain('[["hour",1],{"old":{"n":1},"steps":[1,2]}]');
});

test.each<[string, Partial<StateDeclaration>, string]>([
  [
    'a type that changed',
    { type: 'list' },
    'State "count" of operator "op" was saved as a value state and is now a list state.',
  ],
  [
    'a newer schema',
    { schemaVersion: 0 },
    'State "count" of operator "op" was saved with schema version 1, which is newer than 0.',
  ],
  [
    'a migration that is missing',
    { schemaVersion: 3, migrations: { 1: (old) => old } },
    'State "count" of operator "op" was saved with schema version 1, and no migration leads from it to 3.',
  ],
])('G10: %s is refused before data', (_, change, sentence) => {
  const files = new MemoryFiles();
  const old = subtasksOf(operator, 1);
  write(old, 'k', 1);
  const saved = saveAll(old, files, 'a');
  const changed = {
    ...operator,
    declarations: [{ ...count, ...change }, items, perHour] as readonly StateDeclaration[],
  };
  const [backend] = subtasksOf(changed, 1);
  expect(() => restoreAtOnce(backend!, changed.declarations, saved, files)).toThrow(
    new RestoreRefused(sentence),
  );
  expect(backend!.keyCount).toBe(0);
});

test('G7: another max parallelism is refused', () => {
  const files = new MemoryFiles();
  const old = subtasksOf(operator, 1);
  write(old, 'k', 1);
  const saved = saveAll(old, files, 'a');
  expect(() => restoreAll({ ...operator, maxParallelism: 16 }, 1, saved, files)).toThrow(
    'was saved with max parallelism 8 and now has 16',
  );
});

test('what cannot be saved is refused with operator, state, key and place', () => {
  const [backend] = subtasksOf({ ...operator, declarations: [count as StateDeclaration] }, 1);
  at([backend!], ['SFO', 1n])
    .value(count)
    .set({ a: [1, () => 2] } as unknown as number);
  const sentence =
    'State "count" of operator "op" cannot be saved for key ["SFO","1n"]: the value\'s .a[1] is a function.';
  expect(() => save(backend!, new MemoryFiles(), 'f', 0)).toThrow(new StateRefused(sentence));
  // The same when it must be stashed because it is touched.
  backend!.markSnapshot(2);
  expect(() => at([backend!], ['SFO', 1n]).value(count).get()).toThrow(new StateRefused(sentence));
});
