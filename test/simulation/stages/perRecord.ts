/** Stages that look at one record at a time. */
import { type DataStream, outputTag } from '../../../runtime/api/index.ts';
import { applied, drawn, type Item, operatorOptions, type Stage } from './stage.ts';

export const map: Stage = ({ stream, items, timed }, _other, options) => {
  const marked = (item: Item): Item => ({ ...item, id: `${item.id}m` });
  return applied('map', stream.map(marked, operatorOptions(options)), items.map(marked), timed);
};

export const filter: Stage = ({ stream, items, timed }, _other, options) => {
  const keeps = (item: Item): boolean => item.id.length % 3 !== 0 || item.key !== 'k1';
  return applied('filter', stream.filter(keeps, operatorOptions(options)), items.filter(keeps), timed);
};

export const flatMap: Stage = ({ stream, items, timed }, _other, options) => {
  const copies = (item: Item): readonly Item[] =>
    item.key === 'k0'
      ? []
      : [
          { ...item, id: `${item.id}a` },
          { ...item, id: `${item.id}b` },
        ];
  return applied('flatMap', stream.flatMap(copies, operatorOptions(options)), items.flatMap(copies), timed);
};

/** Half of the records leave by a side output, and both halves are one stream again. */
export const sideOutput: Stage = ({ stream, items, timed }, _other, options) => {
  const tag = outputTag<Item>('others');
  const main = stream.process<Item>(
    {
      onElement(item, { emit, emitTo }) {
        if (drawn(item, 2) === 0) emit({ ...item, id: `${item.id}s` });
        else emitTo(tag, { ...item, id: `${item.id}o` });
      },
    },
    operatorOptions(options),
  );
  const sent = items.map((item) => ({ ...item, id: `${item.id}${drawn(item, 2) === 0 ? 's' : 'o'}` }));
  return applied('sideOutput', main.union(main.sideOutput(tag)), sent, timed);
};

export const partitionCustom: Stage = ({ stream, items, timed }, _other, options) => {
  const marked = (item: Item): Item => ({ ...item, id: `${item.id}p` });
  const spread = stream.partitionCustom((item, receivers) => drawn(item, receivers));
  return applied('partitionCustom', spread.map(marked, operatorOptions(options)), items.map(marked), timed);
};

/** Every way to spread records without keys. What goes to all subtasks comes as often as there are subtasks. */
export const spread: Stage = ({ stream, items, timed }, _other, options) => {
  const way = ways[options.choice] ?? 'rebalance';
  const copies = 1 + (options.choice % 3);
  const marked = (item: Item): Item => ({ ...item, id: `${item.id}${way[0]}` });
  const own = way === 'broadcast' ? { uid: options.uid, parallelism: copies } : operatorOptions(options);
  const out = items.flatMap((item) =>
    Array.from({ length: way === 'broadcast' ? copies : 1 }, () => marked(item)),
  );
  const spreadStream: DataStream<Item> = stream[way]();
  return applied(way === 'broadcast' ? 'broadcast to all' : way, spreadStream.map(marked, own), out, timed);
};

const ways = [
  'rebalance',
  'rescale',
  'shuffle',
  'global',
  'broadcast',
  'rescale',
  'shuffle',
  'broadcast',
] as const;
