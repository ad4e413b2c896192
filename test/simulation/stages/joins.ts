/** Joins of two streams by event time: of records near each other, and of those in one window. */
import { type KeyedWindow, ofType, tumbling } from '../../../runtime/api/index.ts';
import {
  type Applied,
  byKey,
  type Item,
  type Made,
  operatorOptions,
  PAIRS_MAX,
  type Stage,
} from './stage.ts';
import { startsOf, windowEnd, windowItem } from './windows.ts';

const BEFORE_MS = 30;
const AFTER_MS = 15;

const pairOf = (left: Item, right: Item, time: number): Item => ({
  id: `${left.id}&${right.id}`,
  key: left.key,
  time,
});

export const intervalJoin: Stage = (from, other, options) => {
  if (!canPair(from, other)) return null;
  const stream = from.stream
    .keyBy((item) => item.key)
    .join(
      other.stream.keyBy((item) => item.key),
      { between: [`-${BEFORE_MS} ms`, AFTER_MS], lowerExclusive: options.choice % 2 === 1 },
      (left, right, { timestamp }) => pairOf(left, right, timestamp),
      operatorOptions(options),
    );
  const lower = options.choice % 2 === 1 ? -BEFORE_MS + 1 : -BEFORE_MS;
  const pairs = pairsOf(from, other)
    .filter(([left, right]) => right.time - left.time >= lower && right.time - left.time <= AFTER_MS)
    .map(([left, right]) => pairOf(left, right, Math.max(left.time, right.time)));
  return joined('interval join', stream, pairs);
};

export const windowJoin: Stage = (from, other, options) => {
  if (!canPair(from, other)) return null;
  const stream = from.stream
    .keyBy((item) => item.key)
    .join(
      other.stream.keyBy((item) => item.key),
      { window: tumbling(windowEnd(0)) },
      (left: Item, right: Item, window: KeyedWindow) => pairOf(left, right, window.end - 1),
      operatorOptions(options),
    );
  const pairs = pairsOf(from, other)
    .filter(([left, right]) => startOf(left) === startOf(right))
    .map(([left, right]) => pairOf(left, right, windowEnd(startOf(left)) - 1));
  return joined('window join', stream, pairs);
};

/** How many of each side, also where one has none. */
export const coGroup: Stage = (from, other, options) => {
  if (!from.timed || !other.timed) return null;
  const stream = from.stream
    .keyBy((item) => item.key)
    .coGroup(
      other.stream.keyBy((item) => item.key),
      { window: tumbling(windowEnd(0)) },
      {
        output: ofType<Item>(),
        onWindow: (lefts, rights, { key, start, end }, { emit }) =>
          emit(windowItem(key, start, end, lefts.length * 1_000 + rights.length)),
      },
      operatorOptions(options),
    );
  const sums = new Map<string, { key: string; start: number; sum: number }>();
  const weigh = (items: readonly Item[], weight: number): void => {
    for (const item of items) {
      const start = startOf(item);
      const sum = sums.get(`${item.key}@${start}`)?.sum ?? 0;
      sums.set(`${item.key}@${start}`, { key: item.key, start, sum: sum + weight });
    }
  };
  weigh(from.items, 1_000);
  weigh(other.items, 1);
  return joined(
    'coGroup',
    stream,
    [...sums.values()].map(({ key, start, sum }) => windowItem(key, start, windowEnd(start), sum)),
  );
};

const startOf = (item: Item): number => startsOf(item.time)[0] as number;

const canPair = (from: Made, other: Made): boolean =>
  from.timed && other.timed && from.items.length * other.items.length <= PAIRS_MAX;

const pairsOf = (from: Made, other: Made): readonly (readonly [left: Item, right: Item])[] => {
  const rights = byKey(other.items);
  return from.items.flatMap((left) => (rights.get(left.key) ?? []).map((right) => [left, right] as const));
};

const joined = (word: string, stream: Made['stream'], items: readonly Item[]): Applied => ({
  made: { stream, items, timed: true },
  word,
  usesOther: true,
});
