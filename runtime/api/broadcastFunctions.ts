/** The functions of a process with a broadcast stream, as an author writes them. */
import type { Lifecycle } from '../operators/lifecycle.ts';
import type { Timer } from '../operators/operator.ts';
import type { Key } from '../state/declarations.ts';
import type {
  EmitContext,
  KeyedContext,
  KeylessStates,
  ProcessContext,
  TypeName,
} from './processFunctions.ts';
import type { DeclaredState, DeclaredStates, ReadonlyStateHandles, StateHandles } from './state.ts';

/** What a broadcast stream declares: maps that are the same in every subtask. */
export type BroadcastStates = DeclaredStates<'broadcast'>;

/** On the broadcast side, which alone writes the broadcast state. */
export interface BroadcastContext<Out, Broadcast extends BroadcastStates, Opened = undefined>
  extends EmitContext<Out, Opened> {
  /** Every subtask has to do the same with it: let what you write depend on the record and on the map alone. */
  readonly broadcast: StateHandles<Broadcast>;
}

/** On the other side, which only reads it. */
interface ReadingContext<Broadcast extends BroadcastStates> {
  readonly broadcast: ReadonlyStateHandles<Broadcast>;
}

export interface BroadcastProcessFunction<
  T,
  Rule,
  Broadcast extends BroadcastStates,
  Out,
  States extends KeylessStates,
  Opened = undefined,
> extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  readonly state?: States;
  onElement(value: T, context: ProcessContext<Out, States, Opened> & ReadingContext<Broadcast>): void;
  onBroadcast(
    value: Rule,
    context: BroadcastContext<Out, Broadcast, Opened> & { readonly state: StateHandles<States> },
  ): void;
  /** Both inputs have ended. Once per subtask, also when a checkpoint from after it is restored. */
  onEnd?(context: ProcessContext<Out, States, Opened> & ReadingContext<Broadcast>): void;
}

/** The states of one kind among others. */
type OnlyKeyless<States extends DeclaredStates> = {
  readonly [Name in keyof States as States[Name] extends DeclaredState<unknown, 'keyed'>
    ? never
    : Name]: States[Name];
};

export interface KeyedBroadcastContext<
  K extends Key,
  Out,
  States extends DeclaredStates,
  Broadcast extends BroadcastStates,
  Opened = undefined,
> extends BroadcastContext<Out, Broadcast, Opened> {
  /** Those that need no key: none is current here. */
  readonly state: StateHandles<OnlyKeyless<States>>;
  /**
   * Visits every key of this subtask that has something of the state (Flink's applyToKeyedState). The key is current
   * during its visit only.
   */
  forEachKey<Name extends KeyedNames<States>>(
    state: Name,
    visit: (key: K, handle: StateHandles<States>[Name]) => void,
  ): void;
}

type KeyedNames<States extends DeclaredStates> = {
  [Name in keyof States]: States[Name] extends DeclaredState<unknown, 'keyed'> ? Name : never;
}[keyof States] &
  string;

export interface KeyedBroadcastProcessFunction<
  T,
  Rule,
  K extends Key,
  Broadcast extends BroadcastStates,
  Out,
  States extends DeclaredStates,
  Opened = undefined,
> extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  readonly state?: States;
  onElement(value: T, context: KeyedContext<K, Out, States, Opened> & ReadingContext<Broadcast>): void;
  /** There is no key here, so that no timer can be registered and keyed state is reached by `forEachKey` only. */
  onBroadcast(value: Rule, context: KeyedBroadcastContext<K, Out, States, Broadcast, Opened>): void;
  onTimer?(timer: Timer, context: KeyedContext<K, Out, States, Opened> & ReadingContext<Broadcast>): void;
}
