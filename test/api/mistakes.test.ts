/** Mistakes that types let through are told where they are made: with operator, record and what to do. */
import { describe, expect, test } from 'vitest';
import { type DataStream, ofType, valueState } from '../../runtime/api/index.ts';
import { OperatorFailed, testOperator } from '../../runtime/testing/index.ts';

type Piece = (stream: DataStream<number>) => DataStream<unknown>;

const failureOf = (piece: Piece, ...values: readonly number[]): string => {
  const operator = testOperator(piece);
  try {
    for (const value of values) operator.push(value, value);
    operator.end();
  } catch (error) {
    if (error instanceof OperatorFailed) return error.message;
    throw error;
  }
  throw new Error('nothing failed');
};

const later = async <T>(value: T): Promise<T> => value;
const state = { seen: valueState<number>() };

describe('a function that answers a promise', () => {
  test.each<[string, Piece]>([
    ['map', (stream) => stream.map(later, { uid: 'op' })],
    ['filter', (stream) => stream.filter(later as unknown as (n: number) => boolean, { uid: 'op' })],
    ['flatMap', (stream) => stream.flatMap(later as unknown as (n: number) => number[], { uid: 'op' })],
    [
      'reduce',
      (stream) => stream.keyBy(() => 'k').reduce(later as unknown as (n: number) => number, { uid: 'op' }),
    ],
    ['onElement', (stream) => stream.process({ onElement: later }, { uid: 'op' })],
    ['onElement', (stream) => stream.keyBy(() => 'k').process({ state, onElement: later }, { uid: 'op' })],
    [
      'onFirst',
      (stream) => stream.connect(stream).process({ onFirst: later, onSecond: () => {} }, { uid: 'op' }),
    ],
  ])('is refused in %s', (name, piece) => {
    const message = failureOf(piece, 1, 2, 3);
    expect(message).toContain('"op"');
    expect(message).toMatch(new RegExp(`${name}.* answered a promise\\. .* asyncMap`));
  });
});

test.each<[string, (ctx: { log(level: 'info', text: string): void }) => void, string]>([
  [
    'a text without a level',
    (ctx) => ctx.log('hello' as 'info', undefined as unknown as string),
    'no level "hello"',
  ],
])('%s is refused', (_what, say, problem) => {
  const piece: Piece = (stream) => stream.process({ onElement: (_n, ctx) => say(ctx) }, { uid: 'op' });
  expect(failureOf(piece, 1)).toContain(problem);
});

test('what is no text is logged as text', () => {
  const operator = testOperator<number, never>((stream) =>
    stream.process({
      onElement(n, ctx) {
        ctx.log('warning', new RangeError(`too high: ${n}`) as unknown as string);
        ctx.log('info', { n } as unknown as string);
      },
    }),
  );
  operator.push(5);
  expect(operator.logged.map(({ text }) => text.split('\n')[0])).toEqual([
    'RangeError: too high: 5',
    '{"n":5}',
  ]);
});

test('a timer without a time is refused', () => {
  const piece: Piece = (stream) =>
    stream
      .keyBy(() => 'k')
      .process(
        { output: ofType<never>(), onElement: (_n, ctx) => ctx.timers.registerEventTime(Number.NaN) },
        { uid: 'op' },
      );
  expect(failureOf(piece, 1)).toContain(
    'A timer is registered for a time in milliseconds since the epoch, not for NaN.',
  );
});
