/**
 * What a run against a naive recomputation does, step by step, as plain data from a seed: the same steps drive the kit
 * and tell what each record's circumstances were when it arrived.
 */
import fc from 'fast-check';
import { present } from '../../runtime/base/assert.ts';
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
  /** With room for one record in each channel everything waits for everything; null: room enough. */
  readonly channelRecords: number | null;
}

export type Step =
  | { readonly kind: 'record'; readonly input: number; readonly value: unknown; readonly timestamp: number }
  | { readonly kind: 'watermark'; readonly input: number; readonly time: number }
  | { readonly kind: 'idle'; readonly input: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'savepoint' };

export const scheduleArbitrary: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  parallelism: fc.integer({ min: 1, max: 3 }),
  splits: fc.integer({ min: 1, max: 3 }),
  savepointAfter: fc.option(fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)),
  parallelismAfter: fc.integer({ min: 1, max: 3 }),
  channelRecords: fc.constantFrom(null, 1, 2),
});

/** In groups of what happens at once. Only records of one group come together; everything else has one of its own. */
export function stepsOf(
  inputs: readonly (readonly Timed<unknown>[])[],
  { seed, savepointAfter }: Schedule,
  options: {
    readonly outOfOrdernessMs?: number;
    readonly anyOrder?: boolean;
    readonly clockStepMs?: number;
    readonly idle?: boolean;
  },
): readonly (readonly Step[])[] {
  const { outOfOrdernessMs = 10, anyOrder = false, clockStepMs = 0, idle = false } = options;
  const random = seededRandom(seed);
  const left = inputs.map((records) => [...records]);
  const highest = inputs.map(() => MIN_WATERMARK);
  const total = left.reduce((sum, records) => sum + records.length, 0);
  // Some runs know no watermark before the end, some one after every record.
  const watermarksInTen = random.below(11);
  const time = new EventTime(inputs.length);
  const groups: Step[][] = [];
  const alone = (step: Step) => {
    groups.push([step]);
    time.follow(step);
  };
  let savepointAt = savepointAfter === null ? Number.POSITIVE_INFINITY : Math.floor(savepointAfter * total);
  for (let pushed = 0; pushed < total; ) {
    if (pushed >= savepointAt && !time.isAhead) {
      alone({ kind: 'savepoint' });
      savepointAt = Number.POSITIVE_INFINITY;
    }
    const group: Step[] = [];
    for (let atOnce = anyOrder ? 1 + random.below(5) : 1; atOnce > 0 && pushed < total; atOnce--) {
      const input = someOf(left, random);
      const { value, timestamp } = present(left[input]?.shift(), 'a record');
      highest[input] = Math.max(highest[input] ?? MIN_WATERMARK, timestamp);
      group.push({ kind: 'record', input, value, timestamp });
      pushed++;
    }
    groups.push(group);
    for (const step of group) time.follow(step);
    for (const [input, top] of highest.entries()) {
      if (top !== MIN_WATERMARK && random.below(10) < watermarksInTen)
        alone({ kind: 'watermark', input, time: top - outOfOrdernessMs - 1 });
      if (idle && random.below(5) === 0) alone({ kind: 'idle', input });
    }
    const ms = random.below(clockStepMs + 1);
    if (ms > 0) alone({ kind: 'advance', ms });
  }
  if (savepointAt <= total && !time.isAhead) alone({ kind: 'savepoint' });
  return groups;
}

/** The records of each input, in the order of their arrival, with what was known then. */
export function arrivals(
  inputs: number,
  groups: readonly (readonly Step[])[],
): readonly (readonly Arrived<unknown>[])[] {
  const arrived = Array.from({ length: inputs }, (): Arrived<unknown>[] => []);
  const time = new EventTime(inputs);
  let processingTime = 0;
  let arrival = 0;
  for (const step of groups.flat()) {
    if (step.kind === 'advance') processingTime += step.ms;
    if (step.kind === 'record') {
      const { value, timestamp } = step;
      const { watermark } = time;
      arrived[step.input]?.push({ value, timestamp, watermark, processingTime, arrival: arrival++ });
    }
    time.follow(step);
  }
  return arrived;
}

/** Event time at an operator, from what its inputs say. */
class EventTime {
  /** As far as it has come; it never goes back. */
  watermark = MIN_WATERMARK;
  readonly #inputs: { watermark: number; isIdle: boolean }[];

  constructor(inputs: number) {
    this.#inputs = Array.from({ length: inputs }, () => ({ watermark: MIN_WATERMARK, isIdle: false }));
  }

  follow(step: Step): void {
    const input = 'input' in step ? this.#inputs[step.input] : undefined;
    if (input === undefined) return;
    input.isIdle = step.kind === 'idle';
    if (step.kind === 'watermark') input.watermark = Math.max(input.watermark, step.time);
    this.watermark = Math.max(this.watermark, this.#lowest());
  }

  /** An input that was silent is back and behind: whoever starts anew from what the inputs say has an earlier time. */
  get isAhead(): boolean {
    return this.#lowest() < this.watermark;
  }

  /** Of the active inputs; of silent ones the highest, since none of them holds back the others. */
  #lowest(): number {
    const active = this.#inputs.filter(({ isIdle }) => !isIdle).map(({ watermark }) => watermark);
    return active.length > 0
      ? Math.min(...active)
      : Math.max(...this.#inputs.map(({ watermark }) => watermark));
  }
}

/** An input that has something left, by how much it has. */
function someOf(left: readonly (readonly unknown[])[], random: Random): number {
  let place = random.below(left.reduce((sum, records) => sum + records.length, 0));
  for (const [input, { length }] of left.entries()) {
    if (place < length) return input;
    place -= length;
  }
  return 0;
}
