import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Key } from '../../runtime/state/declarations.ts';
import { type DueTimer, TimerQueue } from '../../runtime/state/timerQueue.ts';

const queue = () => new TimerQueue({ first: 0, last: 3 });
const groupOf = (key: string) => key.charCodeAt(0) % 4;

function drain(timers: TimerQueue, limit = Number.POSITIVE_INFINITY): readonly DueTimer[] {
  const due: DueTimer[] = [];
  for (let timer = timers.popDue(limit); timer !== null; timer = timers.popDue(limit)) due.push(timer);
  return due;
}

test('timers come by time, those of one time as they were registered', () => {
  const timers = queue();
  for (const [key, time] of [
    ['b', 2],
    ['a', 1],
    ['c', 2],
    ['a', 2],
  ] as const)
    timers.register(key, groupOf(key), time, null);
  expect(timers.nextTime()).toBe(1);
  expect(drain(timers).map(({ key, time }) => `${String(key)}${time}`)).toEqual(['a1', 'b2', 'c2', 'a2']);
  expect(timers.nextTime()).toBeNull();
});

test('a watermark takes what is not above it, and one timer at a time', () => {
  const timers = queue();
  for (const time of [3, 1, 2]) timers.register('a', 1, time, null);
  expect(timers.popDue(0)).toBeNull();
  expect(timers.popDue(2)?.time).toBe(1);
  // What is registered while others fire takes its place among them.
  timers.register('b', 2, 1, null);
  expect(drain(timers, 2).map(({ time }) => time)).toEqual([1, 2]);
  expect(timers.size).toBe(1);
});

test('registered twice is once; another namespace, time or key is another timer', () => {
  const timers = queue();
  const namespaces: readonly Key[] = ['w', null, ['w'], { from: 1 }, Number.NaN];
  for (let twice = 0; twice < 2; twice++) {
    for (const key of ['a', 'b'])
      for (const time of [1, 2])
        for (const namespace of namespaces) timers.register(key, groupOf(key), time, namespace);
  }
  expect(timers.size).toBe(20);
  expect(drain(timers).length).toBe(20);
});

test('any order of operations does what a list of timers would do', () => {
  const operation = fc.record({
    what: fc.constantFrom('register', 'register', 'delete', 'pop', 'popMany'),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    time: fc.nat(6),
    namespace: fc.constantFrom<Key>(null, 'w', ['w', 1]),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const timers = queue();
      let expected: { readonly key: string; readonly time: number; readonly namespace: Key }[] = [];
      for (const { what, key, time, namespace } of operations) {
        const isSame = (timer: (typeof expected)[number]) =>
          timer.key === key &&
          timer.time === time &&
          JSON.stringify(timer.namespace) === JSON.stringify(namespace);
        if (what === 'register') {
          timers.register(key, groupOf(key), time, namespace);
          if (!expected.some(isSame)) expected.push({ key, time, namespace });
        } else if (what === 'delete') {
          timers.delete(key, groupOf(key), time, namespace);
          expected = expected.filter((timer) => !isSame(timer));
        } else {
          const due = expected.filter((timer) => timer.time <= time).sort((a, b) => a.time - b.time);
          const taken = what === 'pop' ? due.slice(0, 1) : due;
          const got =
            what === 'pop' ? [timers.popDue(time)].filter((timer) => timer !== null) : drain(timers, time);
          expect(got).toEqual(taken);
          expected = expected.filter((timer) => !taken.includes(timer));
        }
        expect(timers.size).toBe(expected.length);
      }
    }),
    { numRuns: 300 },
  );
});

test('deleted timers do not pile up', () => {
  const timers = queue();
  timers.register('a', 1, 1e9, null);
  for (let i = 0; i < 100_000; i++) {
    timers.register('a', 1, i, null);
    timers.delete('a', 1, i, null);
  }
  expect(timers.heapLength).toBeLessThan(200);
  expect(timers.size).toBe(1);
});
