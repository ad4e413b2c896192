/**
 * Windows of every kind. Nothing comes late, so what fires, and with how many records, follows from the input alone; with
 * windows of records, it follows from how many there are.
 */
import {
  count,
  countEvictor,
  type DataStream,
  globalWindow,
  type KeyedWindow,
  ofType,
  purging,
  session,
  sliding,
  tumbling,
  type WindowAssigner,
} from '../../../runtime/api/index.ts';
import {
  applied,
  byKey,
  FIRST_TIME,
  type Item,
  type OwnOptions,
  operatorOptions,
  type Stage,
} from './stage.ts';

const WINDOW_MS = 100;
const SLIDE_MS = 40;
const GAP_MS = 25;
/** Sliding windows of sliding windows would not fit into memory. */
const WINDOWED_MAX = 3_000;

export const tumblingWindow: Stage = ({ stream, items, timed }, _other, options) =>
  timed
    ? applied(
        'tumbling window',
        counted(stream, tumbling(WINDOW_MS), operatorOptions(options), options.choice),
        countedItems(items),
        true,
      )
    : null;

export const slidingWindow: Stage = ({ stream, items, timed }, _other, options) => {
  if (!timed || items.length > WINDOWED_MAX) return null;
  const windows = counted(stream, sliding(WINDOW_MS, SLIDE_MS), operatorOptions(options), options.choice);
  return applied('sliding window', windows, countedItems(items, SLIDE_MS), true);
};

export const sessionWindow: Stage = ({ stream, items, timed }, _other, options) => {
  if (!timed) return null;
  const sessions = [...byKey(items)].flatMap(([key, ofKey]) => {
    const found: { start: number; end: number; records: number }[] = [];
    for (const { time } of ofKey.toSorted((a, b) => a.time - b.time)) {
      const last = found.at(-1);
      if (last === undefined || time > last.end) found.push({ start: time, end: time + GAP_MS, records: 1 });
      else found[found.length - 1] = { ...last, end: time + GAP_MS, records: last.records + 1 };
    }
    return found.map(({ start, end, records }) => windowItem(key, start, end, records));
  });
  const windows = counted(stream, session(GAP_MS), operatorOptions(options), options.choice);
  return applied('session window', windows, sessions, true);
};

/** All keys in one; one subtask computes it, whatever the parallelism. */
export const windowAll: Stage = ({ stream, items, timed }, _other, { uid }) => {
  if (!timed) return null;
  const windows = stream.windowAll(tumbling(WINDOW_MS)).process(
    {
      output: ofType<Item>(),
      onWindow: (values, { start, end }, { emit }) => emit(windowItem('all', start, end, values.length)),
    },
    { uid },
  );
  return applied('windowAll', windows, countedItems(items.map((item) => ({ ...item, key: 'all' }))), true);
};

/** Global windows that fire by the number of their records: all of them, only the new ones, or the last few. */
export const globalCountWindow: Stage = ({ stream, items }, _other, options) => {
  const every = 2 + (options.choice >> 1);
  const last = 3;
  const how = (['evicting', 'keeping', 'purging'] as const)[options.choice % 3] ?? 'keeping';
  const trigger = how === 'purging' ? purging(count(every)) : count(every);
  const windows = stream
    .keyBy((item) => item.key)
    .window(globalWindow(), how === 'evicting' ? { trigger, evictor: countEvictor(last) } : { trigger })
    .process(
      {
        output: ofType<Item>(),
        onWindow: (values, { key }, { emit }) =>
          emit({ id: `${key}*${values.length}`, key: key as string, time: 0 }),
      },
      operatorOptions(options),
    );
  const expected = [...byKey(items)].flatMap(([key, ofKey]) => {
    const fired: Item[] = [];
    let held = 0;
    for (let firing = 0; firing < Math.floor(ofKey.length / every); firing++) {
      held += every;
      if (how === 'evicting') held = Math.min(held, last);
      fired.push({ id: `${key}*${held}`, key, time: 0 });
      if (how === 'purging') held = 0;
    }
    return fired;
  });
  return applied(how === 'evicting' ? 'evictor' : 'global window', windows, expected, false);
};

export const countWindow: Stage = ({ stream, items }, _other, options) => {
  const size = 2 + (options.choice >> 1);
  const slide = options.choice % 2 === 0 ? null : 2;
  const keyed = stream.keyBy((item) => item.key);
  const windows = (slide === null ? keyed.countWindow(size) : keyed.countWindow(size, slide)).process(
    {
      output: ofType<Item>(),
      onWindow: (values, { key }, { emit }) =>
        emit({ id: `${key}+${values.length}`, key: key as string, time: 0 }),
    },
    operatorOptions(options),
  );
  const step = slide ?? size;
  const expected = [...byKey(items)].flatMap(([key, ofKey]) =>
    Array.from({ length: Math.floor(ofKey.length / step) }, (_unused, place) => {
      const inside = slide === null ? size : Math.min(size, (place + 1) * slide);
      return { id: `${key}+${inside}`, key, time: 0 };
    }),
  );
  return applied('count window', windows, expected, false);
};

/** The number of records of each key and window: from a list of them, or folded. */
export function counted(
  stream: DataStream<Item>,
  windows: WindowAssigner<Item>,
  options: OwnOptions,
  choice: number,
): DataStream<Item> {
  const windowed = stream.keyBy((item) => item.key).window(windows);
  if (choice % 2 === 0)
    return windowed.process(
      {
        output: ofType<Item>(),
        onWindow: (values, window, { emit }) => emit(itemOf(window, values.length)),
      },
      options,
    );
  return windowed.aggregate(
    {
      create: () => 0,
      add: (sum: number) => sum + 1,
      merge: (left, right) => left + right,
      result: (sum, window) => itemOf(window, sum),
    },
    options,
  );
}

const itemOf = ({ key, start, end }: KeyedWindow, records: number): Item =>
  windowItem(key as string, start, end, records);

/** What comes out of a window has its last millisecond as its time. */
export const windowItem = (key: string, start: number, end: number, records: number): Item => ({
  id: `${key}@${start - FIRST_TIME}-${end - start}=${records}`,
  key,
  time: end - 1,
});

/** One by one: every record into every window that holds its time. */
export function countedItems(items: readonly Item[], slideMs = WINDOW_MS): readonly Item[] {
  const windows = new Map<string, { key: string; start: number; records: number }>();
  for (const item of items) {
    for (const start of startsOf(item.time, slideMs)) {
      const records = windows.get(`${item.key}@${start}`)?.records ?? 0;
      windows.set(`${item.key}@${start}`, { key: item.key, start, records: records + 1 });
    }
  }
  return [...windows.values()].map(({ key, start, records }) =>
    windowItem(key, start, start + WINDOW_MS, records),
  );
}

export function startsOf(time: number, slideMs = WINDOW_MS): readonly number[] {
  const starts: number[] = [];
  for (let start = Math.floor(time / slideMs) * slideMs; start > time - WINDOW_MS; start -= slideMs)
    starts.push(start);
  return starts;
}

export const windowEnd = (start: number): number => start + WINDOW_MS;
