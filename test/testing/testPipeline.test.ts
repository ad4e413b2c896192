/** A whole pipeline in the kit: sources by hand or as they are, sinks read, failures recovered from or told. */
import { expect, test } from 'vitest';
import {
  boundedOutOfOrderness,
  ofType,
  type Pipeline,
  pipeline,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';
import { collection, jsonl } from '../../runtime/connectors/index.ts';
import { OperatorFailed, TestKitError, testPipeline, testSource } from '../../runtime/testing/index.ts';

interface Flight {
  readonly origin: string;
  readonly delay: number;
  readonly at: number;
}

const flightDelays = pipeline('flight-delays', (env) => {
  env
    .fromSource(jsonl.source<Flight>('data/flights.jsonl'), {
      uid: 'flights',
      watermarks: boundedOutOfOrderness('10 s', ({ at }) => at),
    })
    .filter(({ delay }) => delay > 0)
    .keyBy(({ origin }) => origin)
    .window(tumbling('1 min'))
    .aggregate(
      { create: () => 0, add: (sum, { delay }) => sum + delay, result: (sum, { key }) => `${key} ${sum}` },
      { uid: 'sums' },
    )
    .sinkTo(jsonl.sink('out/sums'), { uid: 'out' });
});
const flight = (origin: string, delay: number, at: number): Flight => ({ origin, delay, at });

test('its strategy makes the watermarks of what is pushed', () => {
  const run = testPipeline(flightDelays, { sources: { flights: testSource<Flight>() } });
  run.source('flights').push(flight('SEA', 3, 1_000));
  run.source('flights').push(flight('SEA', 4, 69_000));
  expect(run.sink('out').written).toEqual([]);
  run.source('flights').push(flight('SFO', 4, 70_001));
  expect(run.sink('out').written).toEqual(['SEA 3']);
  expect(run.sink('out').committed).toEqual([]);
  run.checkpoint();
  expect(run.sink('out').committed).toEqual(['SEA 3']);
  run.source('flights').end();
  expect(run.isOver).toBe(true);
  expect([...run.sink<string>('out').committed].sort()).toEqual(['SEA 3', 'SEA 4', 'SFO 4']);
});

test.each([1, 2])('a failure changes nothing of what is committed, at parallelism %i', (parallelism) => {
  const run = testPipeline(flightDelays, {
    parallelism,
    sources: { flights: testSource<Flight>({ splits: 2 }) },
  });
  run.source('flights').push(flight('SEA', 3, 1_000));
  run.source('flights').push(flight('SFO', 9, 2_000));
  run.checkpoint();
  run.source('flights').push(flight('SEA', 5, 3_000));
  run.fail();
  run.source('flights').push(flight('SEA', 1, 80_000));
  run.source('flights').push(flight('SEA', 1, 80_000));
  expect([...run.sink<string>('out').written].sort()).toEqual(['SEA 8', 'SFO 9']);
  run.fail();
  // What was written and not committed came again.
  expect([...run.sink<string>('out').written].sort()).toEqual(['SEA 8', 'SEA 8', 'SFO 9', 'SFO 9']);
  run.source('flights').end();
  expect([...run.sink<string>('out').committed].sort()).toEqual(['SEA 2', 'SEA 8', 'SFO 9']);
});

test('a savepoint goes on at another parallelism, and what it holds is committed once', () => {
  const run = testPipeline(flightDelays, {
    parallelism: 2,
    sources: { flights: testSource<Flight>({ splits: 3 }) },
  });
  for (const origin of ['SEA', 'SFO', 'LAX', 'JFK', 'SEA', 'BOS'])
    run.source('flights').push(flight(origin, 1, 1_000));
  const again = run.restore(run.stop(), { parallelism: 3 });
  expect(run.isOver).toBe(true);
  again
    .source('flights')
    .split(2)
    .push(flight('SEA', 1, 2_000));
  again.source('flights').end();
  expect([...again.sink<string>('out').committed].sort()).toEqual([
    'BOS 1',
    'JFK 1',
    'LAX 1',
    'SEA 3',
    'SFO 1',
  ]);
});

test('what a stop has committed is not committed by who goes on', () => {
  const run = testPipeline(flightDelays, { sources: { flights: testSource<Flight>() } });
  run.source('flights').push(flight('SEA', 1, 1_000));
  run.source('flights').push(flight('SEA', 2, 70_001));
  expect(run.sink('out').committed).toEqual([]);
  const savepoint = run.stop();
  expect(run.sink('out').committed).toEqual(['SEA 1']);
  const again = run.restore(savepoint);
  again.source('flights').end();
  expect(again.sink('out').committed).toEqual(['SEA 2']);
});

test('what a savepoint holds uncommitted is committed by who goes on', () => {
  const run = testPipeline(flightDelays, { sources: { flights: testSource<Flight>() } });
  run.source('flights').push(flight('SEA', 1, 1_000));
  run.source('flights').push(flight('SEA', 2, 70_001));
  const again = run.restore(run.savepoint());
  expect(run.sink('out').committed).toEqual([]);
  expect(again.sink('out').committed).toEqual(['SEA 1']);
  expect(again.sink('out').written).toEqual([]);
});

test('a drained stop fires all windows before', () => {
  const run = testPipeline(flightDelays, { sources: { flights: testSource<Flight>() } });
  run.source('flights').push(flight('SEA', 1, 1_000));
  run.stop({ drain: true });
  expect(run.sink('out').committed).toEqual(['SEA 1']);
  expect(run.isOver).toBe(true);
});

test('sources that are not replaced read the files of the test, and a kept sink writes them', () => {
  const text = [flight('SEA', 3, 1_000), flight('SEA', 4, 2_000)]
    .map((each) => JSON.stringify(each))
    .join('\n');
  const run = testPipeline(flightDelays, {
    files: { 'data/flights.jsonl': `${text}\n\n` },
    keepSinks: ['out'],
  });
  expect(run.isOver).toBe(false);
  run.run();
  expect(run.isOver).toBe(true);
  const [part, ...others] = run.files.filter((path) => path.startsWith('out/sums/'));
  expect(others).toEqual([]);
  expect(run.file(part ?? '')).toBe('"SEA 7"\n');
});

test('a test says the watermarks where it asked to', () => {
  const run = testPipeline(flightDelays, {
    sources: { flights: testSource<Flight>({ splits: 2, watermarks: 'by hand' }) },
  });
  const flights = run.source('flights');
  flights.push(flight('SEA', 3, 1_000));
  flights.split(0).watermark(60_000);
  expect(run.sink('out').written).toEqual([]);
  flights.split(1).watermark(60_000);
  expect(run.sink('out').written).toEqual(['SEA 3']);
  // Late, also after a restore.
  const again = run.restore(run.savepoint());
  again.source('flights').push(flight('SEA', 3, 59_999));
  again.source('flights').push(flight('SEA', 2, 60_000));
  again.source('flights').end();
  expect(again.sink('out').written).toEqual(['SEA 2']);
});

const alarms = (firstUid = 'alarms'): Pipeline =>
  pipeline('alarms', (env) => {
    env
      .fromSource(collection(['a', 'b']), { uid: 'names' })
      .keyBy((name) => name)
      .process(
        {
          output: ofType<string>(),
          state: { rings: valueState<number>({ initial: 0 }) },
          onElement: (_name, { timers }) => timers.registerProcessingTime(1_000),
          onTimer: ({ time }, context) => {
            context.state.rings.set(context.state.rings.get() + 1);
            context.emit(
              `${context.key} ${context.state.rings.get()} at ${time}, ${context.currentProcessingTime()}`,
            );
            context.timers.registerProcessingTime(time + 1_000);
          },
        },
        { uid: firstUid },
      )
      .sinkTo(jsonl.sink('out'), { uid: 'out' });
  });

test('time passes from one timer to the next', () => {
  const run = testPipeline(alarms(), { sources: { names: testSource<string>() } });
  run.source('names').push('a');
  run.advance('2.5 s');
  expect(run.now).toBe(2_500);
  expect(run.sink('out').written).toEqual(['a 1 at 1000, 1000', 'a 2 at 2000, 2000']);
  const again = run.restore(run.savepoint());
  expect(again.now).toBe(2_500);
  again.advance('0.5 s');
  expect(again.sink('out').written).toEqual(['a 3 at 3000, 3000']);
  // A job that was down: what was due meanwhile fires at once.
  const late = run.restore(run.savepoint(), { now: 10_200 });
  late.run();
  expect(late.sink('out').written.slice(0, 2)).toEqual(['a 3 at 3000, 10200', 'a 4 at 4000, 10200']);
});

test('a savepoint that does not fit is refused with a sentence', () => {
  const run = testPipeline(alarms(), { sources: { names: testSource<string>() } });
  run.source('names').push('a');
  run.advance('1 s');
  const savepoint = run.savepoint();
  const sources = { names: testSource<string>() };
  expect(() => testPipeline(alarms('bells'), { from: savepoint, sources })).toThrow(
    /Bring uid "alarms" back, or restore with allowNonRestoredState/,
  );
  const without = testPipeline(alarms('bells'), { from: savepoint, sources, allowNonRestoredState: true });
  without.advance('5 s');
  expect(without.sink('out').written).toEqual([]);
});

test.each<[string, () => unknown, string]>([
  [
    'a source that is not there',
    () => testPipeline(flightDelays, { sources: { flihgts: testSource<Flight>() } }),
    'There is no source "flihgts" in the pipeline; there is only "flights".',
  ],
  [
    'a source that is not filled by hand',
    () => testPipeline(alarms()).source('names' as never),
    'There is no source "names" among the `sources` of this test; there is none.',
  ],
  [
    'a sink that is not there',
    () => testPipeline(alarms()).sink('oot'),
    'There is no sink "oot" in the pipeline; there is only "out".',
  ],
  [
    'a sink that is kept',
    () => testPipeline(alarms(), { keepSinks: ['out'] }).sink('out'),
    'Sink "out" is left as it is, by keepSinks: look at the files that it writes.',
  ],
  [
    'a missing file',
    () => testPipeline(flightDelays),
    'Source "flights" reads data/flights.jsonl, which this test does not have: give it in `files`, or replace the source by a testSource.',
  ],
  [
    'a watermark beside those of the pipeline',
    () =>
      testPipeline(flightDelays, { sources: { flights: testSource<Flight>() } })
        .source('flights')
        .watermark(3),
    'The watermarks of source "flights" come from its strategy in the pipeline: push a later record, or ask for testSource({ watermarks: \'by hand\' }).',
  ],
  [
    'a split that is not there',
    () =>
      testPipeline(flightDelays, { sources: { flights: testSource<Flight>() } })
        .source('flights')
        .split(1),
    'There is no split 1 in source "flights": it has 1, counted from 0; ask for more with `splits`.',
  ],
  [
    'a parallelism above the highest',
    () => testPipeline(alarms(), { parallelism: 129 }),
    'The parallelism 129 of "names" is above its max parallelism 128',
  ],
])('%s is one sentence', (_, mistake, sentence) => {
  expect(mistake).toThrow(sentence);
});

test('what the code of the author throws is told with operator and record, and is the very error', () => {
  class Broken extends Error {}
  const thrown = new Broken('no such airport');
  const broken = pipeline('broken', (env) => {
    env
      .fromSource(collection([1, 2, 3]), { uid: 'numbers' })
      .map(
        (n) => {
          if (n === 2) throw thrown;
          return n;
        },
        { uid: 'lookup' },
      )
      .sinkTo(jsonl.sink('out'), { uid: 'out' });
  });
  const run = testPipeline(broken);
  const failure = caught(() => run.run());
  expect(failure).toBeInstanceOf(OperatorFailed);
  expect(failure).toMatchObject({
    message: 'Operator "lookup", subtask 0, failed at 2: no such airport',
    operator: 'lookup',
    subtaskIndex: 0,
    record: '2',
  });
  expect((failure as OperatorFailed).cause).toBe(thrown);
  expect(run.sink('out').written).toEqual([1]);
  // The run is over: whatever is asked of it says why.
  expect(() => run.checkpoint()).toThrow('no such airport');
});

test('what is thrown while the pipeline opens comes at once', () => {
  const broken = pipeline('broken', (env) => {
    env
      .fromSource(collection([1]), { uid: 'numbers' })
      .map({
        open() {
          throw new TypeError('no connection');
        },
        map: (n: number) => n,
      })
      .sinkTo(jsonl.sink('out'), { uid: 'out' });
  });
  expect(() => testPipeline(broken)).toThrow('TypeError: no connection');
});

test('a pipeline that never rests is told as such', () => {
  const endless = pipeline('endless', (env) => {
    env
      .fromSource(
        {
          name: 'endless',
          bounded: false,
          splits: () => ['all'],
          openSplit: () => ({
            poll: (emit) => {
              emit(1, 0);
              return { status: 'more' };
            },
            position: () => ({ offset: 0, resume: null, finished: false }),
            close() {},
          }),
        },
        { uid: 'ones' },
      )
      .sinkTo({ ...jsonl.sink('out') }, { uid: 'out' });
  });
  expect(() => testPipeline(endless).run()).toThrow(TestKitError);
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
