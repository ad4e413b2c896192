/** The kit that authors test with: what goes in by hand comes out as the engine makes it. */
import { describe, expect, test } from 'vitest';
import { type DataStream, ofType, outputTag, tumbling, valueState } from '../../runtime/api/index.ts';
import { testOperator, testOperator2 } from '../../runtime/testing/index.ts';

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

const sum = {
  create: () => 0,
  add: (minutes: number, { delay }: Flight) => minutes + delay,
  result: (minutes: number, { key, start }: { readonly key: string; readonly start: number }) =>
    `${key}@${start}: ${minutes}`,
};
const perSecond = (flights: DataStream<Flight>) =>
  flights
    .keyBy(({ origin }) => origin)
    .window(tumbling('1 s'))
    .aggregate(sum, { uid: 'sums' });
const flight = (origin: string, delay: number): Flight => ({ origin, delay });

describe('event time', () => {
  test.each([1, 2, 3])(
    'a window fires when the watermark passes its end, at parallelism %i',
    (parallelism) => {
      const operator = testOperator(perSecond, { parallelism });
      operator.push(flight('SEA', 3), 100);
      operator.push(flight('SFO', 9), 200);
      operator.push(flight('SEA', 5), 300);
      operator.watermark(998);
      expect(operator.output).toEqual([]);
      operator.watermark(999);
      expect([...operator.output].sort()).toEqual(['SEA@0: 8', 'SFO@0: 9']);
      expect(operator.emitted[0]?.timestamp).toBe(999);
      expect(operator.outputWatermark).toBe(999);
    },
  );

  test('it never goes back, and what comes behind it is late', () => {
    const operator = testOperator(perSecond);
    operator.watermark(1_500);
    operator.watermark(10);
    expect(operator.outputWatermark).toBe(1_500);
    operator.push(flight('SEA', 3), 999);
    operator.push(flight('SEA', 4), 1_000);
    operator.end();
    expect(operator.output).toEqual(['SEA@1000: 4']);
  });

  test('the slowest split decides, until it is idle or has ended', () => {
    const operator = testOperator(perSecond, { splits: 3 });
    operator.split(0).watermark(100);
    operator.split(1).watermark(50);
    expect(operator.outputWatermark).toBe(Number.NEGATIVE_INFINITY);
    operator.split(2).watermark(10);
    expect(operator.outputWatermark).toBe(10);
    operator.split(2).idle();
    expect(operator.outputWatermark).toBe(50);
    operator.split(1).end();
    expect(operator.outputWatermark).toBe(100);
    // A record makes the split count again.
    operator.split(2).push(flight('SEA', 1), 500);
    operator.split(0).watermark(200);
    expect(operator.outputWatermark).toBe(100);
    operator.split(2).watermark(300);
    expect(operator.outputWatermark).toBe(200);
  });

  test('what is said together keeps its order', () => {
    const operator = testOperator(perSecond);
    operator.together(() => {
      operator.push(flight('SEA', 1), 100);
      operator.watermark(999);
      operator.push(flight('SEA', 2), 200);
      operator.push(flight('SEA', 4), 1_000);
      operator.idle();
      operator.push(flight('SEA', 8), 1_100);
      operator.watermark(1_999);
    });
    expect(operator.output).toEqual(['SEA@0: 1', 'SEA@1000: 12']);
  });

  test('an idle split is idle, and event time where it was, also after a restore', () => {
    const operator = testOperator(perSecond, { splits: 2, parallelism: 2 });
    operator.split(0).watermark(1_000);
    operator.split(1).watermark(10);
    operator.split(1).idle();
    const again = operator.restore(operator.savepoint(), { parallelism: 1 });
    expect(again.outputWatermark).toBe(1_000);
    again.split(0).watermark(2_000);
    expect(again.outputWatermark).toBe(2_000);
  });
});

describe('the machine’s clock', () => {
  const reminder = (names: DataStream<string>) =>
    names
      .keyBy((name) => name)
      .process({
        output: ofType<string>(),
        onElement: (_, { timers }) => timers.registerProcessingTime(5_000),
        onTimer: (_, context) => context.emit(`${context.key} at ${context.currentProcessingTime()}`),
      });

  test('stands still until it is advanced', () => {
    const operator = testOperator(reminder);
    operator.push('a');
    operator.advance('4999 ms');
    expect(operator.output).toEqual([]);
    operator.advance(1);
    expect(operator.output).toEqual(['a at 5000']);
    operator.advance('1 h');
    expect(operator.output).toHaveLength(1);
    expect(operator.now).toBe(3_605_000);
  });

  test('begins where the test says, and goes on from a savepoint', () => {
    const operator = testOperator(reminder, { now: 3_000 });
    operator.push('a');
    operator.advance(500);
    const savepoint = operator.savepoint();
    const again = operator.restore(savepoint);
    expect(again.now).toBe(3_500);
    again.advance(1_500);
    expect(again.output).toEqual(['a at 5000']);
    expect(operator.restore(savepoint, { now: 60_000 }).output).toEqual(['a at 60000']);
  });
});

describe('savepoints', () => {
  const total = (flights: DataStream<Flight>) =>
    flights
      .keyBy(({ origin }) => origin)
      .process(
        {
          output: ofType<string>(),
          state: { minutes: valueState<number>({ initial: 0 }) },
          onElement({ delay }, context) {
            const minutes = context.state.minutes.get() + delay;
            context.state.minutes.set(minutes);
            context.emit(`${context.key} ${minutes}`);
          },
        },
        { uid: 'total' },
      );

  test.each([
    [1, 3],
    [3, 2],
  ])('go on from parallelism %i at %i', (before, after) => {
    const operator = testOperator(total, { parallelism: before });
    for (const origin of ['a', 'b', 'c', 'd', 'a']) operator.push(flight(origin, 1));
    const savepoint = operator.savepoint();
    const again = operator.restore(savepoint, { parallelism: after });
    expect(again.output).toEqual([]);
    for (const origin of ['a', 'b', 'e']) again.push(flight(origin, 1));
    expect(again.output).toEqual(['a 3', 'b 2', 'e 1']);
    // The first run goes on as if nothing had been.
    operator.push(flight('a', 10));
    expect(operator.output.at(-1)).toBe('a 12');
  });

  test('what they hold can be read', () => {
    const operator = testOperator(total, { parallelism: 2 });
    for (const origin of ['b', 'a', 'c', 'b']) operator.push(flight(origin, 1));
    expect(operator.savepoint().entriesOf('total', 'minutes')).toEqual([
      { key: 'a', mapKey: undefined, value: 1 },
      { key: 'b', mapKey: undefined, value: 2 },
      { key: 'c', mapKey: undefined, value: 1 },
    ]);
    expect(() => operator.savepoint().entriesOf('totals', 'minutes')).toThrow(
      'There is no operator with state "totals" in the savepoint; there are "(input)", "total" and "(output)".',
    );
    expect(() => operator.savepoint().entriesOf('total', 'minute')).toThrow(
      /There is no state "minute" of operator "total" in the savepoint; there .* "minutes"/,
    );
  });

  test('go on in a changed piece', () => {
    const operator = testOperator(total);
    operator.push(flight('a', 1));
    const changed = testOperator(
      (flights: DataStream<Flight>) =>
        total(flights.filter(({ delay }) => delay < 10)).map((text) => `${text}!`),
      { from: operator.savepoint() },
    );
    changed.push(flight('a', 10));
    changed.push(flight('a', 2));
    expect(changed.output).toEqual(['a 3!']);
  });

  test('a failure goes back to the last checkpoint, and replays what came since', () => {
    const operator = testOperator(total, { parallelism: 2 });
    operator.push(flight('a', 1));
    operator.checkpoint();
    operator.push(flight('a', 1));
    operator.fail();
    operator.push(flight('a', 1));
    expect(operator.output).toEqual(['a 1', 'a 2', 'a 2', 'a 3']);
  });

  test('are refused where they are of another test', () => {
    const operator = testOperator(total);
    expect(() =>
      testOperator2(
        (flights: DataStream<Flight>, others: DataStream<Flight>) => total(flights.union(others)),
        {
          from: operator.savepoint(),
        },
      ),
    ).toThrow('it knows other inputs');
    expect(() => operator.restore(operator.savepoint(), { splits: 7 })).toThrow(
      'The input has the 1 splits that its savepoint knows, not 7.',
    );
  });
});

describe('two inputs', () => {
  const meeting = (numbers: DataStream<number>, words: DataStream<string>) =>
    numbers
      .keyBy((n) => n % 2)
      .connect(words.keyBy((word) => word.length % 2))
      .process({
        output: ofType<string>(),
        onFirst: (n, context) => context.emit(`first ${n} of ${context.key}`),
        onSecond: (word, context) => context.emit(`second ${word} of ${context.key}`),
      });

  test('meet under one key', () => {
    const join = testOperator2(meeting);
    join.first.push(3);
    join.second.push('ab');
    expect(join.output).toEqual(['first 3 of 1', 'second ab of 0']);
  });

  test('have event time of their own, of which the slower counts', () => {
    const join = testOperator2(meeting, { parallelism: 2 });
    join.first.watermark(10);
    expect(join.outputWatermark).toBe(Number.NEGATIVE_INFINITY);
    join.second.watermark(5);
    expect(join.outputWatermark).toBe(5);
    join.watermark(7);
    expect(join.outputWatermark).toBe(7);
    join.first.end();
    join.second.watermark(20);
    expect(join.outputWatermark).toBe(20);
    join.second.end();
    expect(join.isOver).toBe(true);
  });

  test('what is pushed together moves together', () => {
    const join = testOperator2(meeting);
    join.together(() => {
      join.first.push(1);
      join.second.push('a');
      expect(join.output).toEqual([]);
    });
    expect(join.output).toHaveLength(2);
  });
});

test('a side output is read by its tag', () => {
  const late = outputTag<number>('odd');
  const operator = testOperator(
    (numbers: DataStream<number>) =>
      numbers.process({
        output: ofType<number>(),
        onElement: (n, context) => (n % 2 === 0 ? context.emit(n) : context.emitTo(late, n)),
      }),
    { sideOutputs: [late] },
  );
  for (const n of [1, 2, 3]) operator.push(n);
  expect(operator.output).toEqual([2]);
  expect(operator.outputOf(late)).toEqual([1, 3]);
  expect(() => operator.outputOf(outputTag('even'))).toThrow(
    'There is no side output "even" among the `sideOutputs` of this test; there is only "odd".',
  );
});

test('the output is taken piece by piece, and what was logged can be read', () => {
  const operator = testOperator((numbers: DataStream<number>) =>
    numbers.process({
      output: ofType<number>(),
      onElement(n, context) {
        context.log('info', `saw ${n}`);
        context.emit(n);
      },
    }),
  );
  operator.push(1);
  expect(operator.takeOutput()).toEqual([1]);
  operator.push(2);
  expect(operator.takeOutput()).toEqual([2]);
  expect(operator.takeOutput()).toEqual([]);
  expect(operator.logged).toEqual([
    { level: 'info', text: 'saw 1' },
    { level: 'info', text: 'saw 2' },
  ]);
});

test.each<[string, () => unknown, string]>([
  [
    'a push after the end',
    () => {
      const operator = testOperator(perSecond);
      operator.end();
      operator.push(flight('a', 1));
    },
    'Nothing can be pushed into an input that has ended.',
  ],
  [
    'a savepoint after the end',
    () => {
      const operator = testOperator(perSecond);
      operator.end();
      operator.savepoint();
    },
    'The savepoint was refused: The job is finished; a savepoint can be taken while it runs.',
  ],
  [
    'a watermark without end',
    () => testOperator(perSecond).watermark(Number.POSITIVE_INFINITY),
    'A watermark is a number of milliseconds since the epoch, not Infinity; the last one comes with end().',
  ],
  [
    'a timestamp that is none',
    () => testOperator(perSecond).push(flight('a', 1), Number.NaN),
    'A timestamp is a number of milliseconds since the epoch, not NaN.',
  ],
  [
    'a split too many',
    () => testOperator(perSecond, { splits: 2 }).split(2),
    'There is no split 2 in the input: it has 2, counted from 0; ask for more with `splits`.',
  ],
  ['no splits', () => testOperator(perSecond, { splits: 0 }), 'An input has at least one split, not 0.'],
])('%s is one sentence', (_, mistake, sentence) => {
  expect(mistake).toThrow(sentence);
});
