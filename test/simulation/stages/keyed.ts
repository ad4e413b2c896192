/** Stages with state, timers or windows of each key. */
import { type DataStream, mapState, ofType, tumbling, valueState } from '../../../runtime/api/index.ts';
import { applied, byKey, FIRST_TIME, type Item, operatorOptions, type Stage } from './stage.ts';

const WINDOW_MS = 100;

export const count: Stage = ({ stream, items }, _other, options) => {
  const counted = stream
    .keyBy((item) => item.key)
    .process(
      {
        output: ofType<Item>(),
        state: { seen: valueState<number>({ initial: () => 0 }) },
        onElement: (item, context) => {
          const seen = (context.state.seen.get() ?? 0) + 1;
          context.state.seen.set(seen);
          context.emit({ id: `${item.key}#${seen}`, key: item.key, time: 0 });
        },
      },
      operatorOptions(options),
    );
  const expected = [...byKey(items)].flatMap(([key, ofKey]) =>
    ofKey.map((_item, index) => ({ id: `${key}#${index + 1}`, key, time: 0 })),
  );
  return applied('count', counted, expected, false);
};

export const distinct: Stage = ({ stream, items }, _other, options) => {
  const first = stream
    .keyBy((item) => item.key)
    .process(
      {
        output: ofType<Item>(),
        state: { ids: mapState<string, boolean>() },
        onElement: (item, context) => {
          const short = item.id.slice(0, 4);
          if (context.state.ids.has(short)) return;
          context.state.ids.set(short, true);
          context.emit({ id: `${item.key}/${short}`, key: item.key, time: 0 });
        },
      },
      operatorOptions(options),
    );
  const expected = [...byKey(items)].flatMap(([key, ofKey]) =>
    [...new Set(ofKey.map((item) => item.id.slice(0, 4)))].map((short) => ({
      id: `${key}/${short}`,
      key,
      time: 0,
    })),
  );
  return applied('distinct', first, expected, false);
};

export const window: Stage = ({ stream, items, timed }, _other, options) => {
  if (!timed) return null;
  return applied('window', counted(stream, operatorOptions(options)), countedItems(items), true);
};

/** Counts by key and window. */
export function counted(
  stream: DataStream<Item>,
  options: { uid: string; parallelism?: number },
): DataStream<Item> {
  return stream
    .keyBy((item) => item.key)
    .window(tumbling(WINDOW_MS))
    .process(
      {
        output: ofType<Item>(),
        onWindow: (values, window, { emit }) =>
          emit({
            id: `${window.key}@${window.start - FIRST_TIME}=${values.length}`,
            key: window.key,
            time: window.start,
          }),
      },
      options,
    );
}

export function countedItems(items: readonly Item[]): readonly Item[] {
  const windows = new Map<string, { key: string; start: number; count: number }>();
  for (const item of items) {
    const start = Math.floor(item.time / WINDOW_MS) * WINDOW_MS;
    const window = windows.get(`${item.key}@${start}`) ?? { key: item.key, start, count: 0 };
    windows.set(`${item.key}@${start}`, { ...window, count: window.count + 1 });
  }
  return [...windows.values()].map(({ key, start, count }) => ({
    id: `${key}@${start - FIRST_TIME}=${count}`,
    key,
    time: start,
  }));
}
