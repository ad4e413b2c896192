/** Y1 to Y3: files that stand on each other, read as what was there when the newest was written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { filesBySubtask, SavedLayers } from '../../runtime/checkpoint/savedLayers.ts';
import { SnapshotDamage } from '../../runtime/checkpoint/storage.ts';
import type { StateDescription } from '../../runtime/state/declarations.ts';
import { decodeKey } from '../../runtime/state/keyEncoding.ts';
import { BlockBuilder } from '../../runtime/state/stateBlock.ts';
import { encodeStateValue } from '../../runtime/state/stateTable.ts';
import { readWholeValue } from '../../runtime/state/valueReader.ts';
import { MemoryFiles } from './memoryFiles.ts';

const maps: StateDescription = { name: 'maps', type: 'map', schemaVersion: 1 };
const maxParallelism = 4;

/** `SFO/a=1` sets, `SFO/a-` removes, `SFO-` removes the whole map; of a key group, in order. */
type Line = string;
interface Sheet {
  /** Null: a full snapshot. */
  readonly whole: readonly number[] | null;
  readonly groups: Readonly<Record<number, readonly Line[]>>;
}

function written(sheets: readonly Sheet[]): {
  readonly files: MemoryFiles;
  readonly paths: readonly string[];
} {
  const files = new MemoryFiles();
  const paths = sheets.map(({ whole, groups }, layer) => {
    const path = `layer-${layer}`;
    const options = { operatorUid: 'op', subtaskIndex: 0, maxParallelism, wholeGroups: whole };
    const writer = new DataFileWriter(files.create(path), options, [maps]);
    for (const [group, lines] of Object.entries(groups)) {
      const block = new BlockBuilder(whole !== null);
      for (const line of lines) {
        const { key, subKey, value } = /^(?<key>\w+)(?:\/(?<subKey>\w+))?(?:=(?<value>\d+)|-)$/.exec(line)!
          .groups!;
        if (value !== undefined) block.add(key!, subKey, encodeStateValue(Number(value)));
        else if (subKey === undefined) block.removeMap(key!);
        else block.remove(key!, subKey);
      }
      if (block.entries > 0) writer.append(block.take(maps, Number(group)));
    }
    writer.finish(() => {});
    return path;
  });
  return { files, paths };
}

function open({ files, paths }: ReturnType<typeof written>): SavedLayers {
  return SavedLayers.open(files, 'op', { subtaskIndex: 0, paths });
}

function linesOf(saved: SavedLayers, group: number): Line[] {
  return [...saved.entries('maps', group)].map(
    ({ entry }) =>
      `${String(decodeKey(entry.key))}/${String(decodeKey(entry.subKey!))}=${String(readWholeValue(entry.value))}`,
  );
}

test.each<[string, Sheet[], Line[]]>([
  ['one file is as it is', [{ whole: null, groups: { 1: ['a/x=1', 'b/x=2'] } }], ['a/x=1', 'b/x=2']],
  [
    'the newest that speaks of an entry counts',
    [
      { whole: null, groups: { 1: ['a/x=1', 'b/x=1', 'c/x=1'] } },
      { whole: [], groups: { 1: ['a/x=2', 'b/x=2'] } },
      { whole: [], groups: { 1: ['a/x=3', 'd/x=3'] } },
    ],
    ['a/x=3', 'b/x=2', 'c/x=1', 'd/x=3'],
  ],
  [
    'what was removed is not there, unless it came again',
    [
      { whole: null, groups: { 1: ['a/x=1', 'b/x=1'] } },
      { whole: [], groups: { 1: ['a/x-', 'b/x-'] } },
      { whole: [], groups: { 1: ['b/x=3'] } },
    ],
    ['b/x=3'],
  ],
  [
    'a removed map hides all that is older, and nothing that is as new',
    [
      { whole: null, groups: { 1: ['a/x=1', 'a/y=1', 'b/x=1'] } },
      { whole: [], groups: { 1: ['a/z=2'] } },
      { whole: [], groups: { 1: ['a-', 'a/y=3'] } },
      { whole: [], groups: { 1: ['a/w=4'] } },
    ],
    ['a/w=4', 'a/y=3', 'b/x=1'],
  ],
  [
    'a group that is there in full hides all that is older of it',
    [
      { whole: null, groups: { 1: ['a/x=1', 'b/x=1'] } },
      { whole: [1, 2], groups: { 1: ['a/x=2'] } },
      { whole: [], groups: { 1: ['c/x=3'] } },
    ],
    ['a/x=2', 'c/x=3'],
  ],
  [
    'a group that is there in full and empty hides it too',
    [
      { whole: null, groups: { 1: ['a/x=1'] } },
      { whole: [1], groups: {} },
    ],
    [],
  ],
  [
    'a group that is in full elsewhere hides nothing',
    [
      { whole: null, groups: { 1: ['a/x=1'] } },
      { whole: [2], groups: {} },
    ],
    ['a/x=1'],
  ],
])('%s', (_, sheets, expected) => {
  expect(linesOf(open(written(sheets)), 1)).toEqual(expected);
});

test('what no file has in full is damaged', () => {
  const saved = open(
    written([
      { whole: [2], groups: { 1: ['a/x=1'] } },
      { whole: [], groups: {} },
    ]),
  );
  expect(() => linesOf(saved, 1)).toThrow(
    'layer-1 is damaged: neither it nor a file under it has key group 1 in full',
  );
});

test('a layer alone is not taken for a full snapshot, nor the other way round', () => {
  const { files, paths } = written([{ whole: [], groups: { 1: ['a/x=1'] } }]);
  const [path] = paths;
  const whole = files.contents.get(path!)!;
  for (let position = 0; position < whole.length; position++) {
    for (const flip of [0x01, 0x03, 0x80]) {
      const damaged = whole.slice();
      damaged[position]! ^= flip;
      files.contents.set(path!, damaged);
      expect(() => linesOf(open({ files, paths }), 1), `byte ${position} ^ ${flip}`).toThrow(SnapshotDamage);
    }
  }
});

test('files come in any order and are read by subtask and layer', () => {
  const file = (oldSubtaskIndex: number, layer?: number) => ({
    path: `${oldSubtaskIndex}.${layer ?? 0}`,
    oldSubtaskIndex,
    ...(layer === undefined ? {} : { layer }),
  });
  expect(filesBySubtask([file(1, 1), file(0), file(1, 2), file(1)])).toEqual([
    { subtaskIndex: 0, paths: ['0.0'] },
    { subtaskIndex: 1, paths: ['1.0', '1.1', '1.2'] },
  ]);
});

const change = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('set' as const), place: fc.nat(23), value: fc.nat(9) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('remove' as const), place: fc.nat(23) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const), place: fc.nat(23) }) },
);

test('any layers over any changes are what a plain map is', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ changes: fc.array(change, { maxLength: 25 }), whole: fc.subarray([0, 1, 2, 3]) }),
        { maxLength: 8 },
      ),
      (layers) => {
        // Group, key and sub key of a place: 4 × 2 × 3.
        const model = new Map<number, number>();
        const named = (place: number) => `k${(place >> 2) % 2}/s${place >> 3}`;
        const [keyOf, groupOf] = [(place: number) => place & 7, (place: number) => place & 3];
        const all = Array.from({ length: 24 }, (_, place) => place);
        const sheets = layers.map(({ changes, whole }, index): Sheet => {
          const touched = new Set<number>();
          const cleared = new Set<number>();
          for (const step of changes) {
            touched.add(step.place);
            if (step.type === 'set') model.set(step.place, step.value);
            else if (step.type === 'remove') model.delete(step.place);
            else {
              cleared.add(keyOf(step.place));
              for (const place of all) if (keyOf(place) === keyOf(step.place)) model.delete(place);
            }
          }
          const isWhole = (group: number) => index === 0 || whole.includes(group);
          const groups: Record<number, string[]> = {};
          for (const group of [0, 1, 2, 3]) {
            const lines: string[] = [];
            for (const key of [group, group + 4]) {
              const isCleared = cleared.has(key) && !isWhole(group);
              if (isCleared) lines.push(`k${(key >> 2) % 2}-`);
              for (const place of all.filter((other) => keyOf(other) === key)) {
                const value = model.get(place);
                if (value !== undefined && (isWhole(group) || isCleared || touched.has(place)))
                  lines.push(`${named(place)}=${value}`);
                else if (value === undefined && touched.has(place) && !isWhole(group) && !isCleared)
                  lines.push(`${named(place)}-`);
              }
            }
            groups[group] = lines;
          }
          return { whole: index === 0 ? null : whole, groups };
        });
        if (sheets.length === 0) return;
        const saved = open(written(sheets));
        for (const group of [0, 1, 2, 3]) {
          const expected = all.filter((place) => groupOf(place) === group && model.has(place));
          expect(linesOf(saved, group)).toEqual(
            expected.map((place) => `${named(place)}=${model.get(place)}`).sort(),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});
