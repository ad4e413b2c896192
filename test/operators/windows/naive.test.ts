/**
 * Windows of every kind against a naive computation over the whole input: out of order, late, at several parallelisms, with
 * a savepoint that is restored at another one. Each kind is computed in several ways, which must not differ.
 */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import {
  countEvictor,
  type DataStream,
  eventTime,
  type OutputTag,
  ofType,
  outputTag,
  session,
  sliding,
  type Trigger,
  tumbling,
  type WindowAssigner,
  type WindowedStream,
  type WindowOptions,
} from '../../../runtime/api/index.ts';
import { type Arrived, againstNaive, timed } from '../../testing/againstNaive.ts';
import {
  alignedWindows,
  countWindows,
  type Fired,
  type NaiveWindows,
  type Reading,
  sessionWindows,
} from './naive.ts';

const reading: fc.Arbitrary<Reading> = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  n: fc.integer({ min: 0, max: 99 }),
});
const records = timed(reading, { lateShare: 0.3, lengthMax: 30 });
const late: OutputTag<Reading> = outputTag('late');
const keyOf = ({ key }: Reading) => key;

type Applied = (windows: WindowedStream<Reading, string | null>) => DataStream<Fired>;

const identity = (numbers: readonly number[]) => numbers;
const sum = (numbers: readonly number[]) => [numbers.reduce((left, right) => left + right, 0)];

/** The three functions, and what the naive numbers of a window are for each. */
const functions = {
  process: {
    apply: (windows) =>
      windows.process({
        output: ofType<Fired>(),
        onWindow: (values, { key, start, end }, { emit }) =>
          emit({ key, start, end, numbers: values.map(({ n }) => n) }),
      }),
    numbers: identity,
  },
  aggregate: {
    apply: (windows) =>
      windows.aggregate({
        create: () => [0],
        // In place, so that a copy that is missing somewhere shows.
        add: (total, { n }) => {
          total[0] = (total[0] ?? 0) + n;
          return total;
        },
        merge: (left, right) => {
          left[0] = (left[0] ?? 0) + (right[0] ?? 0);
          return left;
        },
        result: (numbers, { key, start, end }) => ({ key, start, end, numbers }),
      }),
    numbers: sum,
  },
  reduce: {
    apply: (windows) =>
      windows.reduce({
        reduce: (left, right) => ({ key: left.key, n: left.n + right.n }),
        output: ofType<Fired>(),
        onWindow: ({ n }, { key, start, end }, { emit }) => emit({ key, start, end, numbers: [n] }),
      }),
    numbers: sum,
  },
} satisfies Record<
  string,
  { readonly apply: Applied; readonly numbers: (all: readonly number[]) => readonly number[] }
>;

/** The usual trigger as an author might write it: nothing tells that it is the usual one. */
function handWritten(purges: { readonly purges?: false }): Trigger<unknown> {
  const { onElement, onEventTime, onMerge } = eventTime();
  return { onElement, ...(onEventTime && { onEventTime }), ...(onMerge && { onMerge }), ...purges };
}

const ways = {
  'as usual': {},
  'with a trigger that may purge': { trigger: handWritten({}) },
  'with a trigger that never purges': { trigger: handWritten({ purges: false }) },
  'with an evictor that keeps all': { evictor: countEvictor(1_000) },
} satisfies Record<string, WindowOptions<Reading>>;

const cases = [
  ['as usual', 'process'],
  ['as usual', 'aggregate'],
  ['as usual', 'reduce'],
  ['with a trigger that may purge', 'process'],
  ['with a trigger that may purge', 'aggregate'],
  ['with a trigger that never purges', 'process'],
  ['with a trigger that never purges', 'aggregate'],
  ['with an evictor that keeps all', 'reduce'],
] as const;

interface Compared {
  readonly assigner: WindowAssigner<Reading>;
  readonly latenessMs: number;
  readonly naive: (records: readonly Arrived<Reading>[]) => NaiveWindows;
  /** Windows of all records together. */
  readonly isOfAll?: boolean;
  /** Sessions that merge hold their records one after the other; only which they are is compared. */
  readonly sorted?: boolean;
}

function compare(
  way: keyof typeof ways,
  name: keyof typeof functions,
  { assigner, latenessMs, naive, isOfAll, sorted }: Compared,
): void {
  const { apply, numbers } = functions[name];
  const options = { ...ways[way], allowedLateness: latenessMs, lateTo: late };
  const text = ({ key, start, end, numbers: all }: Fired) => {
    const shown = sorted === true ? [...all].sort((a, b) => a - b) : all;
    return `${key} ${start}-${end}: ${shown.join(' ')}`;
  };
  againstNaive<Reading, Fired, string>({
    piece: (stream) =>
      apply(isOfAll ? stream.windowAll(assigner, options) : stream.keyBy(keyOf).window(assigner, options)),
    records,
    shown: ({ value, timestamp }) => `${text(value)} @${timestamp}`,
    kit: { sideOutputs: [late] },
    naive: (arrived) => {
      const { fired, late: lateOnes } = naive(arrived);
      const output = fired.map(
        (each) => `${text({ ...each, numbers: numbers(each.numbers) })} @${each.end - 1}`,
      );
      return { output, sideOutputs: { late: lateOnes } };
    },
    runs: { numRuns: 12 },
  });
}

describe.each(cases)('%s, %s', (way, name) => {
  test('tumbling', () => {
    const [sizeMs, offsetMs, latenessMs] = [50, 7, 30];
    const naive = (arrived: readonly Arrived<Reading>[]) =>
      alignedWindows(arrived, { sizeMs, slideMs: sizeMs, offsetMs, latenessMs, keyOf });
    compare(way, name, { assigner: tumbling(sizeMs, { offset: offsetMs }), latenessMs, naive });
  });

  test.each([
    [60, 20, 0],
    [60, 20, 30],
    [50, 20, 0],
    [20, 50, 10],
  ])('sliding, %d by %d, %d late', (sizeMs, slideMs, latenessMs) => {
    const naive = (arrived: readonly Arrived<Reading>[]) =>
      alignedWindows(arrived, { sizeMs, slideMs, offsetMs: 0, latenessMs, keyOf });
    compare(way, name, { assigner: sliding(sizeMs, slideMs), latenessMs, naive });
  });

  test.each([0, 40])('session, %d late', (latenessMs) => {
    const naive = (arrived: readonly Arrived<Reading>[]) =>
      sessionWindows(arrived, { gapOf: () => 25, latenessMs });
    compare(way, name, { assigner: session(25), latenessMs, naive, sorted: true });
  });

  test('session, with gaps of each record’s own', () => {
    const gapOf = ({ n }: Reading) => 5 + n;
    const naive = (arrived: readonly Arrived<Reading>[]) =>
      sessionWindows(arrived, { gapOf, latenessMs: 20 });
    compare(way, name, { assigner: session(gapOf), latenessMs: 20, naive, sorted: true });
  });

  test('windowAll', () => {
    const naive = (arrived: readonly Arrived<Reading>[]) =>
      alignedWindows(arrived, { sizeMs: 60, slideMs: 20, offsetMs: 0, latenessMs: 20, keyOf: () => null });
    compare(way, name, { assigner: sliding(60, 20), latenessMs: 20, naive, isOfAll: true });
  });
});

describe.each(['process', 'aggregate', 'reduce'] as const)('count windows, %s', (name) => {
  const { apply, numbers } = functions[name];
  const text = ({ key, numbers: all }: Fired) => `${key}: ${all.join(' ')}`;

  test.each([
    [3, null],
    [4, 2],
    [2, 3],
  ])('of %s records, every %s', (size, slide) => {
    againstNaive<Reading, Fired, string>({
      piece: (stream) => apply(stream.keyBy(keyOf).countWindow(size, slide ?? undefined)),
      records,
      shown: ({ value }) => text(value),
      orderedBy: (shown) => shown[0],
      naive: (arrived) =>
        countWindows(arrived, size, slide, keyOf).map((fired) =>
          text({ ...fired, numbers: numbers(fired.numbers) }),
        ),
      runs: { numRuns: 12 },
    });
  });

  test('of the whole stream', () => {
    againstNaive<Reading, Fired, string>({
      piece: (stream) => apply(stream.countWindowAll(4, 3)),
      records,
      shown: ({ value }) => text(value),
      orderedBy: () => 0,
      naive: (arrived) =>
        countWindows(arrived, 4, 3, () => null).map((fired) =>
          text({ ...fired, numbers: numbers(fired.numbers) }),
        ),
      runs: { numRuns: 12 },
    });
  });
});
