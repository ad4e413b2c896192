/**
 * A random dataflow and, beside it, what its output must be: every stage is written twice, once for Sluice and once as a
 * plain function over arrays that knows no barriers, no partitions and no order. Stages are such that the multiset of
 * their output does not depend on how the inputs interleave.
 */

import type { Sink, SplitPosition } from '../../runtime/api/index.ts';
import {
  boundedOutOfOrderness,
  type DataStream,
  listState,
  mapState,
  ofType,
  type Pipeline,
  pipeline,
  tumbling,
  valueState,
} from '../../runtime/api/index.ts';
import type { Random } from '../../runtime/base/random.ts';
import type { Source } from '../../runtime/operators/source.ts';

export interface Item {
  readonly id: string;
  readonly key: string;
  readonly time: number;
}

interface Made {
  stream: DataStream<Item>;
  items: readonly Item[];
  /** Timestamps are a function of the record: windows may follow. */
  timed: boolean;
}

export interface RandomPipeline {
  readonly pipeline: Pipeline;
  readonly expected: readonly string[];
  readonly description: string;
}

const OUT_OF_ORDER_MS = 60;
/** A connect of connects would not fit into memory. */
const PAIRS_MAX = 20_000;
const FIRST_TIME = 1_600_000_000_000;

/** `loose`: draws operators that take the parallelism of the job; null: each has its own. */
export const randomPipeline = (
  random: Random,
  sink: () => Sink<Item>,
  { loose }: { readonly loose: Random | null } = { loose: null },
): RandomPipeline => {
  const words: string[] = [];
  const inputs = Array.from({ length: 1 + random.below(3) }, (_unused, place) => randomInput(random, place));
  const operators = 1 + random.below(4);
  const choices = Array.from({ length: operators }, () => ({
    stage: random.below(8),
    stream: random.below(8),
    other: random.below(8),
    parallelism: 1 + random.below(3),
  })).map((choice) => ({ ...choice, isLoose: loose !== null && loose.below(2) === 0 }));
  const sourceParallelism = inputs.map(() => 1 + random.below(3));
  let expected: readonly string[] = [];

  const made = pipeline('simulated', (env) => {
    words.length = 0;
    const used = new Set<Made>();
    const streams: Made[] = inputs.map((input, place) => ({
      stream: env.fromSource(listSource(`in${place}`, input), {
        uid: `in${place}`,
        parallelism: sourceParallelism[place] ?? 1,
        watermarks: boundedOutOfOrderness(OUT_OF_ORDER_MS, (item: Item) => item.time),
      }),
      items: input.flat(),
      timed: true,
    }));
    words.push(`${inputs.length} sources`);
    for (const [place, choice] of choices.entries()) {
      const from = streams[choice.stream % streams.length] as Made;
      const other = streams[choice.other % streams.length] as Made;
      const uid = `op${place}`;
      const options = choice.isLoose ? { uid } : { uid, parallelism: choice.parallelism };
      const applied = apply(choice.stage, from, other, options);
      words.push(
        `${applied.word}×${choice.isLoose ? 'p' : choice.parallelism}(${choice.stream % streams.length}${applied.usesOther ? `,${choice.other % streams.length}` : ''})`,
      );
      used.add(from);
      if (applied.usesOther) used.add(other);
      // What was used may be used again: that makes the diamonds.
      streams.push(applied.made);
    }
    // Every stream leads somewhere: what nobody used goes to the sink, all of it.
    const ends = streams.filter((made) => !used.has(made));
    const [first, ...rest] = ends.length > 0 ? ends : [streams.at(-1) as Made];
    const all = rest.reduce((stream, made) => stream.union(made.stream), (first as Made).stream);
    all.sinkTo(sink(), { uid: 'out', parallelism: choices[0]?.parallelism ?? 1 });
    expected = [first as Made, ...rest].flatMap((made) => made.items.map((item) => item.id)).sort();
  });
  made.define();
  return { pipeline: made, expected, description: words.join(' → ') };
};

const apply = (
  stage: number,
  from: Made,
  other: Made,
  options: { uid: string; parallelism?: number },
): { made: Made; word: string; usesOther: boolean } => {
  const one = (word: string, stream: DataStream<Item>, items: readonly Item[], timed = from.timed) => ({
    made: { stream, items, timed },
    word,
    usesOther: false,
  });
  switch (stage) {
    case 0:
      return one(
        'map',
        from.stream.map((item) => ({ ...item, id: `${item.id}m` }), options),
        from.items.map((item) => ({ ...item, id: `${item.id}m` })),
      );
    case 1:
      return one('filter', from.stream.filter(keeps, options), from.items.filter(keeps));
    case 2:
      return one('flatMap', from.stream.flatMap(copies, options), from.items.flatMap(copies));
    case 3: {
      const stream = from.stream
        .keyBy((item) => item.key)
        .process(
          {
            output: ofType<Item>(),
            state: { seen: valueState<number>({ initial: () => 0 }) },
            onElement: (item, context) => {
              const count = (context.state.seen.get() ?? 0) + 1;
              context.state.seen.set(count);
              context.emit({ id: `${item.key}#${count}`, key: item.key, time: 0 });
            },
          },
          options,
        );
      const counted = [...byKey(from.items)].flatMap(([key, items]) =>
        items.map((_item, index) => ({ id: `${key}#${index + 1}`, key, time: 0 })),
      );
      return one('count', stream, counted, false);
    }
    case 4: {
      const stream = from.stream
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
          options,
        );
      const distinct = [...byKey(from.items)].flatMap(([key, items]) =>
        [...new Set(items.map((item) => item.id.slice(0, 4)))].map((short) => ({
          id: `${key}/${short}`,
          key,
          time: 0,
        })),
      );
      return one('distinct', stream, distinct, false);
    }
    case 5: {
      if (!from.timed) return apply(3, from, other, options);
      const stream = from.stream
        .keyBy((item) => item.key)
        .window(tumbling(100))
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
      const windows = new Map<string, { key: string; start: number; count: number }>();
      for (const item of from.items) {
        const start = Math.floor(item.time / 100) * 100;
        const window = windows.get(`${item.key}@${start}`) ?? { key: item.key, start, count: 0 };
        windows.set(`${item.key}@${start}`, { ...window, count: window.count + 1 });
      }
      return one(
        'window',
        stream,
        [...windows.values()].map(({ key, start, count }) => ({
          id: `${key}@${start - FIRST_TIME}=${count}`,
          key,
          time: start,
        })),
      );
    }
    case 6:
      return {
        made: {
          stream: from.stream.union(other.stream),
          items: [...from.items, ...other.items],
          timed: from.timed && other.timed,
        },
        word: 'union',
        usesOther: true,
      };
    default: {
      if (from.items.length * other.items.length > PAIRS_MAX) return apply(3, from, other, options);
      const state = { left: listState<string>(), right: listState<string>() };
      const stream = from.stream
        .keyBy((item) => item.key)
        .connect(other.stream.keyBy((item) => item.key))
        .process(
          {
            output: ofType<Item>(),
            state,
            onFirst: (item, context) => {
              context.state.left.add(item.id);
              for (const right of context.state.right.get())
                context.emit({ id: `${item.id}|${right}`, key: item.key, time: 0 });
            },
            onSecond: (item, context) => {
              context.state.right.add(item.id);
              for (const left of context.state.left.get())
                context.emit({ id: `${left}|${item.id}`, key: item.key, time: 0 });
            },
          },
          options,
        );
      const right = byKey(other.items);
      const pairs = [...byKey(from.items)].flatMap(([key, items]) =>
        items.flatMap((left) =>
          (right.get(key) ?? []).map((item) => ({ id: `${left.id}|${item.id}`, key, time: 0 })),
        ),
      );
      return { made: { stream, items: pairs, timed: false }, word: 'connect', usesOther: true };
    }
  }
};

const keeps = (item: Item): boolean => item.id.length % 3 !== 0 || item.key !== 'k1';

const copies = (item: Item): readonly Item[] =>
  item.key === 'k0'
    ? []
    : [
        { ...item, id: `${item.id}a` },
        { ...item, id: `${item.id}b` },
      ];

const byKey = (items: readonly Item[]): Map<string, Item[]> => {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(item.key, [...(groups.get(item.key) ?? []), item]);
  return groups;
};

/** Splits of items, out of order within the allowed bound. */
const randomInput = (random: Random, place: number): readonly (readonly Item[])[] => {
  const keys = 1 + random.below(5);
  return Array.from({ length: 1 + random.below(3) }, (_split, split) =>
    Array.from({ length: random.below(random.below(3) === 0 ? 400 : 80) }, (_item, index) => ({
      id: `${place}${split}.${index}`,
      key: `k${random.below(keys)}`,
      time: FIRST_TIME + index * 10 + random.below(OUT_OF_ORDER_MS),
    })),
  );
};

/** Reads lists; at random moments it has nothing yet. */
const listSource = (name: string, splits: readonly (readonly Item[])[]): Source<Item> => ({
  name,
  bounded: true,
  splits: () => splits.map((_items, place) => `${name}-${place}`),
  openSplit: (split, from, context) => {
    const items = splits[Number(split.slice(split.lastIndexOf('-') + 1))] as readonly Item[];
    let offset = (from as SplitPosition | null)?.offset ?? 0;
    let polls = 0;
    return {
      poll: (emit) => {
        if (++polls % 3 === 0) return { status: 'waiting', at: context.clock.now() + (polls % 7) };
        for (let taken = 0; taken < 5 && offset < items.length; taken++) {
          offset++;
          if (!emit(items[offset - 1] as Item, 0)) break;
        }
        return offset < items.length ? { status: 'more' } : { status: 'finished' };
      },
      position: () => ({ offset, resume: null, finished: offset >= items.length }),
      close: () => {},
    };
  },
});
