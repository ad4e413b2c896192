/** What a snapshot costs at a time: nothing at the mark, little in a slice, and nothing once it is over. */
import { describe, expect, test } from 'vitest';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { StateRefused } from '../../runtime/state/snapshotCursor.ts';

const value: StateDeclaration<unknown> = { name: 'value', type: 'value', schemaVersion: 1 };
const map: StateDeclaration<unknown> = { name: 'map', type: 'map', schemaVersion: 1 };

const backend = () =>
  new KeyedStateBackend({
    operatorUid: 'op',
    maxParallelism: 1,
    keyGroups: { first: 0, last: 0 },
    declarations: [value, map],
    now: () => 0,
  });

describe('20,000 entries of one key group are written a few hundred at a time', () => {
  /** Counts how often a value is looked into. */
  let encoded = 0;
  const counting = () => ({
    get n() {
      encoded++;
      return 1;
    },
  });
  const entries = 20_000;
  test.each<[string, (states: KeyedStateBackend) => void]>([
    [
      'of as many keys',
      (states) => {
        for (let i = 0; i < entries; i++) {
          states.setCurrentKey(`key-${i}`);
          states.value(value).set(counting());
        }
      },
    ],
    [
      'of one key',
      (states) => {
        states.setCurrentKey('a');
        for (let i = 0; i < entries; i++) states.map(map).set(i, counting());
      },
    ],
  ])('%s', (_, fill) => {
    const states = backend();
    fill(states);
    encoded = 0;
    const cursor = states.markSnapshot(1);
    expect(encoded).toBe(0);
    let slices = 0;
    for (;;) {
      const before = encoded;
      const slice = cursor.next();
      if (slice === null) break;
      slices++;
      expect(encoded - before).toBeLessThan(800);
    }
    expect(encoded).toBe(entries);
    expect(slices).toBeGreaterThan(entries / 800 + entries / 8_192);
  });

  test('timers too', () => {
    const states = backend();
    states.setCurrentKey('a');
    for (let i = 0; i < entries; i++) states.timers.registerEventTime(i);
    const cursor = states.markSnapshot(1);
    let slices = 0;
    for (; cursor.next() !== null; slices++);
    expect(slices).toBeGreaterThan(entries / 800);
  });
});

test('a snapshot that is over, cancelled or refused keeps nothing and costs nothing', () => {
  let looked = 0;
  const watched = {
    get n() {
      looked++;
      return 1;
    },
  };
  for (const end of ['over', 'cancelled', 'refused']) {
    const states = backend();
    states.setCurrentKey('watched');
    states.value(value).set(watched);
    if (end === 'refused') {
      states.setCurrentKey('a');
      states.value(value).set(() => 1);
    }
    const cursor = states.markSnapshot(1);
    if (end === 'cancelled') cursor.cancel();
    else if (end === 'refused') expect(() => cursor.next()).toThrow(StateRefused);
    else while (cursor.next() !== null);
    expect(cursor.next()).toBeNull();
    looked = 0;
    states.setCurrentKey('watched');
    states.value(value).get();
    expect(looked, end).toBe(0);
  }
});

test('after a refusal the next snapshot can succeed', () => {
  const states = backend();
  states.setCurrentKey('a');
  states.value(value).set({ f: () => 1 });
  expect(() => states.markSnapshot(1).next()).toThrow(
    'State "value" of operator "op" cannot be saved for key "a": the value\'s .f is a function.',
  );
  states.value(value).set(1);
  const cursor = states.markSnapshot(2);
  let entries = 0;
  for (let slice = cursor.next(); slice !== null; slice = cursor.next()) entries += slice.block?.entries ?? 0;
  expect(entries).toBe(1);
});
