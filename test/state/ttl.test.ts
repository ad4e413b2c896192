/** What lives how long: state with TTL under a clock that is moved by hand. */
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import type { KeyedStateType, StateDeclaration, StateTtl } from '../../runtime/state/declarations.ts';
import { backendKinds, openBackend } from './backends.ts';

const afterMs = 100;
const never: StateTtl = { afterMs, refresh: 'on-create-and-write', visibility: 'never-return-expired' };
const onRead: StateTtl = { ...never, refresh: 'on-read-and-write' };
const answered: StateTtl = { ...never, visibility: 'return-expired-if-not-cleaned-up' };

const types = ['value', 'list', 'map', 'reducing', 'aggregating'] as const;
type Type = (typeof types)[number];

describe.each(backendKinds)('state in %s', (kind) => {
  /** A state of any type whose one entry is written and read as a number; 0: there is none. */
  function tableOf(type: Type, ttl: StateTtl, extra: Partial<StateDeclaration> = {}) {
    const declaration: StateDeclaration = {
      name: 'state',
      type: type satisfies KeyedStateType,
      schemaVersion: 1,
      ttl,
      ...(type === 'reducing' || type === 'aggregating'
        ? {
            fold: {
              add: (sum: unknown, value: unknown) => ((sum as number | undefined) ?? 0) + (value as number),
              result: (sum: unknown) => sum,
            },
          }
        : {}),
      ...extra,
    };
    const clock = new ManualClock(1_000);
    const backend = openBackend(kind, {
      operatorUid: 'op',
      maxParallelism: 4,
      keyGroups: { first: 0, last: 3 },
      declarations: [declaration],
      now: () => clock.now(),
    });
    backend.setCurrentKey('k');
    const numbers = declaration as StateDeclaration<number>;
    const handles = {
      value: {
        write: (n: number) => backend.value(numbers).set(n),
        read: () => backend.value(numbers).get(),
      },
      list: {
        write: (n: number) => backend.list(numbers).add(n),
        read: () => backend.list(numbers).get()[0],
      },
      map: {
        write: (n: number) => backend.map(numbers).set('h', n),
        read: () => backend.map<string, number>(numbers).get('h'),
      },
      reducing: {
        write: (n: number) => backend.reducing(numbers).add(n),
        read: () => backend.reducing(numbers).get(),
      },
      aggregating: {
        write: (n: number) => backend.aggregating<number, number>(declaration).add(n),
        read: () => backend.aggregating<number, number>(declaration).get(),
      },
    } as const;
    const { write, read } = handles[type];
    return { backend, clock, declaration: numbers, write, read: () => read() ?? 0 };
  }

  describe.each(types)('an entry of a %s state', (type) => {
    test('lives for its time and not a millisecond longer', () => {
      const { clock, write, read } = tableOf(type, never);
      write(7);
      clock.advance(afterMs - 1);
      expect(read()).toBe(7);
      clock.advance(1);
      expect(read()).toBe(0);
      expect(read()).toBe(0);
    });

    test('begins anew when it is written after it has expired', () => {
      const { clock, write, read } = tableOf(type, never);
      write(7);
      clock.advance(afterMs);
      write(8);
      expect(read()).toBe(8);
      clock.advance(afterMs - 1);
      expect(read()).toBe(8);
    });

    test('lives on from its last write, and reading does not count', () => {
      const { clock, write, read } = tableOf(type, never);
      write(7);
      clock.advance(afterMs - 1);
      expect(read()).toBe(7);
      if (type !== 'list') write(1);
      clock.advance(afterMs - 1);
      expect(read()).toBe({ value: 1, list: 0, map: 1, reducing: 8, aggregating: 8 }[type]);
      clock.advance(1);
      expect(read()).toBe(0);
    });

    test('lives on from its last read, where reading counts', () => {
      const { clock, write, read } = tableOf(type, onRead);
      write(7);
      for (let i = 0; i < 5; i++) {
        clock.advance(afterMs - 1);
        expect(read()).toBe(7);
      }
      clock.advance(afterMs);
      expect(read()).toBe(0);
    });

    test('is answered once more after it has expired, where that is asked for', () => {
      const { clock, write, read } = tableOf(type, answered);
      write(7);
      clock.advance(10 * afterMs);
      expect(read()).toBe(7);
      expect(read()).toBe(0);
    });

    test('is gone when it is cleared', () => {
      const { backend, declaration, write, read } = tableOf(type, never);
      write(7);
      if (type === 'list') backend.list(declaration).clear();
      else if (type === 'map') backend.map(declaration).clear();
      else backend.value(declaration).clear();
      expect(read()).toBe(0);
      expect(backend.keyCount).toBe(0);
    });

    test('leaves nothing behind when it was read after it had expired', () => {
      const { backend, clock, write, read } = tableOf(type, never);
      write(7);
      clock.advance(afterMs);
      read();
      expect(backend.keyCount).toBe(0);
      expect(backend.estimatedBytes).toBe(0);
    });
  });

  test('an accumulator that has expired is not added to', () => {
    const { clock, write, read } = tableOf('reducing', never);
    write(7);
    clock.advance(afterMs);
    write(1);
    expect(read()).toBe(1);
  });

  test('an accumulator that may still be answered is added to', () => {
    const { clock, write, read } = tableOf('reducing', answered);
    write(7);
    clock.advance(afterMs);
    write(1);
    expect(read()).toBe(8);
  });

  test('the elements of a list live each for itself', () => {
    const { backend, clock, declaration } = tableOf('list', never);
    const list = backend.list(declaration);
    list.add(1);
    clock.advance(60);
    list.add(2);
    list.add(3);
    clock.advance(60);
    expect(list.get()).toEqual([2, 3]);
    list.update([4, 5]);
    clock.advance(99);
    expect(list.get()).toEqual([4, 5]);
    clock.advance(1);
    expect(list.get()).toEqual([]);
  });

  test('the entries of a map live each for itself', () => {
    const { backend, clock, declaration } = tableOf('map', never);
    const map = backend.map<string, number>(declaration);
    map.set('a', 1);
    clock.advance(60);
    map.set('b', 2);
    clock.advance(60);
    expect(map.has('a')).toBe(false);
    expect([...map.entries()]).toEqual([['b', 2]]);
    expect(map.isEmpty()).toBe(false);
    clock.advance(40);
    expect(map.isEmpty()).toBe(true);
    expect(backend.keyCount).toBe(0);
  });

  test('what is asked whether it is there, and may still be answered, is', () => {
    const { backend, clock, declaration } = tableOf('map', answered);
    const map = backend.map<string, number>(declaration);
    map.set('a', 1);
    map.set('b', 2);
    clock.advance(afterMs);
    expect(map.has('a')).toBe(true);
    expect(map.get('a')).toBe(1);
    expect(map.has('a')).toBe(false);
  });

  test('a default is what an expired value is again, and an object of it lives from its first read on', () => {
    const initial = () => ({ n: 0 });
    const { backend, clock, declaration } = tableOf('value', never, { initial });
    const value = backend.value(declaration as unknown as StateDeclaration<{ n: number }>);
    value.get()!.n = 1;
    clock.advance(afterMs - 1);
    expect(value.get()).toEqual({ n: 1 });
    clock.advance(1);
    expect(value.get()).toEqual({ n: 0 });
  });

  test('a mutation in place is kept, and pushing into a list fails loudly instead of being lost', () => {
    const { backend, declaration } = tableOf('list', never);
    const list = backend.list(declaration as unknown as StateDeclaration<{ n: number }>);
    list.add({ n: 1 });
    for (const element of list.get()) element.n++;
    expect(list.get()).toEqual([{ n: 2 }]);
    expect(() => (list.get() as { n: number }[]).push({ n: 3 })).toThrow(TypeError);
  });

  describe('what nobody asks for again is cleaned away', () => {
    const lookedAtMax = 5;
    const entries = 1_000;

    test.each([
      ['value', 1],
      // Reads its accumulator and writes it.
      ['reducing', 2],
    ] as const)('a few keys at a time, of a %s state', (type, accessesPerWrite) => {
      const { backend, clock, write } = tableOf(type, never);
      for (let i = 0; i < entries; i++) {
        backend.setCurrentKey(i);
        write(i + 1);
      }
      clock.advance(afterMs);
      let before = backend.keyCount;
      let accesses = 0;
      for (; before > 1; accesses++) {
        backend.setCurrentKey('other');
        write(1);
        expect(before - backend.keyCount).toBeLessThanOrEqual(lookedAtMax * accessesPerWrite);
        before = backend.keyCount;
      }
      expect(accesses).toBeLessThan(entries / lookedAtMax + 10);
    });

    test('a few entries at a time, of a map with many', () => {
      const { backend, clock, declaration } = tableOf('map', never);
      const map = backend.map<number | string, number>(declaration);
      for (let i = 0; i < entries; i++) map.set(i, i);
      clock.advance(afterMs);
      const size = () => {
        // Looks without an access of the handle.
        const cursor = backend.markSnapshot(1);
        let count = 0;
        for (let slice = cursor.next(); slice !== null; slice = cursor.next())
          if (slice.block?.state.name === 'state') count += slice.block.entries;
        return count;
      };
      backend.setCurrentKey('other');
      let before = size();
      for (let accesses = 0; accesses < entries / lookedAtMax + 10; accesses++) {
        map.set('h', 1);
        const now = size();
        expect(before - now).toBeLessThanOrEqual(lookedAtMax);
        before = now;
      }
      expect(before).toBe(1);
    });

    test('a long list at once, for which the accesses that follow pay', () => {
      const { backend, clock, declaration, write } = tableOf('list', never);
      for (const key of ['a', 'b']) {
        backend.setCurrentKey(key);
        for (let i = 0; i < 100; i++) write(1);
      }
      clock.advance(afterMs);
      const keyCounts: number[] = [];
      for (let i = 0; i < 60; i++) {
        backend.setCurrentKey('other');
        backend.list(declaration).update([1]);
        keyCounts.push(backend.keyCount);
      }
      expect(keyCounts[0]).toBeGreaterThanOrEqual(2);
      expect(keyCounts.lastIndexOf(2) - keyCounts.indexOf(2)).toBeGreaterThanOrEqual(100 / lookedAtMax - 1);
      expect(keyCounts.at(-1)).toBe(1);
    });

    test('what is left of a list keeps its order and its times', () => {
      const { backend, clock, declaration, write } = tableOf('list', never);
      write(1);
      clock.advance(50);
      write(2);
      clock.advance(50);
      write(3);
      for (let i = 0; i < 20; i++) {
        backend.setCurrentKey('other');
        write(1);
      }
      backend.setCurrentKey('k');
      expect(backend.list(declaration).get()).toEqual([2, 3]);
      clock.advance(50);
      expect(backend.list(declaration).get()).toEqual([3]);
    });

    test('round after round, each as soon as the oldest that the last one left has expired', () => {
      const { backend, clock, write } = tableOf('value', never);
      const access = (key: string) => {
        backend.setCurrentKey(key);
        for (let i = 0; i < 10; i++) write(1);
      };
      access('a');
      clock.advance(60);
      access('b');
      clock.advance(40);
      access('other');
      expect(backend.keyCount).toBe(2);
      clock.advance(60);
      access('other');
      expect(backend.keyCount).toBe(1);
    });

    test('also when the clock was put back', () => {
      const { backend, clock, write } = tableOf('value', never);
      write(1);
      clock.advance(-500);
      backend.setCurrentKey('a');
      for (let i = 0; i < 20; i++) write(2);
      clock.advance(500 + afterMs);
      for (let i = 0; i < 20; i++) {
        backend.setCurrentKey('b');
        write(3);
      }
      expect(backend.keyCount).toBe(1);
    });

    test('and a map that was cleared and made anew meanwhile is another one', () => {
      const { backend, clock, declaration } = tableOf('map', never);
      const map = backend.map<number, number>(declaration);
      for (let i = 0; i < 20; i++) map.set(i, i);
      clock.advance(afterMs);
      backend.setCurrentKey('other');
      for (let i = 0; i < 3; i++) map.set(0, 0);
      // The walk has begun; now the map goes and comes again.
      backend.setCurrentKey('k');
      map.clear();
      map.set(19, 7);
      backend.setCurrentKey('other');
      for (let i = 0; i < 20; i++) map.set(0, 0);
      backend.setCurrentKey('k');
      expect(map.get(19)).toBe(7);
    });
  });

  test('a map that is cleared while it is iterated over has nothing left', () => {
    const { backend, declaration } = tableOf('map', onRead);
    const map = backend.map<string, number>(declaration);
    map.set('a', 1);
    map.set('b', 2);
    const entries = map.entries();
    entries.next();
    map.clear();
    expect([...entries]).toEqual([]);
    expect(map.has('b')).toBe(false);
    expect(backend.keyCount).toBe(0);
  });
});
