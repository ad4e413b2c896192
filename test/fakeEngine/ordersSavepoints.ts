/** Two savepoints of the orders: every type of state in a comparison, and one of each kind in a pre-flight. */
import type {
  Comparison,
  EntryDifference,
  PreflightItem,
  SavedOperator,
  SavepointSummary,
  StateDifference,
} from '../../runtime/protocol/savepoints.ts';
import type { FakeShelf } from './fakeEngine.ts';
import { startedAt } from './flightsWeather.ts';
import { ordersGraph } from './orders.ts';

export const quietId = '20260512-141158-a-quiet-minute';
export const newLimitsId = '20260512-141458-with-the-new-limits';

const savepoint: FakeShelf['savepoint'] = (given) => ({
  kind: 'savepoint',
  job: 'orders',
  notes: null,
  drained: false,
  stopped: false,
  parallelism: 2,
  fingerprint: '0rde55ed',
  runId: 'run-20260512-141058',
  path: `/projects/orders/.sluice/savepoints/${given.id}`,
  ...given,
});

export const ordersSavepoints: readonly SavepointSummary[] = [
  savepoint({
    id: newLimitsId,
    checkpointId: 8,
    label: 'With the new limits',
    createdAt: startedAt + 240_000,
    bytes: 119_204,
    keys: 1_000,
  }),
  savepoint({
    id: quietId,
    checkpointId: 2,
    label: 'A quiet minute',
    createdAt: startedAt + 60_000,
    bytes: 88_310,
    keys: 1_000,
  }),
];

type Row = readonly [keysA: number, keysB: number, added: number, removed: number, changed: number];
/** By operator and state; every other state is empty in both. */
const rows: Readonly<Record<string, Row>> = {
  'orders splits': [2, 2, 0, 0, 2],
  'limits splits': [1, 1, 0, 0, 1],
  'check limits': [2, 3, 1, 0, 1],
  'depot assigned': [3, 4, 2, 1, 0],
  'totals largest': [500, 500, 0, 0, 312],
  'totals mean': [500, 500, 0, 0, 500],
};
const entryBytes: Readonly<Record<string, number>> = { totals: 52 };

export const ordersShelf: FakeShelf = {
  savepoint,
  details: (summary) => ({
    ...summary,
    sluiceVersion: '0.1.0',
    formatVersion: 1,
    operators: operators().map(
      ({ operator, parallelism, maxParallelism }): SavedOperator => ({
        uid: operator.uid,
        name: operator.name,
        type: operator.type,
        parallelism,
        maxParallelism,
        states: operator.states.map(({ name, type, schemaVersion }) => {
          const keys = rows[`${operator.uid} ${name}`]?.[summary.id === quietId ? 0 : 1] ?? 0;
          return { name, type, schemaVersion, keys, bytes: keys * (entryBytes[operator.uid] ?? 21) };
        }),
      }),
    ),
    sources: positionsOf(summary),
  }),
  compare: (a, b) => ({
    a,
    b,
    samePlan: true,
    planChanges: [],
    remarks: [],
    positions: positionsOf(a).map((position, index) => {
      const to = positionsOf(b)[index]?.offset ?? position.offset;
      return {
        operator: position.operator,
        split: position.split,
        change: 'advanced',
        a: position.offset,
        b: to,
        records: to - position.offset,
        watermarkA: null,
        watermarkB: null,
        eventTimeA: null,
        eventTimeB: null,
      };
    }),
    positionsTotal: 3,
    records: positionsOf(b).reduce(
      (sum, { offset }, index) => sum + offset - (positionsOf(a)[index]?.offset ?? 0),
      0,
    ),
    inFlight: {
      channels: [
        { edge: 'orders->totals:0', from: 0, to: 1, recordsA: 0, recordsB: 412 },
        { edge: 'orders->totals:0', from: 1, to: 1, recordsA: 0, recordsB: 96 },
      ],
      channelsTotal: 2,
      recordsA: 0,
      recordsB: 508,
    },
    states: operators().flatMap(({ operator }) =>
      // What a sink's writers say of themselves is in no comparison.
      operator.states
        .filter(({ name }) => name !== 'writer')
        .map(({ name, type }): StateDifference => {
          const [keysA, keysB, added, removed, changed] = rows[`${operator.uid} ${name}`] ?? [0, 0, 0, 0, 0];
          const bytes = entryBytes[operator.uid] ?? 21;
          return {
            uid: operator.uid,
            name: operator.name,
            state: name,
            type,
            keysA,
            keysB,
            added,
            removed,
            changed,
            unchanged: keysA - removed - changed,
            bytesA: keysA * bytes,
            bytesB: keysB * bytes,
            role: name === 'splits' || name === 'committables' ? name : 'state',
            touched: operator.uid === 'totals' ? Math.min(41, keysA - removed - changed) : null,
            schemaA: 1,
            schemaB: 1,
          };
        }),
    ),
    tookMs: 34,
  }),
  entriesOf,
  preflight: (summary, parallelism) => ({
    savepoint: summary,
    items: items(parallelism !== summary.parallelism),
    supersededParts: [],
    replay: positionsOf(summary).map(({ operator, split, offset }) => ({
      operator,
      split,
      from: offset,
      to: offset + 90_000,
    })),
    needs: ['allow-non-restored-state'],
    possible: true,
  }),
};

function operators() {
  return ordersGraph().vertices.flatMap(({ operators: chained, parallelism, maxParallelism }) =>
    chained.map((operator) => ({ operator, parallelism, maxParallelism })),
  );
}

function positionsOf({ createdAt }: SavepointSummary) {
  const seconds = (createdAt - startedAt) / 1_000;
  return [
    { operator: 'orders', split: 'lane-0', offset: seconds * 1_000, watermark: null },
    { operator: 'orders', split: 'lane-1', offset: seconds * 1_000, watermark: null },
    { operator: 'limits', split: 'lane-0', offset: seconds, watermark: null },
  ];
}

/** The elements of an operator's own state have their value for a key; a broadcast map has keys of its own. */
function entriesOf(comparison: Comparison, uid: string, state: string): EntryDifference[] {
  const row = comparison.states.find((candidate) => candidate.uid === uid && candidate.state === state);
  if (row === undefined) return [];
  const entry = (change: EntryDifference['change'], index: number): EntryDifference => {
    const [before, after] =
      uid === 'totals' ? [310 + index, 870 + index] : uid === 'check' ? [950, 700 + index] : [index, index];
    return {
      change,
      at: index,
      key: JSON.stringify(uid === 'totals' ? `c${index}` : uid === 'check' ? index : { region: index }),
      subKey: null,
      before: change === 'added' ? null : JSON.stringify(before),
      after: change === 'removed' ? null : JSON.stringify(after),
      isShortened: false,
      window: null,
      time: null,
      namespace: null,
      touchedBefore: uid === 'totals' ? startedAt + 58_000 : null,
      touchedAfter: uid === 'totals' ? startedAt + 238_000 : null,
    };
  };
  return [
    ...Array.from({ length: row.changed }, (_, index) => entry('changed', index)),
    ...Array.from({ length: row.added }, (_, index) => entry('added', row.changed + index)),
    ...Array.from({ length: row.removed }, (_, index) => entry('removed', row.changed + row.added + index)),
  ];
}

function items(isRescaled: boolean): PreflightItem[] {
  const item = (
    uid: string,
    state: string | null,
    verdict: PreflightItem['verdict'],
    text: string,
    keys: number | null,
  ): PreflightItem => ({
    uid,
    name: uid,
    state,
    verdict,
    text,
    keys,
    bytes: keys === null ? null : keys * (entryBytes[uid] ?? 21),
  });
  const verdict = isRescaled ? 'rescaled' : 'as-is';
  return [
    item(
      'depot',
      'recent',
      'dropped',
      'No operator takes the state recent of depot: 12 elements, 252 B would be left behind; the savepoint itself keeps them.',
      12,
    ),
    item('check', 'limits', verdict, 'As is: 3 entries in 2 copies, 126 B.', 3),
    item('depot', 'assigned', verdict, 'As is: 4 elements, 84 B.', 4),
    item('orders', 'splits', verdict, 'As is: 2 elements, 42 B.', 2),
    item('totals', 'mean', 'migrated', 'Migrated v1 → v2: 500 keys, 25.4 KiB.', 500),
    item('totals', 'largest', verdict, 'As is: 500 keys, 25.4 KiB.', 500),
    item('audit', null, 'as-is', 'No state.', null),
  ];
}
