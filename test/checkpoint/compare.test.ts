import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareSnapshots } from '../../runtime/checkpoint/compareSnapshots.ts';
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { compareEntryPage, type EntryPageRequest } from '../../runtime/checkpoint/entryPages.ts';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import type { ReadableSnapshot } from '../../runtime/checkpoint/savedState.ts';
import type { EntryDifference } from '../../runtime/checkpoint/shownEntries.ts';
import { SnapshotDamage } from '../../runtime/checkpoint/storage.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { manifest } from './manifests.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { at, type Operator, save, subtasksOf } from './snapshotting.ts';

const count: StateDeclaration<unknown> = { name: 'count', type: 'value', schemaVersion: 1 };
const perHour: StateDeclaration<unknown> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
const operator: Operator = { uid: 'op', maxParallelism: 8, declarations: [count, perHour] };

type Content = Readonly<Record<string, number>>;

/** A snapshot whose `count` is the content, and whose `per-hour` is the same under two sub keys. */
function snapshot(
  files: MemoryFiles,
  directory: string,
  content: Content,
  options: { parallelism?: number; maxParallelism?: number } = {},
): ReadableSnapshot {
  const { parallelism = 1, maxParallelism = 8 } = options;
  const subtasks = subtasksOf({ ...operator, maxParallelism }, parallelism);
  for (const [key, value] of Object.entries(content)) {
    const states = at(subtasks, key);
    states.value(count).set({ value, key });
    states.map(perHour).set(1, value);
    states.map(perHour).set(['two'], 0);
    states.timers.registerEventTime(value, 'w');
  }
  const written = subtasks.map((backend, i) => save(backend, files, `${directory}/op-${i}`, i));
  const saved = written.map(({ bytes, sha256 }, subtaskIndex) => ({
    path: `op-${subtaskIndex}`,
    bytes,
    sha256,
    subtaskIndex,
  }));
  const states = written[0]!.states.map((state, i) => ({
    ...state,
    keys: written.reduce((sum, file) => sum + file.states[i]!.keys, 0),
    bytes: written.reduce((sum, file) => sum + file.states[i]!.bytes, 0),
  }));
  const operators = [
    { uid: 'op', name: 'op', type: 'process', parallelism, maxParallelism, states, files: saved },
  ];
  return { manifest: manifest({ operators, sources: [] }), directory };
}

const contents = fc.dictionary(
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀', '\uffff'), maxLength: 4 }),
  fc.nat(3),
  { maxKeys: 30 },
);
const everything = {
  uid: 'op',
  state: 'count',
  changes: ['added', 'removed', 'changed'],
  keyContains: null,
  cursor: 0,
  limit: 500,
} as const satisfies EntryPageRequest;

test.each([
  ['at one parallelism', {}, {}],
  ['at two', { parallelism: 2 }, { parallelism: 3 }],
  ['with another max parallelism', {}, { maxParallelism: 5, parallelism: 2 }],
])(
  'H9: keys added, removed and changed, against a comparison of plain objects, %s',
  (_, optionsA, optionsB) => {
    fc.assert(
      fc.property(contents, contents, fc.integer({ min: 1, max: 5 }), (a, b, limit) => {
        const files = new MemoryFiles();
        const [left, right] = [snapshot(files, 'A', a, optionsA), snapshot(files, 'B', b, optionsB)];
        const expected = { added: 0, removed: 0, changed: 0, unchanged: 0 };
        const differing = new Map<string, readonly [string, string | null, string | null]>();
        const json = (content: Content, key: string) =>
          key in content ? `{"key":${JSON.stringify(key)},"value":${content[key]}}` : null;
        for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
          const change = !(key in a)
            ? 'added'
            : !(key in b)
              ? 'removed'
              : a[key] === b[key]
                ? 'unchanged'
                : 'changed';
          expected[change]++;
          if (change !== 'unchanged')
            differing.set(JSON.stringify(key), [change, json(a, key), json(b, key)]);
        }
        const states = compareSnapshots(left, right, files).states;
        expect(states.find(({ state }) => state === 'count')).toMatchObject({
          ...expected,
          keysA: Object.keys(a).length,
          keysB: Object.keys(b).length,
        });
        expect(states.find(({ state }) => state === 'per-hour')).toMatchObject({
          ...expected,
          unchanged: expected.unchanged * 2 + expected.changed,
          added: expected.added * 2,
          removed: expected.removed * 2,
        });
        expect(states.find(({ state }) => state === 'event-time-timers')).toMatchObject({
          unchanged: expected.unchanged,
          added: expected.added + expected.changed,
        });

        for (const sortedBytesMax of [undefined, 0]) {
          const entries = allPages(left, right, files, {
            ...everything,
            limit,
            ...(sortedBytesMax === undefined ? {} : { sortedBytesMax }),
          });
          expect(
            new Map(entries.map(({ key, change, before, after }) => [key, [change, before, after]])),
          ).toEqual(differing);
          expect(entries.length).toBe(differing.size);
          // Sorted by code point, which is the order of the bytes.
          if (sortedBytesMax === undefined)
            expect(entries.map(({ key }) => key)).toEqual(
              [...differing.keys()].sort((x, y) =>
                Buffer.compare(Buffer.from(JSON.parse(x) as string), Buffer.from(JSON.parse(y) as string)),
              ),
            );
        }
      }),
      { numRuns: 60 },
    );
  },
);

function allPages(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  files: MemoryFiles,
  request: EntryPageRequest,
): readonly EntryDifference[] {
  const entries: EntryDifference[] = [];
  for (let cursor: number | null = 0; cursor !== null; ) {
    const page = compareEntryPage(a, b, { ...request, cursor }, files);
    expect(page.entries.length).toBeLessThanOrEqual(request.limit);
    entries.push(...page.entries);
    cursor = page.next;
  }
  return entries;
}

test('a page shows only the changes and keys that were asked for', () => {
  const files = new MemoryFiles();
  const [a, b] = [
    snapshot(files, 'A', { SFO: 1, JFK: 1, ATL: 1 }),
    snapshot(files, 'B', { SFO: 2, JFK: 2, LAX: 1 }),
  ];
  const keys = (request: Partial<EntryPageRequest>) =>
    compareEntryPage(a, b, { ...everything, ...request }, files).entries.map(({ key }) => key);
  expect(keys({})).toEqual(['"ATL"', '"JFK"', '"LAX"', '"SFO"']);
  expect(keys({ changes: ['added'] })).toEqual(['"LAX"']);
  expect(keys({ changes: ['changed'], keyContains: 'FO' })).toEqual(['"SFO"']);
  expect(keys({ keyContains: 'nowhere' })).toEqual([]);
  expect(
    compareEntryPage(a, b, { ...everything, state: 'per-hour', keyContains: 'two' }, files).entries,
  ).toMatchObject([
    { change: 'removed', key: '"ATL"', subKey: '["two"]', before: '0', after: null },
    { change: 'added', key: '"LAX"', subKey: '["two"]', before: null, after: '0' },
  ]);
});

test.each<[string, unknown, unknown, number]>([
  ['another order of properties is no change', { a: 1, b: 2 }, { b: 2, a: 1 }, 0],
  [
    'another order of a map is no change',
    new Map<unknown, unknown>([
      ['a', 1],
      [{ b: 2, c: 3 }, 2],
    ]),
    new Map<unknown, unknown>([
      [{ c: 3, b: 2 }, 2],
      ['a', 1],
    ]),
    0,
  ],
  ['another order of a set is no change', new Set([1, 10, 9]), new Set([9, 1, 10]), 0],
  ['another order of a list is one', [1, 2], [2, 1], 1],
  ['no number is no number', { x: Number.NaN }, { x: Number.NaN }, 0],
  ['below zero by nothing is another number', 0, -0, 1],
  ['a bigint is no number', 5n, 5, 1],
  ['undefined is not the same as nothing', { x: undefined }, {}, 1],
  ['dates are their moments', new Date(5), new Date(5), 0],
])('%s', (_, before, after, changed) => {
  const files = new MemoryFiles();
  const of = (directory: string, value: unknown): ReadableSnapshot => {
    const [backend] = subtasksOf(operator, 1);
    at([backend!], 'k').value(count).set(value);
    const { states } = save(backend!, files, `${directory}/op`, 0);
    const operators = [
      {
        uid: 'op',
        name: 'op',
        type: 'process',
        parallelism: 1,
        maxParallelism: 8,
        states,
        files: [{ path: 'op', bytes: 1, sha256: '', subtaskIndex: 0 }],
      },
    ];
    return { manifest: manifest({ operators }), directory };
  };
  const [state] = compareSnapshots(of('A', before), of('B', after), files).states;
  expect(state).toMatchObject({ unchanged: 1 - changed, changed });
});

test('elements of an operator are paired by what names them', () => {
  const files = new MemoryFiles();
  const of = (directory: string, elements: readonly unknown[]): ReadableSnapshot => {
    const writer = new DataFileWriter(
      files.create(`${directory}/f`),
      { operatorUid: 'op', subtaskIndex: 0, maxParallelism: 8 },
      [],
    );
    writer.putOperatorState({ name: 'splits', type: 'operator-union', schemaVersion: 1 }, elements);
    writer.finish(() => {});
    const states = [
      { name: 'splits', type: 'operator-union', schemaVersion: 1, keys: elements.length, bytes: 10 },
    ] as const;
    const operators = [
      {
        uid: 'op',
        name: 'op',
        type: 'source',
        parallelism: 1,
        maxParallelism: 8,
        states,
        files: [{ path: 'f', bytes: 1, sha256: '', subtaskIndex: 0 }],
      },
    ];
    return { manifest: manifest({ operators }), directory };
  };
  const a = of('A', [
    { split: 'x', offset: 1 },
    { split: 'y', offset: 1 },
    { split: 'z', offset: 1 },
  ]);
  const b = of('B', [
    { split: 'y', offset: 2 },
    { split: 'w', offset: 0 },
    { split: 'x', offset: 1 },
  ]);
  expect(compareSnapshots(a, b, files).states[0]).toMatchObject({
    added: 1,
    removed: 1,
    changed: 1,
    unchanged: 1,
  });
  expect(compareEntryPage(a, b, { ...everything, state: 'splits' }, files).entries).toMatchObject([
    { change: 'added', key: '"w"', subKey: null, before: null, after: '{"offset":0,"split":"w"}' },
    {
      change: 'changed',
      key: '"y"',
      subKey: null,
      before: '{"offset":1,"split":"y"}',
      after: '{"offset":2,"split":"y"}',
    },
    { change: 'removed', key: '"z"', subKey: null, before: '{"offset":1,"split":"z"}', after: null },
  ]);
});

test('entries of a broadcast map are compared by their keys, in one copy of it', () => {
  const files = new MemoryFiles();
  const rules = { name: 'rules', type: 'operator-broadcast', schemaVersion: 1 } as const;
  const of = (directory: string, copies: readonly (readonly unknown[])[]): ReadableSnapshot => {
    const written = copies.map((elements, subtaskIndex) => {
      const writer = new DataFileWriter(
        files.create(`${directory}/${subtaskIndex}`),
        { operatorUid: 'op', subtaskIndex, maxParallelism: 8 },
        [],
      );
      writer.putOperatorState(rules, elements);
      writer.finish(() => {});
      return { path: `${subtaskIndex}`, bytes: 1, sha256: '', subtaskIndex };
    });
    const parallelism = copies.length;
    const states = [{ ...rules, keys: copies.flat().length, bytes: 10 }];
    const operators = [
      { uid: 'op', name: 'op', type: 'process', parallelism, maxParallelism: 8, states, files: written },
    ];
    return { manifest: manifest({ operators }), directory };
  };
  const before = [
    [['x', 1], { limit: 1 }],
    [7, { limit: 2 }],
    ['gone', null],
  ];
  const after = [
    [7, { limit: 3 }],
    ['new', null],
    [['x', 1], { limit: 1 }],
  ];
  // What is restored is the first copy; the others say the same, or at least once was not enough for them.
  const a = of('A', [before, before, [[7, { limit: 9 }]]]);
  const b = of('B', [[], after]);
  expect(compareSnapshots(a, b, files).states[0]).toMatchObject({
    added: 1,
    removed: 1,
    changed: 1,
    unchanged: 1,
    keysA: 3,
    keysB: 3,
  });
  expect(compareEntryPage(a, b, { ...everything, state: 'rules' }, files).entries).toMatchObject([
    { change: 'removed', key: '"gone"', subKey: null, before: 'null', after: null },
    { change: 'added', key: '"new"', subKey: null, before: null, after: 'null' },
    { change: 'changed', key: '7', subKey: null, before: '{"limit":2}', after: '{"limit":3}' },
  ]);
});

test('changes of the plan are sentences, positions stand side by side', () => {
  const base = manifest().operators[0]!;
  const with2 = (changes: Partial<Manifest>) => ({ manifest: manifest(changes), directory: 'x' });
  const a = with2({
    operators: [
      { ...base, states: [], files: [] },
      { ...base, uid: 'old', name: 'Old', states: [], files: [] },
    ],
  });
  const b = with2({
    fingerprint: 'other',
    operators: [
      { ...base, name: 'mean', parallelism: 4, states: [], files: [] },
      { ...base, uid: 'new', name: 'new', states: [], files: [] },
    ],
    sources: [
      { operator: 'flights', split: 'data/flights.jsonl', offset: 2_000, watermark: null },
      { operator: 'flights', split: 'b', offset: 7, watermark: 5 },
    ],
  });
  const comparison = compareSnapshots(a, b, new MemoryFiles());
  expect(comparison.samePlan).toBe(false);
  expect(comparison.planChanges).toEqual([
    'mean (mean-delay) was named mean delay.',
    'mean (mean-delay): parallelism 2 → 4.',
    'new was added.',
    'Old (old) was removed.',
  ]);
  expect(comparison.sources.ranges).toMatchObject([
    {
      operator: 'flights',
      split: 'data/flights.jsonl',
      a: 1_234,
      b: 2_000,
      watermarkA: 1_699_999_999_000,
      watermarkB: null,
    },
    { operator: 'flights', split: 'b', a: null, b: 7, watermarkA: null, watermarkB: 5 },
  ]);
});

test('a damaged side is named', () => {
  const files = new MemoryFiles();
  const [a, b] = [snapshot(files, 'A', { x: 1 }), snapshot(files, 'B', { x: 1 })];
  files.contents.get('B/op-0')![12]! ^= 1;
  expect(() => compareSnapshots(a, b, files)).toThrow(SnapshotDamage);
  expect(() => compareSnapshots(a, b, files)).toThrow('B/op-0');
});
