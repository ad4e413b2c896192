import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../runtime/base/assert.ts';
import type { KeyedStates } from '../../runtime/operators/operator.ts';
import type { Key, StateDeclaration } from '../../runtime/state/declarations.ts';
import { KeyRefused } from '../../runtime/state/keyEncoding.ts';
import type { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { keyGroupOf } from '../../runtime/state/keyGroups.ts';
import { backendKinds, openBackend } from './backends.ts';

const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const withDefault: StateDeclaration<{ n: number }> = {
  name: 'with-default',
  type: 'value',
  schemaVersion: 1,
  initial: () => ({ n: 0 }),
};
const zero: StateDeclaration<number> = { name: 'zero', type: 'reducing', schemaVersion: 1, initial: () => 0 };
const items: StateDeclaration<string> = { name: 'items', type: 'list', schemaVersion: 1 };
const perHour: StateDeclaration<{ n: number }> = { name: 'per-hour', type: 'map', schemaVersion: 1 };
const declarations = [count, withDefault, zero, items, perHour] as readonly StateDeclaration[];

describe.each(backendKinds)('state in %s', (kind) => {
  function backend(options: { first?: number; last?: number } = {}): KeyedStateBackend {
    const { first = 0, last = 127 } = options;
    return openBackend(kind, {
      operatorUid: 'op',
      maxParallelism: 128,
      keyGroups: { first, last },
      declarations,
      now: () => 0,
    });
  }

  test('every key has its own state, and equal keys have one', () => {
    const states = backend();
    const keys: readonly Key[] = [
      'a',
      'b',
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      [1],
      ['1'],
      { a: 1 },
      { a: '1' },
      '',
    ];
    for (const [i, key] of keys.entries()) {
      states.setCurrentKey(key);
      expect(states.value(count).get()).toBeUndefined();
      states.value(count).set(i);
    }
    for (const [i, key] of structuredClone(keys as unknown[]).entries()) {
      states.setCurrentKey(key as Key);
      expect(states.value(count).get()).toBe(i);
    }
    states.setCurrentKey(-0);
    states.value(count).set(7);
    states.setCurrentKey(0);
    expect(states.value(count).get()).toBe(7);
    expect(states.keyCount).toBe(keys.length + 1);
  });

  test('a value that is set to undefined is cleared', () => {
    const states = backend();
    states.setCurrentKey('a');
    states.value(count).set(1);
    states.value(count).set(undefined as never);
    expect(states.value(count).get()).toBeUndefined();
    expect(states.keyCount).toBe(0);
  });

  test('a mutation in place is kept, also of what stands for nothing', () => {
    const states = backend();
    states.setCurrentKey('a');
    states.value(withDefault).get()!.n++;
    states.value(withDefault).get()!.n++;
    expect(states.value(withDefault).get()).toEqual({ n: 2 });
    expect(states.value(zero).get()).toBe(0);
    states.map(perHour).set('h', { n: 1 });
    states.map(perHour).get('h')!.n++;
    for (const [, value] of states.map(perHour).entries()) value.n++;
    expect(states.map(perHour).get('h')).toEqual({ n: 3 });
    states.list(items).add('x');
    (states.list(items).get() as string[]).push('y');
    expect(states.list(items).get()).toEqual(['x', 'y']);
  });

  test('pushing into an empty list fails loudly instead of being lost', () => {
    const states = backend();
    states.setCurrentKey('a');
    expect(() => (states.list(items).get() as string[]).push('y')).toThrow(TypeError);
  });

  test('update copies the list that it is given', () => {
    const states = backend();
    states.setCurrentKey('a');
    const given = ['x'];
    states.list(items).update(given);
    given.push('y');
    expect(states.list(items).get()).toEqual(['x']);
  });

  test('a map is empty again when its last entry is gone, and leaves no key behind', () => {
    const states = backend();
    states.setCurrentKey('a');
    const map = states.map(perHour);
    expect(map.isEmpty()).toBe(true);
    map.set([1, { a: 2 }], { n: 1 });
    expect(map.has([1, { a: 2 }])).toBe(true);
    expect([...map.entries()]).toEqual([[[1, { a: 2 }], { n: 1 }]]);
    map.delete([1, { a: 2 }]);
    expect(map.isEmpty()).toBe(true);
    expect(states.keyCount).toBe(0);
  });

  test('entries are those of the key that was current when they were asked for', () => {
    const states = backend();
    for (const key of ['a', 'b']) {
      states.setCurrentKey(key);
      states.map(perHour).set(key, { n: 1 });
    }
    states.setCurrentKey('a');
    const entries = states.map(perHour).entries();
    states.setCurrentKey('b');
    expect([...entries]).toEqual([['a', { n: 1 }]]);
  });

  test('it implements what operators are promised', () => {
    const states: KeyedStates = backend();
    expect(states.timers.currentWatermark()).toBe(Number.NEGATIVE_INFINITY);
  });

  test.each<[string, (states: KeyedStateBackend) => void, new (...given: never[]) => Error, string]>([
    [
      'a key that is none',
      (states) => states.setCurrentKey(new Date(0) as never),
      KeyRefused,
      'Operator "op": A Date is no key; use one of its properties.',
    ],
    [
      'a map key that is none',
      (states) => states.map(perHour).set(undefined as never, { n: 1 }),
      KeyRefused,
      'Map state "per-hour" of operator "op": undefined is no key.',
    ],
    [
      'a state that was not declared',
      (states) => states.value({ ...count, name: 'other' }),
      AssertionError,
      'operator op uses the state other without declaring it',
    ],
    [
      'a state of another type',
      (states) => states.list(count as StateDeclaration<never>),
      AssertionError,
      'the state count of op is a value state',
    ],
    [
      'a timer at no time',
      (states) => states.timers.registerEventTime(Number.NaN),
      TypeError,
      'A timer is registered for a time in milliseconds since the epoch, not for NaN.',
    ],
  ])('%s is refused', (_, act, error, message) => {
    const states = backend();
    states.setCurrentKey('a');
    expect(() => act(states)).toThrow(error);
    expect(() => act(states)).toThrow(message);
  });

  test('a key of another subtask is a bug, and state without a key is one', () => {
    const states = backend({ first: 0, last: 63 });
    expect(() => states.value(count).get()).toThrow(AssertionError);
    const foreign = ['a', 'b', 'c', 'd', 'e'].find((key) => keyGroupOf(key, 128) > 63)!;
    expect(() => states.setCurrentKey(foreign)).toThrow('which owns 0 to 63');
    expect(() => states.value(count).get()).toThrow(AssertionError);
  });

  test('the size is estimated from what the last snapshot measured', () => {
    const states = backend();
    const write = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        states.setCurrentKey(`key-${i}`);
        states.list(items).update(['x'.repeat(200)]);
      }
    };
    write(0, 100);
    const cursor = states.markSnapshot(1);
    let bytes = 0;
    for (let slice = cursor.next(); slice !== null; slice = cursor.next())
      bytes += slice.block?.bytes.length ?? 0;
    expect(states.estimatedBytes).toBe(bytes);
    write(100, 200);
    expect(states.estimatedBytes).toBe(2 * bytes);
  });
});
