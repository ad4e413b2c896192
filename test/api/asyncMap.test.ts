/** What is wrong with an asyncMap, or with watermarks in mid-stream, is told before anything runs, with operator and line. */
import { describe, expect, test } from 'vitest';
import {
  type AsyncMapOptions,
  type DataStream,
  monotonousTimestamps,
  PipelineError,
  pipeline,
} from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';

function graphOf(write: (numbers: DataStream<number>) => DataStream<unknown>) {
  return pipeline('test', (env) => {
    write(env.fromSource(collection([1, 2]), { uid: 'in' })).sinkTo(collectingSink(), { uid: 'out' });
  }).define().graph;
}

function problemOf(write: (numbers: DataStream<number>) => DataStream<unknown>): string {
  try {
    graphOf(write);
  } catch (error) {
    if (error instanceof PipelineError) {
      expect(error.location?.file).toMatch(/asyncMap\.test\.ts/);
      return error.message.replace(/ \([^()]*:\d+\)/, ' (…)');
    }
    throw error;
  }
  throw new Error('the plan was accepted');
}

const call = async (n: number) => n;
const badly = (options: object) => (numbers: DataStream<number>) =>
  numbers.asyncMap(call, { uid: 'lookup', ...options } as AsyncMapOptions<number, number>);

describe('an asyncMap', () => {
  test('has state of its own, and is named like any other', () => {
    const { operators } = graphOf((numbers) => numbers.asyncMap(call, { name: 'Look up' }));
    expect(operators[1]).toMatchObject({
      name: 'Look up',
      type: 'asyncMap',
      keyed: false,
      states: [{ name: 'in-flight' }, { name: 'event-time' }],
    });
  });

  test.each<
    readonly [what: string, write: (numbers: DataStream<number>) => DataStream<unknown>, sentence: string]
  >([
    [
      'an object without a function',
      (numbers) => numbers.asyncMap({} as never),
      'Operator "asyncMap" (…) needs a function "asyncMap".',
    ],
    [
      'another order',
      badly({ order: 'sorted' }),
      'Operator "lookup" (…) knows no order "sorted": it is "ordered" or "unordered".',
    ],
    [
      'no room',
      badly({ capacity: 0 }),
      'Operator "lookup" (…) has the capacity 0: it must be a whole number from 1 on.',
    ],
    ['no time', badly({ timeout: 0 }), 'timeout must be longer than zero, not 0. (…)'],
    [
      'no retries',
      badly({ retry: { attempts: 0, delay: 1 } }),
      'Operator "lookup" (…) has the retry.attempts 0: it must be a whole number from 1 on.',
    ],
    [
      'retries at no time',
      badly({ retry: { attempts: 1 } }),
      'Operator "lookup" (…) has to say when it calls again: give `retry` either `delay` or `backoff`.',
    ],
    [
      'retries at two times',
      badly({ retry: { attempts: 1, delay: 1, backoff: { initial: 1, max: 2 } } }),
      'Operator "lookup" (…) has to say when it calls again: give `retry` either `delay` or `backoff`.',
    ],
    [
      'delays that shrink',
      badly({ retry: { attempts: 1, backoff: { initial: 1, max: 2, multiplier: 0.5 } } }),
      'Operator "lookup" (…) has the multiplier 0.5: the delays of `retry.backoff` cannot shrink.',
    ],
    [
      'a delay that is none',
      badly({ retry: { attempts: 1, delay: 'soon' } }),
      "retry.delay must be a duration such as '500ms', '5 min' or '1 h', or a number of milliseconds, not \"soon\". (…)",
    ],
  ])('%s', (_what, write, sentence) => expect(problemOf(write)).toBe(sentence));
});

test('watermarks in mid-stream cannot wait for other sources', () => {
  const alignment = { group: 'all', maxDrift: '1 min' } as const;
  const write = (numbers: DataStream<number>) =>
    numbers.assignTimestampsAndWatermarks(monotonousTimestamps((n) => n, { alignment }));
  expect(problemOf(write)).toBe(
    'assignTimestampsAndWatermarks (…) is in mid-stream, where nobody can wait for others: give the `alignment` to the sources.',
  );
});
