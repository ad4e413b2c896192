/**
 * A piece of a pipeline against a naive recomputation of its whole input, for the property test of every operator.
 *
 * fast-check draws the records of each input and a schedule, from which everything else follows: how the inputs
 * interleave, where watermarks come, how many splits and subtasks there are, and where a savepoint is taken and restored
 * at another parallelism. None of it may change what comes out:
 *
 *   first   3ms 1ms ─w─ 7ms ┊ ─w─ 12ms  end       ┊ savepoint, restore at another parallelism
 *   second        2ms  ─w─  ┊ 9ms  ─w─  end       w watermark: the highest so far, less the bound, less 1 ms
 *
 * The run ends, so that the last watermark fires whatever still waits. A record that comes out of order by more than the
 * bound may be late; whether it is, the naive function sees from the watermark that the record came with.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { MIN_WATERMARK } from '../../runtime/operators/operator.ts';
import type { Emitted, Piece, Piece2 } from '../../runtime/testing/index.ts';
import { type OperatorTestOptions, testOperator, testOperator2 } from '../../runtime/testing/index.ts';
import { differences } from './differences.ts';
import { arrivals, type Schedule, type Step, scheduleArbitrary, stepsOf } from './schedule.ts';
import type { Arrived, Timed } from './timed.ts';

export { type Arrived, type Timed, timed } from './timed.ts';

/** What the naive function answers: the outputs, and those of side outputs by the names of their tags. */
export type Naive<Result> =
  | readonly Result[]
  | {
      readonly output: readonly Result[];
      readonly sideOutputs: Readonly<Record<string, readonly unknown[]>>;
    };

interface Common<Out, Result> {
  /** Watermarks trail the highest timestamp of each input by this, and one millisecond. Default 10. */
  readonly outOfOrdernessMs?: number;
  /**
   * The result does not depend on the order in which records arrive: then several are pushed at once, and inputs, splits
   * and subtasks run side by side. Default false: one record after the other, each through to its end.
   */
  readonly anyOrder?: boolean;
  /** What of an output is compared, for instance `(emitted) => emitted` with its timestamp. Default: the value. */
  readonly shown?: (emitted: Emitted<Out>) => Result;
  /** Outputs of one key are compared in their order. Default: all outputs as a multiset. */
  readonly orderedBy?: (result: Result) => unknown;
  /** The machine's clock goes on by up to this between two records. Default 0: it stands still. */
  readonly clockStepMs?: number;
  /** Inputs fall silent now and then, and no longer hold back event time: what they send then may be late. Default false. */
  readonly idle?: boolean;
  /** Of the kit, beside the parallelism: side outputs, max parallelism. */
  readonly kit?: Pick<OperatorTestOptions, 'sideOutputs' | 'maxParallelism'>;
  /** For fast-check: how many runs (default 100), or the seed and path that it printed, to see a failing run again. */
  readonly runs?: Pick<fc.Parameters, 'numRuns' | 'seed' | 'path' | 'endOnFailure'>;
}

export interface AgainstNaive<In, Out, Result> extends Common<Out, Result> {
  readonly piece: Piece<In, Out>;
  /** In the order of arrival; `timed` makes such lists. */
  readonly records: fc.Arbitrary<readonly Timed<In>[]>;
  readonly naive: (records: readonly Arrived<In>[]) => Naive<Result>;
}

export interface AgainstNaive2<First, Second, Out, Result> extends Common<Out, Result> {
  readonly piece: Piece2<First, Second, Out>;
  readonly first: fc.Arbitrary<readonly Timed<First>[]>;
  readonly second: fc.Arbitrary<readonly Timed<Second>[]>;
  readonly naive: (first: readonly Arrived<First>[], second: readonly Arrived<Second>[]) => Naive<Result>;
}

export function againstNaive<In, Out, Result = Out>(options: AgainstNaive<In, Out, Result>): void {
  const { piece, naive } = options;
  check(
    options,
    options.records.map((records) => [records]),
    (run) => {
      const operator = testOperator(piece, run);
      return { operator, inputs: [operator] };
    },
    ([records = []]) => naive(records as readonly Arrived<In>[]),
  );
}

export function againstNaive2<First, Second, Out, Result = Out>(
  options: AgainstNaive2<First, Second, Out, Result>,
): void {
  const { piece, naive } = options;
  check(
    options,
    fc.tuple(options.first, options.second),
    (run) => {
      const operator = testOperator2(piece, run);
      return { operator, inputs: [operator.first, operator.second] };
    },
    ([first = [], second = []]) =>
      naive(first as readonly Arrived<First>[], second as readonly Arrived<Second>[]),
  );
}

type Inputs = readonly (readonly Timed<unknown>[])[];

/** A run of the kit, as far as it is driven here. */
interface Driven<Out> {
  readonly operator: Pick<
    ReturnType<typeof testOperator<never, Out>>,
    'emitted' | 'outputOf' | 'together' | 'advance' | 'savepoint' | 'end' | 'isOver'
  >;
  readonly inputs: readonly {
    push(value: unknown, timestamp: number): void;
    watermark(time: number): void;
    idle(): void;
  }[];
}

type Open<Out> = (run: OperatorTestOptions) => Driven<Out>;

function check<Out, Result>(
  options: Common<Out, Result>,
  records: fc.Arbitrary<Inputs>,
  open: Open<Out>,
  naive: (arrived: readonly (readonly Arrived<unknown>[])[]) => Naive<Result>,
): void {
  const { orderedBy, runs } = options;
  const property = fc.property(records, scheduleArbitrary, (inputs, schedule) => {
    const steps = stepsOf(inputs, schedule, options);
    const actual = drive(options, steps, schedule, open);
    const wanted = naive(arrivals(inputs.length, steps));
    const expected = 'output' in wanted ? wanted : { output: wanted, sideOutputs: {} };
    expect(differences(expected.output, actual.output, orderedBy), 'the output').toEqual([]);
    for (const [name, values] of Object.entries(actual.sideOutputs)) {
      expect(differences(expected.sideOutputs[name] ?? [], values), `the side output ${name}`).toEqual([]);
    }
  });
  fc.assert(property, { numRuns: 100, ...runs });
}

/** What came out of a whole run, with the savepoint in its midst. */
function drive<Out, Result>(
  options: Common<Out, Result>,
  steps: readonly (readonly Step[])[],
  { parallelism, splits, parallelismAfter }: Schedule,
  open: Open<Out>,
): { readonly output: readonly Result[]; readonly sideOutputs: Readonly<Record<string, unknown[]>> } {
  const { kit = {}, shown = ({ value }) => value as unknown as Result } = options;
  const output: Result[] = [];
  const sideOutputs = Object.fromEntries(
    (kit.sideOutputs ?? []).map(({ name }): [string, unknown[]] => [name, []]),
  );
  let driven = open({ ...kit, parallelism, splits });
  const collect = () => {
    output.push(...driven.operator.emitted.map(shown));
    for (const tag of kit.sideOutputs ?? []) sideOutputs[tag.name]?.push(...driven.operator.outputOf(tag));
  };
  for (const atOnce of steps) {
    driven.operator.together(() => {
      for (const step of atOnce) {
        if (step.kind === 'record') driven.inputs[step.input]?.push(step.value, step.timestamp);
        if (step.kind === 'watermark') driven.inputs[step.input]?.watermark(step.time);
        if (step.kind === 'idle') driven.inputs[step.input]?.idle();
      }
    });
    for (const step of atOnce) {
      if (step.kind === 'advance') driven.operator.advance(step.ms);
      if (step.kind !== 'savepoint') continue;
      const savepoint = driven.operator.savepoint();
      collect();
      driven = open({ ...kit, parallelism: parallelismAfter, from: savepoint });
    }
  }
  driven.operator.end();
  expect(driven.operator.isOver, 'the job has ended').toBe(true);
  collect();
  return { output, sideOutputs };
}

/** Whether a record was late when it arrived. */
export function isLate({ timestamp, watermark }: Pick<Arrived<unknown>, 'timestamp' | 'watermark'>): boolean {
  return watermark !== MIN_WATERMARK && timestamp <= watermark;
}
