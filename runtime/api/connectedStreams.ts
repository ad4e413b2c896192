/** Two streams of different records that meet in one operator, with or without a common key. */
import type { Key } from '../state/declarations.ts';
import { callerLocation } from './callerLocation.ts';
import { DataStream } from './dataStream.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import type { Leg, Plan } from './plan.ts';
import type { CoProcessFunction, KeyedCoProcessFunction, KeylessStates } from './processFunctions.ts';
import { plannedProcess } from './processFunctionsOf.ts';
import type { DeclaredStates } from './state.ts';

/** By input. */
const FUNCTIONS = ['onFirst', 'onSecond'];

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

  /** A function per input. Where one of the streams has keys, its records are spread by them, and that is all. */
  process<Out = never, States extends KeylessStates = Record<never, never>, Opened = undefined>(
    process: CoProcessFunction<First, Second, Out, States, Opened>,
    options: OperatorOptions = {},
  ): DataStream<Out> {
    const place = { type: 'coProcess', options, location: callerLocation(), keyed: false };
    const planned = plannedProcess(process, FUNCTIONS, place);
    return new DataStream(this.#plan, this.#plan.addOperator({ ...planned, ...place, inputs: this.#inputs }));
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
    const place = { type: 'coProcess', options, location: callerLocation(), keyed: true };
    const planned = plannedProcess(process, FUNCTIONS, place);
    return new DataStream(this.#plan, this.#plan.addOperator({ ...planned, ...place, inputs: this.#inputs }));
  }
}
