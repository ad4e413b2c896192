import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProcessContext } from '../../runtime/operators/processContext.ts';
import { ProcessOperator } from '../../runtime/operators/processOperator.ts';
import type { StateDeclaration, ValueState } from '../../runtime/state/declarations.ts';
import { OperatorHarness } from './harness.ts';

const count: StateDeclaration = { name: 'count', type: 'value', schemaVersion: 1, initial: () => 0 };
const value = (ctx: ProcessContext, name: string) => ctx.state[name] as ValueState<number>;

test('state belongs to the key of the record at hand', () => {
  const operator = new ProcessOperator({
    states: { seen: count },
    onElement: [
      (word, ctx) => {
        const n = (value(ctx, 'seen').get() ?? 0) + 1;
        value(ctx, 'seen').set(n);
        ctx.emit([word, n, ctx.key]);
      },
    ],
    onTimer: null,
    onEnd: null,
  });
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c')), (words) => {
      const harness = new OperatorHarness(operator, (word: string) => word);
      for (const word of words) harness.record(word);
      const naive = words.map((word, i) => [
        word,
        words.slice(0, i + 1).filter((w) => w === word).length,
        word,
      ]);
      expect(harness.values).toEqual(naive);
    }),
  );
});

test('what is emitted has the time of the record or of the event-time timer, unless another is given', () => {
  const operator = new ProcessOperator({
    states: {},
    onElement: [
      (_value, ctx) => {
        ctx.emit('own');
        ctx.emit('other', 7);
        ctx.timers.registerEventTime(ctx.timestamp + 5, 'x');
        ctx.timers.registerEventTime(ctx.timestamp + 5, 'x');
        ctx.timers.registerProcessingTime(1_000);
      },
    ],
    onTimer: (timer, ctx) => ctx.emit([timer.domain, timer.namespace, ctx.key]),
    onEnd: null,
  });
  const harness = new OperatorHarness(operator, () => 'k')
    .record('r', 100)
    .watermark(104)
    .watermark(105)
    .processingTime(1_000);
  expect(harness.emitted).toEqual([
    { value: 'own', timestamp: 100 },
    { value: 'other', timestamp: 7 },
    { value: ['event-time', 'x', 'k'], timestamp: 105 },
    { value: ['processing-time', null, 'k'], timestamp: Number.NEGATIVE_INFINITY },
  ]);
});

test('two keyed inputs share the state of a key: a join against a naive one', () => {
  const list = (name: string): StateDeclaration => ({ name, type: 'list', schemaVersion: 1 });
  const side = (own: string, other: string, flip: boolean) => (given: unknown, ctx: ProcessContext) => {
    const lists = ctx.state as Record<string, { get(): readonly unknown[]; add(v: unknown): void }>;
    lists[own]?.add(given);
    for (const match of lists[other]?.get() ?? []) ctx.emit(flip ? [match, given] : [given, match]);
  };
  const item = fc.record({
    key: fc.integer({ min: 0, max: 2 }),
    id: fc.nat(99),
    input: fc.constantFrom(0, 1),
  });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), (items) => {
      const operator = new ProcessOperator({
        states: { left: list('left'), right: list('right') },
        onElement: [side('left', 'right', false), side('right', 'left', true)],
        onTimer: null,
        onEnd: null,
      });
      const keyOf = (r: { readonly key: number }) => r.key;
      const harness = new OperatorHarness(operator, keyOf, keyOf);
      for (const record of items) harness.record(record, 0, record.input);
      const naive = items
        .filter((l) => l.input === 0)
        .flatMap((l) => items.filter((r) => r.input === 1 && r.key === l.key).map((r) => [l, r]));
      const sorted = (pairs: readonly unknown[]) => pairs.map((pair) => JSON.stringify(pair)).sort();
      expect(sorted(harness.values)).toEqual(sorted(naive));
    }),
  );
});

test('without a key there is no state, and the sentence says so', () => {
  const operator = new ProcessOperator({
    states: {},
    onElement: [(_v, ctx) => ctx.emit(ctx.key)],
    onTimer: null,
    onEnd: null,
  });
  expect(() => new OperatorHarness(operator).record(1)).toThrow('exist only behind a keyBy');
  const stateful = new ProcessOperator({ states: { count }, onElement: [], onTimer: null, onEnd: null });
  expect(() => new OperatorHarness(stateful)).toThrow('has keyed state but no key');
});

test('at the end of its input an operator can still emit', () => {
  let sum = 0;
  const operator = new ProcessOperator({
    states: {},
    onElement: [(n) => (sum += n as number)],
    onTimer: null,
    onEnd: (ctx) => ctx.emit(sum),
  });
  expect(new OperatorHarness(operator).record(1).record(2).end().values).toEqual([3]);
});
