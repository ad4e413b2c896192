/**
 * A random dataflow and, beside it, what its output must be: sources, stages that are drawn (stages/stage.ts), and sinks
 * for whatever leads nowhere else: one for all of it, or one for each, so that parts may have nothing to do with each other.
 */

import type { Sink, SplitPosition } from '../../runtime/api/index.ts';
import { boundedOutOfOrderness, type Pipeline, pipeline } from '../../runtime/api/index.ts';
import { present } from '../../runtime/base/assert.ts';
import type { Random } from '../../runtime/base/random.ts';
import type { Source } from '../../runtime/operators/source.ts';
import { anyInput } from './stages/allStages.ts';
import {
  type Applied,
  FIRST_TIME,
  type Item,
  type Made,
  type Stage,
  type StageOptions,
} from './stages/stage.ts';

export interface RandomPipeline {
  readonly pipeline: Pipeline;
  readonly expected: readonly string[];
  readonly description: string;
  /** The words of its stages, and what is special about its shape. */
  readonly kinds: readonly string[];
}

export interface RandomPipelineOptions {
  readonly stages: readonly Stage[];
  /** Each place has a directory of its own. */
  readonly sink: (place: number) => Sink<Item>;
  /** Calls at any time. */
  readonly later: (call: () => void) => void;
  /** Throws now and then, as an author's function does. */
  readonly mayThrow: () => void;
}

const OUT_OF_ORDER_MS = 60;
const OPERATORS_MAX = 6;

export const randomPipeline = (random: Random, options: RandomPipelineOptions): RandomPipeline => {
  const { stages, later } = options;
  const words: string[] = [];
  const kinds = new Set<string>();
  const inputs = Array.from({ length: 1 + random.below(3) }, (_unused, place) => randomInput(random, place));
  const operators = 1 + random.below(1 + random.below(OPERATORS_MAX));
  const choices = Array.from({ length: operators }, () => ({
    stage: random.below(stages.length),
    stream: random.below(8),
    other: random.below(8),
    parallelism: 1 + random.below(3),
    choice: random.below(8),
    /** Takes the parallelism of the job. */
    isLoose: random.below(2) === 0,
    isAlone: random.below(4) === 0,
  }));
  const sourceParallelism = inputs.map(() => 1 + random.below(3));
  const isOneSink = random.below(3) > 0;
  const maxParallelism = random.below(4) === 0 ? 5 : 128;
  const alignment =
    inputs.length > 1 && random.below(4) === 0 ? { group: 'all', maxDrift: 20 + random.below(200) } : null;
  let expected: readonly string[] = [];

  const made = pipeline('simulated', (env) => {
    words.length = 0;
    env.maxParallelism = maxParallelism;
    const used = new Map<Made, number>();
    const use = (stream: Made): void => void used.set(stream, (used.get(stream) ?? 0) + 1);
    const streams: Made[] = inputs.map((input, place) => ({
      stream: env.fromSource(listSource(`in${place}`, input, options.mayThrow), {
        uid: `in${place}`,
        parallelism: sourceParallelism[place] ?? 1,
        watermarks: boundedOutOfOrderness(
          OUT_OF_ORDER_MS,
          (item: Item) => item.time,
          alignment === null ? {} : { alignment },
        ),
      }),
      items: input.flat(),
      timed: true,
    }));
    words.push(
      `${inputs.length} sources${alignment === null ? '' : ` ${alignment.maxDrift} ms apart at most`}`,
    );
    if (alignment !== null) kinds.add('watermark alignment');
    if (maxParallelism < 128) kinds.add('few key groups');
    for (const [place, choice] of choices.entries()) {
      const { isLoose, parallelism } = choice;
      const drawn = { ...choice, uid: `op${place}`, later, parallelism: isLoose ? null : parallelism };
      const stage = present(stages[choice.stage], 'a stage');
      // What does not fit here fits a source, which has times and not too many records; a count fits everywhere.
      const places = [streams.length, inputs.length].map(
        (among) => [choice.stream % among, choice.other % among] as const,
      );
      const tried = [stage, stage, anyInput].map((what, attempt) => {
        const [from, other] = places[attempt % places.length] as readonly [number, number];
        return { what, from, other };
      });
      const { applied, from, other } = present(firstFitting(streams, tried, drawn), 'a stage');
      words.push(
        `${applied.word}${choice.isAlone ? ' alone' : ''}×${isLoose ? 'p' : parallelism}(${from}${applied.usesOther ? `,${other}` : ''})`,
      );
      kinds.add(applied.word);
      if (choice.isAlone) kinds.add('chaining disabled');
      use(streams[from] as Made);
      if (applied.usesOther) use(streams[other] as Made);
      // What was used may be used again: that makes the diamonds.
      const inputsOf = applied.usesOther ? [streams[from], streams[other]] : [streams[from]];
      const speaksAtEnd = [applied.made, ...inputsOf].some((stream) => stream?.speaksAtEnd === true);
      streams.push({ ...applied.made, speaksAtEnd });
    }
    if ([...used.values()].some((times) => times > 1)) kinds.add('diamond');
    // Every stream leads somewhere: what nobody used goes to a sink, all of it.
    const unused = streams.filter((stream) => !used.has(stream));
    const ends = unused.length > 0 ? unused : [streams.at(-1) as Made];
    const sinkOptions = { parallelism: choices[0]?.parallelism ?? 1 };
    const [first, ...rest] = ends as [Made, ...Made[]];
    if (isOneSink || rest.length === 0) {
      const all = rest.reduce((stream, end) => stream.union(end.stream), first.stream);
      all.sinkTo(options.sink(0), { uid: 'out', ...sinkOptions });
    } else {
      kinds.add('several sinks');
      for (const [place, end] of ends.entries())
        end.stream.sinkTo(options.sink(place), { uid: `out${place}`, ...sinkOptions });
    }
    expected = ends.flatMap((end) => end.items.map((item) => item.id)).sort();
  });
  made.define();
  return { pipeline: made, expected, description: words.join(' → '), kinds: [...kinds] };
};

interface Try {
  readonly what: Stage;
  readonly from: number;
  readonly other: number;
}

const firstFitting = (
  streams: readonly Made[],
  tries: readonly Try[],
  options: StageOptions,
): { readonly applied: Applied; readonly from: number; readonly other: number } | null => {
  for (const { what, from, other } of tries) {
    const applied = what(streams[from] as Made, streams[other] as Made, options);
    if (applied !== null) return { applied, from, other };
  }
  return null;
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
const listSource = (
  name: string,
  splits: readonly (readonly Item[])[],
  mayThrow: () => void,
): Source<Item> => ({
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
          mayThrow();
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
