/**
 * CONFORMANCE G8 and G10, and promise M12 (c) to (e): a job is stopped with a savepoint, its code or its parallelism is changed, and
 * it goes on. One table: how the pipeline was, how it is now, and what comes out; or the sentence with which it is refused
 * before a record was read.
 */
import { describe, expect, test } from 'vitest';
import { listState, mapState, ofType, type Pipeline, pipeline, valueState } from '../../runtime/api/index.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';

interface Shape {
  readonly uid?: string;
  readonly name?: string;
  /** The count is an object from version 2 on, and has a unit from 3 on. */
  readonly version?: 1 | 2 | 3;
  /** The steps of the migration that the author wrote. */
  readonly steps?: readonly (1 | 2)[];
  readonly asList?: boolean;
  readonly withLast?: boolean;
  readonly withoutCount?: boolean;
  readonly before?: 'stateless' | 'stateful' | null;
  /** The key is a number instead of a word. */
  readonly byLength?: boolean;
  readonly maxParallelism?: number;
}

const words = (shape: Shape = {}): Pipeline =>
  pipeline('words', (env) => {
    let stream = env.fromSource(jsonl.source<string>('words.jsonl'), { uid: 'words' });
    if (shape.before === 'stateless') stream = stream.map((word) => word, { uid: 'same' });
    if (shape.before === 'stateful') {
      stream = stream
        .keyBy((word) => word)
        .process(
          {
            output: ofType<string>(),
            state: { met: valueState<boolean>() },
            onElement: (word, { state, emit }) => {
              state.met.set(true);
              emit(word);
            },
          },
          { uid: 'met' },
        );
    }
    const options = {
      uid: shape.uid ?? 'count',
      ...(shape.name === undefined ? {} : { name: shape.name }),
      ...(shape.maxParallelism === undefined ? {} : { maxParallelism: shape.maxParallelism }),
    };
    const keyed = stream.keyBy((word): string | number => (shape.byLength ? word.length : word));
    const output = ofType<string>();
    const counted = shape.asList
      ? keyed.process(
          {
            output,
            state: { count: listState<number>() },
            onElement: (word, { state, emit }) => {
              state.count.add(1);
              emit(`${word} ${[...state.count.get()].length}`);
            },
          },
          options,
        )
      : shape.withoutCount
        ? keyed.process({ output, onElement: (word, { emit }) => emit(word) }, options)
        : shape.withLast
          ? keyed.process(
              {
                output,
                state: { count: countState(shape), last: mapState<string, number>() },
                onElement: (word, { state, emit }) => {
                  const n = ((state.count.get() as number | undefined) ?? 0) + 1;
                  state.count.set(n);
                  emit(`${word} ${n} before ${state.last.get(word) ?? 'never'}`);
                  state.last.set(word, n);
                },
              },
              options,
            )
          : keyed.process(
              {
                output,
                state: { count: countState(shape) },
                onElement: (word, { state, emit }) => {
                  const saved = state.count.get();
                  const n = (typeof saved === 'object' ? saved.n : (saved ?? 0)) + 1;
                  const unit = typeof saved === 'object' ? saved.unit : undefined;
                  state.count.set(
                    (shape.version ?? 1) === 1 ? n : { n, ...(unit === undefined ? {} : { unit }) },
                  );
                  emit(`${word} ${n}${unit === undefined ? '' : ` ${unit}`}`);
                },
              },
              options,
            );
    counted.sinkTo(jsonl.sink('out'), { uid: 'out' });
  });

interface Count {
  readonly n: number;
  readonly unit?: string;
}

function countState({ version = 1, steps = [] }: Shape) {
  const all = {
    1: (old: unknown) => ({ n: old as number }),
    2: (old: unknown) => ({ ...(old as Count), unit: 'times' }),
  };
  return valueState<number | Count>({
    schemaVersion: version,
    migrations: Object.fromEntries(steps.map((step) => [step, all[step]])),
  });
}

/** Two words are counted before the change, `a` twice; `a`, `b` and `c` come after it. */
function outputAfter(
  was: Shape,
  is: Shape,
  options: {
    readonly allow?: boolean;
    readonly from?: number;
    readonly to?: number;
    readonly drain?: boolean;
  } = {},
): readonly string[] {
  const sources = { words: testSource<string>() };
  const before = testPipeline(words(was), { sources, parallelism: options.from ?? 1 });
  for (const word of ['a', 'b', 'a']) before.source('words').push(word);
  const savepoint = before.stop({ drain: options.drain ?? false });
  const run = testPipeline(words(is), {
    sources,
    from: savepoint,
    parallelism: options.to ?? options.from ?? 1,
    allowNonRestoredState: options.allow ?? false,
  });
  for (const word of ['a', 'b', 'c']) run.source('words').push(word);
  run.source('words').end();
  return [...run.sink<string>('out').committed].sort();
}

const goesOn = ['a 3', 'b 2', 'c 1'];

describe('M12 (c) the code is changed, and the job goes on with its state', () => {
  test.each<[name: string, was: Shape, is: Shape, expected: readonly string[], allow?: boolean]>([
    ['nothing', {}, {}, goesOn],
    ['an operator without state is added', {}, { before: 'stateless' }, goesOn],
    ['an operator with state is added', {}, { before: 'stateful' }, goesOn],
    ['G8 an operator without state is removed', { before: 'stateless' }, {}, goesOn],
    ['G8 an operator with state is removed, with consent', { before: 'stateful' }, {}, goesOn, true],
    ['an operator has another name and its uid', { name: 'Counter' }, { name: 'How often' }, goesOn],
    [
      'a state is added',
      {},
      { withLast: true },
      ['a 3 before never', 'b 2 before never', 'c 1 before never'],
    ],
    ['a state is removed, with consent', { withLast: true }, {}, goesOn, true],
    ['G10 a state is migrated', {}, { version: 2, steps: [1] }, goesOn],
    [
      'G10 a state is migrated through two versions at once',
      {},
      { version: 3, steps: [1, 2] },
      ['a 3 times', 'b 2 times', 'c 1'],
    ],
    ['another uid is another operator, with consent', {}, { uid: 'tally' }, ['a 1', 'b 1', 'c 1'], true],
  ])('%s', (_, was, is, expected, allow) => {
    expect(outputAfter(was, is, { allow: allow ?? false })).toEqual(expected);
    // And at another parallelism, in both directions.
    expect(outputAfter(was, is, { allow: allow ?? false, from: 1, to: 3 })).toEqual(expected);
    expect(outputAfter(was, is, { allow: allow ?? false, from: 3, to: 2 })).toEqual(expected);
  });

  // A plan does not know the type of a key: TypeScript's types are gone when it runs. So what was kept under words is still
  // there, and nobody asks for it. A comparison of the two savepoints shows it; the guide says what to do instead.
  test('another type of key finds nothing, and leaves alone what it does not find', () => {
    expect(outputAfter({}, { byLength: true })).toEqual(['a 1', 'b 2', 'c 3']);
  });
});

describe('M12 (c) what does not fit is refused before a record is read', () => {
  test.each<[name: string, was: Shape, is: Shape, sentence: RegExp]>([
    [
      'G8 an operator with state is gone',
      { before: 'stateful' },
      {},
      /No operator takes the state met of met/,
    ],
    [
      'a state is gone',
      { withoutCount: false },
      { withoutCount: true },
      /No operator takes the state count of count/,
    ],
    ['a uid is gone', {}, { uid: 'tally' }, /No operator takes the state count of count/],
    ['G10 another type', {}, { asList: true }, /value state and is now a list state/],
    [
      'G10 a step of the migration is missing',
      {},
      { version: 3, steps: [2] },
      /none from schema version 1 to 2: add it/,
    ],
    [
      'G10 an older version',
      { version: 2, steps: [1] },
      { version: 1 },
      /schema version 2, which is newer than 1/,
    ],
    ['G7 another max parallelism', {}, { maxParallelism: 64 }, /key groups cannot be divided anew/],
  ])('%s', (_, was, is, sentence) => {
    expect(() => outputAfter(was, is)).toThrow(sentence);
  });

  test('consent drops state that is left over, and never what does not fit', () => {
    expect(() => outputAfter({}, { asList: true }, { allow: true })).toThrow(/list state/);
  });
});

test.each([
  [1, 2],
  [2, 3],
  [3, 1],
  [4, 7],
  [7, 4],
])('M12 (d) the parallelism is changed from %i to %i', (from, to) => {
  expect(outputAfter({}, {}, { from, to })).toEqual(goesOn);
});

test.each([false, true])('M12 (e) stopped now and gone on with later, drained: %s', (drain) => {
  expect(outputAfter({}, {}, { drain })).toEqual(goesOn);
});
