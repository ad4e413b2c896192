/** Windows as authors write them: functions, triggers of their own, and what is refused before anything runs. */
import { describe, expect, test } from 'vitest';
import {
  type AggregateFunction,
  count,
  countEvictor,
  type DataStream,
  delta,
  globalWindow,
  type KeyedStream,
  ofType,
  outputTag,
  PipelineError,
  pipeline,
  purging,
  session,
  sliding,
  type Trigger,
  timeEvictor,
  tumbling,
  valueState,
} from '../../../runtime/api/index.ts';
import { collectingSink, collection } from '../../../runtime/connectors/index.ts';
import { testOperator } from '../../../runtime/testing/index.ts';
import { check, listed, type TimedRecord, type WrittenWindow } from './scenario.ts';

const open = (windows: WrittenWindow, options = {}) =>
  testOperator((records: DataStream<TimedRecord>) => windows(records.keyBy(({ key }) => key)), options);

describe('functions', () => {
  test('an aggregate may emit what it likes, to where it likes', () => {
    const large = outputTag<string>('large');
    const opened: string[] = [];
    const operator = open(
      (keyed) =>
        keyed.window(tumbling(10)).aggregate({
          create: () => 0,
          add: (sum, { time }) => sum + time,
          output: ofType<string>(),
          open: ({ name }) => ({ name, windows: 0 }),
          onWindow(sum, { key, start }, ctx) {
            ctx.opened.windows++;
            for (const half of ['first', 'second']) ctx.emit(`${half} ${key} ${start}: ${sum}`);
            if (sum > 10)
              ctx.emitTo(
                large,
                `${ctx.timestamp} at ${ctx.currentWatermark()} ${ctx.currentProcessingTime()}`,
              );
            ctx.log('info', `${ctx.opened.name} has seen ${ctx.opened.windows}`);
          },
          close: ({ windows }) => {
            opened.push(`${windows} windows`);
          },
        }),
      { sideOutputs: [large], now: 7 },
    );
    operator.push({ key: 'a', time: 4 }, 4);
    operator.push({ key: 'a', time: 14 }, 14);
    operator.watermark(25);
    expect(operator.emitted).toEqual([
      { value: 'first a 0: 4', timestamp: 9 },
      { value: 'second a 0: 4', timestamp: 9 },
      { value: 'first a 10: 14', timestamp: 19 },
      { value: 'second a 10: 14', timestamp: 19 },
    ]);
    expect(operator.outputOf(large)).toEqual(['19 at 25 7']);
    expect(operator.logged.map(({ text }) => text)).toEqual(['window has seen 1', 'window has seen 2']);
    operator.end();
    expect(opened).toEqual(['2 windows']);
  });

  /** Changes its accumulator in place, merges into the left one, and emits the accumulator itself. */
  const inPlace = {
    create: (): number[] => [],
    add: (times: number[], { time }: TimedRecord) => {
      times.push(time);
      return times;
    },
    merge: (left: number[], right: number[]) => {
      left.push(...right);
      return left;
    },
    result: (times: number[]) => times,
  };

  test.each<[string, (keyed: KeyedStream<TimedRecord, string>) => DataStream<number[]>]>([
    ['late records', (keyed) => keyed.window(tumbling(20), { allowedLateness: 50 }).aggregate(inPlace)],
    ['early firings', (keyed) => keyed.window(tumbling(99), { trigger: count(2) }).aggregate(inPlace)],
    ['windows that overlap', (keyed) => keyed.window(sliding(30, 10)).aggregate(inPlace)],
    [
      'windows that overlap, early',
      (keyed) => keyed.window(sliding(30, 10), { trigger: count(2) }).aggregate(inPlace),
    ],
    ['sessions that merge', (keyed) => keyed.window(session(9), { allowedLateness: 50 }).aggregate(inPlace)],
  ])('what was emitted stays as it is: %s', (_name, write) => {
    const operator = testOperator((records: DataStream<TimedRecord>) =>
      write(records.keyBy(({ key }) => key)),
    );
    const asTheyCame: string[] = [];
    for (const time of [1, 12, 3, 14, 25, 6]) {
      operator.push({ key: 'a', time }, time);
      operator.watermark(time + 5);
      asTheyCame.push(...operator.output.slice(asTheyCame.length).map((times) => JSON.stringify(times)));
    }
    operator.watermark(100);
    expect(asTheyCame.length).toBeGreaterThan(1);
    expect(operator.output.slice(0, asTheyCame.length).map((times) => JSON.stringify(times))).toEqual(
      asTheyCame,
    );
    for (const times of operator.output) expect(new Set(times).size).toBe(times.length);
  });

  test('a reduce with a lifecycle gets what was opened', () => {
    const operator = open((keyed) =>
      keyed
        .window(tumbling(10))
        .reduce({
          open: () => 100,
          reduce: (left, right, factor) => ({ key: left.key, time: left.time + factor * right.time }),
        })
        .map(({ time }) => String(time)),
    );
    for (const time of [1, 2, 3]) operator.push({ key: 'a', time }, time);
    operator.end();
    expect(operator.output).toEqual(['501']);
  });

  test('what came out of a global window has the time of what made it fire', () => {
    const operator = open((keyed) => listed(keyed.countWindow(2)));
    operator.push({ key: 'a', time: 5 }, 5);
    operator.push({ key: 'a', time: 3 }, 3);
    operator.push({ key: 'b', time: 1 });
    operator.push({ key: 'b', time: 2 });
    expect(operator.emitted).toEqual([
      { value: 'all: 5 3', timestamp: 3 },
      { value: 'b all: 1 2', timestamp: Number.NEGATIVE_INFINITY },
    ]);
  });

  test('late records are told of at the first, the tenth, the hundredth …', () => {
    const operator = open((keyed) => listed(keyed.window(tumbling(10), {})));
    operator.watermark(50);
    for (let time = 0; time < 12; time++) operator.push({ key: 'a', time }, time);
    operator.end();
    expect(operator.logged.map(({ text }) => text)).toEqual([
      '"windows" has dropped 1 late record(s): their windows had already been emitted.',
      '"windows" has dropped 10 late record(s): their windows had already been emitted.',
      '12 late records were dropped in all.',
    ]);
  });

  test('windows over the whole stream are of one subtask, whatever is said at the start', () => {
    const { graph } = pipeline('test', (env) => {
      env
        .fromSource(collection([1], { name: 'in' }), { uid: 'in' })
        .countWindowAll(2)
        .reduce((left) => left, { uid: 'all' })
        .sinkTo(collectingSink());
    }).define({ parallelism: 4 });
    const { parallelism, parallelismFixed, maxParallelism, type } = graph.operators[1] ?? {};
    expect([type, parallelism, parallelismFixed, maxParallelism]).toEqual(['windowAll', 1, true, 1]);
    expect(graph.edges[0]).toMatchObject({ partitioning: 'hash', label: 'all' });
  });

  test('the subtask of windows over the whole stream gets records of all subtasks', () => {
    const operator = testOperator(
      (records: DataStream<number>) =>
        records
          .rebalance()
          .map((n) => n)
          .windowAll(tumbling(10))
          .aggregate({
            create: () => 0,
            add: (sum, n) => sum + n,
            result: (sum, { key, start }) => [key, start, sum] as const,
          }),
      { parallelism: 3 },
    );
    for (const n of [1, 2, 3, 14]) operator.push(n, n);
    operator.end();
    expect(operator.output).toEqual([
      [null, 0, 6],
      [null, 10, 14],
    ]);
  });
});

describe('triggers of an author’s own', () => {
  interface EarlyStates {
    readonly [name: string]: ReturnType<typeof valueState<number>>;
    readonly count: ReturnType<typeof valueState<number>>;
    readonly deadline: ReturnType<typeof valueState<number>>;
  }

  /** Every third record, or 20 ms by the clock after the first of them, and at the end. */
  const early: Trigger<TimedRecord, EarlyStates> = {
    state: { count: valueState<number>(), deadline: valueState<number>() },
    onElement(_record, { window, state, timers, currentProcessingTime }) {
      timers.registerEventTime(window.end - 1);
      const seen = (state.count.get() ?? 0) + 1;
      state.count.set(seen % 3);
      const deadline = state.deadline.get();
      if (seen === 3) {
        if (deadline !== undefined) timers.deleteProcessingTime(deadline);
        state.deadline.clear();
        return 'fire';
      }
      if (deadline === undefined) {
        state.deadline.set(currentProcessingTime() + 20);
        timers.registerProcessingTime(currentProcessingTime() + 20);
      }
      return 'continue';
    },
    onProcessingTime(_time, { state }) {
      state.count.clear();
      state.deadline.clear();
      return 'fire';
    },
    onEventTime: (time, { window }) => (time === window.end - 1 ? 'fire-and-purge' : 'continue'),
    onMerge(merged, { window, state, timers }) {
      timers.registerEventTime(window.end - 1);
      state.count.set(merged.reduce((sum, { state: { count: seen } }) => sum + (seen ?? 0), 0));
      const deadlines = merged.flatMap((each) => each.state.deadline ?? []);
      if (deadlines.length === 0) return;
      const deadline = Math.min(...deadlines);
      state.deadline.set(deadline);
      timers.registerProcessingTime(deadline);
    },
  };

  test.each<[string, WrittenWindow, string]>([
    [
      'with states and timers of both kinds',
      (keyed) => listed(keyed.window(tumbling(100), { trigger: early })),
      '1 2 +19 save2 +1 [0-100: 1 2] 3 4 +5 5 [0-100: 1 2 3 4 5] +30 6 w99 [0-100: 1 2 3 4 5 6] +50',
    ],
    [
      'on sessions: what the merged ones had goes on',
      (keyed) => listed(keyed.window(session(10), { trigger: early })),
      '0 +5 15 save3 +5 8 [0-25: 0 15 8] +30 30 +10 w24 [0-25: 0 15 8] +10 [30-40: 30] w40 [30-40: 30]',
    ],
    [
      'a count that merges and a deadline that stays',
      (keyed) => listed(keyed.window(session(10), { trigger: early })),
      '0 +5 8 +14 save +1 [0-18: 0 8] +30',
    ],
  ])('%s', (_name, windows, line) => check(windows, line));

  test.each<[string, Trigger<TimedRecord>, string]>([
    [
      'that forgets to answer',
      { onElement: (() => undefined) as unknown as Trigger<TimedRecord>['onElement'] },
      "A trigger answers 'continue', 'fire', 'purge' or 'fire-and-purge', not undefined",
    ],
    [
      'that sets a timer and has no function for it',
      {
        onElement: (_record, { timers }) => {
          timers.registerEventTime(50);
          return 'continue';
        },
      },
      'give it onEventTime or onProcessingTime',
    ],
    [
      'that purges though it said that it never does',
      { purges: false, onElement: () => 'purge' },
      'leave `purges` out, and each window keeps what it holds for itself',
    ],
  ])('one %s fails with a sentence', (_name, trigger, sentence) => {
    const operator = open((keyed) => listed(keyed.window(sliding(100, 10), { trigger })));
    expect(() => operator.push({ key: 'a', time: 5 }, 5)).toThrow(sentence);
  });
});

describe('refused before anything runs', () => {
  const noMerge: AggregateFunction<number, number, number> = {
    create: () => 0,
    add: (sum, n) => sum + n,
    result: (sum) => sum,
  };

  function problemOf(write: (stream: DataStream<number>) => { sinkTo(sink: never): void }): string {
    try {
      pipeline('test', (env) => {
        const stream = env.fromSource(collection([1], { name: 'in' }), { uid: 'in' });
        write(stream).sinkTo(collectingSink() as never);
      }).define();
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return error.message.replaceAll(/\([^()]*written\.test\.ts:\d+\)/g, '(…)');
    }
    return 'accepted';
  }
  const keyed = (stream: DataStream<number>) => stream.keyBy((n) => n);

  test.each<[string, Parameters<typeof problemOf>[0], string]>([
    [
      'an aggregate of sliding windows without merge',
      (stream) => keyed(stream).window(sliding(10, 5)).aggregate(noMerge, { uid: 'sums' }),
      'Operator "sums" (…) aggregates sliding windows, which are put together from pieces that they share: give its function `merge(left, right)`.',
    ],
    [
      'an aggregate of session windows without merge',
      (stream) => keyed(stream).window(session(10)).aggregate(noMerge),
      'Operator "window" (…) aggregates session windows, which merge when a record joins them: give its function `merge(left, right)`.',
    ],
    [
      'a parallelism of windows over the whole stream',
      (stream) => stream.windowAll(tumbling(10)).aggregate(noMerge, { parallelism: 2 }),
      'Operator "windowAll" (…) has windows of the whole stream, which one subtask computes, and asks for the parallelism 2: leave it out, or put keyBy before.',
    ],
    [
      'a max parallelism of windows over the whole stream',
      (stream) => stream.countWindowAll(10).aggregate(noMerge, { maxParallelism: 8 }),
      'Operator "windowAll" (…) has windows of the whole stream, which one subtask computes, and asks for the max parallelism 8: leave it out, or put keyBy before.',
    ],
    [
      'session windows with a trigger that cannot merge',
      (stream) =>
        keyed(stream)
          .window(session(10), { trigger: delta(5, (last, n) => n - last) })
          .reduce((left) => left),
      'Operator "window" (…) has session windows, which merge, and a trigger without onMerge: add it, or use another trigger.',
    ],
    [
      'lateness where nothing is late',
      (stream) =>
        keyed(stream)
          .window(tumbling(10, { time: 'processing' }), { allowedLateness: 5 })
          .reduce((left) => left),
      'Operator "window" (…) has windows of processing time, so no record is late: leave `allowedLateness` and `lateTo` out.',
    ],
    [
      'late records of a window that never ends',
      (stream) =>
        keyed(stream)
          .window(globalWindow(), { lateTo: outputTag<number>('late') })
          .reduce((left) => left),
      'Operator "window" (…) has a global window, which never ends, so no record is late: leave `allowedLateness` and `lateTo` out.',
    ],
    [
      'a negative lateness',
      (stream) =>
        keyed(stream)
          .window(tumbling(10), { allowedLateness: -1 })
          .reduce((left) => left),
      "The allowed lateness of operator \"window\" must be a duration such as '500ms', '5 min' or '1 h', or a number of milliseconds, not -1. (…)",
    ],
    [
      'an evictor without functions',
      (stream) =>
        keyed(stream)
          .window(tumbling(10), { evictor: {} })
          .reduce((left) => left),
      'Operator "window" (…) has an evictor that does nothing: give it evictBefore or evictAfter.',
    ],
    [
      'values per session',
      (stream) =>
        keyed(stream)
          .window(session(10))
          .process({ windowState: { seen: valueState<number>() }, onWindow() {} }),
      'Operator "window" (…) has session windows, which merge, and `windowState`, which does not: use `state`, or `merge`.',
    ],
    [
      'a state with a name that the windows have',
      (stream) =>
        keyed(stream)
          .window(tumbling(10))
          .process({ state: { windows: valueState<number>() }, onWindow() {} }),
      'Operator "window" (…) has two states named "windows", one of them that of its windows: give yours another name.',
    ],
    [
      'a time to live of what goes anyway',
      (stream) =>
        keyed(stream)
          .window(tumbling(10))
          .process({ windowState: { seen: valueState<number>({ ttl: { after: '1 h' } }) }, onWindow() {} }),
      'Operator "window" (…) gives "seen" a TTL, and it goes with its window anyway: leave the TTL out.',
    ],
    [
      'a window of no records',
      (stream) =>
        keyed(stream)
          .countWindow(0)
          .reduce((left) => left),
      'The size (…) of a window must be a whole number of records from 1 on, not 0.',
    ],
    [
      'a slide of half a record',
      (stream) => stream.countWindowAll(2, 0.5).reduce((left) => left),
      'The slide (…) of a window must be a whole number of records from 1 on, not 0.5.',
    ],
    [
      'windows of no length',
      (stream) =>
        keyed(stream)
          .window(sliding(10, 0))
          .reduce((left) => left),
      'The slide of a sliding window must be longer than zero, not 0. (…)',
    ],
    [
      'a session without a gap',
      (stream) =>
        keyed(stream)
          .window(session(0))
          .reduce((left) => left),
      'The gap of a session window must be longer than zero, not 0. (…)',
    ],
    [
      'a trigger of no records',
      (stream) =>
        keyed(stream)
          .window(tumbling(10), { trigger: purging(count(0)) })
          .reduce((left) => left),
      'count (…) takes a whole number from 1 on, not 0.',
    ],
    [
      'an evictor of no records',
      (stream) =>
        keyed(stream)
          .window(tumbling(10), { evictor: countEvictor(-1) })
          .reduce((left) => left),
      'countEvictor (…) takes a whole number from 1 on, not -1.',
    ],
    [
      'an evictor of no time',
      (stream) =>
        keyed(stream)
          .window(tumbling(10), { evictor: timeEvictor(0) })
          .reduce((left) => left),
      'The duration of a time evictor must be longer than zero, not 0. (…)',
    ],
  ])('%s', (_what, write, sentence) => expect(problemOf(write)).toBe(sentence));

  test.each<[string, Parameters<typeof problemOf>[0]]>([
    [
      'an aggregate with an evictor',
      (stream) =>
        keyed(stream)
          .window(session(10), { evictor: countEvictor(2) })
          .aggregate(noMerge),
    ],
    [
      'sliding windows that are purged',
      (stream) =>
        keyed(stream)
          .window(sliding(10, 5), { trigger: purging(count(2)) })
          .aggregate(noMerge),
    ],
    ['count windows', (stream) => keyed(stream).countWindow(10, 5).aggregate(noMerge)],
  ])('%s needs no merge', (_what, write) => expect(problemOf(write)).toBe('accepted'));

  test('a gap of no time is told with the record', () => {
    const operator = open((keyed) => listed(keyed.window(session(({ time }: TimedRecord) => time))));
    expect(() => operator.push({ key: 'a', time: 0 }, 5)).toThrow(
      'The gap of a session window must be longer than zero',
    );
  });
});
