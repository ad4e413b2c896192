/**
 * The backend against plain Maps that know nothing of key groups, stashes or slices: random operations, snapshots that
 * are marked in the middle, written slice by slice between more operations, several at once, some of them cancelled.
 * The oracle keeps everything by JSON of the key and remembers a deep copy at every mark.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBytes } from '../../runtime/base/compareBytes.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import type { KeyedStates } from '../../runtime/operators/operator.ts';
import type { Key, StateDeclaration } from '../../runtime/state/declarations.ts';
import { decodeKey } from '../../runtime/state/keyEncoding.ts';
import { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { keyGroupOf } from '../../runtime/state/keyGroups.ts';
import type { SnapshotCursor } from '../../runtime/state/snapshotCursor.ts';
import { entriesOf, type StateBlock } from '../../runtime/state/stateBlock.ts';
import { readWholeValue as readBack } from '../../runtime/state/valueReader.ts';

const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const total: StateDeclaration<{ sum: number }> = {
  name: 'total',
  type: 'value',
  schemaVersion: 1,
  initial: () => ({ sum: 0 }),
};
const seen: StateDeclaration<{ id: number }> = { name: 'seen', type: 'list', schemaVersion: 1 };
const perHour: StateDeclaration<{ n: number } | number> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
const declarations = [count, total, seen, perHour] as readonly StateDeclaration[];

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
const json = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : Number.isNaN(part) ? 'NaN' : part,
  );

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'G11: a snapshot equals the state at its mark, whatever happens while it is written (seed %i)',
  (seed) => {
    check(seed, 3_000);
  },
);

test('G11 with fresh seeds', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => check(seed, 300)),
    { numRuns: 30 },
  );
});

interface Running {
  readonly cursor: SnapshotCursor;
  readonly expected: Oracle;
  readonly blocks: StateBlock[];
}

function check(seed: number, steps: number): void {
  const random = seededRandom(seed);
  const backend = new KeyedStateBackend({
    operatorUid: 'op',
    maxParallelism: 4,
    keyGroups: { first: 0, last: 3 },
    declarations,
    now: () => 0,
    sliceUnits: 1 + random.below(40),
  });
  const states: KeyedStates = backend;
  const oracle: Oracle = new Map();
  const running: Running[] = [];
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;

  for (let step = 0; step < steps; step++) {
    const key = pick(keys);
    const at = (state: string, subKey: unknown = null) => `${state} ${json(key)} ${json(subKey)}`;
    backend.setCurrentKey(key);
    const operation = random.below(20);
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
      for (const [subKey, value] of states.map(perHour).entries()) {
        if (typeof value !== 'object') continue;
        value.n = -step;
        oracle.set(at('per-hour', subKey), json({ n: -step }));
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
    } else {
      const due = backend.eventTimers.popDue(random.below(5));
      if (due !== null) {
        const name = `event-time-timers ${json(due.key)} ${json([due.time, due.namespace])}`;
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
}

/** Writes one slice; at the end compares and answers true. */
function advance({ cursor, expected, blocks }: Running): boolean {
  const slice = cursor.next();
  if (slice !== null) {
    if (slice.block !== null) blocks.push(slice.block);
    return false;
  }
  expect(Object.fromEntries(contentOf(blocks))).toEqual(Object.fromEntries([...expected].sort()));
  return true;
}

/** Also checks the order, the key groups and the counts. */
function contentOf(blocks: readonly StateBlock[]): Oracle {
  const content: Oracle = new Map();
  let previous: { block: StateBlock; key: Uint8Array; subKey: Uint8Array } | null = null;
  for (const block of blocks) {
    let entries = 0;
    for (const { key, subKey, value } of entriesOf(block.bytes, block.state.type)) {
      expect(keyGroupOf(decodeKey(key), 4)).toBe(block.keyGroup);
      const sub = subKey ?? new Uint8Array(0);
      if (
        previous !== null &&
        previous.block.state === block.state &&
        previous.block.keyGroup === block.keyGroup
      ) {
        expect(compareBytes(previous.key, key) || compareBytes(previous.subKey, sub)).toBeLessThan(0);
      }
      previous = { block, key, subKey: sub };
      const shownValue = block.state.type === 'timers' ? 'undefined' : json(readBack(value));
      content.set(
        `${block.state.name} ${json(decodeKey(key))} ${json(subKey === null ? null : decodeKey(subKey))}`,
        shownValue,
      );
      entries++;
    }
    expect(entries).toBe(block.entries);
  }
  return content;
}
