/**
 * Flink's example of operator state: an operator without keys that gathers records and sends them on in batches. What it
 * holds is a list that is dealt out anew when the job goes on at another parallelism: nothing is lost, nothing doubled.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ofType, operatorListState, pipeline } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';

const BATCH = 4;

const batches = pipeline('batches', (env) => {
  env
    .fromSource(collection<number>([]), { uid: 'numbers' })
    .rebalance()
    .process(
      {
        output: ofType<readonly number[]>(),
        state: { held: operatorListState<number>() },
        onElement(value, ctx) {
          ctx.state.held.add(value);
          if (ctx.state.held.get().length < BATCH) return;
          ctx.emit([...ctx.state.held.get()]);
          ctx.state.held.clear();
        },
        onEnd(ctx) {
          ctx.emit([...ctx.state.held.get()]);
          ctx.state.held.clear();
        },
      },
      { uid: 'batch' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

test('batches are gathered across restores and parallelisms, without loss or double', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.array(fc.record({ at: fc.nat(40), parallelism: fc.integer({ min: 1, max: 4 }) }), { maxLength: 4 }),
      (count, restores) => {
        const sources = { numbers: testSource<number>({ splits: 2 }) };
        let run = testPipeline(batches, { sources, parallelism: 2 });
        const out: (readonly number[])[] = [];
        for (let n = 0; n < count; n++) {
          for (const { parallelism } of restores.filter(({ at }) => at === n)) {
            out.push(...run.sink<readonly number[]>('out').written);
            run = run.restore(run.stop(), { parallelism });
          }
          run.source('numbers').push(n);
        }
        run.source('numbers').end();
        out.push(...run.sink<readonly number[]>('out').written);
        expect(out.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
      },
    ),
    { numRuns: 60 },
  );
});

test('two subtasks of two records each become one subtask of four', () => {
  const sources = { numbers: testSource<number>({ splits: 1 }) };
  const before = testPipeline(batches, { sources, parallelism: 2 });
  for (const n of [1, 2, 3]) before.source('numbers').push(n);
  expect(before.sink('out').written).toEqual([]);
  const after = before.restore(before.stop(), { parallelism: 1 });
  after.source('numbers').push(4);
  expect(after.sink<readonly number[]>('out').written.map((batch) => [...batch].sort())).toEqual([
    [1, 2, 3, 4],
  ]);
});
