import { describe, expect, test } from 'vitest';
import type { ManifestOperator, ManifestState } from '../../runtime/checkpoint/manifest.ts';
import { type PreflightReport, preflight } from '../../runtime/checkpoint/preflight.ts';
import { RestoreRefused } from '../../runtime/checkpoint/restoreKeyedState.ts';
import {
  defaultCheckpointSettings,
  defaultRestartStrategy,
  type GraphOperator,
  type JobGraph,
} from '../../runtime/graph/jobGraph.ts';
import {
  describeState,
  type StateDeclaration,
  type StateDescription,
} from '../../runtime/state/declarations.ts';
import { manifest } from './manifests.ts';
import { MemoryFiles } from './memoryFiles.ts';
import { restoreAll, saveAll, subtasksOf } from './snapshotting.ts';

const nothing = { supersededParts: [], lastPositions: null };
const file = (subtaskIndex: number) => ({ path: `${subtaskIndex}`, bytes: 1, sha256: '', subtaskIndex });

/** The plan's operator `op`, against the saved one. */
function check(
  planned: Partial<GraphOperator> | null,
  saved: Partial<ManifestOperator> | null,
  fingerprint = 'another plan',
): PreflightReport {
  const operators =
    saved === null
      ? []
      : [
          {
            uid: 'op',
            name: 'op',
            type: 'process',
            parallelism: 2,
            maxParallelism: 128,
            states: [],
            files: [],
            ...saved,
          },
        ];
  return preflight(
    manifest({ operators, sources: [], fingerprint }),
    graph(planned === null ? [] : [operator(planned)]),
    nothing,
  );
}

const verdicts = ({ items }: PreflightReport) =>
  items.map(({ state, verdict, text }) => [state, verdict, text]);
const declared = (changes: Partial<StateDescription> = {}): StateDescription => ({
  name: 'count',
  type: 'value',
  schemaVersion: 1,
  ...changes,
});
const savedState = (changes: Partial<ManifestState> = {}): ManifestState => ({
  name: 'count',
  type: 'value',
  schemaVersion: 1,
  keys: 21_016,
  bytes: 18_559_795,
  ...changes,
});

describe('what becomes of a state', () => {
  test.each<[string, Partial<GraphOperator> | null, Partial<ManifestOperator> | null, readonly unknown[]]>([
    [
      'the same',
      { states: [declared()] },
      { states: [savedState()] },
      ['count', 'as-is', 'As is: 21,016 keys, 17.7 MiB.'],
    ],
    [
      'another parallelism',
      { states: [declared()], parallelism: 4 },
      { states: [savedState()] },
      ['count', 'rescaled', 'Rescaled 2 → 4: 21,016 keys, 17.7 MiB.'],
    ],
    [
      'a newer schema',
      { states: [declared({ schemaVersion: 3, migratesFrom: 1 })] },
      { states: [savedState({ keys: 1, bytes: 5 })] },
      ['count', 'migrated', 'Migrated v1 → v2 → v3: 1 key, 5 B.'],
    ],
    [
      'a much newer schema',
      { states: [declared({ schemaVersion: 9, migratesFrom: 1 })] },
      { states: [savedState({ keys: 1, bytes: 5 })] },
      ['count', 'migrated', 'Migrated v1 → v2 → … → v8 → v9: 1 key, 5 B.'],
    ],
    [
      'both',
      { states: [declared({ schemaVersion: 2, migratesFrom: 1 })], parallelism: 4 },
      { states: [savedState({ keys: 1, bytes: 5 })] },
      ['count', 'migrated', 'Migrated v1 → v2, rescaled 2 → 4: 1 key, 5 B.'],
    ],
    [
      'a newer schema without migrations',
      { states: [declared({ schemaVersion: 2 })] },
      { states: [savedState()] },
      [
        'count',
        'impossible',
        'Was saved with schema version 1, and no migration leads from it to 2: 21,016 keys, 17.7 MiB.',
      ],
    ],
    [
      'an older schema',
      { states: [declared()] },
      { states: [savedState({ schemaVersion: 2 })] },
      [
        'count',
        'impossible',
        'Was saved with schema version 2, which is newer than 1: 21,016 keys, 17.7 MiB.',
      ],
    ],
    [
      'another type',
      { states: [declared({ type: 'list' })] },
      { states: [savedState()] },
      ['count', 'impossible', 'Was saved as a value state and is now a list state: 21,016 keys, 17.7 MiB.'],
    ],
    [
      'another type of nothing',
      { states: [declared({ type: 'list' })] },
      { states: [savedState({ keys: 0, bytes: 0 })] },
      ['count', 'new-and-empty', 'Is empty in the savepoint and starts empty.'],
    ],
    [
      'a new state',
      { states: [declared()] },
      {},
      ['count', 'new-and-empty', 'Is not in the savepoint and starts empty.'],
    ],
    [
      'a new operator',
      { states: [declared()] },
      null,
      [null, 'new-and-empty', 'Is not in the savepoint and starts empty.'],
    ],
    ['a new operator without state', { keyed: false }, null, [null, 'as-is', 'Has no state.']],
    ['no state', { keyed: false }, {}, [null, 'as-is', 'Has no state.']],
    [
      'timers',
      {},
      { states: [savedState({ name: 'event-time-timers', type: 'timers', keys: 8 })] },
      ['event-time-timers', 'as-is', 'As is: 8 timers, 17.7 MiB.'],
    ],
    [
      'a broadcast map',
      { states: [declared({ type: 'operator-broadcast' })], parallelism: 4 },
      { states: [savedState({ type: 'operator-broadcast', keys: 6, bytes: 90 })], files: [file(0), file(1)] },
      ['count', 'rescaled', 'Rescaled 2 → 4: 6 entries in 2 copies, 90 B.'],
    ],
    [
      'a broadcast map of one subtask',
      { states: [declared({ type: 'operator-broadcast' })], parallelism: 1 },
      {
        states: [savedState({ type: 'operator-broadcast', keys: 1, bytes: 90 })],
        parallelism: 1,
        files: [file(0)],
      },
      ['count', 'as-is', 'As is: 1 entry, 90 B.'],
    ],
    [
      'a list of an operator that has become a union',
      { states: [declared({ type: 'operator-union' })] },
      { states: [savedState({ type: 'operator-list', keys: 6, bytes: 90 })] },
      [
        'count',
        'impossible',
        'Was saved as an operator-list state and is now an operator-union state: 6 elements, 90 B.',
      ],
    ],
    [
      'when its entries were touched',
      { states: [declared()] },
      { states: [savedState(), savedState({ name: 'count (ttl)' })] },
      ['count', 'as-is', 'As is: 21,016 keys, 17.7 MiB.'],
    ],
    [
      'what is only named so',
      {},
      { states: [savedState({ name: 'other (ttl)', keys: 1, bytes: 5 })] },
      [
        'other (ttl)',
        'dropped',
        'No operator takes the state other (ttl) of op: 1 key, 5 B would be left behind; the savepoint itself keeps them.',
      ],
    ],
    [
      'timers of what is no longer keyed',
      { keyed: false },
      { states: [savedState({ name: 'event-time-timers', type: 'timers' })] },
      [
        'event-time-timers',
        'dropped',
        'No operator takes the state event-time-timers of op: 21,016 timers, 17.7 MiB would be left behind; the savepoint itself keeps them.',
      ],
    ],
    [
      'a state that is gone',
      {},
      { states: [savedState({ type: 'map' })] },
      [
        'count',
        'dropped',
        'No operator takes the state count of op: 21,016 entries, 17.7 MiB would be left behind; the savepoint itself keeps them.',
      ],
    ],
  ])('%s', (_, planned, saved, expected) => {
    expect(verdicts(check(planned, saved))).toEqual([expected]);
  });
});

const keyedTypes = ['value', 'list', 'map', 'reducing', 'aggregating'] as const;

test.each(keyedTypes)('what the pre-flight says of a %s state is what the restore then does', (savedType) => {
  const versions = [1, 2, 3];
  const cases = keyedTypes.flatMap((type) =>
    versions.flatMap((savedVersion) =>
      versions.flatMap((version) => [0, 1, 2].map((steps) => ({ type, savedVersion, version, steps }))),
    ),
  );
  for (const { type, savedVersion, version, steps } of cases) {
    const files = new MemoryFiles();
    const saved: StateDeclaration<unknown> = { name: 'count', type: savedType, schemaVersion: savedVersion };
    const plan = (declaration: StateDeclaration<unknown>) => ({
      uid: 'op',
      maxParallelism: 2,
      declarations: [declaration],
    });
    const [backend] = subtasksOf(plan(saved), 1);
    backend!.setCurrentKey('k');
    if (savedType === 'list') backend!.list(saved).add(1);
    else if (savedType === 'map') backend!.map(saved).set('s', 1);
    else backend!.value(saved).set(1);
    const migrations = Object.fromEntries(
      Array.from({ length: steps }, (_, i) => [version - 1 - i, (old: unknown) => old]),
    );
    const declaration: StateDeclaration<unknown> = {
      name: 'count',
      type,
      schemaVersion: version,
      migrations,
    };
    const old = saveAll([backend!], files, 'a');
    const inManifest = savedState({ type: savedType, schemaVersion: savedVersion, keys: 1 });
    const report = check({ states: [describeState(declaration)] }, { states: [inManifest] });
    const restore = () => restoreAll(plan(declaration), 1, old, files);
    const what = `v${savedVersion} → ${type} v${version} with ${steps} migrations`;
    if (report.possible) expect(restore()[0]!.keyCount, what).toBe(1);
    else expect(restore, what).toThrow(RestoreRefused);
  }
});

test('G7: another max parallelism is impossible, for keyed state', () => {
  const report = check({ states: [declared()], maxParallelism: 256 }, { states: [savedState()] });
  expect(report.possible).toBe(false);
  expect(verdicts(report)).toEqual([
    [
      null,
      'impossible',
      'Was saved with max parallelism 128, and the plan has 256: key groups cannot be divided anew.',
    ],
  ]);
  expect(
    check({ states: [declared()], maxParallelism: 256 }, { states: [savedState({ keys: 0 })] }).possible,
  ).toBe(true);
  const splits = { name: 'splits', type: 'operator-union' } as const;
  expect(
    check({ states: [declared(splits)], maxParallelism: 256 }, { states: [savedState(splits)] }).possible,
  ).toBe(true);
});

test('G8: a removed operator with state needs consent and is named, one without is fine', () => {
  const withState = check(null, { states: [savedState()] });
  expect(withState.needs).toEqual(['allow-non-restored-state']);
  expect(withState.possible).toBe(true);
  expect(withState.items[0]).toMatchObject({ uid: 'op', state: 'count', verdict: 'dropped' });
  expect(check(null, { states: [savedState({ keys: 0 })] })).toMatchObject({ needs: [], items: [] });
  expect(check(null, {})).toMatchObject({ needs: [], items: [] });
  const withTimes = check(null, { states: [savedState(), savedState({ name: 'count (ttl)' })] });
  expect(withTimes.items.map(({ state }) => state)).toEqual(['count']);
});

test('parts that came after the snapshot need consent', () => {
  const part = { operator: 'out', path: 'out/part-0-7.jsonl', bytes: 10, committedAt: 5 };
  const report = preflight(manifest({ operators: [] }), graph([]), { ...nothing, supersededParts: [part] });
  expect(report).toMatchObject({ needs: ['supersede'], supersededParts: [part], possible: true });
});

test('what is read again: from the saved offset to where the job last was', () => {
  const saved = manifest({
    operators: [],
    sources: ['a', 'b', 'c']
      .map((split) => ({ operator: 'op', split, offset: 10, watermark: null }))
      .concat({ operator: 'gone', split: 'x', offset: 1, watermark: null }),
  });
  const lastPositions = [
    { operator: 'op', split: 'a', offset: 25, watermark: null },
    { operator: 'op', split: 'b', offset: 5, watermark: null },
  ];
  expect(
    preflight(saved, graph([operator({ role: 'source' })]), { ...nothing, lastPositions }).replay,
  ).toEqual([
    { operator: 'op', split: 'a', from: 10, to: 25 },
    { operator: 'op', split: 'b', from: 10, to: null },
    { operator: 'op', split: 'c', from: 10, to: null },
  ]);
});

function operator(changes: Partial<GraphOperator>): GraphOperator {
  return {
    uid: 'op',
    uidDerived: false,
    name: 'op',
    role: 'operator',
    type: 'process',
    parallelism: 2,
    parallelismFixed: false,
    maxParallelism: 128,
    keyed: true,
    inputs: 1,
    states: [],
    chainable: true,
    location: null,
    bounded: false,
    sinkDirectory: null,
    guarantee: null,
    requiredFiles: [],
    ...changes,
  };
}

test('what was in flight fits the plan that it was taken with, at any parallelism, and no other', () => {
  const inFlight: ManifestState = {
    name: 'received (in flight)',
    type: 'in-flight',
    schemaVersion: 1,
    keys: 3,
    bytes: 90,
  };
  const watermarks: ManifestState = { ...inFlight, name: 'watermarks (in flight)', keys: 2 };
  const saved = { states: [inFlight, watermarks] };
  expect(verdicts(check({}, saved, 'f'))).toEqual([
    ['received (in flight)', 'as-is', 'As is: 3 batches of records in flight, 90 B.'],
  ]);
  expect(verdicts(check({ parallelism: 3 }, saved, 'f'))).toEqual([
    ['received (in flight)', 'rescaled', 'Rescaled 2 → 3: 3 batches of records in flight, 90 B.'],
  ]);
  for (const changed of [check({}, saved), check(null, saved)]) {
    expect(changed.possible).toBe(false);
    expect(verdicts(changed)).toEqual([
      [
        'received (in flight)',
        'impossible',
        'Has 3 batches of records in flight, 90 B, which only the plan that it was taken with can take: take a savepoint before the code is changed, or go on from the newest one.',
      ],
    ]);
  }
  // Nothing was in flight after all: any plan that fits will do.
  expect(check({}, { states: [{ ...inFlight, keys: 0 }, watermarks] }).possible).toBe(true);
});

function graph(operators: readonly GraphOperator[]): JobGraph {
  return {
    name: 'job',
    maxParallelism: 128,
    operators,
    edges: [],
    fingerprint: 'f',
    checkpoints: defaultCheckpointSettings,
    restart: defaultRestartStrategy,
  };
}

test('an operator that may only have lost its uid is named', () => {
  const saved = { uid: 'old', name: 'old', states: [savedState()] };
  const alike = operator({ uid: 'new', states: [declared()] });
  const [item] = preflight(
    manifest({
      operators: [{ type: 'process', parallelism: 2, maxParallelism: 128, files: [], ...saved }],
      sources: [],
    }),
    graph([alike]),
    nothing,
  ).items.filter(({ verdict }) => verdict === 'dropped');
  expect(item?.text).toBe(
    'No operator takes the state count of old: 21,016 keys, 17.7 MiB would be left behind; the savepoint itself keeps them. op (new) is new and has the same states: if it is the same operator, give it the uid old.',
  );
});
