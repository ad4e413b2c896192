/** Calls that complete when the scheduler likes, some of which fail once and are made again. */
import type { AsyncContext } from '../../../runtime/api/index.ts';
import { applied, drawn, type Item, operatorOptions, type Stage, type StageOptions } from './stage.ts';

const capacities = [1, 2, 7, 30];

export const asyncMap: Stage = ({ stream, items, timed }, _other, options) => {
  const order = options.choice % 2 === 0 ? 'ordered' : 'unordered';
  const called = stream.asyncMap(callOf(options), {
    ...operatorOptions(options),
    order,
    capacity: capacities[options.choice >> 1] ?? 1,
    timeout: null,
    retry: { attempts: 1, delay: drawn({ id: options.uid, key: '', time: 0 }, 6) },
  });
  return applied(`${order} asyncMap`, called, items.map(answered), timed);
};

function answered(item: Item): Item {
  return { ...item, id: `${item.id}y` };
}

function callOf({ later }: StageOptions) {
  return (item: Item, { attempt }: AsyncContext): PromiseLike<Item> => {
    const fails = attempt === 1 && drawn(item, 5) === 0;
    return {
      // biome-ignore lint/suspicious/noThenProperty: a promise whose time the scheduler draws.
      then(fulfilled, rejected) {
        later(() => {
          if (fails) rejected?.(new Error(`not yet for ${item.id}`));
          else fulfilled?.(answered(item));
        });
        return undefined as never;
      },
    };
  };
}
