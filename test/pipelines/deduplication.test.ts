/** Duplicates are dropped as long as the first one is remembered: state with a time to live, by the machine's clock. */
import { test } from 'vitest';
import { ofType, pipeline, valueState } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check } from './scenario.ts';

const distinct = pipeline('distinct', (env) => {
  env
    .fromSource(collection<string>([]), { uid: 'in' })
    .keyBy((id) => id)
    .process(
      {
        output: ofType<string>(),
        state: { seen: valueState<boolean>({ ttl: { after: '10 s' } }) },
        onElement(id, ctx) {
          if (ctx.state.seen.get() === true) return;
          ctx.state.seen.set(true);
          ctx.emit(id);
        },
      },
      { uid: 'distinct' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

const see = (push: string) => ({ source: 'in', push });

test('an id is forgotten ten seconds after it was written, however often it was read', () => {
  check({
    pipeline: distinct,
    sources: ['in'],
    steps: [
      see('a'),
      { advance: '6 s' },
      see('a'),
      see('b'),
      { advance: '3999 ms' },
      see('a'),
      { advance: '1 ms' },
      see('a'),
      see('b'),
      { advance: '5999 ms' },
      see('b'),
      { advance: '1 ms' },
      see('b'),
    ],
    expected: { out: ['a', 'b', 'a', 'b'] },
  });
});
