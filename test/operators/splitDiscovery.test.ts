/** Which splits a subtask reads: by place, or by id where splits come while the job runs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../runtime/base/clock.ts';
import type { Source, SourceContext } from '../../runtime/operators/source.ts';
import { ownerOf, SplitDiscovery } from '../../runtime/operators/splitDiscovery.ts';
import { sourceContext } from '../connectors/contexts.ts';
import { MemoryFiles } from '../connectors/memoryFiles.ts';

type Listing = Pick<Source<unknown>, 'name' | 'bounded' | 'splits' | 'discoverEveryMs'>;

const listing = (splits: () => readonly string[], discoverEveryMs?: number): Listing => ({
  name: 'topics',
  bounded: false,
  splits,
  ...(discoverEveryMs === undefined ? {} : { discoverEveryMs }),
});

function subtask(index: number, parallelism: number, clock = new ManualClock()): SourceContext {
  return { ...sourceContext(new MemoryFiles(), clock), subtaskIndex: index, parallelism };
}

const firstOf = (source: Listing, index: number, parallelism: number, saved: readonly string[] = []) =>
  new SplitDiscovery(source, subtask(index, parallelism)).first(saved).join(' ');

test('without discovery, splits are dealt out evenly by their place in the sorted list', () => {
  const source = listing(() => ['d', 'b', 'a', 'c', 'e']);
  expect(firstOf(source, 0, 2)).toBe('a c e');
  expect(firstOf(source, 1, 2)).toBe('b d');
  expect(firstOf(source, 0, 2, ['0'])).toBe('0 b d');
});

test('the owner of a split that is discovered is the same in every version', () => {
  const owners = (split: string) => [1, 2, 3, 4, 7, 128].map((parallelism) => ownerOf(split, parallelism));
  expect(owners('logs/a.jsonl')).toEqual([0, 0, 1, 2, 0, 70]);
  expect(owners('logs/b.jsonl')).toEqual([0, 1, 0, 1, 5, 37]);
  expect(owners('')).toEqual([0, 0, 0, 0, 0, 0]);
  expect(owners('größe/😀')).toEqual([0, 0, 0, 0, 0, 116]);
});

test('D1, D2: subtasks that look at moments of their own hand out every split once, at any parallelism', () => {
  const name = fc.string({ maxLength: 3 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(name),
      // Who looks next, and what has come, or gone, before it does.
      fc.array(fc.record({ who: fc.nat(), comes: fc.array(name, { maxLength: 3 }), goes: fc.nat() }), {
        maxLength: 30,
        size: 'max',
      }),
      (parallelism, saved, looks) => {
        const now = new Set<string>();
        const ever = new Set(saved);
        const source = listing(() => [...now, ...now], 10);
        const clock = new ManualClock();
        const subtasks = Array.from({ length: parallelism }, (_, index) => {
          return new SplitDiscovery(source, subtask(index, parallelism, clock));
        });
        const handedOut = subtasks.flatMap((discovery) => [...discovery.first(saved)]);
        const look = (who: number) => {
          clock.advance(10);
          handedOut.push(...(subtasks[who % parallelism] as SplitDiscovery).look());
        };
        for (const { who, comes, goes } of looks) {
          for (const split of comes) {
            now.add(split);
            ever.add(split);
          }
          look(who);
          // Only what everybody has seen may go without being missed.
          if (goes % 4 === 0) {
            for (let each = 0; each < parallelism; each++) look(each);
            now.clear();
          }
        }
        for (let who = 0; who < parallelism; who++) look(who);
        expect([...handedOut].sort()).toEqual([...ever].sort());
      },
    ),
  );
});

test('it looks when the time has come, not before', () => {
  let lists = 0;
  const clock = new ManualClock(1_000);
  const discovery = new SplitDiscovery(
    listing(() => [`split ${++lists}`], 500),
    subtask(0, 1, clock),
  );
  expect(discovery.first([])).toEqual(['split 1']);
  expect(discovery.nextLookAtMs).toBe(1_500);
  clock.advance(499);
  expect(discovery.look()).toEqual([]);
  clock.advance(1);
  expect(discovery.look()).toEqual(['split 2']);
  expect(discovery.look()).toEqual([]);
  expect(discovery.nextLookAtMs).toBe(2_000);
});

test('a source without discovery is listed once', () => {
  let lists = 0;
  const clock = new ManualClock();
  const discovery = new SplitDiscovery(
    listing(() => [`split ${++lists}`]),
    subtask(0, 1, clock),
  );
  discovery.first([]);
  clock.advance(1e9);
  expect(discovery.look()).toEqual([]);
  expect(discovery.nextLookAtMs).toBeNull();
  expect(lists).toBe(1);
});

test.each([0, -1, Number.NaN])('discoverEveryMs of %d is refused', (discoverEveryMs) => {
  expect(() =>
    firstOf(
      listing(() => [], discoverEveryMs),
      0,
      1,
    ),
  ).toThrow('discoverEveryMs must be above zero');
});

test('a source that ends cannot have splits that come later', () => {
  const source = { ...listing(() => [], 10), bounded: true };
  expect(() => firstOf(source, 0, 1)).toThrow('with discoverEveryMs, bounded must be false');
});
