/**
 * Union state: every subtask of the next run is given what all subtasks had. Here each subtask counts what it saw, and tells
 * what all of them saw together before the job was restored.
 */
import { expect, test } from 'vitest';
import { ofType, pipeline, unionListState } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { testPipeline, testSource } from '../../runtime/testing/index.ts';

interface Seen {
  readonly subtask: number;
  readonly count: number;
}

const counting = pipeline('union-state', (env) => {
  env
    .fromSource(collection<string>([]), { uid: 'in' })
    .rebalance()
    .process(
      {
        output: ofType<string>(),
        state: { seen: unionListState<Seen>() },
        open: ({ subtaskIndex }) => ({ subtask: subtaskIndex, count: 0, before: null as number | null }),
        onElement(value, { state, opened, emit }) {
          opened.before ??= state.seen.get().reduce((sum, { count }) => sum + count, 0);
          opened.count++;
          // Its own entry only: together they are what all have seen.
          state.seen.update([{ subtask: opened.subtask, count: opened.count }]);
          emit(`${value} by ${opened.subtask}, ${opened.before} before`);
        },
      },
      { uid: 'count' },
    )
    .sinkTo(collectingSink(), { uid: 'out' });
});

test('each new subtask, however many there are, knows what all old ones had', () => {
  const sources = { in: testSource<string>() };
  const first = testPipeline(counting, { sources, parallelism: 2 });
  for (const value of ['a', 'b', 'c']) first.source('in').push(value);
  expect([...first.sink('out').written].sort()).toEqual([
    'a by 0, 0 before',
    'b by 1, 0 before',
    'c by 0, 0 before',
  ]);
  const savepoint = first.stop();
  for (const parallelism of [1, 3]) {
    const run = first.restore(savepoint, { parallelism });
    for (let n = 0; n < parallelism; n++) run.source('in').push(`x${n}`);
    expect([...run.sink<string>('out').written].sort()).toEqual(
      Array.from({ length: parallelism }, (_, n) => `x${n} by ${n}, 3 before`),
    );
  }
});
