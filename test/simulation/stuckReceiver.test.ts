/** Somebody downstream has stopped for good, and everything up to the source stands still: what barriers do then. */
import { expect, test } from 'vitest';
import { ofType, type Pipeline, pipeline } from '../../runtime/api/index.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import type { Source } from '../../runtime/operators/source.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedProcess } from './simulatedProcess.ts';

const numbers: Source<number> = {
  name: 'numbers',
  bounded: false,
  splits: () => ['all'],
  openSplit: (_split, from) => {
    let next = from?.offset ?? 0;
    return {
      poll: (emit) => {
        for (let taken = 0; taken < 5; taken++) if (!emit(next++, 0)) break;
        return { status: 'more' };
      },
      position: () => ({ offset: next, resume: null, finished: false }),
      close: () => {},
    };
  },
};

const stuck: Pipeline = pipeline('stuck', (env) => {
  env
    .fromSource(numbers, { uid: 'numbers' })
    .keyBy((value) => value % 7)
    .process(
      { output: ofType<number>(), onElement: (value, { emit }) => emit(value) },
      { uid: 'on', parallelism: 2 },
    )
    .rebalance()
    .asyncMap(() => new Promise<{ id: number }>(() => {}), {
      uid: 'never',
      capacity: 1,
      timeout: null,
      parallelism: 2,
    })
    .sinkTo(jsonl.sink('/out'), { uid: 'out' });
});

const taken = (unaligned: boolean, turns: number): readonly string[] => {
  const scheduler = new Scheduler(seededRandom(11));
  const disk = new MemoryDisk((call) => scheduler.later(call));
  const settings = { ...stuck.define().graph.checkpoints, intervalMs: null, unaligned };
  const define = () => {
    const definition = stuck.define();
    return { ...definition, graph: { ...definition.graph, channelRecords: 16 } };
  };
  const process = new SimulatedProcess({
    define,
    disk,
    scheduler,
    settings,
    parallelism: null,
    threadsMax: 2,
    ringBytes: 1 << 16,
    runId: 'run',
    restore: null,
    nextCheckpointId: 1,
    retained: [],
  });
  for (let turn = 0; turn < 2_000; turn++) process.advance();
  const results: string[] = [];
  process.master.triggerCheckpoint((result) => results.push(result.ok ? 'completed' : result.message));
  for (let turn = 0; turn < turns && results.length === 0; turn++) process.advance();
  return results;
};

test('an unaligned checkpoint completes while a receiver reads nothing any more, and an aligned one does not', () => {
  expect(taken(true, 20_000)).toEqual(['completed']);
  expect(taken(false, 20_000)).toEqual([]);
});
