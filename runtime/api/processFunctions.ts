/**
 * The functions of `process`, as an author writes them. Their contexts are valid only during the call: take what you
 * need out of them, do not keep them.
 */
import type { Lifecycle } from '../operators/lifecycle.ts';
import type { Timer, Timers, Timestamp } from '../operators/operator.ts';
import type { Key } from '../state/declarations.ts';
import type { OutputTag } from './outputTag.ts';
import type { DeclaredStates, StateHandles } from './state.ts';

/** Names a type where there is no value to infer it from; see `ofType`. */
export interface TypeName<T> {
  readonly type?: T;
}

const anyType: TypeName<never> = Object.freeze({});

/** `output: ofType<Alert>()`: what `ctx.emit` takes and the stream behind the operator carries. */
export function ofType<T>(): TypeName<T> {
  return anyType;
}

export interface EmitContext<Out, Opened = undefined> {
  /** What the function's `open` answered. */
  readonly opened: Opened;
  /** Event time of the record at hand; -Infinity where it has none. */
  readonly timestamp: Timestamp;
  /** Event time that the inputs have reached; -Infinity at first. Milliseconds since the epoch. */
  currentWatermark(): Timestamp;
  /** The machine's clock, milliseconds since the epoch. */
  currentProcessingTime(): Timestamp;
  /** With the timestamp of the record or timer at hand, unless another one is given. */
  emit(value: Out, timestamp?: Timestamp): void;
  /** To the stream that `sideOutput(tag)` answers; where nobody asked for it, it is dropped. */
  emitTo<T>(tag: OutputTag<T>, value: NoInfer<T>, timestamp?: Timestamp): void;
  log(level: 'debug' | 'info' | 'warning' | 'error', text: string): void;
}

/** States that need no key. */
export type KeylessStates = DeclaredStates<'operator' | 'broadcast'>;

export interface ProcessContext<Out, States extends KeylessStates, Opened = undefined>
  extends EmitContext<Out, Opened> {
  /** Of this subtask as a whole. */
  readonly state: StateHandles<States>;
}

export interface KeyedContext<K extends Key, Out, States extends DeclaredStates, Opened = undefined>
  extends EmitContext<Out, Opened> {
  readonly key: K;
  readonly state: StateHandles<States>;
  readonly timers: Timers;
}

export interface ProcessFunction<T, Out, States extends KeylessStates, Opened = undefined>
  extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  readonly state?: States;
  onElement(value: T, context: ProcessContext<Out, States, Opened>): void;
  /** The input has ended. Once per subtask, also when a checkpoint from after it is restored. */
  onEnd?(context: ProcessContext<Out, States, Opened>): void;
}

export interface KeyedProcessFunction<
  T,
  K extends Key,
  Out,
  States extends DeclaredStates,
  Opened = undefined,
> extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  readonly state?: States;
  onElement(value: T, context: KeyedContext<K, Out, States, Opened>): void;
  onTimer?(timer: Timer, context: KeyedContext<K, Out, States, Opened>): void;
}

export interface CoProcessFunction<First, Second, Out, States extends KeylessStates, Opened = undefined>
  extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  readonly state?: States;
  onFirst(value: First, context: ProcessContext<Out, States, Opened>): void;
  onSecond(value: Second, context: ProcessContext<Out, States, Opened>): void;
  /** Both inputs have ended. Once per subtask, also when a checkpoint from after it is restored. */
  onEnd?(context: ProcessContext<Out, States, Opened>): void;
}

export interface KeyedCoProcessFunction<
  First,
  Second,
  K extends Key,
  Out,
  States extends DeclaredStates,
  Opened = undefined,
> extends Lifecycle<Opened> {
  readonly output?: TypeName<Out>;
  readonly state?: States;
  onFirst(value: First, context: KeyedContext<K, Out, States, Opened>): void;
  onSecond(value: Second, context: KeyedContext<K, Out, States, Opened>): void;
  onTimer?(timer: Timer, context: KeyedContext<K, Out, States, Opened>): void;
}
