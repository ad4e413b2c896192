/** The other kinds of keyed state: an average over every two records (Flink's CountWindowAverage), a running maximum. */
import { test } from 'vitest';
import { aggregatingState, ofType, pipeline, reducingState } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Measurement {
  readonly key: string;
  readonly value: number;
}

const averages = pipeline('averages', (env) => {
  env
    .fromSource(collection<Measurement>([]), { uid: 'in' })
    .keyBy((measurement) => measurement.key)
    .process(
      {
        output: ofType<string>(),
        state: {
          mean: aggregatingState({
            create: () => ({ count: 0, sum: 0 }),
            add: (mean, value: number) => ({ count: mean.count + 1, sum: mean.sum + value }),
            result: (mean) => mean,
          }),
          worst: reducingState<number>({ reduce: Math.max }),
        },
        onElement({ key, value }, ctx) {
          ctx.state.worst.add(value);
          ctx.state.mean.add(value);
          const mean = ctx.state.mean.get();
          if (mean === undefined || mean.count < 2) return;
          ctx.emit(`${key}: mean ${mean.sum / mean.count}, worst ${ctx.state.worst.get()}`);
          ctx.state.mean.clear();
        },
      },
      { uid: 'average' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

const value = (key: string, n: number): Step => ({ source: 'in', push: { key, value: n } });

test('two values make an average, and the maximum stays', () => {
  check({
    pipeline: averages,
    sources: ['in'],
    steps: [value('a', 3), value('a', 5), value('a', 7), value('b', 1), value('a', 4), value('a', 2)],
    expected: { out: ['a: mean 4, worst 5', 'a: mean 5.5, worst 7'] },
  });
});
