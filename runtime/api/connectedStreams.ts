/** Two streams of different records that meet in one operator, with or without a common key. */
import { endStatesOf, ProcessOperator } from '../operators/processOperator.ts';
import type { Key } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { DataStream } from './dataStream.ts';
import { declareStates } from './declareStates.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { Leg, Plan } from './plan.ts';
import type { CoProcessFunction, KeyedCoProcessFunction } from './processFunctions.ts';
import { processFunctionsOf } from './processFunctionsOf.ts';
import type { DeclaredStates } from './state.ts';

export class ConnectedStreams<First, Second> {
  readonly #plan: Plan;
  readonly #inputs: readonly (readonly Leg[])[];
  /** Only for the types. */
  declare readonly records?: readonly [First, Second];

  /** For Sluice itself; an author gets one from `connect`. */
  constructor(plan: Plan, first: readonly Leg[], second: readonly Leg[]) {
    this.#plan = plan;
    this.#inputs = [first, second];
  }

  process<Out = never, Opened = undefined>(
    process: CoProcessFunction<First, Second, Out, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const functions = processFunctionsOf(process, [process.onFirst, process.onSecond], {});
    const legs = this.#plan.addOperator({
      type: 'coProcess',
      options,
      location: callerLocation(),
      inputs: this.#inputs,
      keyed: false,
      states: endStatesOf(functions),
      create: () => new ProcessOperator(functions),
    });
    return new DataStream(this.#plan, legs);
  }
}

export class KeyedConnectedStreams<First, Second, K extends Key> {
  readonly #plan: Plan;
  readonly #inputs: readonly (readonly Leg[])[];
  /** Only for the types. */
  declare readonly records?: readonly [First, Second];
  declare readonly key?: K;

  /** For Sluice itself; an author gets one from `connect`. */
  constructor(plan: Plan, first: readonly Leg[], second: readonly Leg[]) {
    this.#plan = plan;
    this.#inputs = [first, second];
  }

  /** What comes on either input with one key shares one state. */
  process<Out = never, States extends DeclaredStates = Record<never, never>, Opened = undefined>(
    process: KeyedCoProcessFunction<First, Second, K, Out, States, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const location = callerLocation();
    const states = declareStates(process.state ?? {}, options, location);
    const functions = processFunctionsOf(process, [process.onFirst, process.onSecond], states);
    const legs = this.#plan.addOperator({
      type: 'coProcess',
      options,
      location,
      inputs: this.#inputs,
      keyed: true,
      states: Object.values(states),
      create: () => new ProcessOperator(functions),
    });
    return new DataStream(this.#plan, legs);
  }
}
