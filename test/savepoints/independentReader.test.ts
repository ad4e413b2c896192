/** What Sluice writes, from random states, is what docs/savepoint-format.md says: read by a reader that shares no code. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryKey } from '../state/arbitraries.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { at, save, subtasksOf } from '../checkpoint/snapshotting.ts';
import { readDataFile } from './independentReader.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { encodeKey } from '../../runtime/state/keyEncoding.ts';
import { BroadcastMap } from '../../runtime/state/operatorStates.ts';

const last: StateDeclaration<unknown> = { name: 'last', type: 'value', schemaVersion: 3 };
const bags: StateDeclaration<unknown> = { name: 'bags', type: 'map', schemaVersion: 1 };

const values = fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withDate: false, withNullPrototype: false });

test('random keys and values', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(arbitraryKey, arbitraryKey, values)), fc.constantFrom(1, 7, 128), (entries, maxParallelism) => {
      const files = new MemoryFiles();
      const subtasks = subtasksOf({ uid: 'op é', maxParallelism, declarations: [last, bags] }, 1);
      for (const [key, subKey, value] of entries) {
        const states = at(subtasks, key);
        states.value(last).set(value);
        states.map(bags).set(subKey, value);
      }
      save(subtasks[0]!, files, 'f', 5);
      const read = readDataFile(Buffer.from(files.contents.get('f')!));
      expect(read).toMatchObject({ uid: 'op é', subtaskIndex: 5, maxParallelism });
      expect(read.states['last']).toMatchObject({ type: 'value', schemaVersion: 3 });
      for (const { key, value } of read.states['last']!.entries) {
        expect(at(subtasks, key as never).value(last).get()).toStrictEqual(value);
      }
      for (const { key, subKey, value } of read.states['bags']!.entries) {
        expect(at(subtasks, key as never).map(bags).get(subKey as never)).toStrictEqual(value);
      }
      const count = (name: string) => read.states[name]!.entries.length;
      expect(count('last')).toBe(subtasks[0]!.keyCount === 0 ? 0 : countLast(entries, subtasks));
    }),
    { numRuns: 200 },
  );
});

test('broadcast maps, and when entries were touched', () => {
  const ttl = { afterMs: 1_000_000, refresh: 'on-create-and-write', visibility: 'never-return-expired' } as const;
  const timed = [
    { name: 'v', type: 'value', schemaVersion: 1, ttl },
    { name: 'l', type: 'list', schemaVersion: 1, ttl },
    { name: 'm', type: 'map', schemaVersion: 1, ttl },
  ] as const satisfies readonly StateDeclaration[];
  const rules: StateDeclaration = { name: 'rules', type: 'operator-broadcast', schemaVersion: 1 };
  fc.assert(
    fc.property(fc.array(fc.tuple(arbitraryKey, fc.nat())), (entries) => {
      const files = new MemoryFiles();
      let now = 1_700_000_000_000;
      const [backend] = subtasksOf({ uid: 'op', maxParallelism: 4, declarations: timed, now: () => now }, 1);
      const map = new BroadcastMap('rules', []);
      for (const [key, value] of entries) {
        now++;
        const states = at([backend!], key);
        states.value(timed[0]).set(value);
        states.list(timed[1]).update([value, value]);
        states.map(timed[2]).set(key, value);
        map.set(key as never, value);
      }
      const writer = new DataFileWriter(files.create('f'), { operatorUid: 'op', subtaskIndex: 0, maxParallelism: 4 }, backend!.states);
      writer.putOperatorState(rules, map.elements());
      const cursor = backend!.markSnapshot(1);
      for (let slice = cursor.next(); slice !== null; slice = cursor.next()) if (slice.block !== null) writer.append(slice.block);
      writer.finish(() => {});
      const { states } = readDataFile(Buffer.from(files.contents.get('f')!));
      const read = (name: string) => states[name]!.entries;
      expect(states['rules']).toMatchObject({ type: 'operator-broadcast' });
      expect(read('rules').map(({ key, value }) => [key, value])).toStrictEqual([...map.entries()].sort(byKey));
      expect(['v (ttl)', 'l (ttl)', 'm (ttl)'].map((name) => states[name]!.type)).toEqual(['value', 'list', 'map']);
      for (const [i, { key, value }] of read('v').entries()) {
        const touchedAt = read('v (ttl)')[i]!;
        expect(touchedAt.key).toStrictEqual(key);
        // The last entry of the key.
        const last = entries.findLastIndex(([other, number]) => number === value && Buffer.compare(encodeKey(other), encodeKey(key as never)) === 0);
        expect(touchedAt.value).toBe(1_700_000_000_001 + last);
        expect(read('l (ttl)')[i]!.value).toStrictEqual([touchedAt.value, touchedAt.value]);
        expect(read('m (ttl)')[i]).toMatchObject({ value: touchedAt.value });
      }
    }),
    { numRuns: 50 },
  );
});

const byKey = ([a]: readonly [unknown, unknown], [b]: readonly [unknown, unknown]) => Buffer.compare(encodeKey(a as never), encodeKey(b as never));

test('long values, in every length that MessagePack has a form for', () => {
  const files = new MemoryFiles();
  const [backend] = subtasksOf({ uid: 'op', maxParallelism: 1, declarations: [last, bags] }, 1);
  const long = [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536].flatMap((length) => [
    'x'.repeat(length),
    new Uint8Array(length).fill(7),
    Array.from({ length }, () => 1),
    Object.fromEntries(Array.from({ length: length % 65_530 }, (_, i) => [`p${i}`, i])),
  ]);
  for (const [i, value] of long.entries()) at([backend!], i).value(last).set(value);
  save(backend!, files, 'f', 0);
  const { entries } = readDataFile(Buffer.from(files.contents.get('f')!)).states['last']!;
  expect(entries.map(({ key }) => key)).toEqual(long.map((_, i) => i));
  for (const [i, { value }] of entries.entries()) expect(value).toStrictEqual(long[i]);
});

/** Keys that still have a value: setting undefined clears. */
function countLast(entries: readonly (readonly [never, never, unknown] | readonly unknown[])[], subtasks: ReturnType<typeof subtasksOf>): number {
  const kept = new Set<string>();
  for (const [key] of entries) {
    const states = at(subtasks, key as never);
    if (states.value(last).get() !== undefined) kept.add(JSON.stringify(key, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : typeof part === 'number' ? `number ${part === 0 ? 0 : part}` : part)));
  }
  return kept.size;
}
