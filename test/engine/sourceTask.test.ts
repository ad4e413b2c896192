/** A source alone in its thread: when it is polled, when it may sleep, and what its readers may do to it. */
import { describe, expect, test } from 'vitest';
import type { Source, SourceContext } from '../../runtime/operators/source.ts';
import { barrierOf, oneSource } from './oneTask.ts';

/** Splits that are fed from outside: each hands out what is in its list and waits to be woken. */
const fed = (lists: Record<string, number[]>, bounded = false) => {
  const made = {
    wake: () => {},
    polls: 0,
    source: {
      name: 'fed',
      bounded,
      splits: (context: SourceContext) => {
        made.wake = () => context.wake();
        return Object.keys(lists);
      },
      openSplit: (split: string) => ({
        poll: (emit: (value: number, timestamp: number) => boolean) => {
          made.polls++;
          const list = lists[split] ?? [];
          while (list.length > 0) {
            const value = list.shift() as number;
            if (value < 0) return { status: 'finished' as const };
            if (!emit(value, value)) return { status: 'more' as const };
          }
          return { status: 'waiting' as const, at: null };
        },
        position: () => ({ offset: 0, resume: null, finished: false }),
        close: () => {},
      }),
    } satisfies Source<number>,
  };
  return made;
};

describe('a source that waits', () => {
  test('is polled again in every split when it is woken, not only in the first that has something', () => {
    const lists: Record<string, number[]> = { a: [], b: [] };
    const { source, wake } = withWake(lists);
    const task = oneSource(source);
    task.settle();
    lists['a']?.push(1);
    lists['b']?.push(2);
    wake();
    task.settle();
    expect(task.out().sort()).toEqual(['1', '2']);
  });

  test('does not ask to be stepped while there is no room downstream', () => {
    let n = 0;
    const endless: Source<string> = {
      name: 'endless',
      bounded: false,
      splits: () => ['all'],
      openSplit: () => ({
        poll: (emit) => {
          while (emit(`a record of some length ${n++}`, 0) && n % 100 !== 0);
          return { status: 'more' };
        },
        position: () => ({ offset: n, resume: null, finished: false }),
        close: () => {},
      }),
    };
    const task = oneSource(endless);
    task.settle();
    const step = task.thread.step();
    expect(step).toMatchObject({ progressed: false, wakeAt: null });
    task.out();
    expect(task.thread.step().progressed).toBe(true);
  });

  test('answers a trigger while nothing it sends finds room: its barrier queues behind that', () => {
    let n = 0;
    const verbose: Source<string> = {
      name: 'verbose',
      bounded: false,
      splits: () => ['all'],
      openSplit: () => ({
        poll: (emit) => {
          for (let taken = 0; taken < 50; taken++) if (!emit(`${n++} ${'-'.repeat(3_000)}`, 0)) break;
          return { status: 'more' };
        },
        position: () => ({ offset: n, resume: null, finished: false }),
        close: () => {},
      }),
    };
    const task = oneSource(verbose);
    task.settle();
    task.handle({ type: 'trigger', subtasks: [{ vertex: 'in', index: 0 }], options: barrierOf(1) });
    const sentBefore = n;
    task.settle();
    expect(task.messages('acknowledged')).toHaveLength(1);
    const out: string[] = [];
    while (!out.includes('barrier 1')) {
      out.push(...task.out());
      task.settle();
    }
    expect(out.indexOf('barrier 1')).toBe(sentBefore);
  });

  test('whose splits have all been read holds nobody back, though it never ends', () => {
    const { source } = fed({ a: [-1] });
    const task = oneSource(source, { timestamp: null, outOfOrdernessMs: 0, idleAfterMs: null });
    task.settle();
    expect(task.out()).toEqual(['idle']);
  });
});

test('a timestamp function that throws is reported with its record', () => {
  const { source } = fed({ a: [7] });
  const task = oneSource(source, {
    timestamp: () => {
      throw new RangeError('no time');
    },
    outOfOrdernessMs: 0,
    idleAfterMs: null,
  });
  task.settle();
  expect(task.messages('failed')).toMatchObject([
    { failure: { operator: 'in', message: 'no time', record: '7', origin: 'user' } },
  ]);
});

test('a reader whose position throws fails its source by name', () => {
  const { source } = fed({ a: [7] });
  const task = oneSource({
    ...source,
    openSplit: (split) => ({
      ...source.openSplit(split),
      position: () => {
        throw new RangeError('no place');
      },
    }),
  });
  task.clock.advance(1_000);
  task.settle();
  expect(task.messages('failed')).toMatchObject([{ failure: { operator: 'in', message: 'no place' } }]);
});

test('a reader that throws while it closes does not keep the others open', () => {
  const closed: string[] = [];
  const { source } = fed({ a: [], b: [] });
  const task = oneSource({
    ...source,
    openSplit: (split) => ({
      ...source.openSplit(split),
      close: () => {
        closed.push(split);
        throw new Error('stuck');
      },
    }),
  });
  task.settle();
  task.handle({ type: 'cancel' });
  expect(closed).toEqual(['a', 'b']);
  expect(task.messages('log')).toMatchObject([{ text: 'closing failed: stuck' }]);
});

function withWake(lists: Record<string, number[]>) {
  const made = fed(lists);
  return { source: made.source, wake: () => made.wake() };
}
