/** Stages with state of each key, of every type. */
import {
  aggregatingState,
  listState,
  mapState,
  ofType,
  reducingState,
  valueState,
} from '../../../runtime/api/index.ts';
import { applied, byKey, type Item, operatorOptions, type Stage } from './stage.ts';

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

/** The same number, kept in a state of each type, which must all agree. */
export const countInEveryState: Stage = ({ stream, items }, _other, options) => {
  // Nobody lives to see it expire: what has a time to live is kept in another form.
  const ttl = options.choice % 2 === 0 ? {} : { ttl: { after: '3000 days' } as const };
  const counted = stream
    .keyBy((item) => [item.key, item.id.length % 2 === 0])
    .process(
      {
        output: ofType<Item>(),
        state: {
          value: valueState<number>({ initial: 0, ...ttl }),
          list: listState<string>(ttl),
          map: mapState<number, string>(ttl),
          reduced: reducingState<number>({ initial: 0, reduce: (left, right) => left + right, ...ttl }),
          aggregated: aggregatingState<string, string[], number>({
            create: () => [],
            add: (ids, id) => [...ids, id],
            result: (ids) => ids.length,
            ...ttl,
          }),
        },
        onElement: ({ id, key }, { state, emit }) => {
          state.value.set(state.value.get() + 1);
          state.list.add(id);
          state.map.set(state.value.get(), id);
          state.reduced.add(1);
          state.aggregated.add(id);
          const counts = [
            state.value.get(),
            state.list.get().length,
            [...state.map.entries()].length,
            state.reduced.get(),
            state.aggregated.get() ?? 0,
          ];
          emit({ id: `${key}/${id.length % 2}/${[...new Set(counts)].join('≠')}`, key, time: 0 });
        },
      },
      operatorOptions(options),
    );
  const byBoth = byKey(items.map((item) => ({ ...item, key: `${item.key}/${item.id.length % 2}` })));
  const expected = [...byBoth].flatMap(([both, ofBoth]) =>
    ofBoth.map((_item, index) => ({ id: `${both}/${index + 1}`, key: both.split('/')[0] ?? '', time: 0 })),
  );
  return applied(options.choice % 2 === 0 ? 'all states' : 'all states with TTL', counted, expected, false);
};
