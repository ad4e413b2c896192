/** `asyncMap` in a pipeline: with other operators in its chain, over failures and restores, at another parallelism. */
import { describe, expect, test } from 'vitest';
import { type DataStream, ofType, tumbling } from '../../../runtime/api/index.ts';
import { type Emitted, OperatorFailed, testOperator } from '../../../runtime/testing/index.ts';
import { HandCalls } from './handCalls.ts';

const inCapitals = (calls: HandCalls, order: 'ordered' | 'unordered' = 'ordered', capacity = 100) => {
  return (words: DataStream<string>) => words.asyncMap(calls.call, { order, capacity, uid: 'capitals' });
};

/** All that is open, newest first, each when nothing moves any more. */
function answerAll(calls: HandCalls, run: { run(): void }): void {
  while (calls.open.length > 0) {
    calls.answer(calls.open.at(-1)?.value ?? '');
    run.run();
  }
}

test('what comes out has the timestamp of what came in', () => {
  const calls = new HandCalls();
  const operator = testOperator(inCapitals(calls));
  operator.push('a', 5);
  operator.push('b', 3);
  answerAll(calls, operator);
  expect(operator.emitted).toEqual<Emitted<string>[]>([
    { value: 'A', timestamp: 5 },
    { value: 'B', timestamp: 3 },
  ]);
});

test('what one record upstream became waits unstarted beyond the capacity, and the source is not read meanwhile', () => {
  const calls = new HandCalls();
  const operator = testOperator((lines: DataStream<string>) =>
    inCapitals(calls, 'ordered', 2)(lines.flatMap((line) => line.split(''))),
  );
  operator.together(() => {
    operator.push('abcde');
    operator.push('f');
  });
  expect(calls.take()).toBe('a b');
  calls.answer('b');
  operator.run();
  expect(calls.take()).toBe('');
  calls.answer('a');
  operator.run();
  expect(calls.take()).toBe('c d');
  expect(operator.takeOutput()).toEqual(['A', 'B']);
  answerAll(calls, operator);
  expect(calls.take()).toBe('e f');
  expect(operator.output).toEqual(['C', 'D', 'E', 'F']);
});

test('two in one chain wait for each other', () => {
  const [first, second] = [new HandCalls(), new HandCalls()];
  const operator = testOperator((words: DataStream<string>) =>
    inCapitals(second, 'unordered', 1)(words.asyncMap(first.call, { capacity: 2, order: 'unordered' })),
  );
  operator.together(() => {
    for (const word of ['a', 'b', 'c']) operator.push(word, 1);
    operator.watermark(9);
  });
  first.answer('b', 'x');
  first.answer('a', 'y');
  operator.run();
  expect([first.take(), second.take()]).toEqual(['a b', 'x']);
  second.answer('x');
  operator.run();
  // The first one accepts again, but behind it somebody has enough.
  expect([first.take(), second.take()]).toEqual(['', 'y']);
  second.answer('y');
  operator.run();
  expect(operator.output).toEqual(['X', 'Y']);
  expect(first.take()).toBe('c');
  first.answer('c', 'z');
  operator.run();
  expect(operator.outputWatermark).toBe(Number.NEGATIVE_INFINITY);
  second.answer('z');
  operator.run();
  expect(operator.outputWatermark).toBe(9);
});

test('a window behind it fires when everything before its end has come out', () => {
  const calls = new HandCalls();
  const operator = testOperator((words: DataStream<string>) =>
    inCapitals(
      calls,
      'unordered',
    )(words)
      .keyBy(() => 'all')
      .window(tumbling(10))
      .reduce((left, right) => left + right),
  );
  operator.push('a', 1);
  operator.push('b', 2);
  operator.watermark(10);
  operator.push('c', 11);
  calls.answer('c');
  calls.answer('b');
  operator.run();
  expect(operator.output).toEqual([]);
  calls.answer('a');
  operator.run();
  expect(operator.output).toEqual(['BA']);
  operator.end();
  expect(operator.output).toEqual(['BA', 'C']);
});

describe('over a restore', () => {
  test.each<readonly ['ordered' | 'unordered', number, number]>([
    ['ordered', 1, 1],
    ['ordered', 1, 3],
    ['unordered', 3, 1],
    ['unordered', 2, 3],
  ])('%s, from parallelism %i to %i: nothing is lost, nothing comes twice', (order, before, after) => {
    const calls = new HandCalls();
    const operator = testOperator(inCapitals(calls, order), { parallelism: before, splits: 1 });
    for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) operator.push(word);
    calls.answer('f');
    calls.answer('a');
    operator.run();
    const out = [...operator.takeOutput()];
    const savepoint = operator.savepoint();
    calls.forget();
    calls.take();
    const again = operator.restore(savepoint, { parallelism: after });
    again.push('g');
    answerAll(calls, again);
    again.end();
    expect([...out, ...again.output].sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G']);
    expect(calls.begun.filter(({ value }) => value === 'b').map(({ context }) => context.attempt)).toEqual([
      1, 1,
    ]);
  });

  test('what was in flight is called for before anything new', () => {
    const calls = new HandCalls();
    const operator = testOperator(inCapitals(calls, 'ordered', 2));
    for (const word of ['a', 'b']) operator.push(word);
    const savepoint = operator.savepoint();
    calls.forget();
    calls.take();
    const again = operator.restore(savepoint);
    again.push('c');
    expect(calls.take()).toBe('a b');
    answerAll(calls, again);
    expect(again.output).toEqual(['A', 'B', 'C']);
  });

  test('with less room than what was in flight, it goes in turns', () => {
    const calls = new HandCalls();
    const operator = testOperator(inCapitals(calls, 'ordered', 2), { parallelism: 2 });
    for (const word of ['a', 'b', 'c', 'd']) operator.push(word);
    const savepoint = operator.savepoint();
    calls.forget();
    calls.take();
    const again = operator.restore(savepoint, { parallelism: 1 });
    again.push('e');
    expect(calls.take()).toBe('a c');
    answerAll(calls, again);
    expect(again.output).toEqual(['A', 'C', 'B', 'D', 'E']);
  });

  test('times and retries begin anew', () => {
    const calls = new HandCalls();
    const operator = testOperator((words: DataStream<string>) =>
      words.asyncMap(calls.call, {
        timeout: 100,
        onTimeout: (word) => `late ${word}`,
        retry: { attempts: 1, delay: 10 },
      }),
    );
    operator.push('a');
    calls.fail('a');
    operator.advance(90);
    const savepoint = operator.savepoint();
    calls.forget();
    const again = operator.restore(savepoint);
    again.run();
    calls.fail('a');
    again.advance(99);
    expect(again.output).toEqual([]);
    again.advance(1);
    expect(again.output).toEqual(['late a']);
    expect(calls.begun.map(({ context }) => context.attempt)).toEqual([1, 2, 1, 2]);
  });

  test('a record that was late is late again', () => {
    const calls = new HandCalls();
    const operator = testOperator((words: DataStream<string>) =>
      inCapitals(calls)(words).process({
        output: ofType<string>(),
        onElement: (word, context) => context.emit(`${word} at ${context.currentWatermark()}`),
      }),
    );
    operator.push('a', 1);
    operator.watermark(4);
    operator.push('b', 2);
    operator.watermark(6);
    operator.push('c', 3);
    calls.answer('a');
    operator.run();
    expect(operator.takeOutput()).toEqual(['A at -Infinity']);
    const savepoint = operator.savepoint();
    calls.forget();
    const again = operator.restore(savepoint);
    answerAll(calls, again);
    expect(again.output).toEqual(['B at 4', 'C at 6']);
  });

  test('a record that was not late is not late then, though another subtask was ahead', () => {
    const calls = new HandCalls();
    const piece = (words: DataStream<string>) =>
      inCapitals(calls)(words).process({
        output: ofType<string>(),
        onElement: (word, context) => context.emit(`${word} at ${context.currentWatermark()}`),
      });
    const operator = testOperator(piece, { parallelism: 2, splits: 2 });
    operator.split(0).watermark(100);
    operator.split(0).push('a', 101);
    operator.split(1).push('b', 40);
    operator.split(1).watermark(50);
    operator.split(1).push('c', 51);
    const savepoint = operator.savepoint();
    calls.forget();
    const again = operator.restore(savepoint, { parallelism: 1 });
    answerAll(calls, again);
    expect(again.output).toEqual(['B at -Infinity', 'A at 50', 'C at 50']);
  });

  test('a failure goes back to what was in flight at the checkpoint', () => {
    const calls = new HandCalls();
    const operator = testOperator(inCapitals(calls));
    operator.push('a');
    operator.push('b');
    operator.checkpoint();
    calls.answer('a');
    operator.run();
    const [, b] = calls.begun;
    operator.fail();
    calls.forget();
    // Of a run that is over.
    b?.answer('old');
    operator.run();
    expect(calls.take()).toBe('a b a b');
    expect(operator.output).toEqual(['A']);
  });
});

test('the end waits for what is in flight', async () => {
  const operator = testOperator((words: DataStream<string>) =>
    words.asyncMap(async (word) => word.toUpperCase(), { uid: 'capitals' }),
  );
  operator.push('a');
  operator.end();
  expect(operator.isOver).toBe(false);
  await operator.settled();
  expect(operator.output).toEqual(['A']);
  expect(operator.isOver).toBe(true);
});

test('a job that is stopped with a savepoint has it in there', () => {
  const calls = new HandCalls();
  const operator = testOperator(inCapitals(calls));
  operator.push('a');
  const savepoint = operator.stop();
  expect(calls.begun[0]?.context.signal.aborted).toBe(true);
  calls.forget();
  const again = operator.restore(savepoint);
  again.run();
  calls.answer('a');
  again.run();
  expect(again.output).toEqual(['A']);
});

test('what fails names the operator and the record', async () => {
  const operator = testOperator((words: DataStream<string>) =>
    words.asyncMap(async (word) => Promise.reject(new RangeError(`no ${word}`)), { uid: 'lookup' }),
  );
  operator.push('a');
  await expect(operator.settled()).rejects.toThrow(OperatorFailed);
  await expect(operator.settled()).rejects.toMatchObject({
    operator: 'lookup',
    cause: new RangeError('no a'),
    message: expect.stringContaining('"a"'),
  });
});
