/** The promises A1 to A4 of an asyncMap, in its own task, where the order of records and watermarks can be seen. */
import { describe, expect, test } from 'vitest';
import { asyncStates } from '../../../runtime/operators/async/asyncMapOperator.ts';
import { OperatorHarness } from '../harness.ts';
import { HandCalls } from './handCalls.ts';
import { asyncMapOperator, type StoryOptions, tell } from './story.ts';

type Scenario = readonly [what: string, options: StoryOptions, story: string, told: string];

const check = (_what: string, options: StoryOptions, story: string, told: string) =>
  expect(tell(options, story).told).toBe(told);

const unordered: StoryOptions = { order: 'unordered' };

describe('what comes out, and in which order', () => {
  test.each<Scenario>([
    ['ordered: as it came in', {}, 'a b c c= b= a=', '[a] [b] [c] A B C'],
    ['unordered: as it was answered', unordered, 'a b c c= b= a=', '[a] [b] [c] C B A'],
    ['ordered: what was waited for lets out all behind it', {}, 'a,b,c b= c= a=', '[a b c] A B C'],
  ])('%s', check);
});

describe('A2 watermarks and idleness keep their place', () => {
  test.each<Scenario>([
    ['with nothing in flight they go on at once', {}, 'w5 idle active', 'w5 idle active'],
    ['ordered: behind the records before', {}, 'a b w5 b= a=', '[a] [b] A B w5'],
    ['unordered: behind the records before', unordered, 'a b w5 b= a=', '[a] [b] B A w5'],
    ['ordered: before the records behind', {}, 'a w5 b b= a=', '[a] [b] A w5 B'],
    [
      'unordered: before the records behind, however early',
      unordered,
      'a w5 b c c= b= a=',
      '[a] [b] [c] A w5 C B',
    ],
    ['of several in a row the last one goes on', unordered, 'a w5 w6 w7 a=', '[a] A w7'],
    [
      'those with records between go on one by one',
      {},
      'a w5 b w6 c w7 c= b= a=',
      '[a] [b] [c] A w5 B w6 C w7',
    ],
    ['segments, one after the other', unordered, 'a w5 b w6 b= a= c w7 c=', '[a] [b] A w5 B w6 [c] C w7'],
    ['a segment that is over while another is open', unordered, 'a w5 b a= w6 b=', '[a] [b] A w5 B w6'],
    ['idleness behind the watermark before it', {}, 'a w5 idle a=', '[a] A w5 idle'],
    ['whoever is there again is so before its watermark', {}, 'a idle active w5 a=', '[a] A active w5'],
    ['idleness between two records', unordered, 'a idle b active b= a=', '[a] [b] A idle B active'],
    ['one that says nothing new is dropped', {}, 'w5 a w5 w4 a= w6', 'w5 [a] A w6'],
  ])('%s', check);
});

describe('A1 capacity', () => {
  const two: StoryOptions = { capacity: 2 };
  test.each<Scenario>([
    ['ordered: what is done and waits for another counts', two, 'a b c d b= a=', '[a] [b] A B [c d]'],
    [
      'unordered: whoever leaves makes room',
      { ...two, ...unordered },
      'a b c d b= a=',
      '[a] [b] B [c] A [d]',
    ],
    ['one at a time', { capacity: 1 }, 'a,b,c a= b= c=', '[a] A [b] B [c] C'],
    [
      'a record that waits to be called again counts',
      { ...two, ...unordered, retry: {} },
      'a b c a! +9 +1 a=',
      '[a] [b] [a] A [c]',
    ],
    ['a watermark takes no room', two, 'a w5 b c b= a=', '[a] [b] A w5 B [c]'],
    [
      'what waits in the channel is not lost at the end',
      two,
      'a,b,c,d end a= b= c= d=',
      '[a b] A [c] B [d] C D end',
    ],
  ])('%s', check);
});

describe('timeouts', () => {
  const late: StoryOptions = { timeoutMs: 30, onTimeout: (value) => `late ${value}` };
  test.each<Scenario>([
    ['what onTimeout answers comes out in its place', late, 'a b b= +29 +1', '[a] [b] late a B'],
    ['each from its own call on', late, 'a +20 b +10 +20', '[a] [b] late a late b'],
    ['an answer in the same moment counts', late, 'a +29 a= +1', '[a] A'],
    ['unordered', { ...late, ...unordered }, 'a w5 b b= +30', '[a] [b] late a w5 B'],
    [
      'the time of one that waited for room begins with its call',
      { ...late, capacity: 1 },
      'a,b +30 +29 +1',
      '[a] late a [b] late b',
    ],
    [
      'all calls of a record together',
      { ...late, retry: { retriesMax: 9 } },
      'a +5 a! +10 a! +10 +5',
      '[a] [a] [a] late a',
    ],
    [
      'also while it waits to be called again',
      { ...late, retry: { initialMs: 50, maxMs: 50 } },
      'a a! +30 +50',
      '[a] late a',
    ],
    ['none', { timeoutMs: null }, 'a +1000000 a=', '[a] A'],
  ])('%s', check);

  test('A4 an answer that comes after its time counts no more', () => {
    const { task, calls } = tell(late, 'a b +30');
    expect(calls.open).toHaveLength(2);
    calls.answer('a');
    calls.fail('b');
    task.settle();
    expect(task.out()).toEqual([]);
    expect(task.messages('failed')).toEqual([]);
  });

  test('the signal of the call is aborted, with the reason', () => {
    const { calls } = tell(late, 'a b');
    const [a, b] = calls.begun;
    expect(a?.context.signal.aborted).toBe(false);
    const again = tell(late, 'a +30');
    expect(again.calls.begun[0]?.context.signal).toMatchObject({
      aborted: true,
      reason: { name: 'AsyncTimeout' },
    });
    expect(b?.context.signal).not.toBe(a?.context.signal);
  });

  test('behind one that hangs, those that are done are forgotten', () => {
    const many = Array.from({ length: 300 }, (_unused, place) => `r${place}`);
    const { told } = tell(
      { ...late, ...unordered, capacity: 2 },
      `a ${many.map((name) => `${name} ${name}=`).join(' ')} +30`,
    );
    expect(told).toMatch(/R299 late a$/);
  });
});

describe('retries', () => {
  const twice: StoryOptions = { retry: { retriesMax: 2 } };
  test.each<Scenario>([
    ['after the delay', twice, 'a a! +9 +1 a=', '[a] [a] A'],
    ['as often as said', twice, 'a a! +10 a! +10 a=', '[a] [a] [a] A'],
    ['in the order of their times', twice, 'a b b! +5 a! +5 +5 a= b=', '[a] [b] [b] [a] A B'],
    ['others go on meanwhile', { ...twice, ...unordered }, 'a b a! b= +10 a=', '[a] [b] B [a] A'],
    [
      'with delays that grow',
      { retry: { retriesMax: 4, multiplier: 3, maxMs: 50 } },
      'a a! +9 +1 a! +29 +1 a! +49 +1 a! +50 a=',
      '[a] [a] [a] [a] [a] A',
    ],
    [
      'for each record from the first delay on',
      { retry: { retriesMax: 4, multiplier: 3, maxMs: 50 } },
      'a a! +10 a! +30 b b! +9 +1 b= a=',
      '[a] [a] [a] [b] [b] A B',
    ],
    [
      'after a result that is not wanted',
      { retry: { retriesMax: 2, onResult: (result) => result === 'A' } },
      'a a= +10 a= +10 a=',
      '[a] [a] [a] A',
    ],
    ['at the end too', twice, 'a end a! +10 a=', '[a] [a] A end'],
  ])('%s', check);

  test('each call knows the how manieth it is', () => {
    const { calls } = tell(twice, 'a a! +10 a! +10');
    expect(calls.begun.map(({ context }) => context.attempt)).toEqual([1, 2, 3]);
  });

  test('only an error that is worth it', () => {
    const onError = (error: unknown) => (error as Error).message !== 'no b';
    const { told, task } = tell({ retry: { onError } }, 'a b a! +10 b!');
    expect(told).toBe('[a] [b] [a]');
    expect(task.messages('failed')).toMatchObject([{ failure: { record: '"b"', message: 'no b' } }]);
  });
});

describe('a failure names operator and record', () => {
  const broken = () => {
    throw new RangeError('broken');
  };
  test.each<readonly [what: string, options: StoryOptions, story: string, failure: object]>([
    ['a call that fails', {}, 'a b b!', { name: 'Error', message: 'no b', record: '"b"' }],
    ['for the last time', { retry: {} }, 'a a! +10 a!', { message: 'no a', record: '"a"' }],
    [
      'a function that throws',
      { call: broken },
      'a',
      { name: 'RangeError', message: 'broken', record: '"a"' },
    ],
    [
      'a function that throws, called again',
      { call: broken, retry: {} },
      'a +10',
      { message: 'broken', record: '"a"' },
    ],
    [
      'a function that answers no promise',
      { call: (value) => value, retry: {} },
      'a',
      {
        name: 'TypeError',
        message: 'The function of an asyncMap must answer a promise; this one answered something else.',
        record: '"a"',
      },
    ],
    [
      'one whose time is up',
      { timeoutMs: 30 },
      'a +30',
      {
        name: 'AsyncTimeout',
        message:
          'There was no answer within 30 ms, in 1 call: give the asyncMap a longer timeout, or say with onTimeout what comes out then.',
        record: '"a"',
      },
    ],
    ['onTimeout', { timeoutMs: 30, onTimeout: broken }, 'a +30', { message: 'broken', record: '"a"' }],
    [
      'what decides about errors',
      { retry: { onError: broken } },
      'a a!',
      { message: 'broken', record: '"a"' },
    ],
    [
      'an onTimeout that is async',
      { timeoutMs: 30, onTimeout: async () => 'late' },
      'a +30',
      {
        name: 'TypeError',
        message: expect.stringMatching(/^The function onTimeout of an asyncMap answered a promise/),
        record: '"a"',
      },
    ],
    [
      'what decides about errors and is async',
      { retry: { onError: (async () => false) as never } },
      'a a!',
      {
        name: 'TypeError',
        message: expect.stringMatching(/^The function retry.on of an asyncMap answered a promise/),
        record: '"a"',
      },
    ],
    [
      'what decides about results',
      { retry: { onResult: broken } },
      'a a=',
      { message: 'broken', record: '"a"' },
    ],
  ])('%s', (_what, options, story, failure) => {
    const { task } = tell(options, story);
    expect(task.messages('failed')).toMatchObject([
      { failure: { operator: 'task', origin: 'user', ...failure } },
    ]);
  });
});

describe('thenables of all kinds', () => {
  type Then = (fulfilled: (result: string) => void, rejected: (error: Error) => void) => void;
  const thenable = (then: Then) => ({ then });

  test.each<readonly [what: string, answer: unknown, told: string]>([
    ['one that answers at once', thenable((fulfilled) => fulfilled('now')), 'now'],
    [
      'one that answers twice',
      thenable((fulfilled, rejected) => {
        fulfilled('first');
        rejected(new Error('second'));
      }),
      'first',
    ],
    [
      'a function that has a then',
      Object.assign(
        () => {},
        thenable((fulfilled) => fulfilled('then')),
      ),
      'then',
    ],
  ])('%s', (_what, answer, told) => {
    expect(tell({ call: () => answer }, 'a').told).toBe(told);
  });

  test('one whose then throws has failed', () => {
    const answer = thenable(() => {
      throw new RangeError('no then');
    });
    const { task } = tell({ call: () => answer }, 'a');
    expect(task.messages('failed')).toMatchObject([{ failure: { message: 'no then', record: '"a"' } }]);
  });
});

describe('A3 at a barrier', () => {
  test.each<Scenario>([
    ['nothing is waited for', {}, 'a b b1 b= a=', '[a] [b] b1 A B'],
    ['also with all room taken', { capacity: 1 }, 'a b1 a=', '[a] b1 A'],
    ['but for the records before it', { capacity: 1 }, 'a b b1 a= b=', '[a] A b1 [b] B'],
  ])('%s', check);

  test.each<readonly [what: string, options: StoryOptions, story: string, records: number]>([
    ['what is under way is saved', {}, 'a b b1', 2],
    ['what is done and waits for another too', {}, 'a b b= b1', 2],
    ['what has left is not', unordered, 'a b b= b1', 1],
    ['what waits to be called again is', { retry: {} }, 'a a! b1', 1],
    ['nothing is nothing', {}, 'a a= b1', 0],
  ])('%s', (_what, options, story, records) => {
    const { task } = tell(options, story);
    const states = [
      { name: 'in-flight', keys: records },
      { name: 'event-time', keys: 1 },
    ];
    expect(states.map(({ name }) => name)).toEqual(asyncStates.map(({ name }) => name));
    expect(task.messages('acknowledged')).toMatchObject([{ operators: [{ uid: 'task', states }] }]);
  });
});

describe('at the end', () => {
  test.each<Scenario>([
    ['everything is waited for', {}, 'a b end b= a=', '[a] [b] A B end'],
    ['the last watermark goes before', unordered, 'a w5 end a=', '[a] A w5 end'],
    ['with nothing in flight at once', {}, 'a a= end', '[a] A end'],
  ])('%s', check);

  test('a call that is under way is aborted when the task is closed, and what it answers is ignored', () => {
    const { task, calls } = tell({}, 'a b b=');
    const signal = calls.begun[0]?.context.signal;
    task.handle({ type: 'cancel' });
    expect(signal).toMatchObject({ aborted: true, reason: { name: 'AbortError' } });
    // Who asks for it only now, after having waited for something else, finds it aborted too.
    expect(calls.begun[1]?.context.signal.aborted).toBe(false);
    calls.answer('a');
    task.settle();
    expect(task.out()).toEqual([]);
  });

  test('a signal that is asked for late is aborted already', () => {
    const { task, calls } = tell({}, 'a');
    task.handle({ type: 'cancel' });
    expect(calls.begun[0]?.context.signal.aborted).toBe(true);
  });
});

test('what open answered is in every call, and close gets it', () => {
  const closed: unknown[] = [];
  const lifecycle = { open: () => 'connection', close: (opened: never) => closed.push(opened) };
  const { task, calls } = tell({ lifecycle }, 'a a=');
  expect(calls.begun.map(({ context }) => context.opened)).toEqual(['connection']);
  task.handle({ type: 'cancel' });
  expect(closed).toEqual(['connection']);
});

test('it counts what is in flight, what was called again and whose time was up', () => {
  const calls = new HandCalls();
  const options: StoryOptions = { timeoutMs: 30, onTimeout: () => 'late', retry: {} };
  const operator = asyncMapOperator(options, calls);
  const harness = new OperatorHarness(operator);
  const counted = () =>
    Object.fromEntries(harness.metrics.changes(() => {}).map((reading) => [reading.name, reading]));
  const at = (ms: number) => {
    harness.clock.advance(ms - harness.clock.now());
    operator.advance(ms);
  };
  harness.record('a').record('b').record('c');
  calls.fail('a');
  calls.answer('b');
  at(0);
  expect(counted()).toMatchObject({ inFlight: { value: 3 }, timeouts: { value: 0 }, retries: { value: 0 } });
  at(10);
  expect(counted()).toMatchObject({ retries: { value: 1 } });
  calls.answer('a');
  at(11);
  expect(harness.values).toEqual(['A', 'B']);
  expect(counted()).toMatchObject({ inFlight: { value: 1 } });
  at(30);
  expect(counted()).toMatchObject({ inFlight: { value: 0 }, timeouts: { value: 1 } });
});
