/**
 * Splits that come while a job runs, through checkpoints, failures, savepoints and other parallelisms: whatever happens, each
 * record of each split is committed once.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monotonousTimestamps, ofType, pipeline } from '../../runtime/api/index.ts';
import { collectingSink, text } from '../../runtime/connectors/index.ts';
import type { Source } from '../../runtime/operators/source.ts';
import { type PipelineTest, testPipeline } from '../../runtime/testing/index.ts';
import { readSplit, sourceContext } from './contexts.ts';
import { MemoryFiles } from './memoryFiles.ts';

/** A broker: partitions that are made, filled, ended and deleted while somebody reads. */
class Broker {
  readonly partitions = new Map<string, { readonly records: string[]; ended: boolean }>();
  /** What can still be listed. */
  readonly listed = new Set<string>();
  opened: string[] = [];

  source(): Source<string> {
    return {
      name: 'broker',
      bounded: false,
      discoverEveryMs: 1_000,
      splits: () => [...this.listed],
      openSplit: (split, from, { clock }) => {
        this.opened.push(split);
        const partition = this.partitions.get(split);
        if (partition === undefined) throw new Error(`there is no partition ${split}`);
        let offset = from?.offset ?? 0;
        const isRead = () => partition.ended && offset === partition.records.length;
        return {
          poll(emit) {
            while (offset < partition.records.length) {
              if (!emit(partition.records[offset++] as string, 0)) return { status: 'more' };
            }
            return isRead() ? { status: 'finished' } : { status: 'waiting', at: clock.now() + 100 };
          },
          position: () => ({ offset, resume: null, finished: isRead() }),
          close() {},
        };
      },
    };
  }
}

const copying = (broker: Broker) =>
  pipeline('copying', (env) => {
    env.fromSource(broker.source(), { uid: 'in' }).sinkTo(collectingSink<string>(), { uid: 'out' });
  });

type Happening =
  | { readonly type: 'comes'; readonly split: number }
  | { readonly type: 'appends'; readonly split: number; readonly count: number }
  | { readonly type: 'ends'; readonly split: number }
  | { readonly type: 'waits'; readonly ms: number }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'fails' }
  | { readonly type: 'moves'; readonly parallelism: number };

const split = fc.nat({ max: 9 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ type: fc.constant('comes' as const), split }),
  fc.record({ type: fc.constant('appends' as const), split, count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constant('ends' as const), split }),
  fc.record({ type: fc.constant('waits' as const), ms: fc.constantFrom(50, 500, 1_500) }),
  fc.record({ type: fc.constant('checkpoint' as const) }),
  fc.record({ type: fc.constant('fails' as const) }),
  fc.record({ type: fc.constant('moves' as const), parallelism: fc.integer({ min: 1, max: 4 }) }),
);

test('each record of each split is committed once, whenever the split came and whoever reads it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(happening, { maxLength: 25, size: 'max' }),
      (parallelism, happenings) => {
        const broker = new Broker();
        let run: PipelineTest<Record<never, never>> = testPipeline(copying(broker), { parallelism });
        const committed: string[] = [];
        for (const happening of happenings) {
          const id = 'split' in happening ? `partition ${happening.split}` : '';
          const partition = broker.partitions.get(id);
          switch (happening.type) {
            case 'comes':
              if (partition === undefined) broker.partitions.set(id, { records: [], ended: false });
              broker.listed.add(id);
              break;
            case 'appends':
              if (partition === undefined || partition.ended) break;
              for (let each = 0; each < happening.count; each++) {
                partition.records.push(`${id} record ${partition.records.length}`);
              }
              break;
            case 'ends':
              if (partition !== undefined) partition.ended = true;
              break;
            case 'waits':
              run.advance(happening.ms);
              break;
            case 'checkpoint':
              run.checkpoint();
              break;
            case 'fails':
              run.fail();
              break;
            case 'moves': {
              const savepoint = run.stop();
              committed.push(...run.sink<string>('out').committed);
              run = run.restore(savepoint, { parallelism: happening.parallelism });
              break;
            }
          }
        }
        run.advance(2_000);
        run.checkpoint();
        committed.push(...run.sink<string>('out').committed);
        const all = [...broker.partitions.values()].flatMap(({ records }) => records);
        expect(committed.sort()).toEqual(all.sort());
      },
    ),
    { numRuns: 30 },
  );
});

test('a split that is finished is not opened again, at any parallelism, though it is still listed', () => {
  const broker = new Broker();
  for (const id of ['a', 'b', 'c', 'd']) {
    broker.partitions.set(id, { records: [`${id}1`], ended: true });
    broker.listed.add(id);
  }
  let run = testPipeline(copying(broker), { parallelism: 2 });
  run.advance(5_000);
  for (const parallelism of [3, 1, 4]) {
    broker.opened = [];
    run = run.restore(run.stop(), { parallelism });
    run.advance(5_000);
    expect(broker.opened).toEqual([]);
    expect(run.sink('out').written).toEqual([]);
  }
});

test('what was late in a split that came later is as late after a restore', () => {
  const broker = new Broker();
  const judging = pipeline('judging', (env) => {
    env
      .fromSource(broker.source(), {
        uid: 'in',
        watermarks: monotonousTimestamps((record) => Number(record)),
      })
      .keyBy(() => 'all')
      .process(
        {
          output: ofType<string>(),
          onElement: (record, { emit, timers }) =>
            emit(`${record} ${Number(record) > timers.currentWatermark() ? 'in time' : 'late'}`),
        },
        { uid: 'judge' },
      )
      .sinkTo(collectingSink<string>(), { uid: 'out' });
  });
  const append = (id: string, record: string) => {
    const partition = broker.partitions.get(id) ?? { records: [], ended: false };
    partition.records.push(record);
    broker.partitions.set(id, partition);
    broker.listed.add(id);
  };
  let run = testPipeline(judging);
  const judged = (id: string, record: string) => {
    append(id, record);
    run.advance(2_000);
    return run.sink('out').written.at(-1);
  };
  expect(judged('a', '25')).toBe('25 in time');
  expect(judged('b', '7')).toBe('7 late');
  expect(judged('b', '24')).toBe('24 late');
  run = run.restore(run.stop());
  expect(judged('b', '24')).toBe('24 late');
  expect(judged('b', '26')).toBe('26 in time');
  expect(judged('a', '25')).toBe('25 in time');
});

const linesOf = (files: MemoryFiles, options: Parameters<typeof text.source>[1]) => {
  const source = text.source('logs/*.log', options);
  const context = sourceContext(files);
  return { source, splits: () => source.splits(context).join(' '), context };
};

test('a pattern that is followed finds the files that come, and one that finds nothing waits', () => {
  const files = new MemoryFiles();
  const { source, splits, context } = linesOf(files, { follow: true });
  expect(source).toMatchObject({ bounded: false, discoverEveryMs: 1_000 });
  expect(splits()).toBe('');
  files.put('logs/b.log', 'one\n');
  files.put('logs/.c.log', 'not finished\n');
  expect(splits()).toBe('logs/b.log');
  expect(readSplit(source, 'logs/b.log', context)).toMatchObject({ values: ['one'], status: 'waiting' });
});

test('without follow, files that come are read to their end', () => {
  const files = new MemoryFiles();
  const { source, splits, context } = linesOf(files, { discoverEveryMs: 20 });
  expect(source).toMatchObject({ bounded: false, discoverEveryMs: 20 });
  files.put('logs/a.log', 'one');
  expect(splits()).toBe('logs/a.log');
  expect(readSplit(source, 'logs/a.log', context)).toMatchObject({ values: ['one'], status: 'finished' });
  files.remove('logs/a.log');
  expect(splits()).toBe('');
});

test('without a pattern nothing can come, and a pattern without either option means what is there', () => {
  expect(text.source('a.log', { follow: true })).not.toHaveProperty('discoverEveryMs');
  expect(text.source('logs/*.log')).not.toHaveProperty('discoverEveryMs');
  expect(() => text.source('a.log', { discoverEveryMs: 5 })).toThrow(
    "No new file can come to match a.log: discoverEveryMs wants a pattern such as 'logs/*.jsonl'.",
  );
  expect(() => text.source('*.log', { discoverEveryMs: 0 })).toThrow('must be above zero, not 0.');
});
