/** Stages of two streams, which may be one and the same. */
import { listState, ofType } from '../../../runtime/api/index.ts';
import { byKey, type Item, operatorOptions, PAIRS_MAX, type Stage } from './stage.ts';

export const union: Stage = (from, other) => {
  return {
    made: {
      stream: from.stream.union(other.stream),
      items: [...from.items, ...other.items],
      timed: from.timed && other.timed,
    },
    word: 'union',
    usesOther: true,
  };
};

export const connect: Stage = (from, other, options) => {
  if (from.items.length * other.items.length > PAIRS_MAX) return null;
  const stream = from.stream
    .keyBy((item) => item.key)
    .connect(other.stream.keyBy((item) => item.key))
    .process(
      {
        output: ofType<Item>(),
        state: { left: listState<string>(), right: listState<string>() },
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
      operatorOptions(options),
    );
  const right = byKey(other.items);
  const pairs = [...byKey(from.items)].flatMap(([key, items]) =>
    items.flatMap((left) =>
      (right.get(key) ?? []).map((item) => ({ id: `${left.id}|${item.id}`, key, time: 0 })),
    ),
  );
  return { made: { stream, items: pairs, timed: false }, word: 'connect', usesOther: true };
};
