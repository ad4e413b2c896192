import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DataStream, ofType, outputTag, valueState } from '../../runtime/api/index.ts';
import { type Emitted, testOperator } from '../../runtime/testing/index.ts';
import { againstNaive, timed } from '../testing/againstNaive.ts';

const odd = outputTag<string>('odd');
const big = outputTag<number>('big');

/** Even numbers go on, odd ones and big ones to the side; a big odd one to both sides. */
const split = (numbers: DataStream<number>) =>
  numbers.process({
    output: ofType<number>(),
    onElement(n, { emit, emitTo }) {
      if (n % 2 === 0) emit(n);
      else emitTo(odd, `odd ${n}`);
      if (n > 50) emitTo(big, n);
    },
  });

test('an operator has as many side outputs as it likes, each with a type of its own', () => {
  againstNaive<number, number>({
    piece: split,
    records: timed(fc.nat(99)),
    anyOrder: true,
    kit: { sideOutputs: [odd, big] },
    naive: (records) => {
      const numbers = records.map(({ value }) => value);
      return {
        output: numbers.filter((n) => n % 2 === 0),
        sideOutputs: {
          odd: numbers.filter((n) => n % 2 === 1).map((n) => `odd ${n}`),
          big: numbers.filter((n) => n > 50),
        },
      };
    },
    runs: { numRuns: 40 },
  });
});

test('a side output is a stream like any other: it can be keyed, spread and united', () => {
  againstNaive<number, string>({
    piece: (numbers) => {
      const even = split(numbers);
      const counted = even
        .sideOutput(big)
        .keyBy((n) => n % 3)
        .process({
          output: ofType<string>(),
          state: { seen: valueState<number>({ initial: 0 }) },
          onElement(_n, { key, state, emit }) {
            state.seen.set(state.seen.get() + 1);
            emit(`${key}: ${state.seen.get()}`);
          },
        });
      return counted.union(even.sideOutput(odd).rebalance(), even.map(String));
    },
    records: timed(fc.nat(99)),
    anyOrder: true,
    naive: (records) => {
      const numbers = records.map(({ value }) => value);
      const bigs = numbers.filter((n) => n > 50).map((n) => n % 3);
      return [
        ...bigs.map((key, place) => `${key}: ${bigs.slice(0, place + 1).filter((k) => k === key).length}`),
        ...numbers.map((n) => (n % 2 === 1 ? `odd ${n}` : String(n))),
      ];
    },
    runs: { numRuns: 40 },
  });
});

test('what goes to the side has the timestamp of its record or timer, unless another one is given', () => {
  const operator = testOperator((numbers: DataStream<number>) =>
    numbers
      .keyBy((n) => n)
      .process({
        onElement(n, { emitTo, timers, timestamp }) {
          emitTo(odd, 'element');
          emitTo(odd, 'given', 7);
          timers.registerEventTime(timestamp + n);
        },
        onTimer: (_timer, { emitTo }) => emitTo(odd, 'timer'),
      })
      .sideOutput(odd),
  );
  operator.push(5, 100);
  operator.watermark(105);
  expect(operator.emitted).toEqual<Emitted<string>[]>([
    { value: 'element', timestamp: 100 },
    { value: 'given', timestamp: 7 },
    { value: 'timer', timestamp: 105 },
  ]);
});

test('watermarks go to the side too, behind what was sent there', () => {
  const operator = testOperator((numbers: DataStream<number>) =>
    split(numbers)
      .sideOutput(big)
      .keyBy((n) => n)
      .process({
        output: ofType<string>(),
        onElement: (_n, { timers, timestamp }) => timers.registerEventTime(timestamp + 10),
        onTimer: ({ time }, { key, emit }) => emit(`${key} at ${time}`),
      }),
  );
  operator.push(60, 100);
  operator.watermark(109);
  expect(operator.output).toEqual([]);
  operator.watermark(110);
  expect(operator.output).toEqual(['60 at 110']);
});

test('a side output that nobody asks for goes nowhere', () => {
  const operator = testOperator(split);
  for (const n of [1, 2, 99]) operator.push(n);
  operator.end();
  expect(operator.output).toEqual([2]);
});

test('two operators may have side outputs of one name, which have nothing to do with each other', () => {
  const operator = testOperator((numbers: DataStream<number>) => {
    const first = split(numbers);
    const second = split(first.map((n) => n + 51));
    return first
      .sideOutput(big)
      .map((n) => `first ${n}`)
      .union(second.sideOutput(big).map((n) => `second ${n}`));
  });
  for (const n of [2, 60]) operator.push(n);
  expect([...operator.output].sort()).toEqual(['first 60', 'second 111', 'second 53']);
});
