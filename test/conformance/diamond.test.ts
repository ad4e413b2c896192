/** CONFORMANCE J5: a diamond, the shape in which one side can wait for the other, through channels that hold one frame. */
import { expect, test } from 'vitest';
import { ofType, pipeline, valueState } from '../../runtime/api/index.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import { RING_BYTES_MIN } from '../../runtime/engine/channels/ring.ts';
import { MemoryDisk } from '../simulation/memoryDisk.ts';
import { Scheduler } from '../simulation/scheduler.ts';
import { SimulatedProcess } from '../simulation/simulatedProcess.ts';

const count = 200;

/** Every number goes both ways, once multiplied, and meets itself again. One way makes three of it: it is always behind. */
const diamond = pipeline('diamond', (env) => {
  const numbers = env
    .fromSource(
      {
        name: 'numbers',
        bounded: true,
        splits: () => ['all'],
        openSplit: (_split, from) => {
          let n = from?.offset ?? 0;
          return {
            poll: (emit: (record: number, timestamp: number) => boolean) => {
              while (n < count && emit(n++, 0));
              return n < count ? { status: 'more' as const } : { status: 'finished' as const };
            },
            position: () => ({ offset: n, resume: null, finished: n >= count }),
            close: () => {},
          };
        },
      },
      { uid: 'numbers' },
    )
    .rebalance();
  const left = numbers.map((n) => n * 10, { uid: 'left' }).rebalance();
  const right = numbers.flatMap((n) => [n * 10, n * 10, n * 10], { uid: 'right' }).rebalance();
  left
    .union(right)
    .keyBy((n) => n)
    .process(
      {
        output: ofType<{ id: string }>(),
        state: { seen: valueState<number>({ initial: 0 }) },
        onElement: (n, { state, emit }) => {
          state.seen.set(state.seen.get() + 1);
          emit({ id: `${n}#${state.seen.get()}` });
        },
      },
      { uid: 'meet' },
    )
    .sinkTo(jsonl.sink('/out'), { uid: 'out' });
});

test.each([
  ['one thread, queues of one record', 1, 1],
  ['one thread, aligned and unaligned', 1, 2],
  ['two threads, the smallest rings', 2, 1],
])('J5 a diamond completes: %s', (_, parallelism, modes) => {
  for (const unaligned of modes === 2 ? [false, true] : [false])
    for (let seed = 1; seed <= 3; seed++) {
      const scheduler = new Scheduler(seededRandom(seed));
      const disk = new MemoryDisk((call) => scheduler.later(call));
      const define = () => {
        const definition = diamond.define();
        return { ...definition, graph: { ...definition.graph, channelRecords: 1 } };
      };
      const process = new SimulatedProcess({
        define,
        disk,
        scheduler,
        settings: { ...define().graph.checkpoints, intervalMs: 5, unaligned },
        parallelism,
        threadsMax: parallelism,
        ringBytes: RING_BYTES_MIN,
        runId: 'run',
        restore: null,
        nextCheckpointId: 1,
        retained: [],
      });
      for (let turn = 0; !process.over; turn++) {
        if (turn > 300_000) throw new Error(`seed ${seed} never came to its end: ${process.master.status}`);
        process.advance();
      }
      expect({ seed, status: process.master.status }).toEqual({ seed, status: 'finished' });
      const lines = disk
        .list('/out')
        .filter((name) => name.startsWith('part-'))
        .flatMap((name) => disk.text(`/out/${name}`).split('\n'))
        .filter((line) => line !== '');
      expect(new Set(lines).size).toBe(4 * count);
      expect(lines).toHaveLength(4 * count);
    }
});
