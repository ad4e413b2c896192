/** Functions that are opened and closed: once for each subtask, which share nothing but what the author wrote. */
import { expect, test } from 'vitest';
import {
  type Counter,
  type DataStream,
  ofType,
  type RuntimeContext,
  tumbling,
} from '../../runtime/api/index.ts';
import { testOperator, testOperator2 } from '../../runtime/testing/index.ts';

/** What was opened and closed, and when. */
class Diary {
  readonly entries: string[] = [];

  /** To be put into a function of an author; what is opened is a list of its own. */
  of(name: string) {
    return {
      open: ({ subtaskIndex, attempt }: Pick<RuntimeContext, 'subtaskIndex' | 'attempt'>): string[] => {
        this.entries.push(`open ${name} ${subtaskIndex} at ${attempt}`);
        return [`${name} ${subtaskIndex}`];
      },
      close: (opened: string[]) => {
        this.entries.push(`close ${opened.join(' ')}`);
      },
    };
  }
}

const seen = (n: number, by: string, opened: string[]): number => {
  opened.push(`${by}${n}`);
  return n;
};

test('every kind of function gets what its own subtask opened, and gives it back at the end', () => {
  const diary = new Diary();
  const operator = testOperator(
    (numbers: DataStream<number>) =>
      numbers
        .map({ ...diary.of('map'), map: (n, opened) => seen(n, 'm', opened) })
        .filter({ ...diary.of('filter'), filter: (n, opened) => seen(n, 'f', opened) > 0 })
        .flatMap({ ...diary.of('flatMap'), flatMap: (n, opened) => [seen(n, 'x', opened)] })
        .keyBy((n) => n % 2)
        .reduce({ ...diary.of('reduce'), reduce: (_left, right, opened) => seen(right, 'r', opened) })
        .process({
          ...diary.of('process'),
          output: ofType<number>(),
          onElement(n, { opened, emit }) {
            emit(seen(n, 'p', opened));
          },
        }),
    { parallelism: 2, splits: 2 },
  );
  expect(diary.entries.filter((entry) => entry.startsWith('open')).sort()).toEqual(
    ['filter', 'flatMap', 'map', 'process', 'reduce'].flatMap((name) => [
      `open ${name} 0 at 1`,
      `open ${name} 1 at 1`,
    ]),
  );
  diary.entries.length = 0;
  // One key's subtask and the other's; the first record of a key is not reduced.
  operator.split(0).push(2);
  operator.split(1).push(4);
  operator.split(0).push(6);
  operator.end();
  const closed = diary.entries.filter((entry) => entry.startsWith('close')).sort();
  expect(closed.slice(0, 6)).toEqual([
    'close filter 0 f2 f6',
    'close filter 1 f4',
    'close flatMap 0 x2 x6',
    'close flatMap 1 x4',
    'close map 0 m2 m6',
    'close map 1 m4',
  ]);
  // Only one subtask has the key.
  expect(
    closed
      .slice(6)
      .map((entry) => entry.split(' ').slice(3).join(' '))
      .sort(),
  ).toEqual(['', '', 'p2 p4 p6', 'r4 r6']);
  expect(diary.entries).toHaveLength(10);
});

test('after a failure everything is closed and opened anew, with the next attempt', () => {
  const diary = new Diary();
  const operator = testOperator(
    (numbers: DataStream<number>) =>
      numbers
        .map({ ...diary.of('map'), map: (n) => n })
        .keyBy((n) => n)
        .process({ ...diary.of('process'), onElement() {} }),
    { parallelism: 2 },
  );
  operator.push(1);
  operator.fail();
  const opened = (attempt: number) =>
    ['map 0', 'map 1', 'process 0', 'process 1'].map((who) => `open ${who} at ${attempt}`);
  const closed = ['close map 0', 'close map 1', 'close process 0', 'close process 1'];
  expect([...diary.entries.slice(0, 4)].sort()).toEqual(opened(1));
  expect([...diary.entries.slice(4, 8)].sort()).toEqual(closed);
  expect([...diary.entries.slice(8)].sort()).toEqual(opened(2));
});

test('what throws at a record is closed all the same, with everything else of the job', () => {
  const diary = new Diary();
  const operator = testOperator((numbers: DataStream<number>) =>
    numbers
      .map({ ...diary.of('one'), map: (n) => n })
      .map({
        ...diary.of('two'),
        map: () => {
          throw new Error('not that one');
        },
      })
      .map({ ...diary.of('three'), map: (n) => n }),
  );
  expect(() => operator.push(1)).toThrow('not that one');
  expect(diary.entries.filter((entry) => entry.startsWith('close')).sort()).toEqual([
    'close one 0',
    'close three 0',
    'close two 0',
  ]);
});

test('a function that cannot be opened is not closed, and the others are', () => {
  const diary = new Diary();
  const { open } = diary.of('two');
  const failing = () =>
    testOperator((numbers: DataStream<number>) =>
      numbers
        .map({ ...diary.of('one'), map: (n) => n })
        .map({
          ...diary.of('two'),
          open: (runtime) => {
            open(runtime);
            throw new Error('no connection');
          },
          map: (n) => n,
        })
        .map({ ...diary.of('three'), map: (n) => n }),
    );
  expect(failing).toThrow('no connection');
  // Receivers are opened first.
  expect(diary.entries).toEqual(['open three 0 at 1', 'open two 0 at 1', 'close three 0']);
});

test('the functions of windows, joins and connected streams have the same life', () => {
  const diary = new Diary();
  const operator = testOperator2((left: DataStream<number>, right: DataStream<number>) => {
    const [l, r] = [left.keyBy((n) => n), right.keyBy((n) => n)];
    const window = tumbling(100);
    return l
      .window(window)
      .process({ ...diary.of('window'), onWindow() {} })
      .union(
        l.join(r, { between: [0, 0] }, { ...diary.of('interval'), onPair() {} }),
        l.join(r, { window }, { ...diary.of('pairs'), onPair() {} }),
        l.coGroup(r, { window }, { ...diary.of('groups'), onWindow() {} }),
        l.connect(r).process({ ...diary.of('keyed'), onFirst() {}, onSecond() {} }),
        left.connect(right).process({ ...diary.of('plain'), onFirst() {}, onSecond() {} }),
        l.connect(right.broadcast({})).process({ ...diary.of('rules'), onElement() {}, onBroadcast() {} }),
      );
  });
  const names = ['groups', 'interval', 'keyed', 'pairs', 'plain', 'rules', 'window'];
  expect([...diary.entries].sort()).toEqual(names.map((name) => `open ${name} 0 at 1`));
  operator.end();
  expect(diary.entries.slice(names.length).sort()).toEqual(names.map((name) => `close ${name} 0`));
});

test('metrics belong to a subtask, and a name asked for twice is one metric', () => {
  const counters: Counter[] = [];
  const operator = testOperator(
    (numbers: DataStream<number>) =>
      numbers.map({
        open({ metrics, subtaskIndex }) {
          const seen = metrics.counter('seen');
          expect(metrics.counter('seen')).toBe(seen);
          metrics.gauge('index', () => subtaskIndex);
          counters.push(seen);
          return { seen, sizes: metrics.histogram('sizes') };
        },
        map(n, { seen, sizes }) {
          seen.inc(n);
          sizes.update(n);
          return seen.count;
        },
      }),
    { parallelism: 2, splits: 2 },
  );
  operator.split(0).push(1);
  operator.split(1).push(10);
  operator.split(0).push(2);
  expect(operator.output).toEqual([1, 10, 3]);
  expect(counters.map(({ count }) => count).sort((a, b) => a - b)).toEqual([3, 10]);
});
