/**
 * State with TTL against plain lists of what was written when: random accesses under a clock that moves now and then,
 * snapshots that are marked in the middle and written slice by slice between more accesses.
 *
 * What has expired may be cleaned away at any access, so the model forgets nothing by itself. What is read must be what
 * has not expired; a snapshot must hold all of that, and nothing that is not in the model, each with the time of its last
 * touch at the mark.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../runtime/base/random.ts';
import type { Key, StateDeclaration, StateTtl } from '../../runtime/state/declarations.ts';
import type { SnapshotCursor } from '../../runtime/state/snapshotCursor.ts';
import type { StateBlock } from '../../runtime/state/stateBlock.ts';
import { type BackendKind, backendKinds, openBackend, type SpillingBackend } from './backends.ts';
import { contentOf, json, place, writeSlice } from './snapshotContent.ts';

const afterMs = 20;
const keys: readonly Key[] = ['SFO', 'JFK', '', 7, null, ['SFO', 7], { a: 1 }];
const subKeys: readonly Key[] = ['h', 1, [1, 2]];

/** What was written, and when it was last touched. */
interface Touched {
  value: unknown;
  at: number;
}

/** By place: of a list several, of everything else at most one. */
type Model = Map<string, Touched[]>;

interface Running {
  readonly cursor: SnapshotCursor;
  readonly blocks: StateBlock[];
  readonly model: Model;
  readonly now: number;
}

const refreshes = ['on-create-and-write', 'on-read-and-write'] as const;

describe.each(backendKinds)('state in %s', (kind) => {
  test.each(refreshes.flatMap((refresh) => [1, 2, 3].map((seed) => [refresh, seed] as const)))(
    'a snapshot has what had not expired at its mark, with its times (%s, seed %i)',
    (refresh, seed) => check(kind, refresh, seed, 3_000),
  );

  test('the same with fresh seeds', () => {
    fc.assert(
      fc.property(fc.constantFrom(...refreshes), fc.integer(), (refresh, seed) =>
        check(kind, refresh, seed, 300),
      ),
      { numRuns: 30 },
    );
  });
});

function check(kind: BackendKind, refresh: StateTtl['refresh'], seed: number, steps: number): void {
  const random = seededRandom(seed);
  const ttl: StateTtl = { afterMs, refresh, visibility: 'never-return-expired' };
  const state = <T>(name: string, type: StateDeclaration['type']): StateDeclaration<T> => {
    return { name, type, schemaVersion: 1, ttl };
  };
  const last = state<{ n: number }>('last', 'value');
  const seen = state<{ n: number }>('seen', 'list');
  const perHour = state<{ n: number } | number>('per-hour', 'map');
  const total: StateDeclaration<number> = {
    ...state('total', 'reducing'),
    fold: {
      add: (sum, value) => ((sum as number | undefined) ?? 0) + (value as number),
      result: (sum) => sum,
    },
  };
  let now = 1_000;
  const backend = openBackend(
    kind,
    {
      operatorUid: 'op',
      maxParallelism: 4,
      keyGroups: { first: 0, last: 3 },
      declarations: [last, seen, perHour, total] as readonly StateDeclaration[],
      now: () => now,
      sliceUnits: 1 + random.below(40),
    },
    { seed },
  );
  const model: Model = new Map();
  const running: Running[] = [];
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const isAlive = ({ at }: Touched) => at + afterMs > now;
  const alive = (where: string) => (model.get(where) ?? []).filter(isAlive);
  const read = (where: string) => {
    const found = alive(where);
    if (refresh === 'on-read-and-write') for (const touched of found) touched.at = now;
    return found;
  };
  const write = (where: string, value: unknown) => model.set(where, [{ value, at: now }]);
  const mark = (): Running => {
    const copy: Model = structuredClone(model);
    return { cursor: backend.markSnapshot(1), blocks: [], model: copy, now };
  };

  for (let step = 0; step < steps; step++) {
    if (random.below(3) === 0) now += random.below(6);
    const key = pick(keys);
    const subKey = pick(subKeys);
    const at = (name: string) => place(name, key);
    const inMap = place('per-hour', key, subKey);
    backend.setCurrentKey(key);
    switch (random.below(17)) {
      case 0:
      case 1:
        backend.value(last).set({ n: step });
        write(at('last'), { n: step });
        break;
      case 2: {
        // In place, which touches nothing.
        const value = backend.value(last).get();
        const [found] = read(at('last'));
        expect(value).toEqual(found?.value);
        if (value !== undefined) value.n = -step;
        if (found !== undefined) found.value = { n: -step };
        break;
      }
      case 3:
        backend.value(last).clear();
        model.delete(at('last'));
        break;
      case 4:
      case 5:
      case 6:
        backend.list(seen).add({ n: step });
        model.set(at('seen'), [...(model.get(at('seen')) ?? []), { value: { n: step }, at: now }]);
        break;
      case 7: {
        const list = backend.list(seen).get();
        const found = read(at('seen'));
        expect(list).toEqual(found.map(({ value }) => value));
        for (const element of list) element.n = step;
        for (const touched of found) touched.value = { n: step };
        break;
      }
      case 8: {
        const values = [{ n: step }, { n: step + 1 }].slice(random.below(3));
        backend.list(seen).update(values);
        model.set(
          at('seen'),
          values.map((value) => ({ value: { ...value }, at: now })),
        );
        break;
      }
      case 9:
      case 10: {
        const value = random.below(2) === 0 ? step : { n: step };
        backend.map(perHour).set(subKey, value);
        write(inMap, json(value) === String(step) ? step : { n: step });
        break;
      }
      case 11: {
        const [found] = read(inMap);
        if (random.below(2) === 0) expect(backend.map(perHour).has(subKey)).toBe(found !== undefined);
        else expect(backend.map(perHour).get(subKey)).toEqual(found?.value);
        break;
      }
      case 12: {
        const found = subKeys.flatMap((sub) =>
          read(place('per-hour', key, sub)).map((touched) => [json(sub), touched.value]),
        );
        const entries = [...backend.map(perHour).entries()].map(([sub, value]) => [json(sub), value]);
        expect(entries.sort()).toEqual(found.sort());
        // In place, after the last of them was handed out.
        for (const [, value] of backend.map(perHour).entries())
          if (typeof value === 'object') value.n = -step;
        for (const sub of subKeys)
          for (const touched of alive(place('per-hour', key, sub)))
            if (typeof touched.value === 'object') touched.value = { n: -step };
        break;
      }
      case 13: {
        expect(backend.map(perHour).isEmpty()).toBe(
          subKeys.every((sub) => alive(place('per-hour', key, sub)).length === 0),
        );
        if (random.below(4) > 0) break;
        backend.map(perHour).clear();
        for (const sub of subKeys) model.delete(place('per-hour', key, sub));
        break;
      }
      case 14:
        backend.map(perHour).delete(subKey);
        model.delete(inMap);
        break;
      case 15:
        backend.reducing(total).add(step);
        write(at('total'), ((alive(at('total'))[0]?.value as number | undefined) ?? 0) + step);
        break;
      default:
        expect(backend.reducing(total).get()).toBe(read(at('total'))[0]?.value);
    }
    if (random.below(30) === 0 && running.length < 3) running.push(mark());
    for (const [i, snapshot] of running.entries()) {
      if (random.below(4) === 0 && !writeSlice(snapshot.cursor, snapshot.blocks)) {
        compare(snapshot);
        running.splice(i, 1);
      }
    }
  }
  running.push(mark());
  for (const snapshot of running) {
    while (writeSlice(snapshot.cursor, snapshot.blocks));
    compare(snapshot);
  }
  if (kind === 'disk' && steps > 1_000) expect((backend as SpillingBackend).store.reads).toBeGreaterThan(200);
}

function compare({ blocks, model, now }: Running): void {
  const content = contentOf(blocks, 4);
  const times = new Map([...content].filter(([where]) => where.includes(' (ttl) ')));
  for (const where of times.keys()) content.delete(where);
  const timesAt = (where: string) =>
    times.get(where.replace(/^(last|seen|per-hour|total)/, (name) => `${name} (ttl)`));
  expect(times.size).toBe(content.size);
  for (const [where, written] of model) {
    const isList = where.startsWith('seen ');
    const parse = (text: string | undefined) =>
      text === undefined ? [] : JSON.parse(isList ? text : `[${text}]`);
    const values = parse(content.get(where)) as unknown[];
    const ofValues = parse(timesAt(where)) as number[];
    expect(ofValues.length, where).toBe(values.length);
    content.delete(where);
    // In order, each of what was written is there, or has expired.
    let found = 0;
    for (const { value, at } of written) {
      if (ofValues[found] === at && json(values[found]) === json(value)) found++;
      else expect(at + afterMs, `${where}: ${json(value)} of ${at}, at ${now}`).toBeLessThanOrEqual(now);
    }
    expect(found, where).toBe(values.length);
  }
  expect([...content.keys()]).toEqual([]);
}
