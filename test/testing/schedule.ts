/**
 * What a run against a naive recomputation does, step by step, as plain data from a seed: the same steps drive the kit
 * and tell what each record's circumstances were when it arrived.
 */
import fc from 'fast-check';
import { type Random, seededRandom } from '../../runtime/base/random.ts';
import { MIN_WATERMARK } from '../../runtime/operators/operator.ts';
import type { Arrived, Timed } from './timed.ts';

export interface Schedule {
  /** How inputs interleave, where watermarks come, how the clock goes on. */
  readonly seed: number;
  readonly parallelism: number;
  /** Of each input. */
  readonly splits: number;
  /** Share of the records before the savepoint, 0 to 1; null: none is taken. */
  readonly savepointAfter: number | null;
  readonly parallelismAfter: number;
}

export type Step =
  | { readonly kind: 'record'; readonly input: number; readonly value: unknown; readonly timestamp: number }
  | { readonly kind: 'watermark'; readonly input: number; readonly time: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'savepoint' };

export const scheduleArbitrary: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  parallelism: fc.integer({ min: 1, max: 3 }),
  splits: fc.integer({ min: 1, max: 3 }),
  savepointAfter: fc.option(fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)),
  parallelismAfter: fc.integer({ min: 1, max: 3 }),
});

/** In groups of what happens at once. Only records of one group come together; everything else has one of its own. */
export function stepsOf(
  inputs: readonly (readonly Timed<unknown>[])[],
  { seed, savepointAfter }: Schedule,
  options: {
    readonly outOfOrdernessMs?: number;
    readonly anyOrder?: boolean;
    readonly clockStepMs?: number;
  },
): readonly (readonly Step[])[] {
  const { outOfOrdernessMs = 10, anyOrder = false, clockStepMs = 0 } = options;
  const random = seededRandom(seed);
  const left = inputs.map((records) => [...records]);
  const highest = inputs.map(() => MIN_WATERMARK);
  const total = left.reduce((sum, records) => sum + records.length, 0);
  // Some runs know no watermark before the end, some one after every record.
  const watermarksInTen = random.below(11);
  const savepointAt = savepointAfter === null ? -1 : Math.floor(savepointAfter * total);
  const groups: Step[][] = [];
  let group: Step[] = [];
  for (let pushed = 0; pushed <= total; pushed++) {
    if (pushed === savepointAt) groups.push(group, [{ kind: 'savepoint' }]);
    if (pushed === savepointAt || !anyOrder || random.below(4) === 0) {
      if (pushed !== savepointAt) groups.push(group);
      group = [];
      for (const input of inputs.keys()) {
        const top = highest[input] ?? MIN_WATERMARK;
        if (top !== MIN_WATERMARK && random.below(10) < watermarksInTen)
          groups.push([{ kind: 'watermark', input, time: top - outOfOrdernessMs - 1 }]);
      }
      const ms = random.below(clockStepMs + 1);
      if (ms > 0) groups.push([{ kind: 'advance', ms }]);
    }
    const input = someOf(left, random);
    const record = left[input]?.shift();
    if (record === undefined) break;
    highest[input] = Math.max(highest[input] ?? MIN_WATERMARK, record.timestamp);
    group.push({ kind: 'record', input, ...record });
  }
  groups.push(group);
  return groups.filter((steps) => steps.length > 0);
}

/** The records of each input, in the order of their arrival, with what was known then. */
export function arrivals(
  inputs: number,
  groups: readonly (readonly Step[])[],
): readonly (readonly Arrived<unknown>[])[] {
  const arrived = Array.from({ length: inputs }, (): Arrived<unknown>[] => []);
  const watermarks = new Array<number>(inputs).fill(MIN_WATERMARK);
  let processingTime = 0;
  let arrival = 0;
  for (const step of groups.flat()) {
    switch (step.kind) {
      case 'record': {
        const { value, timestamp } = step;
        const watermark = Math.min(...watermarks);
        arrived[step.input]?.push({ value, timestamp, watermark, processingTime, arrival: arrival++ });
        break;
      }
      case 'watermark':
        watermarks[step.input] = Math.max(watermarks[step.input] ?? MIN_WATERMARK, step.time);
        break;
      case 'advance':
        processingTime += step.ms;
        break;
      case 'savepoint':
        break;
    }
  }
  return arrived;
}

/** An input that has something left, by how much it has. */
function someOf(left: readonly (readonly unknown[])[], random: Random): number {
  let place = random.below(
    Math.max(
      1,
      left.reduce((sum, records) => sum + records.length, 0),
    ),
  );
  for (const [input, { length }] of left.entries()) {
    if (place < length) return input;
    place -= length;
  }
  return 0;
}
