/**
 * State as an author declares it. A declaration names no operator and holds no value; `ctx.state.<name>` is the state
 * of the current key.
 *
 * A state is called after the property that declares it. `name` keeps it when the property is renamed.
 */
import type { Key, ListState, MapState, StateDeclaration, ValueState } from '../state/declarations.ts';

export interface StateOptions {
  /** The name in savepoints, where it must differ from that of the property. */
  readonly name?: string;
  /** Starts at 1. Raise it when the shape of the values changes, and say in `migrations` how. */
  readonly schemaVersion?: number;
  /** `migrations[v]` turns a value of schema version v into one of v + 1. */
  readonly migrations?: Readonly<Record<number, (old: unknown) => unknown>>;
}

/** A declared state; `Handle` is what an operator gets of it. */
export interface DeclaredState<Handle> {
  readonly type: 'value' | 'list' | 'map';
  readonly options: StateOptions;
  readonly initial: (() => unknown) | null;
  /** Only for the types. */
  readonly handle?: Handle;
}

/** The states of one operator, by the names that its functions use. */
export interface DeclaredStates {
  readonly [name: string]: DeclaredState<unknown>;
}

export type StateHandles<States extends DeclaredStates> = {
  readonly [Name in keyof States]: States[Name] extends DeclaredState<infer Handle> ? Handle : never;
};

/** A value state whose `get` never answers undefined. */
export interface InitialisedValueState<T> extends ValueState<T> {
  get(): T;
}

/** One value per key. With `initial`, a value or a function that makes one, `get` answers it until something was set. */
export function valueState<T>(
  options: StateOptions & { readonly initial: T | (() => T) },
): DeclaredState<InitialisedValueState<T>>;
export function valueState<T>(options?: StateOptions): DeclaredState<ValueState<T>>;
export function valueState<T>(
  options: StateOptions & { readonly initial?: T | (() => T) } = {},
): DeclaredState<ValueState<T>> {
  const { initial } = options;
  const make =
    initial === undefined ? null : typeof initial === 'function' ? (initial as () => T) : () => initial;
  return { type: 'value', options, initial: make };
}

/** A list per key. */
export function listState<T>(options: StateOptions = {}): DeclaredState<ListState<T>> {
  return { type: 'list', options, initial: null };
}

/** A map per key; its own keys may be whatever can be a key. */
export function mapState<K extends Key, V>(options: StateOptions = {}): DeclaredState<MapState<K, V>> {
  return { type: 'map', options, initial: null };
}

/** What the runtime needs of it, under the property's name or the one that was given. */
export function declarationOf(property: string, declared: DeclaredState<unknown>): StateDeclaration {
  const { name = property, schemaVersion = 1, migrations } = declared.options;
  return {
    name,
    type: declared.type,
    schemaVersion,
    ...(declared.initial === null ? {} : { initial: declared.initial }),
    ...(migrations === undefined ? {} : { migrations }),
  };
}
