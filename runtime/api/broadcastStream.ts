/**
 * The broadcast state pattern: the records of one stream go to every subtask, which keeps them in maps beside the records
 * of another stream that they apply to. The maps are declared where the stream is broadcast.
 */
import { type BroadcastFunctions, BroadcastProcessOperator } from '../operators/broadcastProcessOperator.ts';
import { endStatesOf } from '../operators/processOperator.ts';
import type { Key } from '../state/declarations.ts';
import type {
  BroadcastProcessFunction,
  BroadcastStates,
  KeyedBroadcastProcessFunction,
} from './broadcastFunctions.ts';
import { callerLocation } from './callerLocation.ts';
import { DataStream } from './dataStream.ts';
import { declareStates } from './declareStates.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { Leg, Plan, PlannedFunction } from './plan.ts';
import type { KeylessStates } from './processFunctions.ts';
import {
  type AuthorFunctions,
  type AuthorPlace,
  endsOf,
  problemOf,
  statesOf,
  synchronousMethodOf,
  withOthers,
} from './processFunctionsOf.ts';
import type { DeclaredStates } from './state.ts';

/** Every subtask of what it is connected with gets every record. It is read by being connected: `stream.connect(rules)`. */
export class BroadcastStream<Rule, Broadcast extends BroadcastStates> {
  /** For Sluice itself. */
  readonly legs: readonly Leg[];
  /** For Sluice itself. */
  readonly states: Broadcast;
  /** Only for the types. */
  declare readonly record?: Rule;

  /** For Sluice itself; an author gets one from `broadcast`. */
  constructor(legs: readonly Leg[], states: Broadcast) {
    this.legs = legs;
    this.states = states;
  }
}

/** A stream whose records meet broadcast ones. */
export class BroadcastConnectedStream<T, Rule, Broadcast extends BroadcastStates> {
  readonly #plan: Plan;
  readonly #inputs: readonly (readonly Leg[])[];
  readonly #broadcast: Broadcast;
  /** Only for the types. */
  declare readonly records?: readonly [T, Rule];

  /** For Sluice itself; an author gets one from `connect`. */
  constructor(plan: Plan, legs: readonly Leg[], rules: BroadcastStream<Rule, Broadcast>) {
    this.#plan = plan;
    this.#inputs = [legs, rules.legs];
    this.#broadcast = rules.states;
  }

  /** `onElement` reads the broadcast state, `onBroadcast` writes it. Keyed state and timers need a keyBy before. */
  process<Out = never, States extends KeylessStates = Record<never, never>, Opened = undefined>(
    process: BroadcastProcessFunction<T, Rule, Broadcast, Out, States, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const place = { type: 'broadcastProcess', options, location: callerLocation(), keyed: false };
    const planned = plannedBroadcastProcess(process, this.#broadcast, place);
    return new DataStream(this.#plan, this.#plan.addOperator({ ...planned, ...place, inputs: this.#inputs }));
  }
}

/** A keyed stream whose records meet broadcast ones. */
export class KeyedBroadcastConnectedStream<T, Rule, K extends Key, Broadcast extends BroadcastStates> {
  readonly #plan: Plan;
  readonly #inputs: readonly (readonly Leg[])[];
  readonly #broadcast: Broadcast;
  /** Only for the types. */
  declare readonly records?: readonly [T, Rule];
  declare readonly key?: K;

  /** For Sluice itself; an author gets one from `connect`. */
  constructor(plan: Plan, legs: readonly Leg[], rules: BroadcastStream<Rule, Broadcast>) {
    this.#plan = plan;
    this.#inputs = [legs, rules.legs];
    this.#broadcast = rules.states;
  }

  /** `onElement` and `onTimer` have the state of their key and read the broadcast state; `onBroadcast` writes that. */
  process<Out = never, States extends DeclaredStates = Record<never, never>, Opened = undefined>(
    process: KeyedBroadcastProcessFunction<T, Rule, K, Broadcast, Out, States, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const place = { type: 'broadcastProcess', options, location: callerLocation(), keyed: true };
    const planned = plannedBroadcastProcess(process, this.#broadcast, place);
    return new DataStream(this.#plan, this.#plan.addOperator({ ...planned, ...place, inputs: this.#inputs }));
  }
}

function plannedBroadcastProcess(
  author: AuthorFunctions,
  declared: BroadcastStates,
  place: AuthorPlace,
): PlannedFunction {
  const states = statesOf(author, place);
  const other = Object.entries(declared).find(([, { kind }]) => kind !== 'broadcast');
  if (other !== undefined)
    throw problemOf(place, ` is broadcast the state "${other[0]}": declare it with broadcastState.`);
  const broadcast = declareStates(declared, place.options, place.location, ['broadcast']);
  const functions: BroadcastFunctions = {
    states,
    broadcast,
    onElement: synchronousMethodOf(author, 'onElement', place),
    onBroadcast: synchronousMethodOf(author, 'onBroadcast', place),
    ...endsOf<BroadcastFunctions>(author, place),
    lifecycle: author,
  };
  const all = withOthers(Object.values(states), Object.values(broadcast), 'broadcast', place);
  return {
    states: withOthers(all, endStatesOf(functions), 'its own', place),
    create: () => new BroadcastProcessOperator(functions),
  };
}
