/** Interval joins: pairs of records of two keyed streams whose times lie near each other. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import {
  type Interval,
  type IntervalJoinFunctions,
  IntervalJoinOperator,
  intervalJoinStates,
} from '../operators/intervalJoinOperator.ts';
import type { Lifecycle } from '../operators/lifecycle.ts';
import type { Timestamp } from '../operators/operator.ts';
import type { Key } from '../state/declarations.ts';
import { type Duration, signedDurationMs } from './duration.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { OutputTag } from './outputTag.ts';
import { located, PipelineError } from './pipelineError.ts';
import type { PlannedFunction } from './plan.ts';
import type { EmitContext, TypeName } from './processFunctions.ts';

/** Which records of two streams make a pair, by event time. */
export interface IntervalJoin<Left, Right> {
  /**
   * The time of the right record, seen from that of the left one: `['-5 min', '1 h']` is from five minutes before it to one
   * hour after it, both included.
   */
  readonly between: readonly [lower: Duration, upper: Duration];
  readonly lowerExclusive?: boolean;
  readonly upperExclusive?: boolean;
  /** Where left records go whose time is below the watermark; they are dropped and counted where nothing is said. */
  readonly leftLateTo?: OutputTag<Left>;
  readonly rightLateTo?: OutputTag<Right>;
}

/** What is known of a pair beside its two records. */
export interface PairInfo<K extends Key> {
  readonly key: K;
  readonly leftTimestamp: Timestamp;
  readonly rightTimestamp: Timestamp;
  /** The later of the two, which what comes out has. */
  readonly timestamp: Timestamp;
}

export interface PairContext<K extends Key, Out, Opened = undefined>
  extends PairInfo<K>,
    EmitContext<Out, Opened> {
  readonly timestamp: Timestamp;
}

/** Any number of records out for each pair; Flink's ProcessJoinFunction. */
export interface IntervalJoinFunction<Left, Right, K extends Key, Out, Opened = undefined>
  extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  onPair(left: Left, right: Right, context: PairContext<K, Out, Opened>): void;
}

/** Throws PipelineError. `join`: a function that answers what is made of a pair, or an object with `onPair`. */
export function intervalJoin(
  how: IntervalJoin<unknown, unknown>,
  join: object,
  options: OperatorOptions,
  location: SourceLocation | null,
): PlannedFunction {
  const functions: IntervalJoinFunctions = {
    ...pairFunction(join, options, location),
    interval: intervalOf(how, options, location),
    leftLateTo: how.leftLateTo?.name ?? null,
    rightLateTo: how.rightLateTo?.name ?? null,
  };
  return {
    states: intervalJoinStates,
    create: () => new IntervalJoinOperator(functions),
  };
}

function intervalOf(
  { between, lowerExclusive = false, upperExclusive = false }: IntervalJoin<unknown, unknown>,
  options: OperatorOptions,
  location: SourceLocation | null,
): Interval {
  const [lowerMs, upperMs] = located(location, () => [
    signedDurationMs(between[0], 'The lower bound of a join'),
    signedDurationMs(between[1], 'The upper bound of a join'),
  ]) as readonly [number, number];
  const isEmpty = lowerMs === upperMs && (lowerExclusive || upperExclusive);
  if (lowerMs > upperMs || isEmpty) {
    const bounds = `from ${JSON.stringify(between[0])} to ${JSON.stringify(between[1])}`;
    const problem = ` joins nothing: ${bounds}${isEmpty ? ', exclusive,' : ''} there is no time.`;
    throw new PipelineError(location, nameOfJoin(options), location, problem);
  }
  return { lowerMs, upperMs, lowerExclusive, upperExclusive };
}

function pairFunction(
  author: object,
  options: OperatorOptions,
  location: SourceLocation | null,
): Pick<IntervalJoinFunctions, 'onPair' | 'lifecycle'> {
  if (typeof author === 'function') {
    const join = author as (left: unknown, right: unknown, info: unknown) => unknown;
    return { onPair: (left, right, context) => context.emit(join(left, right, context)), lifecycle: {} };
  }
  const { onPair } = author as { readonly onPair?: unknown };
  if (typeof onPair !== 'function') {
    const problem = ' takes a function of the two records, or an object with a function "onPair".';
    throw new PipelineError(location, nameOfJoin(options), location, problem);
  }
  // Called on the object that the author wrote, so that `this` is what it looks like.
  return { onPair: onPair.bind(author) as IntervalJoinFunctions['onPair'], lifecycle: author };
}

const nameOfJoin = ({ name, uid }: OperatorOptions): string => `Join "${name ?? uid ?? 'intervalJoin'}"`;
