/** A source whose splits come while it runs: what its task does about event time, and about waiting. */
import { expect, test } from 'vitest';
import type { Source } from '../../runtime/operators/source.ts';
import { oneSource } from './oneTask.ts';

/** Splits that a test adds to: numbers are records and their timestamps. */
function topics(splits: Record<string, number[]>): Source<number> {
  return {
    name: 'topics',
    bounded: false,
    discoverEveryMs: 100,
    splits: () => Object.keys(splits),
    openSplit(split, from, { clock }) {
      let offset = from?.offset ?? 0;
      return {
        poll(emit) {
          const records = splits[split] ?? [];
          while (offset < records.length) {
            const record = records[offset++] as number;
            if (!emit(record, record)) return { status: 'more' };
          }
          return { status: 'waiting', at: clock.now() + 10 };
        },
        position: () => ({ offset, resume: null, finished: false }),
        close() {},
      };
    },
  };
}

const ascending = { timestamp: null, outOfOrdernessMs: 0, idleAfterMs: null };

test('a split that comes is read without being asked for, after the interval', () => {
  const splits: Record<string, number[]> = { a: [1] };
  const task = oneSource(topics(splits));
  task.settle();
  expect(task.out()).toEqual(['1']);
  expect(task.thread.step().wakeAt).toBe(task.clock.now() + 10);
  splits.b = [2];
  task.settle();
  expect(task.out()).toEqual([]);
  task.clock.advance(100);
  task.settle();
  expect(task.out()).toEqual(['2']);
  expect(task.messages('log')).toMatchObject([{ level: 'info', text: 'split b was found' }]);
});

test('a split that comes holds back event time from then on, and never turns it back', () => {
  const splits: Record<string, number[]> = { a: [10] };
  const task = oneSource(topics(splits), ascending);
  const later = () => {
    task.clock.advance(100);
    task.settle();
    return task.out();
  };
  task.settle();
  expect(task.out()).toEqual(['10', 'watermark 9']);
  splits.b = [];
  expect(later()).toEqual([]);
  splits.a?.push(30);
  expect(later()).toEqual(['30']);
  splits.b.push(4);
  expect(later()).toEqual(['4']);
  splits.b.push(20);
  expect(later()).toEqual(['20', 'watermark 19']);
});

test('a subtask without splits holds nobody back, and is there again when one comes', () => {
  for (const strategy of [null, ascending]) {
    const splits: Record<string, number[]> = {};
    const task = oneSource(topics(splits), strategy);
    task.settle();
    expect(task.out()).toEqual(['idle']);
    expect(task.thread.step().wakeAt).toBe(task.clock.now() + 100);
    splits.a = [];
    task.clock.advance(100);
    task.settle();
    expect(task.out()).toEqual(['active']);
  }
});

test('a listing that fails is told as the source has said it', () => {
  let fails = false;
  const task = oneSource({
    ...topics({}),
    splits: () => {
      if (fails) throw new RangeError('the broker is gone');
      return [];
    },
  });
  task.settle();
  fails = true;
  task.clock.advance(100);
  task.settle();
  expect(task.messages('failed')).toMatchObject([
    { failure: { operator: 'in', message: 'the broker is gone' } },
  ]);
});

test('a split that is read to its end is let go at once, and told on in every snapshot', () => {
  const closed: string[] = [];
  const source = topics({ a: [1], b: [2] });
  const task = oneSource({
    ...source,
    openSplit(split, from, context) {
      const reader = source.openSplit(split, from, context);
      let isRead = false;
      return {
        poll(emit, budget) {
          const result = reader.poll(emit, budget);
          isRead = split === 'a' && result.status === 'waiting';
          return isRead ? { status: 'finished' } : result;
        },
        position() {
          expect(closed).not.toContain(split);
          return { ...reader.position(), finished: isRead };
        },
        close: () => closed.push(split),
      };
    },
  });
  task.settle();
  expect(closed).toEqual(['a']);
  const positions = () =>
    task
      .messages('acknowledged')
      .flatMap((message) => (message.type === 'acknowledged' ? message.operators : []))
      .flatMap((operator) => operator.positions.map(({ split, offset }) => `${split} at ${offset}`));
  task.handle({
    type: 'trigger',
    subtasks: [{ vertex: 'in', index: 0 }],
    options: {
      checkpointId: 1,
      isSavepoint: false,
      timestamp: 0,
      unaligned: false,
      suspend: false,
      directory: '/attempt-1',
    },
  });
  task.settle();
  expect(positions()).toEqual(['a at 1', 'b at 1']);
  task.handle({ type: 'cancel' });
  expect(closed).toEqual(['a', 'b']);
});
