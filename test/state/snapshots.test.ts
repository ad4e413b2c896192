/**
 * The backend against plain Maps that know nothing of key groups, stashes or slices: random operations, snapshots that
 * are marked in the middle, written slice by slice between more operations, several at once, some of them cancelled.
 * The oracle keeps everything by JSON of the key and remembers a deep copy at every mark.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import type { KeyedStates } from '../../runtime/operators/operator.ts';
import type { Key, StateDeclaration } from '../../runtime/state/declarations.ts';
import type { KeyedStateOptions } from '../../runtime/state/keyedStates.ts';
import type { SnapshotCursor } from '../../runtime/state/snapshotCursor.ts';
import type { StateBlock } from '../../runtime/state/stateBlock.ts';
import { type BackendKind, backendKinds, openBackend, type SpillingBackend } from './backends.ts';
import { contentOf, json, place, writeSlice } from './snapshotContent.ts';

const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const total: StateDeclaration<{ sum: number }> = {
  name: 'total',
  type: 'value',
  schemaVersion: 1,
  initial: () => ({ sum: 0 }),
};
const seen: StateDeclaration<{ id: number }> = { name: 'seen', type: 'list', schemaVersion: 1 };
const perHour: StateDeclaration<{ n: number } | number> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
const longest: StateDeclaration<number> = {
  name: 'longest',
  type: 'reducing',
  schemaVersion: 1,
  fold: {
    add: (sum, value) => Math.max((sum as number | undefined) ?? 0, value as number),
    result: (sum) => sum,
  },
};
/** Changes its accumulator in place. */
const names: StateDeclaration = {
  name: 'names',
  type: 'aggregating',
  schemaVersion: 1,
  fold: {
    add: (names = [], name) => {
      (names as unknown[]).push(name);
      return names;
    },
    result: (names) => (names as unknown[]).length,
  },
};
const declarations = [count, total, seen, perHour, longest, names] as readonly StateDeclaration[];

const keys: readonly Key[] = [
  'SFO',
  'JFK',
  '',
  'é',
  'a\0',
  '\0',
  7,
  -1.5,
  Number.NaN,
  12n,
  true,
  null,
  ['SFO', 7],
  { a: 1 },
  [],
  ['x', [null]],
];
const subKeys: readonly Key[] = ['h', 1, [1, 2], { from: 3 }];

/** state name → key → sub key → value, all as JSON of what they are. */
type Oracle = Map<string, string>;
describe.each(backendKinds)('G11, state in %s', (kind) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'a snapshot equals the state at its mark, whatever happens while it is written (seed %i)',
    (seed) => {
      check(kind, seed, 3_000);
    },
  );

  test('with fresh seeds', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => check(kind, seed, 300)),
      { numRuns: 30 },
    );
  });
});

interface Running {
  readonly cursor: SnapshotCursor;
  readonly expected: Oracle;
  readonly blocks: StateBlock[];
}

function check(kind: BackendKind, seed: number, steps: number): void {
  const random = seededRandom(seed);
  const options: KeyedStateOptions = {
    operatorUid: 'op',
    maxParallelism: 4,
    keyGroups: { first: 0, last: 3 },
    declarations,
    now: () => 0,
    sliceUnits: 1 + random.below(40),
  };
  const backend = openBackend(kind, options, { seed });
  const states: KeyedStates = backend;
  const oracle: Oracle = new Map();
  const running: Running[] = [];
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;

  for (let step = 0; step < steps; step++) {
    const key = pick(keys);
    const at = (state: string, subKey: unknown = null) => place(state, key, subKey);
    backend.setCurrentKey(key);
    const operation = random.below(23);
    if (operation === 0) {
      states.value(count).clear();
      oracle.delete(at('count'));
    } else if (operation < 4) {
      states.value(count).set(step);
      oracle.set(at('count'), json(step));
    } else if (operation < 6) {
      // In place, without a set.
      states.value(total).get()!.sum++;
      const sum = (JSON.parse(oracle.get(at('total')) ?? '{"sum":0}') as { sum: number }).sum + 1;
      oracle.set(at('total'), json({ sum }));
    } else if (operation === 6) {
      states.value(total).clear();
      oracle.delete(at('total'));
    } else if (operation < 9) {
      states.list(seen).add({ id: step });
      oracle.set(
        at('seen'),
        json([...(JSON.parse(oracle.get(at('seen')) ?? '[]') as unknown[]), { id: step }]),
      );
    } else if (operation === 9) {
      // Mutated in place through what get() handed out.
      const list = states.list(seen).get();
      for (const element of list) element.id = step;
      if (list.length > 0) oracle.set(at('seen'), json(list.map(() => ({ id: step }))));
    } else if (operation === 10) {
      states.list(seen).clear();
      oracle.delete(at('seen'));
    } else if (operation < 14) {
      const subKey = pick(subKeys);
      const value = random.below(2) === 0 ? step : { n: step };
      states.map(perHour).set(subKey, value);
      oracle.set(at('per-hour', subKey), json(value));
    } else if (operation === 14) {
      const subKey = pick(subKeys);
      states.map(perHour).delete(subKey);
      oracle.delete(at('per-hour', subKey));
    } else if (operation === 15) {
      // Cleared on the way, now and then: what the iteration still hands out is nothing to the state any more.
      let left = random.below(10);
      for (const [subKey, value] of states.map(perHour).entries()) {
        if (left-- === 0) {
          states.map(perHour).clear();
          for (const cleared of subKeys) oracle.delete(at('per-hour', cleared));
        }
        if (typeof value !== 'object') continue;
        value.n = -step;
        if (left >= 0) oracle.set(at('per-hour', subKey), json({ n: -step }));
      }
    } else if (operation === 16) {
      if (random.below(3) === 0) {
        states.map(perHour).clear();
        for (const subKey of subKeys) oracle.delete(at('per-hour', subKey));
      }
    } else if (operation === 17) {
      const time = random.below(5);
      const namespace = pick(subKeys);
      states.timers.registerEventTime(time, namespace);
      oracle.set(at('event-time-timers', [time, namespace]), 'undefined');
    } else if (operation === 18) {
      const time = random.below(5);
      const namespace = pick(subKeys);
      states.timers.deleteEventTime(time, namespace);
      oracle.delete(at('event-time-timers', [time, namespace]));
    } else if (operation === 19) {
      if (random.below(4) === 0) {
        states.reducing(longest).clear();
        oracle.delete(at('longest'));
      } else {
        states.reducing(longest).add(step % 100);
        const sum = Math.max(Number(oracle.get(at('longest')) ?? 0), step % 100);
        oracle.set(at('longest'), json(sum));
        expect(states.reducing(longest).get()).toBe(sum);
      }
    } else if (operation < 22) {
      states.aggregating<number, number>(names).add(step);
      const all = [...(JSON.parse(oracle.get(at('names')) ?? '[]') as number[]), step];
      oracle.set(at('names'), json(all));
      expect(states.aggregating<number, number>(names).get()).toBe(all.length);
      if (random.below(8) === 0) {
        states.aggregating(names).clear();
        oracle.delete(at('names'));
      }
    } else {
      const due = backend.eventTimers.popDue(random.below(5));
      if (due !== null) {
        const name = place('event-time-timers', due.key, [due.time, due.namespace]);
        expect(oracle.delete(name), name).toBe(true);
      }
    }

    if (random.below(40) === 0 && running.length < 3) {
      running.push({ cursor: backend.markSnapshot(step), expected: new Map(oracle), blocks: [] });
    }
    for (const [i, snapshot] of running.entries()) {
      // Some advance often and some seldom; some are cancelled on their way.
      if (random.below(4) === 0 && advance(snapshot)) running.splice(i, 1);
      else if (random.below(300) === 0) {
        snapshot.cursor.cancel();
        expect(snapshot.cursor.next()).toBeNull();
        running.splice(i, 1);
      }
    }
  }
  for (const snapshot of running) while (!advance(snapshot));
  const last: Running = { cursor: backend.markSnapshot(steps), expected: new Map(oracle), blocks: [] };
  while (!advance(last));
  if (kind === 'disk' && steps > 1_000)
    expect((backend as SpillingBackend).store.reads).toBeGreaterThan(1_000);
}

/** Writes one slice; at the end compares and answers true. */
function advance({ cursor, expected, blocks }: Running): boolean {
  if (writeSlice(cursor, blocks)) return false;
  expect(Object.fromEntries(contentOf(blocks, 4))).toEqual(Object.fromEntries([...expected].sort()));
  return true;
}
