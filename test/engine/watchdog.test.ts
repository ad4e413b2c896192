/** Looks at steps in, hung threads out. J7 of CONFORMANCE is here and in `test/host/hungThread.test.ts`. */
import { expect, test } from 'vitest';
import { pipeline } from '../../runtime/api/index.ts';
import { collectingSink, generator } from '../../runtime/connectors/index.ts';
import { operatorsOf, stepReadings, Watchdog } from '../../runtime/engine/job/watchdog.ts';
import { MetricsTable } from '../../runtime/engine/metricsTable.ts';
import { buildExecutionGraph } from '../../runtime/graph/buildExecutionGraph.ts';

const stuckAfterMs = 4_000;
const subtask = { vertex: 'parse', index: 0 };

/** One look a second; each gives the step that is under way then (0: none). Answers the looks at which it was told. */
function told(
  steps: readonly number[],
  more: { readonly debugged?: readonly number[]; readonly at?: (look: number) => number } = {},
): readonly number[] {
  const watchdog = new Watchdog(stuckAfterMs);
  const at = more.at ?? ((look) => look * 1_000);
  return steps.flatMap((stepStartedAt, look) => {
    const readings = [{ thread: 0, subtask, stepStartedAt }];
    return watchdog.look(readings, more.debugged?.includes(look) ?? false, at(look)).map(() => look);
  });
}

test.each<
  [name: string, looks: readonly number[], more: Parameters<typeof told>[1], told: readonly number[]]
>([
  ['J7 a step that is the same for too long is told, once', [7, 7, 7, 7, 7, 7, 7, 7], {}, [4]],
  ['J7 steps that come back are well, however busy', [1, 2, 3, 4, 5, 6, 7, 8, 9], {}, []],
  ['J7 no step (parked, restoring, writing a snapshot) is well', [0, 0, 0, 0, 0, 0, 0, 0], {}, []],
  ['J7 it counts from the step that hangs', [1, 2, 3, 9, 9, 9, 9, 9, 9], {}, [7]],
  ['J7 one that came back and hangs again is told again', [7, 7, 7, 7, 7, 9, 9, 9, 9, 9], {}, [4, 9]],
  ['J7 almost too long is well', [7, 7, 7, 7, 8, 8, 8, 8, 9], {}, []],
  [
    'J7 while a debugger is attached nothing counts',
    [7, 7, 7, 7, 7, 7, 7, 7, 7],
    { debugged: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
    [],
  ],
  ['J7 and after it the time begins anew', [7, 7, 7, 7, 7, 7, 7, 7], { debugged: [3] }, [7]],
  [
    'J7 a machine that slept for an hour has hung nobody',
    [7, 7, 7, 7],
    { at: (look) => (look < 2 ? look * 1_000 : 3_600_000 + look * 1_000) },
    [],
  ],
])('%s', (_name, looks, more, expected) => {
  expect(told(looks, more)).toEqual(expected);
});

test('J7 it looks often enough for the shortest time, and at most once a second', () => {
  expect([10, 200, 4_000, 50_000].map((ms) => new Watchdog(ms).lookEveryMs)).toEqual([20, 50, 1_000, 1_000]);
});

test('J7 the steps of all subtasks are read from the shared counters, with the thread that they run on', () => {
  const { graph } = pipeline('two', (env) => {
    env
      .fromSource(generator({ make: (index) => index }), { uid: 'numbers' })
      .map((n) => n + 1, { uid: 'next' })
      .sinkTo(collectingSink<number>(), { uid: 'out' });
  }).define({ parallelism: 2 });
  const execution = buildExecutionGraph(graph, null);
  const table = new MetricsTable(execution, null);
  const vertex = execution.vertices[0]?.id ?? '';
  const threads = [[{ vertex, index: 0 }], [{ vertex, index: 1 }]];
  table.values[table.subtaskRow(vertex, 1) + 10] = 0;
  expect(stepReadings(table, threads).map(({ thread, stepStartedAt }) => [thread, stepStartedAt])).toEqual([
    [0, 0],
    [1, 0],
  ]);
  expect(operatorsOf(execution, { vertex, index: 0 })).toContain('numbers');
});
