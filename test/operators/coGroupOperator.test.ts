import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  count,
  countEvictor,
  type DataStream,
  type JoinWindows,
  ofType,
  outputTag,
  type Sided,
  session,
  sliding,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';
import { type Emitted, testOperator2 } from '../../runtime/testing/index.ts';
import { type Arrived, againstNaive2, timed } from '../testing/againstNaive.ts';

interface Reading {
  readonly key: string;
  readonly n: number;
}

const reading: fc.Arbitrary<Reading> = fc.record({ key: fc.constantFrom('a', 'b', 'c'), n: fc.nat(9) });
const keyOf = ({ key }: Reading) => key;
const late = outputTag<Sided<Reading, Reading>>('late');

type Windows = JoinWindows<Reading, Reading>;
type Streams = readonly [DataStream<Reading>, DataStream<Reading>];

const join =
  (windows: Windows) =>
  (...[left, right]: Streams) =>
    left
      .keyBy(keyOf)
      .join(right.keyBy(keyOf), windows, (l, r, { key, start }) => `${key} ${start} ${l.n}${r.n}`);

const coGroup =
  (windows: Windows) =>
  (...[left, right]: Streams) =>
    left.keyBy(keyOf).coGroup(right.keyBy(keyOf), windows, {
      output: ofType<string>(),
      onWindow: (lefts, rights, { key, start, end }, { emit }) =>
        emit(`${key} ${start}-${end} ${numbers(lefts)} ${numbers(rights)}`),
    });

const numbers = (readings: readonly Reading[]) => readings.map(({ n }) => n).join('');

/** A window of a key with what it holds of both sides, in the order in which it came. */
interface Group {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly lefts: Reading[];
  readonly rights: Reading[];
}

type Come = Arrived<Reading> & { readonly isLeft: boolean };

const together = (left: readonly Arrived<Reading>[], right: readonly Arrived<Reading>[]): readonly Come[] =>
  [
    ...left.map((record) => ({ ...record, isLeft: true })),
    ...right.map((record) => ({ ...record, isLeft: false })),
  ].sort((one, other) => one.arrival - other.arrival);

const put = (groups: Map<string, Group>, { value, isLeft }: Come, start: number, end: number) => {
  const id = `${value.key} ${start}`;
  const group = groups.get(id) ?? { key: value.key, start, end, lefts: [], rights: [] };
  groups.set(id, group);
  (isLeft ? group.lefts : group.rights).push(value);
};

/** Windows that begin every `slide` ms. A record is in those that the watermark has not passed. */
function naiveWindows(records: readonly Come[], size: number, slide: number) {
  const groups = new Map<string, Group>();
  const dropped: Sided<Reading, Reading>[] = [];
  for (const record of records) {
    const { timestamp, watermark, value, isLeft } = record;
    let isIn = false;
    for (let start = Math.floor(timestamp / slide) * slide; start > timestamp - size; start -= slide) {
      if (start + size - 1 <= watermark) continue;
      isIn = true;
      put(groups, record, start, start + size);
    }
    if (!isIn) dropped.push({ side: isLeft ? 'left' : 'right', value });
  }
  return { groups: [...groups.values()], dropped };
}

/** Of all records, whenever they came: none is late. */
function naiveSessions(records: readonly Come[], gap: number): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const key of new Set(records.map(({ value }) => value.key))) {
    const own = records.filter(({ value }) => value.key === key);
    const times = own.map(({ timestamp }) => timestamp).sort((a, b) => a - b);
    const starts = times.filter((time, place) => place === 0 || time - (times[place - 1] as number) > gap);
    for (const record of own) {
      const start = starts.findLast((begin) => begin <= record.timestamp) as number;
      const next = starts.find((begin) => begin > start) ?? Number.POSITIVE_INFINITY;
      put(groups, record, start, (times.findLast((time) => time < next) as number) + gap);
    }
  }
  return [...groups.values()];
}

const pairsOf = (groups: readonly Group[]) =>
  groups.flatMap(({ key, start, end, lefts, rights }) =>
    lefts.flatMap((l) => rights.map((r) => ({ value: `${key} ${start} ${l.n}${r.n}`, timestamp: end - 1 }))),
  );

const groupsOf = (groups: readonly Group[]) =>
  groups.map(({ key, start, end, lefts, rights }) => ({
    value: `${key} ${start}-${end} ${numbers(lefts)} ${numbers(rights)}`,
    timestamp: end - 1,
  }));

const lateRecords = timed(reading, { lateShare: 0.2 });
/** Times are even and the gap of a session is odd, so that no two records are a gap apart: they would be one or two. */
const evenRecords = timed(reading).map((records) =>
  records.map(({ value, timestamp }) => ({ value, timestamp: timestamp * 2 })),
);
const GAP = 31;

test.each([
  ['tumbling', tumbling(50), 50, 50],
  ['sliding', sliding(60, 20), 60, 20],
] as const)('a join in %s windows makes the pairs of a naive one', (_name, window, size, slide) => {
  againstNaive2<Reading, Reading, string, Emitted<string>>({
    piece: join({ window, lateTo: late }),
    first: lateRecords,
    second: lateRecords,
    anyOrder: true,
    idle: true,
    kit: { sideOutputs: [late] },
    shown: (emitted) => emitted,
    naive: (left, right) => {
      const { groups, dropped } = naiveWindows(together(left, right), size, slide);
      return { output: pairsOf(groups), sideOutputs: { late: dropped } };
    },
    runs: { numRuns: 60 },
  });
});

test('a join in sessions makes pairs of what either stream keeps going', () => {
  againstNaive2<Reading, Reading, string, Emitted<string>>({
    piece: join({ window: session(GAP) }),
    first: evenRecords,
    second: evenRecords,
    outOfOrdernessMs: 20,
    anyOrder: true,
    shown: (emitted) => emitted,
    naive: (left, right) => pairsOf(naiveSessions(together(left, right), GAP)),
    runs: { numRuns: 60 },
  });
});

test.each([
  ['tumbling', tumbling(50), 50, 50],
  ['sliding', sliding(60, 20), 60, 20],
] as const)(
  'a co-group in %s windows gets both lists, in the order of arrival',
  (_name, window, size, slide) => {
    againstNaive2<Reading, Reading, string, Emitted<string>>({
      piece: coGroup({ window }),
      first: lateRecords,
      second: lateRecords,
      shown: (emitted) => emitted,
      naive: (left, right) => groupsOf(naiveWindows(together(left, right), size, slide).groups),
      runs: { numRuns: 60 },
    });
  },
);

test('a co-group in sessions gets both lists', () => {
  const sorted = ({ value, timestamp }: Emitted<string>) => {
    const [key, range, ...lists] = value.split(' ');
    return { value: [key, range, ...lists.map((list) => [...list].sort().join(''))].join(' '), timestamp };
  };
  againstNaive2<Reading, Reading, string, Emitted<string>>({
    piece: coGroup({ window: session(GAP) }),
    first: evenRecords,
    second: evenRecords,
    outOfOrdernessMs: 20,
    shown: sorted,
    naive: (left, right) => groupsOf(naiveSessions(together(left, right), GAP)).map(sorted),
    runs: { numRuns: 60 },
  });
});

test('a record that is late and allowed makes its window fire again', () => {
  const operator = testOperator2(join({ window: tumbling(100), allowedLateness: 50, lateTo: late }), {
    sideOutputs: [late],
  });
  operator.first.push({ key: 'a', n: 1 }, 10);
  operator.second.push({ key: 'a', n: 2 }, 20);
  operator.watermark(120);
  expect(operator.takeOutput()).toEqual(['a 0 12']);
  operator.second.push({ key: 'a', n: 3 }, 30);
  expect(operator.takeOutput()).toEqual(['a 0 12', 'a 0 13']);
  operator.watermark(149);
  operator.second.push({ key: 'a', n: 4 }, 30);
  expect(operator.output).toEqual([]);
  expect(operator.outputOf(late)).toEqual([{ side: 'right', value: { key: 'a', n: 4 } }]);
});

test('triggers count both sides, evictors thin out both, and an author may look at the side', () => {
  const counted = testOperator2(coGroup({ window: tumbling(100), trigger: count(3) }));
  counted.first.push({ key: 'a', n: 1 }, 10);
  counted.second.push({ key: 'a', n: 2 }, 20);
  counted.first.push({ key: 'a', n: 3 }, 30);
  expect(counted.output).toEqual(['a 0-100 13 2']);

  const evicted = testOperator2(coGroup({ window: tumbling(100), evictor: countEvictor(2) }));
  evicted.first.push({ key: 'a', n: 1 }, 10);
  evicted.second.push({ key: 'a', n: 2 }, 20);
  evicted.first.push({ key: 'a', n: 3 }, 30);
  evicted.watermark(99);
  expect(evicted.output).toEqual(['a 0-100 3 2']);

  const onceBoth = testOperator2((left: DataStream<Reading>, right: DataStream<Reading>) =>
    left.keyBy(keyOf).coGroup(
      right.keyBy(keyOf),
      {
        window: tumbling(100),
        trigger: {
          state: { left: valueState<boolean>(), right: valueState<boolean>() },
          onElement({ side }, { state }) {
            state[side].set(true);
            return state.left.get() === true && state.right.get() === true ? 'fire-and-purge' : 'continue';
          },
        },
      },
      {
        output: ofType<string>(),
        state: { fired: valueState<number>({ initial: 0 }) },
        onWindow(lefts, rights, { key }, { state, emit }) {
          state.fired.set(state.fired.get() + 1);
          emit(`${key} ${numbers(lefts)} ${numbers(rights)} ${state.fired.get()}`);
        },
      },
    ),
  );
  onceBoth.first.push({ key: 'a', n: 1 }, 10);
  onceBoth.second.push({ key: 'b', n: 2 }, 10);
  onceBoth.second.push({ key: 'a', n: 3 }, 20);
  onceBoth.first.push({ key: 'a', n: 4 }, 30);
  expect(onceBoth.output).toEqual(['a 1 3 1', 'a 4  2']);
});

test('a join with a lifecycle emits as much as it likes', () => {
  const far = outputTag<number>('far');
  const operator = testOperator2(
    (left: DataStream<Reading>, right: DataStream<Reading>) =>
      left.keyBy(keyOf).join(
        right.keyBy(keyOf),
        { window: tumbling(100) },
        {
          output: ofType<string>(),
          open: () => 'opened',
          onPair(l, r, { key, end }, { opened, timestamp, emit, emitTo }) {
            if (l.n > r.n) emitTo(far, timestamp);
            else for (let n = l.n; n < r.n; n++) emit(`${opened} ${key} ${end} ${n}`);
          },
        },
      ),
    { sideOutputs: [far] },
  );
  operator.first.push({ key: 'a', n: 7 }, 10);
  operator.second.push({ key: 'a', n: 9 }, 20);
  operator.second.push({ key: 'a', n: 5 }, 99);
  operator.end();
  expect(operator.output).toEqual(['opened a 100 7', 'opened a 100 8']);
  expect(operator.outputOf(far)).toEqual([99]);
});
