/** The registry of an operator's own metrics: what may be registered, what it is now, and what is told of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  histogramValues,
  metricNameCharactersMax,
  OperatorMetrics,
  operatorMetricsMax,
} from '../../runtime/engine/operatorMetrics.ts';

const quiet = (problem: string): void => {
  throw new Error(`nothing should be said, but it was: ${problem}`);
};

describe('what is told', () => {
  test('at first everything, in the order of its registration, and then only what changed', () => {
    const metrics = new OperatorMetrics();
    let depth = 3;
    const counter = metrics.counter('seen');
    metrics.gauge('depth', () => depth);
    const histogram = metrics.histogram('size');
    expect(metrics.changes(quiet)).toEqual([
      { name: 'seen', type: 'counter', value: 0 },
      { name: 'depth', type: 'gauge', value: 3 },
      { name: 'size', type: 'histogram', summary: null },
    ]);
    expect(metrics.changes(quiet)).toEqual([]);
    counter.inc();
    counter.inc(4);
    expect(metrics.changes(quiet)).toEqual([{ name: 'seen', type: 'counter', value: 5 }]);
    depth = 4;
    histogram.update(7);
    expect(metrics.changes(quiet)).toEqual([
      { name: 'depth', type: 'gauge', value: 4 },
      {
        name: 'size',
        type: 'histogram',
        summary: { count: 1, min: 7, max: 7, mean: 7, p50: 7, p95: 7, p99: 7 },
      },
    ]);
  });

  test('a histogram that gets the same value again has changed: its count has', () => {
    const metrics = new OperatorMetrics();
    const histogram = metrics.histogram('size');
    histogram.update(7);
    metrics.changes(quiet);
    histogram.update(7);
    expect(metrics.changes(quiet)).toMatchObject([{ summary: { count: 2 } }]);
  });

  test('a counter goes down with a negative amount', () => {
    const metrics = new OperatorMetrics();
    metrics.counter('open').inc(-2);
    expect(metrics.changes(quiet)).toEqual([{ name: 'open', type: 'counter', value: -2 }]);
  });
});

describe('a gauge is code of the author', () => {
  test.each<[string, () => unknown, string]>([
    [
      'one that throws',
      () => {
        throw new TypeError('no queue');
      },
      'The gauge "depth" threw: no queue; its value is shown as not known.',
    ],
    [
      'one that throws what is no error',
      () => {
        throw Object.create(null);
      },
      'The gauge "depth" threw: [object Object]; its value is shown as not known.',
    ],
    [
      'one that answers a text',
      () => '3',
      'The gauge "depth" answered string instead of a number; its value is shown as not known.',
    ],
    [
      'one that answers a bigint, which is no JSON',
      () => 3n,
      'The gauge "depth" answered bigint instead of a number; its value is shown as not known.',
    ],
    [
      'one that answers nothing',
      () => undefined,
      'The gauge "depth" answered undefined instead of a number; its value is shown as not known.',
    ],
  ])('%s is not known, which is said once', (_, read, sentence) => {
    const metrics = new OperatorMetrics();
    const said: string[] = [];
    metrics.gauge('depth', read as () => number);
    expect(metrics.changes((problem) => said.push(problem))).toEqual([
      { name: 'depth', type: 'gauge', value: null },
    ]);
    expect(metrics.changes((problem) => said.push(problem))).toEqual([]);
    expect(said).toEqual([sentence]);
  });

  test('one that recovers is known again, and a second failure is not said again', () => {
    const metrics = new OperatorMetrics();
    const said: string[] = [];
    const answers = [3, null, 4, null];
    metrics.gauge('depth', () => answers.shift() as number);
    const values = [1, 2, 3, 4].flatMap(() => metrics.changes((problem) => said.push(problem)));
    expect(values).toMatchObject([{ value: 3 }, { value: null }, { value: 4 }, { value: null }]);
    expect(said).toHaveLength(1);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d is no value, and no reason to say something',
    (value) => {
      const metrics = new OperatorMetrics();
      metrics.gauge('mean', () => value);
      expect(metrics.changes(quiet)).toEqual([{ name: 'mean', type: 'gauge', value: null }]);
    },
  );

  test('the others are told all the same', () => {
    const metrics = new OperatorMetrics();
    metrics.gauge('broken', () => {
      throw new Error('broken');
    });
    metrics.counter('seen').inc();
    expect(metrics.changes(() => {})).toContainEqual({ name: 'seen', type: 'counter', value: 1 });
  });
});

describe('what may be registered', () => {
  test('a name that is asked for again is the same metric, and a gauge gets its new function', () => {
    const metrics = new OperatorMetrics();
    expect(metrics.counter('seen')).toBe(metrics.counter('seen'));
    expect(metrics.histogram('size')).toBe(metrics.histogram('size'));
    metrics.gauge('depth', () => 1);
    metrics.gauge('depth', () => 2);
    expect(metrics.changes(quiet).filter(({ type }) => type === 'gauge')).toEqual([
      { name: 'depth', type: 'gauge', value: 2 },
    ]);
  });

  test.each<[string, (metrics: OperatorMetrics) => void, string]>([
    ['an empty name', (metrics) => metrics.counter(' '), 'A metric needs a name.'],
    [
      'a name that is a record',
      (metrics) => metrics.counter('x'.repeat(metricNameCharactersMax + 1)),
      'at most 256 characters',
    ],
    [
      'one name for two kinds',
      (metrics) => {
        metrics.counter('seen');
        metrics.gauge('seen', () => 0);
      },
      'The metric "seen" is a counter already; give the gauge another name.',
    ],
    [
      'more than anybody could look at',
      (metrics) => {
        for (let index = 0; index <= operatorMetricsMax; index++) metrics.counter(`of customer ${index}`);
      },
      'Do not make names of records.',
    ],
  ])('%s is refused', (_, register, sentence) => {
    expect(() => register(new OperatorMetrics())).toThrow(sentence);
  });
});

test('a histogram is what sorting its latest values gives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.double(), fc.integer()), { maxLength: 3 * histogramValues, size: 'max' }),
      (values) => {
        const metrics = new OperatorMetrics();
        const histogram = metrics.histogram('size');
        for (const value of values) histogram.update(value);
        const taken = values.filter((value) => !Number.isNaN(value));
        const latest = taken.slice(-histogramValues).sort((a, b) => a - b);
        const percentile = (share: number) => latest[Math.ceil(latest.length * share) - 1];
        const [reading] = metrics.changes(quiet);
        const summary = reading?.type === 'histogram' ? reading.summary : undefined;
        if (taken.length === 0) expect(summary).toBeNull();
        else {
          // −0 and 0 are equal to whoever sorts numbers, and the same to whoever reads them.
          const { mean: _, ...rest } = summary ?? { mean: 0 };
          expect(Object.values(rest).map((value) => value + 0)).toEqual(
            [taken.length, latest[0], latest.at(-1), percentile(0.5), percentile(0.95), percentile(0.99)].map(
              (value) => (value ?? Number.NaN) + 0,
            ),
          );
        }
      },
    ),
    { numRuns: 30 },
  );
});
