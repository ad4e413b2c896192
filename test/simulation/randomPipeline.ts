/**
 * A random dataflow and, beside it, what its output must be: sources, stages that are drawn (stages/stage.ts), and one sink
 * for whatever leads nowhere else.
 */

import type { Sink, SplitPosition } from '../../runtime/api/index.ts';
import { boundedOutOfOrderness, type Pipeline, pipeline } from '../../runtime/api/index.ts';
import { present } from '../../runtime/base/assert.ts';
import type { Random } from '../../runtime/base/random.ts';
import type { Source } from '../../runtime/operators/source.ts';
import { allStages, anyInput } from './stages/allStages.ts';
import { FIRST_TIME, type Item, type Made } from './stages/stage.ts';

export interface RandomPipeline {
  readonly pipeline: Pipeline;
  readonly expected: readonly string[];
  readonly description: string;
}

const OUT_OF_ORDER_MS = 60;

/** `later` calls at any time. `loose`: draws operators that take the parallelism of the job; null: each has its own. */
export const randomPipeline = (
  random: Random,
  sink: () => Sink<Item>,
  later: (call: () => void) => void,
  loose: Random | null = null,
): RandomPipeline => {
  const words: string[] = [];
  const inputs = Array.from({ length: 1 + random.below(3) }, (_unused, place) => randomInput(random, place));
  const operators = 1 + random.below(4);
  const choices = Array.from({ length: operators }, () => ({
    stage: random.below(allStages.length),
    stream: random.below(8),
    other: random.below(8),
    parallelism: 1 + random.below(3),
    choice: random.below(8),
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
      const { isLoose, parallelism } = choice;
      const options = { ...choice, uid: `op${place}`, later, parallelism: isLoose ? null : parallelism };
      const stage = present(allStages[choice.stage], 'a stage');
      const applied = stage(from, other, options) ?? present(anyInput(from, other, options), 'a stage');
      words.push(
        `${applied.word}×${isLoose ? 'p' : parallelism}(${choice.stream % streams.length}${applied.usesOther ? `,${choice.other % streams.length}` : ''})`,
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
