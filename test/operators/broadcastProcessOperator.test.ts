import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  broadcastState,
  type DataStream,
  listState,
  ofType,
  operatorListState,
  valueState,
} from '../../runtime/api/index.ts';
import { type Emitted, testOperator2 } from '../../runtime/testing/index.ts';
import { againstNaive2, timed } from '../testing/againstNaive.ts';

/** Records of one kind are counted by key; a rule says from which count on they are told. */
interface Reading {
  readonly key: string;
  readonly kind: string;
}
interface Rule {
  readonly kind: string;
  /** Null: the rule is taken back. */
  readonly atLeast: number | null;
}

const kinds = fc.constantFrom('red', 'green');
const reading: fc.Arbitrary<Reading> = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), kind: kinds });
const rule: fc.Arbitrary<Rule> = fc.record({ kind: kinds, atLeast: fc.option(fc.nat(4)) });
const rules = { rules: broadcastState<string, number>() };

/** What counts against a rule, of one key. */
const counting = (readings: DataStream<Reading>, rulesStream: DataStream<Rule>) =>
  readings
    .keyBy(({ key }) => key)
    .connect(rulesStream.broadcast(rules))
    .process({
      output: ofType<string>(),
      state: { seen: valueState<number>({ initial: 0 }), kinds: listState<string>() },
      onElement({ kind }, { key, state, broadcast, emit }) {
        state.seen.set(state.seen.get() + 1);
        state.kinds.add(kind);
        const atLeast = broadcast.rules.get(kind);
        if (atLeast !== undefined && state.seen.get() >= atLeast) emit(`${key} ${state.seen.get()} ${kind}`);
      },
      onBroadcast({ kind, atLeast }, { broadcast, forEachKey, emit }) {
        if (atLeast === null) broadcast.rules.delete(kind);
        else broadcast.rules.set(kind, atLeast);
        // What had been seen before the rule came is told by it.
        if (atLeast === null) return;
        forEachKey('kinds', (key, seen) => {
          if (seen.get().filter((other) => other === kind).length > atLeast) emit(`${key} had ${kind}`);
        });
      },
    });

test('keyed records meet the rules of their moment, wherever the job is stopped and restored', () => {
  againstNaive2<Reading, Rule, string>({
    piece: counting,
    first: timed(reading),
    second: timed(rule, { lengthMax: 15 }),
    naive: (readings, rulings) => {
      const all = [
        ...readings.map(({ value, arrival }) => ({ arrival, reading: value, rule: null })),
        ...rulings.map(({ value, arrival }) => ({ arrival, reading: null, rule: value })),
      ].sort((left, right) => left.arrival - right.arrival);
      const current = new Map<string, number>();
      const seen = new Map<string, string[]>();
      return all.flatMap(({ reading: record, rule: ruling }) => {
        if (record !== null) {
          const { key, kind } = record;
          const now = [...(seen.get(key) ?? []), kind];
          seen.set(key, now);
          const atLeast = current.get(kind) ?? Number.POSITIVE_INFINITY;
          return now.length >= atLeast ? [`${key} ${now.length} ${kind}`] : [];
        }
        const { kind, atLeast } = ruling;
        if (atLeast === null) current.delete(kind);
        else current.set(kind, atLeast);
        if (atLeast === null) return [];
        return [...seen].flatMap(([key, those]) =>
          those.filter((other) => other === kind).length > atLeast ? [`${key} had ${kind}`] : [],
        );
      });
    },
  });
});

test('records without keys meet rules that came before all of them, in any order of the subtasks', () => {
  againstNaive2<Reading, Rule, string>({
    piece: (readings, rulesStream) =>
      // Before its rules have come, a subtask keeps what it cannot decide.
      readings
        .rebalance()
        .connect(rulesStream.broadcast(rules))
        .process({
          output: ofType<string>(),
          state: { waiting: operatorListState<Reading>() },
          onElement: (value, { state }) => state.waiting.add(value),
          onBroadcast: ({ kind, atLeast }, { broadcast }) => broadcast.rules.set(kind, atLeast ?? 0),
          onEnd({ state, broadcast, emit }) {
            for (const { key, kind } of state.waiting.get())
              emit(`${key} ${kind} ${broadcast.rules.get(kind)}`);
          },
        }),
    first: timed(reading),
    // Each kind has one rule, so that no order between them matters.
    second: fc.record({ red: fc.nat(9), green: fc.nat(9) }).map(({ red, green }) => [
      { value: { kind: 'red', atLeast: red }, timestamp: 0 },
      { value: { kind: 'green', atLeast: green }, timestamp: 1 },
    ]),
    anyOrder: true,
    naive: (readings, rulings) => {
      const final = new Map(rulings.map(({ value }) => [value.kind, value.atLeast]));
      return readings.map(({ value: { key, kind } }) => `${key} ${kind} ${final.get(kind)}`);
    },
  });
});

describe('rules that change in mid-stream', () => {
  test.each([
    [1, 1],
    [2, 2],
    [1, 3],
    [3, 2],
  ])('are kept from parallelism %i to %i', (parallelism, parallelismAfter) => {
    const operator = testOperator2(counting, { parallelism, splits: 1 });
    operator.first.push({ key: 'a', kind: 'red' });
    operator.second.push({ kind: 'red', atLeast: 2 });
    operator.first.push({ key: 'b', kind: 'red' });
    operator.first.push({ key: 'a', kind: 'red' });
    expect(operator.takeOutput()).toEqual(['a 2 red']);

    const again = operator.restore(operator.savepoint(), { parallelism: parallelismAfter });
    for (const key of ['b', 'c', 'd', 'e']) again.first.push({ key, kind: 'red' });
    expect(again.takeOutput()).toEqual(['b 2 red']);
    again.second.push({ kind: 'red', atLeast: 1 });
    expect([...again.takeOutput()].sort()).toEqual(['a had red', 'b had red']);
    for (const key of ['c', 'f']) again.first.push({ key, kind: 'red' });
    expect(again.takeOutput()).toEqual(['c 2 red', 'f 1 red']);
    again.second.push({ kind: 'red', atLeast: null });
    again.first.push({ key: 'a', kind: 'red' });
    expect(again.output).toEqual([]);
  });

  test('are the same in all subtasks of a failed job that goes on', () => {
    const operator = testOperator2(counting, { parallelism: 3, splits: 1 });
    operator.second.push({ kind: 'red', atLeast: 2 });
    operator.checkpoint();
    operator.second.push({ kind: 'red', atLeast: 1 });
    operator.fail();
    for (const key of ['a', 'b', 'c', 'd']) operator.first.push({ key, kind: 'red' });
    expect([...operator.output].sort()).toEqual(['a 1 red', 'b 1 red', 'c 1 red', 'd 1 red']);
  });
});

test('a timer reads the rules of its moment and keeps its key', () => {
  const operator = testOperator2((readings: DataStream<Reading>, rulesStream: DataStream<Rule>) =>
    readings
      .keyBy(({ key }) => key)
      .connect(rulesStream.broadcast(rules))
      .process({
        output: ofType<string>(),
        onElement: (_reading, { timers, timestamp }) => timers.registerEventTime(timestamp + 10),
        onBroadcast: ({ kind, atLeast }, { broadcast }) => broadcast.rules.set(kind, atLeast ?? 0),
        onTimer: ({ time }, { key, broadcast, emit }) =>
          emit(`${key} at ${time}: ${broadcast.rules.get('red')}`),
      }),
  );
  operator.second.push({ kind: 'red', atLeast: 1 }, 0);
  operator.first.push({ key: 'a', kind: 'red' }, 0);
  operator.first.push({ key: 'b', kind: 'red' }, 5);
  operator.watermark(12);
  operator.second.push({ kind: 'red', atLeast: 2 }, 13);
  operator.watermark(20);
  expect(operator.emitted).toEqual<Emitted<string>[]>([
    { value: 'a at 10: 1', timestamp: 10 },
    { value: 'b at 15: 2', timestamp: 15 },
  ]);
});

test('what changes state in forEachKey changes that of its key', () => {
  const operator = testOperator2(
    (readings: DataStream<Reading>, rulesStream: DataStream<Rule>) =>
      readings
        .keyBy(({ key }) => key)
        .connect(rulesStream.broadcast(rules))
        .process({
          output: ofType<string>(),
          state: { seen: valueState<number>({ initial: 0 }) },
          onElement(_reading, { key, state, emit }) {
            state.seen.set(state.seen.get() + 1);
            emit(`${key} ${state.seen.get()}`);
          },
          onBroadcast: ({ atLeast }, { forEachKey }) =>
            forEachKey('seen', (key, seen) => {
              if (key === 'b') seen.clear();
              else seen.set(atLeast ?? 0);
            }),
        }),
    { parallelism: 2, splits: 1 },
  );
  for (const key of ['a', 'b', 'c']) operator.first.push({ key, kind: 'red' });
  operator.second.push({ kind: 'red', atLeast: 9 });
  for (const key of ['a', 'b', 'c', 'd']) operator.first.push({ key, kind: 'red' });
  expect(operator.output.slice(3)).toEqual(['a 10', 'b 1', 'c 10', 'd 1']);
});

test('one broadcast stream can be connected with several streams, each of which keeps its own copy', () => {
  const operator = testOperator2((readings: DataStream<Reading>, rulesStream: DataStream<Rule>) => {
    const broadcast = rulesStream.broadcast(rules);
    const told = (prefix: string) =>
      readings.connect(broadcast).process({
        output: ofType<string>(),
        onElement: ({ kind }, context) => context.emit(`${prefix} ${context.broadcast.rules.get(kind)}`),
        onBroadcast: ({ kind, atLeast }, context) => context.broadcast.rules.set(kind, atLeast ?? 0),
      });
    return told('one').union(told('two'));
  });
  operator.second.push({ kind: 'red', atLeast: 7 });
  operator.first.push({ key: 'a', kind: 'red' });
  expect([...operator.output].sort()).toEqual(['one 7', 'two 7']);
});
