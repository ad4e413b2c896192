/** Which subtask of the next operator a record comes to, seen from the operator itself. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DataStream, RecordStream } from '../../runtime/api/index.ts';
import { OperatorFailed, testOperator } from '../../runtime/testing/index.ts';

/** A record, the subtask that sent it and the one that got it. */
interface Way {
  readonly n: number;
  readonly from: number;
  readonly to: number;
}

type Sent = Omit<Way, 'to'>;
type Spread = (stream: DataStream<Sent>) => RecordStream<Sent>;

/** The ways of 0 to `count` − 1, which come to the senders in turn. */
function waysOf(spread: Spread, senders: number, receivers: number, count: number): readonly Way[] {
  const operator = testOperator(
    (numbers: DataStream<number>) =>
      spread(
        numbers.map(
          { open: ({ subtaskIndex }) => subtaskIndex, map: (n, from) => ({ n, from }) },
          { parallelism: senders },
        ),
      ).map(
        { open: ({ subtaskIndex }) => subtaskIndex, map: (sent, to): Way => ({ ...sent, to }) },
        { parallelism: receivers, uid: 'receiver' },
      ),
    { parallelism: senders },
  );
  operator.together(() => {
    for (let n = 0; n < count; n++) operator.push(n);
  });
  return operator.output;
}

const sortedNumbers = (ways: readonly Way[]) => ways.map(({ n }) => n).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const counts = (ways: readonly Way[], receivers: number) =>
  upTo(receivers).map((to) => ways.filter((way) => way.to === to).length);

const parallelisms = fc.record({
  senders: fc.integer({ min: 1, max: 4 }),
  receivers: fc.integer({ min: 1, max: 4 }),
  count: fc.nat(60),
});

/** `holds` is asked for each record; every record comes exactly once. */
function check(spread: Spread, holds: (way: Way, senders: number, receivers: number) => boolean): void {
  fc.assert(
    fc.property(parallelisms, ({ senders, receivers, count }) => {
      const ways = waysOf(spread, senders, receivers, count);
      expect(sortedNumbers(ways)).toEqual(upTo(count));
      expect(ways.filter((way) => !holds(way, senders, receivers))).toEqual([]);
    }),
    { numRuns: 40 },
  );
}

test('partitionCustom sends a record where its function says', () => {
  check(
    (stream) => stream.partitionCustom(({ n }, receivers) => (n * 7) % receivers),
    ({ n, to }, _senders, receivers) => to === (n * 7) % receivers,
  );
});

test('keyBy sends what has one key to one subtask', () => {
  const seen = new Map<string, number>();
  check(
    (stream) => stream.keyBy(({ n }) => n % 5),
    ({ n, to }, _senders, receivers) => {
      const place = `${n % 5} of ${receivers}`;
      const known = seen.get(place) ?? to;
      seen.set(place, to);
      return known === to;
    },
  );
});

test('a union of keyed streams is keyed, each stream by its own function', () => {
  const ways = waysOf(
    (stream) => stream.keyBy(({ n }) => n % 5).union(stream.keyBy(({ n }) => (n + 1) % 5)),
    2,
    3,
    50,
  );
  const subtaskOf = (key: number) => {
    const [only, ...others] = new Set(
      waysOf((stream) => stream.keyBy(() => key), 1, 3, 1).map(({ to }) => to),
    );
    expect(others).toEqual([]);
    return only;
  };
  const expected = upTo(50).flatMap((n) => [`${n} ${subtaskOf(n % 5)}`, `${n} ${subtaskOf((n + 1) % 5)}`]);
  expect(ways.map(({ n, to }) => `${n} ${to}`).sort()).toEqual(expected.sort());
});

test('rescale stays near: each sender has its own share of the receivers, or each receiver its own of the senders', () => {
  check(
    (stream) => stream.rescale(),
    ({ from, to }, senders, receivers) =>
      senders <= receivers
        ? to >= Math.ceil((from * receivers) / senders) && to < Math.ceil(((from + 1) * receivers) / senders)
        : from >= Math.floor((to * senders) / receivers) &&
          from < Math.floor(((to + 1) * senders) / receivers),
  );
});

test('rescale deals out within a share in turn', () => {
  expect(
    counts(
      waysOf((stream) => stream.rescale(), 2, 4, 40),
      4,
    ),
  ).toEqual([10, 10, 10, 10]);
});

test('rebalance deals out to all in turn', () => {
  check(
    (stream) => stream.rebalance(),
    () => true,
  );
  for (const receivers of [1, 2, 3])
    expect(
      counts(
        waysOf((stream) => stream.rebalance(), 2, receivers, 60),
        receivers,
      ),
    ).toEqual(upTo(receivers).map(() => 60 / receivers));
});

test('a stream of which nothing is said stays in its subtask where it can', () => {
  check(
    (stream) => stream,
    ({ from, to }, senders, receivers) => senders !== receivers || from === to,
  );
});

test('global sends everything to the first subtask', () => {
  check(
    (stream) => stream.global(),
    ({ to }) => to === 0,
  );
});

test('broadcast sends everything to everybody', () => {
  for (const receivers of [1, 2, 3]) {
    const ways = waysOf((stream) => stream.broadcast(), 2, receivers, 20);
    expect(ways.map(({ n, to }) => `${n} ${to}`).sort()).toEqual(
      upTo(20)
        .flatMap((n) => upTo(receivers).map((to) => `${n} ${to}`))
        .sort(),
    );
  }
});

describe('shuffle', () => {
  const shuffled = () => waysOf((stream) => stream.shuffle(), 1, 3, 300);

  test('draws a subtask for each record', () => {
    check(
      (stream) => stream.shuffle(),
      ({ to }, _senders, receivers) => to < receivers,
    );
    const ways = shuffled();
    for (const count of counts(ways, 3)) {
      // Five times the standard deviation to either side: a fair draw is outside once in a million runs.
      expect(count).toBeGreaterThan(60);
      expect(count).toBeLessThan(140);
    }
    // In turns, a record would never go where the one before it went. Drawn, every third one does.
    const inOrder = [...ways].sort((a, b) => a.n - b.n).map(({ to }) => to);
    const repeated = inOrder.filter((to, place) => to === inOrder[place - 1]).length;
    expect(repeated).toBeGreaterThan(60);
    expect(repeated).toBeLessThan(140);
  });

  test('draws the same in every run, so that a replayed run goes the same way', () => {
    expect(shuffled()).toEqual(shuffled());
  });

  test('draws differently for each sender', () => {
    const ways = waysOf((stream) => stream.shuffle(), 2, 3, 200);
    const of = (sender: number) =>
      [...ways]
        .filter(({ from }) => from === sender)
        .sort((a, b) => a.n - b.n)
        .map(({ to }) => to);
    expect(of(0)).not.toEqual(of(1));
  });
});

test.each([
  ['too high', () => 3, 'A partitioner answered 3; it must answer a whole number from 0 to 2'],
  ['negative', () => -1, 'A partitioner answered -1;'],
  ['no whole number', () => 0.5, 'A partitioner answered 0.5;'],
  ['no number', () => Number.NaN, 'A partitioner answered NaN;'],
])(
  'a partitioner whose answer is %s fails the operator that it leads to, with the record',
  (_what, partition, sentence) => {
    const error = failureOf(partition);
    expect(error.message).toContain(sentence);
    expect(error).toMatchObject({ operator: 'receiver', record: '{"n":0,"from":0}' });
  },
);

test('what a partitioner throws is told with the operator that it leads to and the record', () => {
  const error = failureOf(() => {
    throw new RangeError('not mine');
  });
  expect(error).toMatchObject({ operator: 'receiver', record: '{"n":0,"from":0}' });
  expect(error.cause).toBeInstanceOf(RangeError);
});

function failureOf(partition: () => number): OperatorFailed {
  try {
    waysOf((stream) => stream.partitionCustom(partition), 1, 3, 1);
  } catch (error) {
    if (error instanceof OperatorFailed) return error;
    throw error;
  }
  throw new Error('nothing failed');
}
