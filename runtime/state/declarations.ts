/**
 * States are declared, not looked up: a plan lists them before anything runs, so that a savepoint can be checked
 * against a plan without starting it. A declaration is plain data except for its functions (reduce, migrations),
 * which stay in the worker; `describeState` gives the part that goes into plans and manifests.
 */

/** A key: canonical byte encoding in `keyEncoding.ts`. Anything else is refused with the operator's uid. */
export type Key =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Key[]
  | { readonly [name: string]: Key };

export type KeyedStateType = 'value' | 'list' | 'map' | 'reducing' | 'aggregating' | 'timers';
/** `in-flight`: what a barrier has overtaken, and what was known of its channels; no author declares it. */
export type OperatorStateType = 'operator-list' | 'operator-union' | 'operator-broadcast' | 'in-flight';
export type StateType = KeyedStateType | OperatorStateType;

/** Of an operator as a whole, not of a key. */
export const isOperatorState = (type: StateType): type is OperatorStateType =>
  type === 'operator-list' ||
  type === 'operator-union' ||
  type === 'operator-broadcast' ||
  type === 'in-flight';

/** The plain part of a declaration. */
export interface StateDescription {
  readonly name: string;
  readonly type: StateType;
  /** Starts at 1; a higher number than the saved one needs migrations, a lower one is refused. */
  readonly schemaVersion: number;
  /** The oldest schema version from which migrations lead to this one; absent where there are none. */
  readonly migratesFrom?: number;
}

/** Timers are states of every keyed operator. */
export const timerStates = {
  eventTime: { name: 'event-time-timers', type: 'timers', schemaVersion: 1 },
  processingTime: { name: 'processing-time-timers', type: 'timers', schemaVersion: 1 },
} as const satisfies Record<string, StateDescription>;

/** States of every operator, in checkpoints whose barriers have overtaken something. No author's state ends like this. */
export const inFlightStates = {
  /** At the receiving operator: what lay in its channels. */
  received: { name: 'received (in flight)', type: 'in-flight', schemaVersion: 1 },
  /** At the sending operator: what waited for room in them. */
  sent: { name: 'sent (in flight)', type: 'in-flight', schemaVersion: 1 },
  watermarks: { name: 'watermarks (in flight)', type: 'in-flight', schemaVersion: 1 },
} as const satisfies Record<string, StateDescription>;

export interface StateDeclaration<T = unknown> extends StateDescription {
  /** What `get()` answers when nothing was set; only for value and reducing states. */
  readonly initial?: () => T;
  /** `migrations[v]` turns a value of schema version v into one of v + 1. */
  readonly migrations?: Readonly<Record<number, (old: unknown) => unknown>>;
  /** Of a reducing or aggregating state, and only of these. */
  readonly fold?: Fold;
  /** Entries that nobody touches for a while are forgotten; only for keyed states. */
  readonly ttl?: StateTtl;
}

/** How what is added gets into an accumulator, and what an accumulator answers. It is what is saved. */
export interface Fold<In = unknown, Accumulator = unknown, Out = unknown> {
  /** Undefined: nothing was added yet. The answer must not be undefined. */
  add(accumulator: Accumulator | undefined, value: In): Accumulator;
  result(accumulator: Accumulator): Out;
}

/** Time to live, as Flink's StateTtlConfig, in processing time. Elements of lists and entries of maps live each for itself. */
export interface StateTtl {
  /** An entry expires when so many milliseconds have passed since it was touched. */
  readonly afterMs: number;
  /** Which accesses touch it. */
  readonly refresh: 'on-create-and-write' | 'on-read-and-write';
  /** Whether an expired entry that is still there is answered once more. */
  readonly visibility: 'never-return-expired' | 'return-expired-if-not-cleaned-up';
}

/** A value per key. Values are replaced, not mutated: a mutation in place is seen, but write it back with `set`. */
export interface ValueState<T> {
  get(): T | undefined;
  set(value: T): void;
  clear(): void;
}

export interface ListState<T> {
  get(): readonly T[];
  add(value: T): void;
  update(values: readonly T[]): void;
  clear(): void;
}

/** One value per key: everything that was added, reduced. */
export interface ReducingState<T> {
  /** Undefined before anything was added. */
  get(): T | undefined;
  add(value: T): void;
  clear(): void;
}

/** One accumulator per key. */
export interface AggregatingState<In, Out> {
  /** The result of the accumulator; undefined before anything was added. */
  get(): Out | undefined;
  add(value: In): void;
  clear(): void;
}

/** A map that others write. */
export interface ReadonlyMapState<K extends Key, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  /** In insertion order within a run; the order is not part of a snapshot. */
  entries(): IterableIterator<readonly [K, V]>;
  isEmpty(): boolean;
}

export interface MapState<K extends Key, V> extends ReadonlyMapState<K, V> {
  set(key: K, value: V): void;
  delete(key: K): void;
  clear(): void;
}

export const describeState = (declaration: StateDescription | StateDeclaration): StateDescription => {
  const { name, type, schemaVersion } = declaration;
  const oldest = 'migrations' in declaration ? oldestMigrated(declaration) : schemaVersion;
  return oldest < schemaVersion
    ? { name, type, schemaVersion, migratesFrom: oldest }
    : { name, type, schemaVersion };
};

function oldestMigrated({ schemaVersion, migrations }: StateDeclaration): number {
  let oldest = schemaVersion;
  while (migrations?.[oldest - 1] !== undefined) oldest--;
  return oldest;
}
