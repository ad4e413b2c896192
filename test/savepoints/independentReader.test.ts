/** What Sluice writes, from random states, is what docs/savepoint-format.md says: read by a reader that shares no code. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryKey } from '../state/arbitraries.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { at, save, subtasksOf } from '../checkpoint/snapshotting.ts';
import { readDataFile } from './independentReader.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';

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
