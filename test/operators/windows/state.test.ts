/** What windows keep, as a savepoint shows it: by key and window, no more than needed, and nothing when they are over. */
import { describe, expect, test } from 'vitest';
import {
  continuousEventTime,
  continuousProcessingTime,
  count,
  countEvictor,
  type DataStream,
  type KeyedStream,
  ofType,
  purging,
  session,
  sliding,
  type Trigger,
  tumbling,
  valueState,
  type WindowAssigner,
  type WindowedStream,
  type WindowOptions,
} from '../../../runtime/api/index.ts';
import { type OperatorTest, type Savepoint, testOperator } from '../../../runtime/testing/index.ts';
import { listed, summed, type TimedRecord, type WrittenWindow } from './scenario.ts';

type Keyed = KeyedStream<TimedRecord, string>;

const open = (windows: WrittenWindow, from?: Savepoint) =>
  testOperator(
    (records: DataStream<TimedRecord>) => windows(records.keyBy(({ key }) => key)),
    from === undefined ? { splits: 1 } : { from },
  );

const push = (operator: OperatorTest<TimedRecord, string>, ...times: readonly number[]) => {
  for (const time of times) operator.push({ key: 'a', time }, time);
};

const statesOf = (savepoint: Savepoint) =>
  savepoint.manifest.operators.find(({ uid }) => uid === 'windows')?.states ?? [];

const shown = (savepoint: Savepoint, state: string) =>
  savepoint.entriesOf('windows', state).map(({ key, mapKey, value }) => [key, mapKey, value]);

/** A trigger that forgets its timers and keeps states: it has no `clear`. */
const untidy: Trigger<unknown, { readonly seen: ReturnType<typeof valueState<number>> }> = {
  state: { seen: valueState<number>() },
  onElement(_value, { state, timers, timestamp }) {
    state.seen.set((state.seen.get() ?? 0) + 1);
    timers.registerEventTime(timestamp + 1_000_000);
    timers.registerProcessingTime(timestamp + 1_000_000);
    return 'continue';
  },
  onEventTime: (time, { window }) => (time === window.end - 1 ? 'fire' : 'continue'),
  onMerge: () => undefined,
};

const assigners: Readonly<Record<string, WindowAssigner<TimedRecord>>> = {
  tumbling: tumbling(10),
  sliding: sliding(12, 5),
  'sliding with gaps': sliding(5, 12),
  session: session(5),
};

type Written = (keyed: Keyed, assigner: WindowAssigner<TimedRecord>) => WindowedStream<TimedRecord, string>;

const ways: Readonly<Record<string, Written>> = {
  'with the usual trigger': (keyed, assigner) => keyed.window(assigner),
  'with lateness': (keyed, assigner) => keyed.window(assigner, { allowedLateness: 7 }),
  'with an evictor': (keyed, assigner) => keyed.window(assigner, { evictor: countEvictor(2) }),
  'purged by count': (keyed, assigner) =>
    keyed.window(assigner, { trigger: purging(count(2)), allowedLateness: 3 }),
  'fired continuously': (keyed, assigner) => keyed.window(assigner, { trigger: continuousEventTime(3) }),
  'fired continuously by the clock': (keyed, assigner) =>
    keyed.window(assigner, { trigger: continuousProcessingTime(3) }),
  'with a trigger that forgets to clear': (keyed, assigner) => keyed.window(assigner, { trigger: untidy }),
};

describe.each(Object.entries(assigners))('%s windows', (_kind, assigner) => {
  test.each(Object.entries(ways))('%s leave nothing behind when they are over', (_name, windows) => {
    for (const apply of [listed, summed]) {
      const operator = open((keyed) => apply(windows(keyed, assigner)));
      push(operator, 3, 0, 8, 25, 14, 26, 4);
      operator.watermark(16);
      push(operator, 17, 13, 14, 40);
      expect(statesOf(operator.savepoint()).some(({ keys }) => keys > 0)).toBe(true);
      operator.watermark(100);
      operator.advance(100);
      const left = statesOf(operator.savepoint()).filter(({ keys }) => keys > 0);
      expect(left).toEqual([]);
    }
  });
});

test('a trigger that deletes the timer with which its window ends does not keep the window alive', () => {
  const meddling: Trigger<unknown> = {
    onElement(_value, { window, timers, currentProcessingTime }) {
      timers.deleteEventTime(window.end - 1);
      timers.registerProcessingTime(currentProcessingTime() + 5);
      return 'continue';
    },
    onProcessingTime(_time, { window, timers }) {
      timers.deleteEventTime(window.end - 1);
      return 'fire';
    },
  };
  const operator = open((keyed) => listed(keyed.window(tumbling(10), { trigger: meddling })));
  push(operator, 1);
  operator.advance(5);
  operator.watermark(9);
  expect(operator.output).toEqual(['0-10: 1']);
  expect(statesOf(operator.savepoint()).filter(({ keys }) => keys > 0)).toEqual([]);
});

test('windows of processing time leave nothing behind either', () => {
  for (const assigner of [
    tumbling(10, { time: 'processing' }),
    sliding(12, 5, { time: 'processing' }),
    session(5, { time: 'processing' }),
  ] as const) {
    const operator = open((keyed) => listed(keyed.window<Record<never, never>>(assigner)));
    for (const step of [1, 4, 2, 9, 3]) {
      operator.push({ key: 'a', time: step });
      operator.advance(step);
    }
    operator.advance(100);
    expect(statesOf(operator.savepoint()).filter(({ keys }) => keys > 0)).toEqual([]);
  }
});

test('count windows leave nothing behind when they are full', () => {
  const operator = open((keyed) => listed(keyed.countWindow(2)));
  push(operator, 1);
  expect(shown(operator.savepoint(), 'windows')).toEqual([
    ['a', Number.NEGATIVE_INFINITY, [{ key: 'a', time: 1 }]],
  ]);
  push(operator, 2);
  expect(statesOf(operator.savepoint()).filter(({ keys }) => keys > 0)).toEqual([]);
});

test('tumbling windows are kept by their start', () => {
  const operator = open((keyed) => summed(keyed.window(tumbling(10))));
  push(operator, 3, 4, 17);
  const savepoint = operator.savepoint();
  expect(statesOf(savepoint).map(({ name, type }) => `${name}: ${type}`)).toEqual([
    'windows: map',
    'event-time-timers: timers',
    'processing-time-timers: timers',
  ]);
  expect(shown(savepoint, 'windows')).toEqual([
    ['a', 0, { count: 2, sum: 7 }],
    ['a', 10, { count: 1, sum: 17 }],
  ]);
});

test('sliding windows keep one accumulator per slide and one timer, however many windows hold it', () => {
  const operator = open((keyed) => summed(keyed.window(sliding(1_000, 10))));
  push(operator, 3, 4, 17, 995);
  const savepoint = operator.savepoint();
  expect(shown(savepoint, 'panes')).toEqual([
    ['a', 0, { count: 2, sum: 7 }],
    ['a', 10, { count: 1, sum: 17 }],
    ['a', 990, { count: 1, sum: 995 }],
  ]);
  expect(savepoint.entriesOf('windows', 'event-time-timers')).toHaveLength(3);
  operator.watermark(500);
  expect(operator.output).toHaveLength(50);
  expect(operator.savepoint().entriesOf('windows', 'event-time-timers')).toHaveLength(2);
  operator.watermark(1_008);
  expect(shown(operator.savepoint(), 'panes')).toEqual([
    ['a', 10, { count: 1, sum: 17 }],
    ['a', 990, { count: 1, sum: 995 }],
  ]);
});

test('a list over sliding windows keeps each record once', () => {
  const operator = open((keyed) => listed(keyed.window(sliding(1_000, 10))));
  push(operator, 17, 3);
  expect(shown(operator.savepoint(), 'panes')).toEqual([
    ['a', 0, [{ arrival: 1, value: { key: 'a', time: 3 } }]],
    ['a', 10, [{ arrival: 0, value: { key: 'a', time: 17 } }]],
  ]);
});

test('sessions are kept by their start, with their end beside', () => {
  const operator = open((keyed) => summed(keyed.window(session(5))));
  push(operator, 3, 6, 20);
  const savepoint = operator.savepoint();
  expect(shown(savepoint, 'sessions')).toEqual([
    ['a', 20, 25],
    ['a', 3, 11],
  ]);
  expect(shown(savepoint, 'windows')).toEqual([
    ['a', 20, { count: 1, sum: 20 }],
    ['a', 3, { count: 2, sum: 9 }],
  ]);
  // One for each session: that at its end, which is also when its state goes.
  expect(savepoint.entriesOf('windows', 'event-time-timers').map(({ mapKey }) => mapKey)).toEqual([
    [10, 3],
    [24, 20],
  ]);
});

test('a session that grows takes its timers along', () => {
  const operator = open((keyed) => summed(keyed.window(session(5), { allowedLateness: 7 })));
  push(operator, 6, 9, 3);
  const timers = operator.savepoint().entriesOf('windows', 'event-time-timers');
  expect(timers.map(({ mapKey }) => mapKey)).toEqual([
    [13, 3],
    [20, 3],
  ]);
});

test('a trigger and an evictor are seen with the windows', () => {
  const operator = open((keyed) =>
    listed(keyed.window(tumbling(10), { trigger: untidy, evictor: countEvictor(2) })),
  );
  push(operator, 3);
  const savepoint = operator.savepoint();
  expect(shown(savepoint, 'elements')).toEqual([['a', 0, [{ value: { key: 'a', time: 3 }, timestamp: 3 }]]]);
  expect(shown(savepoint, 'trigger-seen')).toEqual([['a', 0, 1]]);
  expect(shown(savepoint, 'timers-of-trigger')).toEqual([
    ['a', 0, { eventTime: [1_000_003], processingTime: [1_000_003] }],
  ]);
});

describe('the code changes', () => {
  const sums = (assigner: WindowAssigner<TimedRecord>, how?: WindowOptions<TimedRecord>) => (keyed: Keyed) =>
    summed(keyed.window(assigner, how));

  test.each<[string, WrittenWindow, WrittenWindow, readonly string[]]>([
    [
      'a trigger is added: the window goes on with what it had',
      sums(tumbling(10)),
      (keyed) => summed(keyed.window(tumbling(10), { trigger: continuousEventTime(5) })),
      ['0-10: 3 of 16'],
    ],
    [
      'lateness is added: open windows wait for late records too',
      sums(tumbling(10)),
      sums(tumbling(10), { allowedLateness: 5 }),
      ['0-10: 3 of 16', '0-10: 4 of 25'],
    ],
    [
      'windows become shorter: those that were open are emitted as they were',
      sums(tumbling(10)),
      sums(tumbling(5)),
      ['0-10: 2 of 7', '5-10: 1 of 9'],
    ],
    [
      'windows become longer: those that were open are emitted as they were',
      sums(tumbling(10)),
      sums(tumbling(20)),
      ['0-10: 3 of 16', '0-20: 1 of 9'],
    ],
    [
      'sliding windows slide by less',
      sums(sliding(10, 10)),
      sums(sliding(10, 5)),
      ['0-10: 3 of 16', '5-15: 2 of 18'],
    ],
  ])('%s', (_name, before, after, expected) => {
    const operator = open(before);
    push(operator, 3, 4);
    const again = open(after, operator.savepoint());
    push(again, 9);
    again.watermark(12);
    push(again, 9);
    again.watermark(100);
    expect(again.output).toEqual(expected);
    expect(statesOf(again.savepoint()).filter(({ keys }) => keys > 0)).toEqual([]);
  });
});

test('what an author keeps per key stays, and what they keep per window goes', () => {
  const operator = open((keyed) =>
    keyed.window(tumbling(10), { allowedLateness: 5 }).process(
      {
        output: ofType<string>(),
        state: { windows: valueState<number>({ initial: 0, name: 'fired-windows' }) },
        windowState: { firings: valueState<number>({ initial: 0 }) },
        onWindow(values, { start }, { state, windowState, emit }) {
          windowState.firings.set(windowState.firings.get() + 1);
          if (windowState.firings.get() === 1) state.windows.set(state.windows.get() + 1);
          emit(`${start}: ${values.length} records, ${windowState.firings.get()} of ${state.windows.get()}`);
        },
      },
      { uid: 'windows' },
    ),
  );
  push(operator, 1, 2, 11);
  operator.watermark(9);
  push(operator, 3);
  const savepoint = operator.savepoint();
  expect(shown(savepoint, 'window-firings')).toEqual([['a', 0, 2]]);
  const again = operator.restore(savepoint);
  push(again, 4);
  again.watermark(100);
  expect([...operator.output, ...again.output]).toEqual([
    '0: 2 records, 1 of 1',
    '0: 3 records, 2 of 1',
    '0: 4 records, 3 of 1',
    '10: 1 records, 1 of 2',
  ]);
  const left = statesOf(again.savepoint()).filter(({ keys }) => keys > 0);
  expect(left.map(({ name }) => name)).toEqual(['fired-windows']);
});
