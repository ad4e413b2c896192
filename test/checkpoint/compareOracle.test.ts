/**
 * Every kind of state, random, and then changed a little: what a comparison counts and shows, against plain maps of what a
 * reader that shares no code with it finds in the files.
 */
import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareSnapshots } from '../../runtime/checkpoint/compareSnapshots.ts';
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { compareEntryPage, type EntryPageRequest } from '../../runtime/checkpoint/entryPages.ts';
import type { ManifestState } from '../../runtime/checkpoint/manifest.ts';
import type { ReadableSnapshot } from '../../runtime/checkpoint/savedState.ts';
import type { EntryDifference } from '../../runtime/checkpoint/shownEntries.ts';
import type { Key, StateDeclaration } from '../../runtime/state/declarations.ts';
import { readDataFile } from '../savepoints/independentReader.ts';
import { arbitraryKey } from '../state/arbitraries.ts';
import { manifest } from './manifests.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { at, subtasksOf } from './snapshotting.ts';

const ttl = { afterMs: 1e9, refresh: 'on-create-and-write', visibility: 'never-return-expired' } as const;
const value: StateDeclaration = { name: 'value', type: 'value', schemaVersion: 1 };
const bag: StateDeclaration = { name: 'bag', type: 'map', schemaVersion: 1 };
const list: StateDeclaration = { name: 'list', type: 'list', schemaVersion: 1, ttl };
const timed: StateDeclaration = { name: 'timed', type: 'value', schemaVersion: 1, ttl };
const declarations = [value, bag, list, timed];
const rules = { name: 'rules', type: 'operator-broadcast', schemaVersion: 1 } as const;

interface Put {
  readonly key: Key;
  readonly subKey: Key;
  readonly value: unknown;
  readonly time: number;
}

const puts = fc.array(
  fc.record({
    key: arbitraryKey,
    subKey: arbitraryKey,
    value: fc.anything({
      withBigInt: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withDate: false,
      maxDepth: 1,
    }),
    time: fc.integer({ min: -5, max: 5 }),
  }),
  { maxLength: 12 },
);

interface Shape {
  readonly parallelism: number;
  readonly maxParallelism: number;
}

/** The later ones go over the earlier ones; `clock` begins there and goes on by one for each. */
function snapshot(
  files: MemoryFiles,
  directory: string,
  entries: readonly Put[],
  { parallelism, maxParallelism }: Shape,
): ReadableSnapshot {
  let now = 1_700_000_000_000;
  const operator = { uid: 'op', maxParallelism, declarations, now: () => now };
  const subtasks = subtasksOf(operator, parallelism);
  const broadcast = new Map<string, readonly [Key, unknown]>();
  for (const { key, subKey, value: put, time } of entries) {
    now++;
    const states = at(subtasks, key);
    states.value(value).set(put);
    states.map(bag).set(subKey, put);
    states.list(list).add(put);
    states.value(timed).set(time);
    states.timers.registerEventTime(time, subKey);
    if (time > 0) states.timers.registerProcessingTime(time, null);
    broadcast.set(textOf(subKey), [subKey, put]);
  }
  const states = new Map<string, ManifestState>();
  const saved = subtasks.map((backend, subtaskIndex) => {
    const path = `${directory}/${subtaskIndex}`;
    const options = { operatorUid: 'op', subtaskIndex, maxParallelism };
    const writer = new DataFileWriter(files.create(path), options, backend.states);
    writer.putOperatorState(rules, [...broadcast.values()]);
    const cursor = backend.markSnapshot(1);
    for (let slice = cursor.next(); slice !== null; slice = cursor.next())
      if (slice.block !== null) writer.append(slice.block);
    writer.finish((written) => {
      if (!written.ok) throw new Error(written.message);
      for (const state of written.value.states) {
        const sum = states.get(state.name);
        states.set(
          state.name,
          sum === undefined
            ? state
            : { ...state, keys: sum.keys + state.keys, bytes: sum.bytes + state.bytes },
        );
      }
    });
    return { path: `${subtaskIndex}`, bytes: 1, sha256: '', subtaskIndex };
  });
  const operators = [
    {
      uid: 'op',
      name: 'op',
      type: 'broadcastProcess',
      parallelism,
      maxParallelism,
      states: [...states.values()],
      files: saved,
    },
  ];
  return { manifest: manifest({ operators, sources: [] }), directory };
}

/** Keys come apart exactly when these do; the reader sorts the properties of objects. */
const textOf = (key: unknown): string =>
  inspect(plain(key), { depth: null, maxArrayLength: null, maxStringLength: null, sorted: true });

function plain(key: unknown): unknown {
  if (Array.isArray(key)) return key.map(plain);
  if (typeof key === 'object' && key !== null)
    return Object.fromEntries(Object.entries(key).map(([name, property]) => [name, plain(property)]));
  return key === 0 ? 0 : key;
}

/** One state of one snapshot as the files have it: values by key and sub key. */
function read(files: MemoryFiles, { directory, manifest: { operators } }: ReadableSnapshot, state: string) {
  const found = new Map<string, unknown>();
  for (const { path } of operators[0]!.files) {
    const file = readDataFile(Buffer.from(files.contents.get(`${directory}/${path}`)!));
    for (const entry of file.states[state]?.entries ?? [])
      found.set(textOf([entry.key, entry.subKey]), entry.value);
  }
  return found;
}

const shapes = fc.constantFrom<Shape>(
  { parallelism: 1, maxParallelism: 8 },
  { parallelism: 3, maxParallelism: 8 },
  { parallelism: 2, maxParallelism: 5 },
);

test('H9: counts and pages of every kind of state, against maps that another reader made', () => {
  fc.assert(
    fc.property(
      puts,
      puts,
      fc.nat(12),
      shapes,
      shapes,
      fc.integer({ min: 1, max: 4 }),
      (first, second, common, shapeA, shapeB, limit) => {
        const files = new MemoryFiles();
        const a = snapshot(files, 'A', [...first.slice(0, common), ...second], shapeA);
        const b = snapshot(files, 'B', first, shapeB);
        const compared = compareSnapshots(a, b, files);
        expect(compared.states.map(({ state }) => state).sort()).toEqual(
          ['value', 'bag', 'list', 'timed', 'rules', 'event-time-timers', 'processing-time-timers'].sort(),
        );
        for (const state of compared.states) {
          const [before, after] = [read(files, a, state.state), read(files, b, state.state)];
          const times = [read(files, a, `${state.state} (ttl)`), read(files, b, `${state.state} (ttl)`)];
          const expected = { added: 0, removed: 0, changed: 0, unchanged: 0 };
          let touched = 0;
          for (const key of new Set([...before.keys(), ...after.keys()])) {
            if (!before.has(key)) expected.added++;
            else if (!after.has(key)) expected.removed++;
            else if (!isDeepStrictEqual(before.get(key), after.get(key))) expected.changed++;
            else {
              expected.unchanged++;
              if (!isDeepStrictEqual(times[0]!.get(key), times[1]!.get(key))) touched++;
            }
          }
          expect(state).toMatchObject({ state: state.state, ...expected });
          expect(state.keysA).toBe(before.size);
          expect(state.keysB).toBe(after.size);
          // Beside another max parallelism too.
          expect(state.touched).toBe(['list', 'timed'].includes(state.state) ? touched : null);

          const request = {
            uid: 'op',
            state: state.state,
            changes: ['added', 'removed', 'changed'],
            keyContains: null,
            cursor: 0,
            limit,
          } as const satisfies EntryPageRequest;
          for (const sortedBytesMax of [Number.POSITIVE_INFINITY, 0]) {
            const entries = pages(a, b, { ...request, sortedBytesMax }, files);
            const kinds = { added: 0, removed: 0, changed: 0 };
            for (const { change } of entries) kinds[change]++;
            const { unchanged: _, ...differing } = expected;
            expect(kinds).toEqual(differing);
            expect(new Set(entries.map(({ key, subKey }) => `${key} ${subKey}`)).size).toBe(entries.length);
            // Any of them alone, and some of them only.
            for (const entry of entries.slice(0, 3)) {
              const alone = { ...request, sortedBytesMax, cursor: entry.at, limit: 1 };
              expect(compareEntryPage(a, b, alone, files).entries).toEqual([entry]);
            }
            const removed = pages(a, b, { ...request, sortedBytesMax, changes: ['removed'] }, files);
            expect(removed).toEqual(entries.filter(({ change }) => change === 'removed'));
          }
        }
      },
    ),
    { numRuns: 25 },
  );
});

function pages(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  request: EntryPageRequest,
  files: MemoryFiles,
): readonly EntryDifference[] {
  const entries: EntryDifference[] = [];
  for (let cursor: number | null = 0; cursor !== null; ) {
    const page = compareEntryPage(a, b, { ...request, cursor }, files);
    entries.push(...page.entries);
    cursor = page.next;
  }
  return entries;
}

test('long texts are cut, and the whole of one entry can be asked for', () => {
  const files = new MemoryFiles();
  const shape = { parallelism: 1, maxParallelism: 8 };
  const long = 'x'.repeat(40_000);
  const put = (put: unknown): Put => ({ key: 'k', subKey: 'long', value: put, time: 0 });
  const [a, b] = [snapshot(files, 'A', [put('short')], shape), snapshot(files, 'B', [put(long)], shape)];
  const request = { uid: 'op', state: 'value', changes: ['changed'], keyContains: null, limit: 9 } as const;
  const [entry] = compareEntryPage(a, b, { ...request, cursor: 0 }, files).entries;
  expect(entry).toMatchObject({ before: '"short"', isShortened: true });
  expect(entry!.after).toHaveLength(16_384);
  const whole = { ...request, cursor: entry!.at, charactersMax: Number.POSITIVE_INFINITY };
  expect(compareEntryPage(a, b, whole, files).entries[0]).toMatchObject({
    after: `"${long}"`,
    isShortened: false,
  });
});

test('a page ends when its text is long enough, and goes on where it ended', () => {
  const files = new MemoryFiles();
  const shape = { parallelism: 1, maxParallelism: 8 };
  const entries = Array.from({ length: 300 }, (_, i): Put => {
    return { key: i, subKey: i, value: `${i} ${'x'.repeat(20_000)}`, time: 0 };
  });
  const [a, b] = [snapshot(files, 'A', [], shape), snapshot(files, 'B', entries, shape)];
  const request = {
    uid: 'op',
    state: 'value',
    changes: ['added'],
    keyContains: null,
    cursor: 0,
    limit: 500,
  } as const;
  const first = compareEntryPage(a, b, request, files);
  expect(first.entries.length).toBeLessThan(200);
  expect(pages(a, b, request, files)).toHaveLength(300);
});

test('whoever watches is told of every entry, and may end the comparison', () => {
  const files = new MemoryFiles();
  const shape = { parallelism: 2, maxParallelism: 8 };
  const entries = Array.from({ length: 5_000 }, (_, i): Put => ({ key: i, subKey: i, value: i, time: 0 }));
  const [a, b] = [snapshot(files, 'A', entries, shape), snapshot(files, 'B', entries, shape)];
  const told: (readonly [number, number])[] = [];
  compareSnapshots(a, b, files, (done, total) => told.push([done, total]));
  expect(told.length).toBeGreaterThan(5);
  expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).toSorted((x, y) => x - y));
  expect(told.at(-1)![0]).toBe(told[0]![1]);
  const stop = () => {
    throw new Error('enough');
  };
  expect(() => compareSnapshots(a, b, files, stop)).toThrow('enough');
});
