/**
 * The broadcast state pattern: every record of one stream meets every record of the other that was broadcast, whichever
 * came first. Both are kept, so that the order does not matter.
 */
import { broadcastState, listState, ofType, operatorListState } from '../../../runtime/api/index.ts';
import { type Item, operatorOptions, PAIRS_MAX, type Stage } from './stage.ts';

const metOf = (item: Item, ruleId: string): Item => ({ id: `${item.id}!${ruleId}`, key: item.key, time: 0 });

export const broadcast: Stage = (from, other, options) => {
  if (from.items.length * other.items.length > PAIRS_MAX) return null;
  const rules = other.stream
    .map((item) => item.id, { uid: `${options.uid}-rules`, parallelism: 1 + (options.choice >> 2) })
    .broadcast({ counts: broadcastState<string, number>() });
  const isKeyed = options.choice % 2 === 0;
  const made = isKeyed
    ? from.stream
        .keyBy((item) => item.key)
        .connect(rules)
        .process(
          {
            output: ofType<Item>(),
            state: { seen: listState<Item>() },
            onElement: (item, context) => {
              context.state.seen.add(item);
              for (const [rule, count] of context.broadcast.counts.entries())
                for (let time = 0; time < count; time++) context.emit(metOf(item, rule));
            },
            onBroadcast: (rule, context) => {
              context.broadcast.counts.set(rule, (context.broadcast.counts.get(rule) ?? 0) + 1);
              context.forEachKey('seen', (_key, seen) => {
                for (const item of seen.get()) context.emit(metOf(item, rule));
              });
            },
          },
          operatorOptions(options),
        )
    : from.stream.connect(rules).process(
        {
          output: ofType<Item>(),
          state: { seen: operatorListState<Item>() },
          onElement: (item, context) => {
            context.state.seen.add(item);
            for (const [rule, count] of context.broadcast.counts.entries())
              for (let time = 0; time < count; time++) context.emit(metOf(item, rule));
          },
          onBroadcast: (rule, context) => {
            context.broadcast.counts.set(rule, (context.broadcast.counts.get(rule) ?? 0) + 1);
            for (const item of context.state.seen.get()) context.emit(metOf(item, rule));
          },
        },
        operatorOptions(options),
      );
  const items = from.items.flatMap((item) => other.items.map(({ id }) => metOf(item, id)));
  return {
    made: { stream: made, items, timed: false },
    word: isKeyed ? 'keyed broadcast state' : 'broadcast state',
    usesOther: true,
  };
};
