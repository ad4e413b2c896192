/**
 * States of an operator as a whole, through snapshots in data files: G2 to G4 of the conformance rules, what a snapshot
 * sees, and what an author's functions get to work with.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { restoreOperatorState } from '../../runtime/checkpoint/restoreKeyedState.ts';
import { type AuthorStates, openAuthorStates } from '../../runtime/operators/authorStates.ts';
import {
  describeState,
  type Key,
  type ListState,
  type MapState,
  type ReducingState,
  type StateDeclaration,
  type ValueState,
} from '../../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { readonlyMapState } from '../../runtime/state/operatorStates.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { arbitraryKey } from '../state/arbitraries.ts';

const ready: StateDeclaration = { name: 'ready', type: 'operator-list', schemaVersion: 1 };
const offsets: StateDeclaration = { name: 'offsets', type: 'operator-union', schemaVersion: 1 };
const rules: StateDeclaration = { name: 'rules', type: 'operator-broadcast', schemaVersion: 1 };
const declarations = { ready, offsets, rules };

interface Saved {
  readonly files: MemoryFiles;
  /** Without the file of a subtask that has none. */
  readonly paths: readonly { readonly path: string; readonly oldSubtaskIndex: number }[];
}

/** As the engine does it: one data file per subtask; null stands for a subtask that has none. */
function save(subtasks: readonly (AuthorStates | null)[]): Saved {
  const files = new MemoryFiles();
  const paths = subtasks.flatMap((states, subtaskIndex) => {
    if (states === null) return [];
    const path = `op-${subtaskIndex}`;
    const options = { operatorUid: 'op', subtaskIndex, maxParallelism: 128 };
    const writer = new DataFileWriter(files.create(path), options, []);
    states.snapshot({
      putOperatorState: (declaration, elements) =>
        writer.putOperatorState(describeState(declaration), elements),
    });
    writer.finish(() => {});
    return [{ path, oldSubtaskIndex: subtaskIndex }];
  });
  return { files, paths };
}

function open(
  parallelism: number,
  saved: Saved | null = null,
  declared: Readonly<Record<string, StateDeclaration>> = declarations,
): readonly AuthorStates[] {
  return Array.from({ length: parallelism }, (_, subtaskIndex) =>
    openAuthorStates(
      {
        uid: 'op',
        keyed: null,
        restoredOperatorState: (declaration) =>
          saved === null
            ? []
            : restoreOperatorState(
                declaration,
                { operatorUid: 'op', files: saved.paths.toReversed() },
                { subtaskIndex, parallelism },
                saved.files,
              ),
      },
      declared,
    ),
  );
}

const listOf = ({ handles }: AuthorStates, name: 'ready' | 'offsets') => handles[name] as ListState<unknown>;
const rulesOf = ({ handles }: AuthorStates) => handles.rules as MapState<Key, unknown>;

const parallelism = fc.integer({ min: 1, max: 9 });
const lists = fc.array(fc.array(fc.integer()), { minLength: 1, maxLength: 9 });

test('G2: the elements of a list are all there once, in their order, and within one of each other', () => {
  fc.assert(
    fc.property(lists, parallelism, (old, now) => {
      const before = open(old.length);
      for (const [i, elements] of old.entries()) listOf(before[i]!, 'ready').update(elements);
      const after = open(now, save(before)).map((states) => listOf(states, 'ready').get());
      expect(after.flat()).toEqual(old.flat());
      if (now === old.length) expect(after).toEqual(old);
      else {
        const lengths = after.map(({ length }) => length);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('G3: of a union everybody gets all elements of all subtasks', () => {
  fc.assert(
    fc.property(lists, parallelism, (old, now) => {
      const before = open(old.length);
      for (const [i, elements] of old.entries())
        for (const element of elements) listOf(before[i]!, 'offsets').add(element);
      for (const states of open(now, save(before)))
        expect(listOf(states, 'offsets').get()).toEqual(old.flat());
    }),
  );
});

describe('G4: of broadcast state everybody gets one whole copy', () => {
  const written = fc.array(fc.tuple(arbitraryKey, fc.integer()), { maxLength: 12 });
  /** What an old subtask has: its copy, a copy of nothing, a file without the state, or no file. */
  const parts = fc.array(fc.constantFrom('copy', 'empty', 'without', 'none'), { minLength: 1, maxLength: 6 });

  test.each(['all', 'some'])('%s of the old subtasks have one', (which) => {
    fc.assert(
      fc.property(written, parts, parallelism, (entries, drawn, now) => {
        const old = which === 'all' ? drawn.map(() => 'copy') : [...drawn, 'copy'];
        const before = old.map((part) => {
          if (part === 'none') return null;
          const [states] = open(1, null, part === 'without' ? { ready } : declarations);
          if (part === 'copy') for (const [key, value] of entries) rulesOf(states!).set(key, value);
          return states!;
        });
        const expected = open(1)[0]!;
        for (const [key, value] of entries) rulesOf(expected).set(key, value);
        const keyed = (states: AuthorStates) => {
          const all = [...rulesOf(states).entries()];
          return new Map(all.map(([key, value]) => [printed(key), value]));
        };
        const after = open(now, save(before));
        for (const states of after) {
          expect(keyed(states)).toEqual(keyed(expected));
          for (const [key] of entries) expect(rulesOf(states).get(key)).toBe(rulesOf(expected).get(key));
        }
      }),
    );
  });

  test('and none where none has one', () => {
    const after = open(3, save([null, open(1)[0]!, null]));
    for (const states of after) expect(rulesOf(states).isEmpty()).toBe(true);
  });
});

test('equal broadcast maps have equal bytes, in whatever order they were written', () => {
  const [a, b] = open(2);
  for (const key of ['x', 7, ['x', 1], null]) rulesOf(a!).set(key, { limit: 1 });
  for (const key of [null, ['x', 1], 7, 'x']) rulesOf(b!).set(key, { limit: 1 });
  const bytes = (states: AuthorStates) =>
    [...save([states]).files.contents.values()].map((file) => Buffer.from(file));
  expect(bytes(a!)).toEqual(bytes(b!));
});

test('a snapshot has what there was at its marking, though it is changed in place afterwards', () => {
  const [states] = open(1);
  const rule = { limit: 1 };
  const job = { done: false };
  rulesOf(states!).set('a', rule);
  listOf(states!, 'ready').add(job);
  const saved = save([states!]);
  rule.limit = 2;
  job.done = true;
  rulesOf(states!).delete('a');
  listOf(states!, 'ready').clear();
  const [after] = open(1, saved);
  expect(rulesOf(after!).get('a')).toEqual({ limit: 1 });
  expect(listOf(after!, 'ready').get()).toEqual([{ done: false }]);
});

test('a change in place is kept', () => {
  const [states] = open(1);
  listOf(states!, 'ready').add({ n: 1 });
  (listOf(states!, 'ready').get() as { n: number }[])[0]!.n = 2;
  (listOf(states!, 'ready').get() as { n: number }[]).push({ n: 3 });
  const [after] = open(1, save([states!]));
  expect(listOf(after!, 'ready').get()).toEqual([{ n: 2 }, { n: 3 }]);
});

test('each element and each value of a broadcast map is migrated', () => {
  const [old] = open(1);
  listOf(old!, 'ready').update([1, 2]);
  listOf(old!, 'offsets').update([3]);
  rulesOf(old!).set(['a', 1], 4);
  const migrations = { 1: (n: unknown) => ({ n }), 2: (wrapped: unknown) => [wrapped] };
  const newer = Object.fromEntries(
    Object.entries(declarations).map(([name, state]) => [name, { ...state, schemaVersion: 3, migrations }]),
  );
  const [now] = open(1, save([old!]), newer);
  expect(listOf(now!, 'ready').get()).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  expect(listOf(now!, 'offsets').get()).toEqual([[{ n: 3 }]]);
  expect(rulesOf(now!).get(['a', 1])).toEqual([{ n: 4 }]);
});

test('keyed state is that of the backend, and is not put into the snapshot by the operator', () => {
  const seen: StateDeclaration<number> = { name: 'seen', type: 'value', schemaVersion: 1 };
  const total: StateDeclaration<number> = {
    name: 'total',
    type: 'reducing',
    schemaVersion: 1,
    fold: {
      add: (sum, value) => ((sum as number | undefined) ?? 0) + (value as number),
      result: (sum) => sum,
    },
  };
  const keyed = new KeyedStateBackend({
    operatorUid: 'op',
    maxParallelism: 1,
    keyGroups: { first: 0, last: 0 },
    declarations: [seen, total, ready] as readonly StateDeclaration[],
    now: () => 0,
  });
  const states = openAuthorStates(
    { uid: 'op', keyed, restoredOperatorState: () => [] },
    { mine: seen as StateDeclaration, sum: total as StateDeclaration, ready },
  );
  keyed.setCurrentKey('k');
  (states.handles.mine as ValueState<number>).set(1);
  (states.handles.sum as ReducingState<number>).add(2);
  (states.handles.sum as ReducingState<number>).add(3);
  expect([keyed.value(seen).get(), keyed.reducing(total).get()]).toEqual([1, 5]);
  const put: string[] = [];
  states.snapshot({ putOperatorState: ({ name }) => put.push(name) });
  expect(put).toEqual(['ready']);
});

test('keyed state without a key is a bug', () => {
  const seen: StateDeclaration = { name: 'seen', type: 'value', schemaVersion: 1 };
  expect(() =>
    openAuthorStates({ uid: 'op', keyed: null, restoredOperatorState: () => [] }, { seen }),
  ).toThrow('op has keyed state but no key');
});

test('what is no key is refused in the name of the state', () => {
  const [states] = open(1);
  expect(() => rulesOf(states!).set(new Date(0) as never, 1)).toThrow(
    'Broadcast state "rules" of operator "op": A Date is no key; use one of its properties.',
  );
});

test('who may only read a map has nothing to write it with', () => {
  const [states] = open(1);
  rulesOf(states!).set('a', 1);
  const view = readonlyMapState(rulesOf(states!));
  expect(Object.keys(view).sort()).toEqual(['entries', 'get', 'has', 'isEmpty']);
  expect([view.get('a'), view.has('b'), [...view.entries()], view.isEmpty()]).toEqual([
    1,
    false,
    [['a', 1]],
    false,
  ]);
});

const printed = (key: Key): string =>
  JSON.stringify(key, (_, part: unknown) =>
    typeof part === 'bigint'
      ? `${part}n`
      : typeof part === 'number' && !Number.isFinite(part)
        ? `number ${part}`
        : part,
  );
