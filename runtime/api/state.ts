/**
 * State as an author declares it. A declaration names no operator and holds no value; `ctx.state.<name>` is its handle.
 *
 * Keyed state is that of the current key. Operator state belongs to a subtask, whatever the key; broadcast state is a map
 * that is the same in every subtask. The second type argument of `DeclaredState` says which it is, so that a function
 * without a key cannot declare keyed state.
 *
 * A state is called after the property that declares it. `name` keeps it when the property is renamed.
 */
import type {
  AggregatingState,
  Fold,
  Key,
  ListState,
  MapState,
  ReadonlyMapState,
  ReducingState,
  StateTtl,
  StateType,
  ValueState,
} from '../state/declarations.ts';
import type { Duration } from './duration.ts';

export interface StateOptions {
  /** The name in savepoints, where it must differ from that of the property. */
  readonly name?: string;
  /** Starts at 1. Raise it when the shape of the values changes, and say in `migrations` how. */
  readonly schemaVersion?: number;
  /** `migrations[v]` turns a value of schema version v into one of v + 1. */
  readonly migrations?: Readonly<Record<number, (old: unknown) => unknown>>;
}

/**
 * Time to live, in processing time. What nobody touches for so long is forgotten: a value or an accumulator, each element
 * of a list, each entry of a map by itself. It is cleaned away little by little, when its state is accessed.
 */
export interface TtlOptions {
  /** How long an entry lives after it was touched: '7 days'. */
  readonly after: Duration;
  /** What touches an entry: writing it, by default, or reading it too. A change in place touches nothing. */
  readonly refresh?: StateTtl['refresh'];
  /** Whether what has expired and is still there may be read once more; by default it never is. */
  readonly visibility?: StateTtl['visibility'];
}

export interface KeyedStateOptions extends StateOptions {
  readonly ttl?: TtlOptions;
}

export type StateKind = 'keyed' | 'operator' | 'broadcast';

/** A declared state; `Handle` is what an operator gets of it. */
export interface DeclaredState<Handle, Kind extends StateKind = StateKind> {
  readonly kind: Kind;
  readonly type: Exclude<StateType, 'timers'>;
  readonly options: KeyedStateOptions;
  readonly initial: (() => unknown) | null;
  /** Of reducing and aggregating state. */
  readonly fold: Fold | null;
  /** Only for the types. */
  readonly handle?: Handle;
}

/** The states of one operator, by the names that its functions use. */
export interface DeclaredStates<Kind extends StateKind = StateKind> {
  readonly [name: string]: DeclaredState<unknown, Kind>;
}

export type StateHandles<States extends DeclaredStates> = {
  readonly [Name in keyof States]: States[Name] extends DeclaredState<infer Handle> ? Handle : never;
};

/** The same where broadcast state may only be read: every subtask must write the same, so only what all of them see writes it. */
export type ReadonlyStateHandles<States extends DeclaredStates> = {
  readonly [Name in keyof States]: States[Name] extends DeclaredState<MapState<infer K, infer V>, 'broadcast'>
    ? ReadonlyMapState<K, V>
    : States[Name] extends DeclaredState<infer Handle>
      ? Handle
      : never;
};

/** A value state whose `get` never answers undefined. */
export interface InitialisedValueState<T> extends ValueState<T> {
  get(): T;
}

/** A reducing state whose `get` never answers undefined. */
export interface InitialisedReducingState<T> extends ReducingState<T> {
  get(): T;
}

/** One value per key. With `initial`, a value or a function that makes one, `get` answers it until something was set. */
export function valueState<T>(
  options: KeyedStateOptions & { readonly initial: T | (() => T) },
): DeclaredState<InitialisedValueState<T>, 'keyed'>;
export function valueState<T>(options?: KeyedStateOptions): DeclaredState<ValueState<T>, 'keyed'>;
export function valueState<T>(
  options: KeyedStateOptions & { readonly initial?: T | (() => T) } = {},
): DeclaredState<ValueState<T>, 'keyed'> {
  return { kind: 'keyed', type: 'value', options, initial: makerOf(options.initial), fold: null };
}

/** A list per key. */
export function listState<T>(options: KeyedStateOptions = {}): DeclaredState<ListState<T>, 'keyed'> {
  return { kind: 'keyed', type: 'list', options, initial: null, fold: null };
}

/** A map per key; its own keys may be whatever can be a key. */
export function mapState<K extends Key, V>(
  options: KeyedStateOptions = {},
): DeclaredState<MapState<K, V>, 'keyed'> {
  return { kind: 'keyed', type: 'map', options, initial: null, fold: null };
}

export interface ReducingStateOptions<T> extends KeyedStateOptions {
  /** One value of two. Either may be changed and answered. */
  reduce(left: T, right: T): T;
}

/**
 * One value per key, of everything that was added. The first value that is added is the first one, or, with `initial`,
 * reduced with that, as of an array.
 */
export function reducingState<T>(
  options: ReducingStateOptions<T> & { readonly initial: T | (() => T) },
): DeclaredState<InitialisedReducingState<T>, 'keyed'>;
export function reducingState<T>(options: ReducingStateOptions<T>): DeclaredState<ReducingState<T>, 'keyed'>;
export function reducingState<T>(
  options: ReducingStateOptions<T> & { readonly initial?: T | (() => T) },
): DeclaredState<ReducingState<T>, 'keyed'> {
  const fold: Fold<T, T, T> = {
    add: (sum, value) => (sum === undefined ? value : options.reduce(sum, value)),
    result: (sum) => sum,
  };
  return {
    kind: 'keyed',
    type: 'reducing',
    options,
    initial: makerOf(options.initial),
    fold: fold as Fold,
  };
}

/** As of a window, without one: the same object can serve both. */
export interface AggregatingStateOptions<In, Accumulator, Out> extends KeyedStateOptions {
  /** The accumulator of nothing. */
  create(): Accumulator;
  /** The accumulator with one more value: a new one, or the same one changed. */
  add(accumulator: Accumulator, value: In): Accumulator;
  /** What `get` answers. */
  result(accumulator: Accumulator): Out;
  /** Of two accumulators, where windows merge; a state never does. */
  merge?(left: Accumulator, right: Accumulator): Accumulator;
}

/** One accumulator per key, which is what is saved and what migrations are given. `get` answers its result. */
export function aggregatingState<In, Accumulator, Out>(
  options: AggregatingStateOptions<In, Accumulator, Out>,
): DeclaredState<AggregatingState<In, Out>, 'keyed'> {
  const fold: Fold<In, Accumulator, Out> = {
    add: (accumulator, value) => options.add(accumulator ?? options.create(), value),
    result: (accumulator) => options.result(accumulator),
  };
  return { kind: 'keyed', type: 'aggregating', options, initial: null, fold: fold as Fold };
}

/**
 * A list of each subtask. At another parallelism all elements are cut into even parts; at the same one each subtask gets
 * its own back.
 */
export function operatorListState<T>(options: StateOptions = {}): DeclaredState<ListState<T>, 'operator'> {
  return { kind: 'operator', type: 'operator-list', options, initial: null, fold: null };
}

/**
 * A list of each subtask, of which after a restore everybody gets all elements of all subtasks. Keep only your own of them:
 * what stays in several lists is saved as often.
 */
export function unionListState<T>(options: StateOptions = {}): DeclaredState<ListState<T>, 'operator'> {
  return { kind: 'operator', type: 'operator-union', options, initial: null, fold: null };
}

/** A map that is the same in every subtask, because each of them writes the same into it. */
export function broadcastState<K extends Key, V>(
  options: StateOptions = {},
): DeclaredState<MapState<K, V>, 'broadcast'> {
  return { kind: 'broadcast', type: 'operator-broadcast', options, initial: null, fold: null };
}

function makerOf<T>(initial: T | (() => T) | undefined): (() => T) | null {
  if (initial === undefined) return null;
  return typeof initial === 'function' ? (initial as () => T) : () => initial;
}
