/** What a comparison tells beside the keys: source ranges, records in flight, changes of the plan, and the pair itself. */
import { expect, test } from 'vitest';
import { compareSnapshots } from '../../runtime/checkpoint/compareSnapshots.ts';
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { compareEntryPage } from '../../runtime/checkpoint/entryPages.ts';
import type { Manifest, ManifestOperator, ManifestState } from '../../runtime/checkpoint/manifest.ts';
import { planChanges } from '../../runtime/checkpoint/planChanges.ts';
import type { ReadableSnapshot } from '../../runtime/checkpoint/savedState.ts';
import { inFlightStates, type StateDescription } from '../../runtime/state/declarations.ts';
import { manifest } from './manifests.ts';
import { MemoryFiles } from './memoryFiles.ts';

const base = { name: 'op', type: 'process', parallelism: 1, maxParallelism: 8, states: [], files: [] };
const operator = (changes: Partial<ManifestOperator>): ManifestOperator => ({
  ...base,
  uid: 'op',
  ...changes,
});

/** One operator with one data file that holds these elements. */
function withElements(
  files: MemoryFiles,
  directory: string,
  of: Partial<ManifestOperator>,
  states: readonly (readonly [StateDescription, readonly unknown[]])[],
  changes: Partial<Manifest> = {},
): ReadableSnapshot {
  const { uid } = operator(of);
  const options = { operatorUid: uid, subtaskIndex: 0, maxParallelism: 8 };
  const writer = new DataFileWriter(files.create(`${directory}/f`), options, []);
  for (const [state, elements] of states) writer.putOperatorState(state, elements);
  writer.finish(() => {});
  const saved = states.map(([{ name, type, schemaVersion }, elements]): ManifestState => {
    return { name, type, schemaVersion, keys: elements.length, bytes: 1 };
  });
  const file = { path: 'f', bytes: 1, sha256: '', subtaskIndex: 0 };
  const operators = [operator({ ...of, states: saved, files: [file] })];
  return { manifest: manifest({ operators, sources: [], ...changes }), directory };
}

test('what the sources read: splits that went on, ended, came, went, and such as are behind', () => {
  const files = new MemoryFiles();
  const splits = { name: 'splits', type: 'operator-union', schemaVersion: 1 } as const;
  type Split = readonly [split: string, offset: number, finished: boolean, highestTimestamp: number | null];
  const at = (directory: string, positions: readonly Split[]) =>
    withElements(
      files,
      directory,
      { uid: 'src', type: 'source' },
      [
        [
          splits,
          positions.map(([split, offset, finished, highestTimestamp]) => ({
            split,
            position: { offset, resume: null, finished },
            highestTimestamp,
          })),
        ],
      ],
      {
        sources: positions.map(([split, offset]) => ({ operator: 'src', split, offset, watermark: null })),
      },
    );
  const a = at('A', [
    ['on', 10, false, 1_000],
    ['ends', 5, false, null],
    ['ended', 7, true, null],
    ['gone', 3, false, null],
    ['back', 9, false, null],
  ]);
  const b = at('B', [
    ['on', 25, false, 4_000],
    ['ends', 8, true, null],
    ['ended', 7, true, null],
    ['back', 4, false, null],
    ['new', 6, true, null],
  ]);
  const { ranges, records, total } = compareSnapshots(a, b, files).sources;
  expect(ranges.map(({ split, change, records: read }) => [split, change, read])).toEqual([
    ['on', 'advanced', 15],
    ['ends', 'finished', 3],
    ['ended', 'same', 0],
    ['gone', 'removed', null],
    ['back', 'behind', -5],
    ['new', 'added', 6],
  ]);
  expect(ranges[0]).toMatchObject({ eventTimeA: 1_000, eventTimeB: 4_000 });
  // What was read of the one that is gone, nobody knows.
  expect({ records, total }).toEqual({ records: null, total: 6 });
});

test('what is in flight: records by channel, with the sender and in the channel; batches are not paired', () => {
  const files = new MemoryFiles();
  const frame = (edge: string, from: number, to: number, values: readonly unknown[]) => ({
    edge,
    from,
    to,
    frame: { kind: 'data', values, timestamps: values.map(() => 1) },
  });
  const watermark = { edge: 'x->y:0', from: 0, to: 1, frame: { kind: 'watermark', time: 7 } };
  const a = withElements(files, 'A', { uid: 'y' }, [
    [inFlightStates.received, [frame('x->y:0', 0, 1, ['one'])]],
  ]);
  const b = withElements(files, 'B', { uid: 'y' }, [
    [
      inFlightStates.received,
      [watermark, frame('x->y:0', 0, 1, ['two', 'three']), frame('x->y:0', 0, 1, ['one'])],
    ],
    [inFlightStates.sent, [frame('y->z:0', 1, 0, ['four'])]],
    [inFlightStates.watermarks, [{ edge: 'x->y:0', from: 0, to: 1, watermark: 7, state: 'active' }]],
  ]);
  const compared = compareSnapshots(a, b, files);
  expect(compared.inFlight).toEqual({
    channels: [
      { edge: 'x->y:0', from: 0, to: 1, recordsA: 1, recordsB: 3 },
      { edge: 'y->z:0', from: 1, to: 0, recordsA: 0, recordsB: 1 },
    ],
    channelsTotal: 2,
    recordsA: 1,
    recordsB: 4,
  });
  expect(
    compared.states.map(({ state, added, removed, unchanged }) => [state, added, removed, unchanged]),
  ).toEqual([
    ['received (in flight)', 2, 0, 1],
    ['sent (in flight)', 1, 0, 0],
  ]);
  const request = {
    uid: 'y',
    state: inFlightStates.received.name,
    changes: ['added'],
    keyContains: null,
    cursor: 0,
    limit: 9,
  } as const;
  const [, batch] = compareEntryPage(a, b, request, files).entries.toSorted((x, y) =>
    (y.after ?? '').localeCompare(x.after ?? ''),
  );
  expect(batch).toMatchObject({
    change: 'added',
    key: '{"edge":"x->y:0","from":0,"to":1}',
    after: '{"kind":"data","timestamps":[1,1],"values":["two","three"]}',
  });
});

test.each<[string, Partial<ManifestOperator>, Partial<ManifestOperator>, readonly string[]]>([
  ['nothing', {}, {}, []],
  [
    'windows of another size',
    { windows: { type: 'tumbling', sizeMs: 3_600_000, offsetMs: 0, time: 'event', latenessMs: 0 } },
    {
      windows: {
        type: 'sliding',
        sizeMs: 90_000,
        slideMs: 500,
        offsetMs: 60_000,
        time: 'processing',
        latenessMs: 86_400_000,
      },
    },
    ['op: windows tumbling, 1 h → sliding, 90 s, every 500 ms, offset 1 min, processing time, 1 d late.'],
  ],
  ['windows of which an older savepoint says nothing', {}, { windows: { type: 'global' } }, []],
  [
    'a uid that was changed, perhaps',
    { uid: 'op', states: [{ name: 's', type: 'value', schemaVersion: 1, keys: 1, bytes: 1 }] },
    { uid: 'b', name: 'b', states: [{ name: 's', type: 'value', schemaVersion: 1, keys: 1, bytes: 1 }] },
    [
      'b was added and has the states of op, which was removed: if it is the same operator, give it its uid back.',
      'op was removed.',
    ],
  ],
])('changes of the plan: %s', (_, before, after, expected) => {
  const of = (changes: Partial<ManifestOperator>) => manifest({ operators: [operator(changes)] });
  expect(planChanges(of(before), of(after))).toEqual(expected);
});

test.each<[string, Partial<Manifest>, Partial<Manifest>, RegExp | null]>([
  ['two of one job, in order', { checkpointId: 1 }, { checkpointId: 2 }, null],
  ['two jobs', { job: 'x' }, { job: 'y' }, /^A is of the job x, B of y:/],
  ['the wrong order', { checkpointId: 2 }, { checkpointId: 1 }, /^A is the later of the two/],
  ['two branches', { runId: 'one' }, { runId: 'two' }, /lie on two branches/],
  ['one with itself', {}, {}, null],
])('what is said of the pair: %s', (_, a, b, expected) => {
  const of = (changes: Partial<Manifest>) => {
    return { manifest: manifest({ operators: [], sources: [], ...changes }), directory: 'x' };
  };
  const { remarks } = compareSnapshots(of(a), of(b), new MemoryFiles());
  if (expected === null) expect(remarks).toEqual([]);
  else expect(remarks).toEqual([expect.stringMatching(expected)]);
});
