/** Joins of two keyed streams: of records whose times lie near each other, here, and of those in one window, in windowJoins.ts. */
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
import type { OutputTag } from './outputTag.ts';
import { located } from './pipelineError.ts';
import type { PlannedFunction } from './plan.ts';
import type { EmitContext, TypeName } from './processFunctions.ts';
import { type AuthorPlace, problemOf, synchronousMethodOf } from './processFunctionsOf.ts';
import { type AnyJoinWindows, plannedWindowJoin } from './windowJoins.ts';

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

/** In the plan. */
export function joinType(how: object): 'intervalJoin' | 'windowJoin' {
  return 'between' in how ? 'intervalJoin' : 'windowJoin';
}

/** Throws PipelineError. `join`: a function that answers what is made of a pair, or an object with `onPair`. */
export function plannedJoin(how: object, join: object, place: AuthorPlace): PlannedFunction {
  if ('between' in how) return plannedIntervalJoin(how as IntervalJoin<unknown, unknown>, join, place);
  if ('window' in how) return plannedWindowJoin(how as AnyJoinWindows, join, place);
  throw problemOf(place, ' needs to know which records are pairs: say `between` or `window`.');
}

function plannedIntervalJoin(
  how: IntervalJoin<unknown, unknown>,
  join: object,
  place: AuthorPlace,
): PlannedFunction {
  const functions: IntervalJoinFunctions = {
    ...pairFunction(join, place),
    interval: intervalOf(how, place),
    leftLateTo: how.leftLateTo?.name ?? null,
    rightLateTo: how.rightLateTo?.name ?? null,
  };
  return { states: intervalJoinStates, create: () => new IntervalJoinOperator(functions) };
}

function intervalOf(
  { between: [lower, upper], lowerExclusive = false, upperExclusive = false }: IntervalJoin<unknown, unknown>,
  place: AuthorPlace,
): Interval {
  const lowerMs = located(place.location, () => signedDurationMs(lower, 'The lower bound of a join'));
  const upperMs = located(place.location, () => signedDurationMs(upper, 'The upper bound of a join'));
  const isEmpty = lowerMs === upperMs && (lowerExclusive || upperExclusive);
  if (lowerMs > upperMs || isEmpty) {
    const bounds = `from ${JSON.stringify(lower)} to ${JSON.stringify(upper)}${isEmpty ? ', exclusive,' : ''}`;
    throw problemOf(place, ` joins nothing: ${bounds} there is no time.`);
  }
  return { lowerMs, upperMs, lowerExclusive, upperExclusive };
}

function pairFunction(
  author: object,
  place: AuthorPlace,
): Pick<IntervalJoinFunctions, 'onPair' | 'lifecycle'> {
  if (typeof author !== 'function')
    return { onPair: synchronousMethodOf(author, 'onPair', place), lifecycle: author };
  const join = author as (left: unknown, right: unknown, info: unknown) => unknown;
  return { onPair: (left, right, context) => context.emit(join(left, right, context)), lifecycle: {} };
}
