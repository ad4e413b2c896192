/** Stages with states that need no key: lists that are cut anew at another parallelism, and lists that everybody gets. */
import { ofType, operatorListState, unionListState } from '../../../runtime/api/index.ts';
import { type Applied, applied, type Item, operatorOptions, type Stage } from './stage.ts';

/** Holds records back until it has a few, and the rest until the end. */
export const gather: Stage = ({ stream, items }, _other, options) => {
  const gathered = stream.rebalance().process(
    {
      output: ofType<Item>(),
      state: { held: operatorListState<Item>() },
      onElement: (item, { state, emit }) => {
        state.held.add(item);
        const held = [...state.held.get()];
        if (held.length <= 2 + options.choice * 3) return;
        for (const each of held) emit({ ...each, id: `${each.id}g` });
        state.held.clear();
      },
      onEnd: ({ state, emit }) => {
        for (const each of state.held.get()) emit({ ...each, id: `${each.id}g` });
        state.held.clear();
      },
    },
    operatorOptions(options),
  );
  return speakingAtEnd(
    applied(
      'operator list',
      gathered,
      items.map((item) => ({ ...item, id: `${item.id}g` })),
      false,
    ),
  );
};

interface Part {
  /** A subtask of one parallelism. */
  readonly owner: string;
  /** How many records it has counted, and of how many it has told. */
  readonly counted: number;
  readonly told: number;
}

/**
 * A counter of which everybody has a part. Only its owner counts on in a part, so of two notes of one part the higher
 * numbers hold. In the end each subtask tells of its part, and the first one also of the parts whose owners there are no
 * more. So a part that got lost shows, and one that was told by two.
 */
export const unionCount: Stage = ({ stream, items }, _other, options) => {
  const counted = stream.rebalance().process(
    {
      output: ofType<Item>(),
      open: ({ subtaskIndex, parallelism }) => ({ subtaskIndex, parallelism }),
      state: { parts: unionListState<Part>() },
      onElement: (_item, { state, opened }) => {
        const parts = merged(state.parts.get());
        const owner = ownerOf(opened.subtaskIndex, opened.parallelism);
        const own = parts.get(owner) ?? { owner, counted: 0, told: 0 };
        state.parts.update([...parts.set(owner, { ...own, counted: own.counted + 1 }).values()]);
      },
      onEnd: ({ state, opened: { subtaskIndex, parallelism }, emit }) => {
        const owners = Array.from({ length: parallelism }, (_unused, index) => ownerOf(index, parallelism));
        const parts = merged(state.parts.get());
        for (const part of parts.values()) {
          const isMine = part.owner === owners[subtaskIndex];
          if (!isMine && (subtaskIndex > 0 || owners.includes(part.owner))) continue;
          for (let record = part.told; record < part.counted; record++)
            emit({ id: `${options.uid}+1`, key: 'k0', time: 0 });
          parts.set(part.owner, { ...part, told: part.counted });
        }
        state.parts.update([...parts.values()]);
      },
    },
    operatorOptions(options),
  );
  return speakingAtEnd(
    applied(
      'union list',
      counted,
      items.map(() => ({ id: `${options.uid}+1`, key: 'k0', time: 0 })),
      false,
    ),
  );
};

const ownerOf = (subtaskIndex: number, parallelism: number): string => `${subtaskIndex} of ${parallelism}`;

const merged = (parts: readonly Part[]): Map<string, Part> => {
  const all = new Map<string, Part>();
  for (const part of parts) {
    const { counted, told } = all.get(part.owner) ?? part;
    const owner = part.owner;
    all.set(owner, { owner, counted: Math.max(counted, part.counted), told: Math.max(told, part.told) });
  }
  return all;
};

/** Each subtask says once that its input has ended, whatever it is restored from. */
export const endMarks: Stage = ({ stream, items }, _other, options) => {
  const parallelism = options.parallelism ?? 1 + (options.choice % 3);
  const mark: Item = { id: `${options.uid}.`, key: 'k0', time: 0 };
  const marked = stream.process(
    {
      output: ofType<Item>(),
      onElement: (item, { emit }) => emit(item),
      onEnd: ({ emit }) => emit(mark),
    },
    { ...operatorOptions(options), parallelism },
  );
  const marks = Array.from({ length: parallelism }, () => mark);
  return speakingAtEnd(applied('end marks', marked, [...items, ...marks], false));
};

const speakingAtEnd = (stage: Applied): Applied => ({ ...stage, made: { ...stage.made, speaksAtEnd: true } });
