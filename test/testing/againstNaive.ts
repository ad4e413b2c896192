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
import { seededRandom } from '../../runtime/base/random.ts';
import { MIN_WATERMARK } from '../../runtime/operators/operator.ts';
import {
  type Emitted,
  type InputLane,
  type OperatorTest,
  type OperatorTestOptions,
  type Piece,
  type Piece2,
  testOperator,
  testOperator2,
} from '../../runtime/testing/index.ts';
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
  check(options, oneInput(options));
}

export function againstNaive2<First, Second, Out, Result = Out>(
  options: AgainstNaive2<First, Second, Out, Result>,
): void {
  const { piece, naive } = options;
  check(options, {
    records: fc.tuple(options.first, options.second),
    open: (run, channelRecords) => {
      const operator = testOperator2<First, Second, Out>((first, second, env) => {
        env.channelRecords = channelRecords;
        return piece(first, second, env);
      }, run);
      return { operator, inputs: [operator.first, operator.second] as readonly DrivenInput[] };
    },
    naive: ([first = [], second = []]) =>
      naive(first as readonly Arrived<First>[], second as readonly Arrived<Second>[]),
  });
}

/** The same for a piece whose functions answer promises: now and then, and at the end, they are waited for. */
export async function againstNaiveSettling<In, Out, Result = Out>(
  options: AgainstNaive<In, Out, Result>,
): Promise<void> {
  const checked = oneInput(options);
  const property = fc.asyncProperty(checked.records, scheduleArbitrary, async (inputs, schedule) => {
    const random = seededRandom(schedule.seed);
    const steps = stepsOf(inputs, schedule, options);
    const run = drive(options, checked, steps, schedule);
    for (let turn = run.next(); ; turn = run.next()) {
      if (turn.done === true) {
        compare(options, checked.naive(arrivals(inputs.length, steps)), turn.value);
        return;
      }
      if (turn.value.isAtEnd || random.below(3) === 0) await turn.value.operator.settled();
    }
  });
  await fc.assert(property, { numRuns: 100, ...options.runs });
}

function oneInput<In, Out, Result>({
  piece,
  records,
  naive,
}: AgainstNaive<In, Out, Result>): Checked<Out, Result> {
  return {
    records: records.map((list) => [list]),
    open: (run, channelRecords) => {
      const operator = testOperator<In, Out>((stream, env) => {
        env.channelRecords = channelRecords;
        return piece(stream, env);
      }, run);
      return { operator, inputs: [operator as DrivenInput] };
    },
    naive: ([list = []]) => naive(list as readonly Arrived<In>[]),
  };
}

type Inputs = readonly (readonly Timed<unknown>[])[];

/** What the number of inputs makes different. */
interface Checked<Out, Result> {
  readonly records: fc.Arbitrary<Inputs>;
  open(run: OperatorTestOptions, channelRecords: number | null): Driven<Out>;
  naive(arrived: readonly (readonly Arrived<unknown>[])[]): Naive<Result>;
}

interface Driven<Out> {
  readonly operator: Omit<OperatorTest<never, Out>, 'push' | 'watermark' | 'idle' | 'split' | 'restore'>;
  readonly inputs: readonly DrivenInput[];
}

/** An input of a run, whatever its records are. */
type DrivenInput = Pick<InputLane<unknown>, 'push' | 'watermark' | 'idle'>;

interface Outcome<Result> {
  readonly output: readonly Result[];
  /** By the names of their tags. */
  readonly sideOutputs: Readonly<Record<string, readonly unknown[]>>;
}

function check<Out, Result>(options: Common<Out, Result>, checked: Checked<Out, Result>): void {
  const property = fc.property(checked.records, scheduleArbitrary, (inputs, schedule) => {
    const steps = stepsOf(inputs, schedule, options);
    const run = drive(options, checked, steps, schedule);
    let turn = run.next();
    while (turn.done !== true) turn = run.next();
    compare(options, checked.naive(arrivals(inputs.length, steps)), turn.value);
  });
  fc.assert(property, { numRuns: 100, ...options.runs });
}

function compare<Out, Result>(
  { orderedBy }: Common<Out, Result>,
  wanted: Naive<Result>,
  actual: Outcome<Result>,
): void {
  const expected = 'output' in wanted ? wanted : { output: wanted, sideOutputs: {} };
  expect(differences(expected.output, actual.output, orderedBy), 'the output').toEqual([]);
  for (const [name, values] of Object.entries(actual.sideOutputs)) {
    expect(differences(expected.sideOutputs[name] ?? [], values), `the side output ${name}`).toEqual([]);
  }
}

/** A whole run, with the savepoint in its midst. Whoever drives it may let something settle at each turn. */
function* drive<Out, Result>(
  options: Common<Out, Result>,
  { open }: Checked<Out, Result>,
  steps: readonly (readonly Step[])[],
  { parallelism, splits, parallelismAfter, channelRecords }: Schedule,
): Generator<{ readonly operator: Driven<Out>['operator']; readonly isAtEnd: boolean }, Outcome<Result>> {
  const { kit = {}, shown = ({ value }) => value as unknown as Result } = options;
  const sideTags = kit.sideOutputs ?? [];
  const output: Result[] = [];
  const sideOutputs = Object.fromEntries(sideTags.map(({ name }): [string, unknown[]] => [name, []]));
  let driven = open({ ...kit, parallelism, splits }, channelRecords);
  const collect = () => {
    output.push(...driven.operator.emitted.map(shown));
    for (const tag of sideTags) sideOutputs[tag.name]?.push(...driven.operator.outputOf(tag));
  };
  for (const atOnce of steps) {
    driven.operator.together(() => {
      for (const step of atOnce) {
        const input = 'input' in step ? driven.inputs[step.input] : undefined;
        if (step.kind === 'record') input?.push(step.value, step.timestamp);
        if (step.kind === 'watermark') input?.watermark(step.time);
        if (step.kind === 'idle') input?.idle();
      }
    });
    for (const step of atOnce) {
      if (step.kind === 'advance') driven.operator.advance(step.ms);
      if (step.kind !== 'savepoint') continue;
      const from = driven.operator.savepoint();
      collect();
      driven = open({ ...kit, parallelism: parallelismAfter, from }, channelRecords);
    }
    yield { operator: driven.operator, isAtEnd: false };
  }
  driven.operator.end();
  yield { operator: driven.operator, isAtEnd: true };
  expect(driven.operator.isOver, 'the job has ended').toBe(true);
  collect();
  return { output, sideOutputs };
}

/** Whether a record was late when it arrived. */
export function isLate({ timestamp, watermark }: Pick<Arrived<unknown>, 'timestamp' | 'watermark'>): boolean {
  return watermark !== MIN_WATERMARK && timestamp <= watermark;
}
