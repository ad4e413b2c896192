/** The savepoints of the pictures: four, with one comparison and one pre-flight worked out down to the single key. */
import type {
  Comparison,
  EntryDifference,
  Preflight,
  PreflightItem,
  SavedOperator,
  SavepointDetails,
  SavepointSummary,
  SourceRange,
  StateDifference,
} from '../../runtime/protocol/savepoints.ts';
import type { FakeShelf } from './fakeEngine.ts';
import { startedAt } from './flightsWeather.ts';

const mebi = 1_048_576;
const minute = 60_000;

export const baselineId = '20260512-141658-baseline-six-minutes-in';
export const beforeEnrichId = '20260512-142558-before-enrich-v2';
export const releaseId = '20260511-174012-release-1-0-3';
export const wrongId = '20260510-091240-p95-looked-wrong-here';

const base = {
  kind: 'savepoint',
  job: 'flights-weather',
  notes: null,
  drained: false,
  stopped: false,
  parallelism: 2,
  fingerprint: 'b3f1c0de',
} as const;

export function savepoint(
  given: Pick<SavepointSummary, 'id' | 'checkpointId' | 'label' | 'createdAt' | 'bytes' | 'keys'> &
    Partial<SavepointSummary>,
): SavepointSummary {
  return {
    ...base,
    runId: 'run-20260512-141058',
    path: `/projects/flights/.sluice/savepoints/${given.id}`,
    ...given,
  };
}

export const flightsSavepoints: readonly SavepointSummary[] = [
  savepoint({
    id: beforeEnrichId,
    checkpointId: 30,
    label: 'Before enrich v2',
    createdAt: startedAt + 15 * minute,
    bytes: 24.1 * mebi,
    keys: 24_251,
  }),
  savepoint({
    id: baselineId,
    checkpointId: 12,
    label: 'Baseline, six minutes in',
    createdAt: startedAt + 6 * minute,
    bytes: 14.8 * mebi,
    keys: 18_062,
  }),
  savepoint({
    id: releaseId,
    checkpointId: 211,
    label: 'Release 1.0.3',
    createdAt: Date.UTC(2026, 4, 11, 17, 40, 12),
    bytes: 31.2 * mebi,
    keys: 30_410,
    stopped: true,
    runId: 'run-20260511-155440',
  }),
  savepoint({
    id: wrongId,
    checkpointId: 57,
    label: 'p95 looked wrong here',
    notes: 'ATL counts twice, see issue 118',
    createdAt: Date.UTC(2026, 4, 10, 9, 12, 40),
    bytes: 22.7 * mebi,
    keys: 20_988,
    runId: 'run-20260510-084402',
  }),
];

const offsets = { a: [221_004, 220_611, 220_785, 34_560], b: [552_310, 551_804, 551_886, 86_400] };

export function savepointDetails(summary: SavepointSummary, now: number): SavepointDetails {
  const operators: SavedOperator[] = [
    operatorOf('flights', 'source', 2, [['splits', 'operator-list', 3, 412]]),
    operatorOf('weather', 'source', 1, [['splits', 'operator-list', 1, 96]]),
    operatorOf('parse', 'map', 2, []),
    operatorOf('enrich', 'connect', 2, [
      ['latest', 'map', 1_214, 0.7 * mebi],
      ['pending', 'list', Math.max(0, summary.keys - 3_235), 17.7 * mebi],
    ]),
    operatorOf('delay-window', 'window', 2, [
      ['panes', 'aggregating', 1_008, 5.9 * mebi],
      ['timers', 'timers', 1_008, 0.3 * mebi],
    ]),
    operatorOf('out', 'sink', 1, [['pending-parts', 'operator-union', 1, 1_126]]),
  ];
  const counted = summary.id === baselineId ? offsets.a : offsets.b;
  return {
    ...summary,
    sluiceVersion: '0.1.0',
    formatVersion: 1,
    operators,
    sources: counted.map((offset, index) => ({
      operator: index === 3 ? 'weather' : 'flights',
      split: index === 3 ? '0' : String(index),
      offset,
      watermark: Math.min(now, summary.createdAt) - (index === 3 ? 26_000 : 2_000),
    })),
  };
}

function operatorOf(
  uid: string,
  type: string,
  parallelism: number,
  states: readonly (readonly [string, SavedOperator['states'][number]['type'], number, number])[],
): SavedOperator {
  return {
    uid,
    name: uid,
    type,
    parallelism,
    maxParallelism: 128,
    states: states.map(([name, stateType, keys, bytes]) => ({
      name,
      type: stateType,
      schemaVersion: 1,
      keys,
      bytes: Math.round(bytes),
    })),
  };
}

const roles: Readonly<Record<string, StateDifference['role']>> = {
  'flights splits': 'splits',
  'weather splits': 'splits',
  'delay-window panes': 'windows',
  'delay-window timers': 'event-time-timers',
  'out pending-parts': 'committables',
};

type Row = readonly [
  uid: string,
  state: string,
  type: Comparison['states'][number]['type'],
  keysA: number,
  keysB: number,
  added: number,
  removed: number,
  changed: number,
  unchanged: number,
  bytesA: number,
  bytesB: number,
];
const rows: readonly Row[] = [
  ['flights', 'splits', 'operator-list', 3, 3, 0, 0, 3, 0, 412, 412],
  ['weather', 'splits', 'operator-list', 1, 1, 0, 0, 1, 0, 96, 96],
  ['enrich', 'latest', 'map', 1_182, 1_214, 34, 2, 1_148, 32, 0.69 * mebi, 0.7 * mebi],
  ['enrich', 'pending', 'list', 14_873, 21_016, 9_902, 3_759, 2_310, 8_804, 11.6 * mebi, 17.7 * mebi],
  ['delay-window', 'panes', 'aggregating', 1_001, 1_008, 338, 331, 655, 15, 2.7 * mebi, 5.9 * mebi],
  ['delay-window', 'timers', 'timers', 1_001, 1_008, 338, 331, 0, 670, 30 * 1_024, 31 * 1_024],
  ['out', 'pending-parts', 'operator-union', 1, 1, 1, 1, 0, 0, 1_004, 1_126],
];

export function compare(a: SavepointSummary, b: SavepointSummary): Comparison {
  const swapped = a.createdAt > b.createdAt;
  const same = a.id === b.id;
  const lag = [2_000, 3_000, 2_000, 26_000];
  const position = (index: number): SourceRange => {
    const older = offsets.a[index]!;
    const newer = same ? older : offsets.b[index]!;
    const [from, to] = swapped ? [newer, older] : [older, newer];
    return {
      operator: index === 3 ? 'weather' : 'flights',
      split: index === 3 ? '0' : String(index),
      change: from === to ? 'same' : from < to ? 'advanced' : 'behind',
      a: from,
      b: to,
      records: to - from,
      eventTimeA: null,
      eventTimeB: null,
      watermarkA: a.createdAt - 2_000,
      watermarkB: same ? a.createdAt - 2_000 : b.createdAt - (index === 3 ? 24_000 : lag[index]! - 2_000),
    };
  };
  return {
    a,
    b,
    samePlan: a.fingerprint === b.fingerprint,
    planChanges:
      a.fingerprint === b.fingerprint
        ? []
        : ['delay-alerts was added.', 'enrich no longer declares the state pending.'],
    remarks: swapped
      ? [
          'A is the later of the two: what was added in between stands as removed. Swap them to see what was processed.',
        ]
      : [],
    positions: [0, 1, 2, 3].map(position),
    positionsTotal: 4,
    records: [0, 1, 2, 3].reduce((sum, index) => sum + (position(index).records ?? 0), 0),
    inFlight: { channels: [], channelsTotal: 0, recordsA: 0, recordsB: 0 },
    states: rows.map(
      ([uid, state, type, keysA, keysB, added, removed, changed, unchanged, bytesA, bytesB]) => ({
        uid,
        name: uid,
        state,
        type,
        keysA: swapped ? keysB : keysA,
        keysB: same ? keysA : swapped ? keysA : keysB,
        added: same ? 0 : swapped ? removed : added,
        removed: same ? 0 : swapped ? added : removed,
        changed: same ? 0 : changed,
        unchanged: same ? keysA : unchanged,
        bytesA: Math.round(swapped ? bytesB : bytesA),
        bytesB: Math.round(same ? bytesA : swapped ? bytesA : bytesB),
        role: roles[`${uid} ${state}`] ?? 'state',
        touched: null,
        schemaA: 1,
        schemaB: 1,
      }),
    ),
    tookMs: 212,
  };
}

const airports = [
  'ATL',
  'ORD',
  'DFW',
  'DEN',
  'LAX',
  'PHX',
  'IAH',
  'LAS',
  'SFO',
  'CLT',
  'MCO',
  'EWR',
  'SLC',
  'DTW',
  'BOS',
  'SEA',
];

/** As many entries as the comparison counts, in key order, made from their index alone. */
export function entriesOf(comparison: Comparison, uid: string, state: string): EntryDifference[] {
  const row = comparison.states.find((candidate) => candidate.uid === uid && candidate.state === state);
  if (row === undefined) return [];
  const total = row.added + row.removed + row.changed;
  const entries: EntryDifference[] = [];
  let left = { added: row.added, removed: row.removed, changed: row.changed };
  for (let index = 0; index < total; index++) {
    const wish = index % 7 === 4 ? 'added' : index % 7 === 6 ? 'removed' : 'changed';
    const change =
      left[wish] > 0 ? wish : left.changed > 0 ? 'changed' : left.added > 0 ? 'added' : 'removed';
    left = { ...left, [change]: left[change] - 1 };
    entries.push(entryOf(index, change, state));
  }
  return entries;
}

function entryOf(index: number, change: EntryDifference['change'], state: string): EntryDifference {
  const airport = airports[index % airports.length]!;
  const round = Math.floor(index / airports.length);
  const slot =
    (14 * 60 + (change === 'removed' ? -10 : change === 'added' ? 20 : 0) + (round % 12) * 10) % (24 * 60);
  const day = Date.UTC(2026, 4, 12);
  const start = day + slot * minute;
  const isOfWindow = state === 'panes' || state === 'timers';
  const count = 4_112 - (index % airports.length) * 240 - round * 3;
  const p95 = 48 - (index % 9) * 2;
  const sample = (factor: number) =>
    state === 'panes'
      ? JSON.stringify({
          count: Math.max(1, Math.round(count * factor)),
          mean: Math.round((11.3 - (index % 16) * 0.4) * 10 * (factor > 1 ? 1.13 : 1)) / 10,
          p95: factor > 1 && index % 3 !== 0 ? p95 + 5 : p95,
        })
      : JSON.stringify({ seen: Math.max(1, Math.round(count * factor)) });
  return {
    change,
    key: JSON.stringify(state === 'splits' ? index : airport),
    at: index,
    subKey:
      state === 'timers'
        ? JSON.stringify([start + 30 * minute - 1, start])
        : state === 'panes'
          ? JSON.stringify(start)
          : round > 0
            ? JSON.stringify(round)
            : null,
    before: change === 'added' || state === 'timers' ? null : sample(1),
    after: change === 'removed' || state === 'timers' ? null : sample(2.5),
    isShortened: state === 'pending' && index % 5 === 2,
    window: isOfWindow ? { start, end: start + 30 * minute } : null,
    time: state === 'timers' ? start + 30 * minute - 1 : null,
    namespace: state === 'timers' ? JSON.stringify(start) : null,
    touchedBefore: null,
    touchedAfter: null,
  };
}

/** "p95 looked wrong here" does not fit the edited plan; the others fit, after consent where something is left behind. */
export function preflight(summary: SavepointSummary, parallelism: number, now: number): Preflight {
  const scaled = parallelism !== summary.parallelism;
  const item = (
    uid: string,
    state: string | null,
    verdict: PreflightItem['verdict'],
    text: string,
    keys: number | null = null,
    bytes: number | null = null,
  ): PreflightItem => ({ uid, name: uid, state, verdict, text, keys, bytes });
  const rescaled = `Rescaled ${summary.parallelism} → ${parallelism}`;
  const verdict = scaled ? 'rescaled' : 'as-is';
  const impossible = summary.id === wrongId;
  const drops = summary.id === beforeEnrichId || impossible;
  const items: PreflightItem[] = [
    ...(impossible
      ? [
          item(
            'delay-window',
            'panes',
            'impossible',
            'Written as tdigest v1. The plan declares ddsketch v2 and no migration from v1.',
            1_008,
            5.9 * mebi,
          ),
        ]
      : []),
    ...(drops
      ? [
          item(
            'enrich',
            'pending',
            'dropped',
            'No operator takes the state pending: 21,016 keys, 17.7 MiB. The savepoint itself keeps them.',
            21_016,
            17.7 * mebi,
          ),
        ]
      : [
          item(
            'enrich',
            'pending',
            verdict,
            scaled ? `${rescaled}.` : 'Read back as it is.',
            21_016,
            17.7 * mebi,
          ),
        ]),
    item(
      'enrich',
      'latest',
      'migrated',
      'Migrated v1 → v2: Observation gains gust: null.',
      1_214,
      0.7 * mebi,
    ),
    item(
      'flights',
      'splits',
      verdict,
      scaled ? `${rescaled}: 3 splits on ${parallelism} subtasks.` : 'Three splits on two subtasks.',
      3,
      412,
    ),
    ...(impossible
      ? []
      : [
          item(
            'delay-window',
            'panes',
            verdict,
            scaled
              ? `${rescaled}: 128 key groups, ${128 / parallelism} for each subtask.`
              : '128 key groups, 64 for each subtask.',
            1_008,
            5.9 * mebi,
          ),
        ]),
    item(
      'delay-window',
      'timers',
      verdict,
      scaled ? `${rescaled}: 1,008 timers.` : '1,008 timers.',
      1_008,
      0.3 * mebi,
    ),
    item('weather', 'splits', 'as-is', 'Parallelism stays 1. Goes on at offset 86,400.', 1, 96),
    item('out', 'pending-parts', 'as-is', '1 part file will be committed first.', 1, 1_126),
    item('parse', null, 'as-is', 'No state.'),
    item('delay-alerts', 'open', 'new-and-empty', 'Not in the savepoint. Starts with no keys.'),
  ];
  const ageSeconds = Math.max(0, now - summary.createdAt) / 1000;
  const supersededParts = Array.from({ length: 11 }, (_, index) => ({
    operator: 'out',
    path: `/projects/flights/out/part-0-${30 + index}.jsonl`,
    bytes: 180_224 + index * 1_310,
    committedAt: summary.createdAt + (index + 1) * 30_000,
  }));
  const from = [552_310, 551_804, 551_886];
  return {
    savepoint: summary,
    items,
    supersededParts,
    replay: [
      ...from.map((offset, split) => ({
        operator: 'flights',
        split: String(split),
        from: offset,
        to: Math.round(offset + ageSeconds * 613.6),
      })),
      { operator: 'weather', split: '0', from: 86_400, to: Math.round(86_400 + ageSeconds * 94) },
    ],
    needs: [...(drops ? (['allow-non-restored-state'] as const) : []), 'supersede'],
    possible: !impossible,
  };
}

export const flightsShelf: FakeShelf = {
  savepoint,
  details: savepointDetails,
  compare,
  entriesOf,
  preflight,
};
