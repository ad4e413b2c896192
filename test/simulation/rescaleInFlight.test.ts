/**
 * G6: what was in flight when a barrier overtook it is restored at another parallelism, in three shapes of dataflow, with one
 * failure on the way. Inputs are outputs, nothing is lost, nothing comes twice, and the records of a key stay in order.
 */
import { expect, test } from 'vitest';
import {
  type DataStream,
  ofType,
  type Pipeline,
  pipeline,
  type SplitPosition,
  valueState,
} from '../../runtime/api/index.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { jsonl } from '../../runtime/connectors/index.ts';
import { RING_BYTES_MIN } from '../../runtime/engine/channels/ring.ts';
import type { Source } from '../../runtime/operators/source.ts';
import { inFlightStates } from '../../runtime/state/declarations.ts';
import { MemoryDisk } from './memoryDisk.ts';
import { Scheduler } from './scheduler.ts';
import { latestPoint, SimulatedProcess } from './simulatedProcess.ts';

interface Numbered {
  readonly source: string;
  readonly key: string;
  /** Counts the records of this key in this source. */
  readonly number: number;
}

const OUT = '/out';
const SPLITS = 4;
const RECORDS_PER_SPLIT = 60;
const TURNS_MAX = 400_000;

/** Every key is in one split, so that its records have an order at all. */
const numbered = (name: string): Source<Numbered> => ({
  name,
  bounded: true,
  splits: () => Array.from({ length: SPLITS }, (_unused, split) => `${name}-${split}`),
  openSplit: (split, from) => {
    let offset = (from as SplitPosition | null)?.offset ?? 0;
    return {
      poll: (emit) => {
        for (let taken = 0; taken < 8 && offset < RECORDS_PER_SPLIT; taken++) {
          const next = offset++;
          if (!emit({ source: name, key: `${split}.${next % 5}`, number: Math.floor(next / 5) }, 0)) break;
        }
        return offset < RECORDS_PER_SPLIT ? { status: 'more' } : { status: 'finished' };
      },
      position: () => ({ offset, resume: null, finished: offset >= RECORDS_PER_SPLIT }),
      close: () => {},
    };
  },
});

const shapes: Readonly<
  Record<string, { sources: readonly string[]; of: (streams: DataStream<Numbered>[]) => DataStream<string> }>
> = {
  pipeline: {
    sources: ['a'],
    of: ([a]) => counted((a as DataStream<Numbered>).rebalance().map((record) => record, { uid: 'spread' })),
  },
  union: {
    sources: ['a', 'b'],
    of: ([a, b]) => counted((a as DataStream<Numbered>).union(b as DataStream<Numbered>)),
  },
  'multi-input': {
    sources: ['a', 'b'],
    of: ([a, b]) =>
      (a as DataStream<Numbered>)
        .keyBy(({ key }) => key.slice(-1))
        .connect((b as DataStream<Numbered>).keyBy(({ key }) => key.slice(-1)))
        .process(
          {
            output: ofType<string>(),
            onFirst: (record, { emit }) => emit(idOf(record)),
            onSecond: (record, { emit }) => emit(idOf(record)),
          },
          { uid: 'both' },
        ),
  },
};

const idOf = ({ source, key, number }: Numbered): string => `${source} ${key} ${number}`;

/** What comes out of order says so. */
const counted = (stream: DataStream<Numbered>): DataStream<string> =>
  stream
    .keyBy(({ key }) => key)
    .process(
      {
        output: ofType<string>(),
        state: { next: valueState<number>({ initial: () => 0 }) },
        onElement: (record, context) => {
          const next = context.state.next.get() ?? 0;
          context.state.next.set(next + 1);
          context.emit(record.number === next ? idOf(record) : `${idOf(record)} came as number ${next}`);
        },
      },
      { uid: 'counted' },
    );

/** `rebalance` mixes the records of a key before they are keyed, so only there their order is nobody's promise. */
const isOrdered = (shape: string): boolean => shape === 'union';

const made = (shape: string): Pipeline => {
  const { sources, of } = shapes[shape] as (typeof shapes)[string];
  return pipeline('rescaled', (env) => {
    env.restart({ strategy: 'fixed-delay', attempts: 3, delay: 5 });
    of(sources.map((name) => env.fromSource(numbered(name), { uid: name })))
      .map((id) => ({ id }), { uid: 'boxed' })
      .keyBy(({ id }) => id)
      .process(
        { output: ofType<{ id: string }>(), onElement: (value, { emit }) => emit(value) },
        { uid: 'last' },
      )
      .sinkTo(jsonl.sink(OUT), { uid: 'out' });
  });
};

const inFlightIn = ({ operators }: Manifest): number =>
  operators
    .flatMap(({ states }) => states)
    .filter(({ type, name }) => type === 'in-flight' && name !== inFlightStates.watermarks.name)
    .reduce((sum, { keys }) => sum + keys, 0);

const rescaled = (
  shape: string,
  from: number,
  to: number,
  seed: number,
): { replayed: number; out: string[] } => {
  const scheduler = new Scheduler(seededRandom(seed));
  const disk = new MemoryDisk((call) => scheduler.later(call));
  const job = made(shape);
  const define = () => {
    const definition = job.define();
    return { ...definition, graph: { ...definition.graph, channelRecords: 4 } };
  };
  const settings = {
    ...job.define().graph.checkpoints,
    unaligned: true,
    intervalMs: 4,
    tolerableFailures: 100,
  };
  const start = (run: number, parallelism: number) =>
    new SimulatedProcess({
      define,
      disk,
      scheduler,
      settings,
      parallelism,
      threadsMax: 2,
      ringBytes: RING_BYTES_MIN,
      runId: `run${run}`,
      restore: withPlace(latestPoint(disk)),
      nextCheckpointId: 1 + (latestPoint(disk)?.manifest.checkpointId ?? 0),
      retained: [],
    });
  const first = start(0, from);
  for (let turns = 0; inFlightIn(latestPoint(disk)?.manifest ?? EMPTY) === 0 && !first.over; turns++) {
    first.advance();
    if (turns > TURNS_MAX) throw new Error('no checkpoint has anything in flight');
  }
  const replayed = inFlightIn(latestPoint(disk)?.manifest ?? EMPTY);
  scheduler.forget();
  const second = start(1, to);
  for (let turns = 0; !second.over; turns++) {
    second.advance();
    if (turns === 300) second.killThread(0);
    if (turns > TURNS_MAX) throw new Error(`the job does not end: it is ${second.master.status}`);
  }
  expect(second.master.status).toBe('finished');
  const out = disk
    .list(OUT)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => disk.text(`${OUT}/${name}`).split('\n'))
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  return { replayed, out };
};

const EMPTY = { operators: [] } as unknown as Manifest;
const withPlace = (point: ReturnType<typeof latestPoint>) =>
  point === null ? null : { ...point, supersede: false, isLatest: true };

const expectedOf = (shape: string): string[] =>
  (shapes[shape] as (typeof shapes)[string]).sources
    .flatMap((source) =>
      Array.from({ length: SPLITS }, (_unused, split) =>
        Array.from({ length: RECORDS_PER_SPLIT }, (_other, offset) =>
          idOf({ source, key: `${source}-${split}.${offset % 5}`, number: Math.floor(offset / 5) }),
        ),
      ).flat(),
    )
    .toSorted();

const pairs = [
  [1, 2],
  [2, 3],
  [3, 7],
  [4, 8],
  [20, 21],
  [2, 1],
  [3, 2],
  [7, 3],
  [8, 4],
  [21, 20],
  [1, 1],
  [3, 3],
] as const;

for (const shape of Object.keys(shapes)) {
  test.each(pairs)(
    `G6 ${shape}: in flight at parallelism %i, restored at %i`,
    (from, to) => {
      // A job may end before one of its checkpoints had anything in flight: then another schedule is taken.
      let hadInFlight = false;
      for (let seed = from * 100 + to, tries = 0; !hadInFlight && tries < 10; seed += 10_000, tries++) {
        const { replayed, out } = rescaled(shape, from, to, seed);
        const ids = isOrdered(shape) ? out : out.map((id) => id.replace(/ came as number \d+$/, ''));
        expect(ids.toSorted()).toEqual(expectedOf(shape));
        hadInFlight = replayed > 0;
      }
      expect(hadInFlight).toBe(true);
    },
    120_000,
  );
}
