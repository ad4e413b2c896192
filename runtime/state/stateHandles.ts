/**
 * The handles through which an operator reaches the state of the key that is current. Each knows the tables of its
 * state; the key and its group are in `CurrentKey`, which they share. Whatever they change, or hand out so that it may
 * be changed in place, they touch first (S1 and S2 in `stateTable.ts`).
 */
import { assert } from '../base/assert.ts';
import type { Key, ListState, MapState, StateDeclaration, ValueState } from './declarations.ts';
import { KeyRefused } from './keyEncoding.ts';
import { fromMapKey, type MapKey, toMapKey } from './mapKey.ts';
import {
  type Entries,
  isMutable,
  isWatched,
  type MapTable,
  removeMap,
  removeMapEntry,
  removeValue,
  setMapEntry,
  setValue,
  touchMapEntry,
  touchValue,
  type ValueTable,
} from './stateTable.ts';
import type { TimerQueue } from './timerQueue.ts';

/** The key that the engine made current. */
export interface CurrentKey {
  key: Key;
  mapKey: MapKey;
  /** Index of its group in the range; -1 while there is none. */
  group: number;
}

/** What the handles need of the backend. */
export interface StateOwner {
  readonly operatorUid: string;
  readonly currentWatermark: number;
  readonly eventTimers: TimerQueue;
  readonly processingTimers: TimerQueue;
  readonly keyGroups: { readonly first: number };
}

export class BackendValue<T> implements ValueState<T> {
  readonly #current: CurrentKey;
  readonly #tables: readonly ValueTable[];
  readonly #declaration: Pick<StateDeclaration<T>, 'initial'>;

  constructor(
    current: CurrentKey,
    tables: readonly ValueTable[],
    declaration: Pick<StateDeclaration<T>, 'initial'>,
  ) {
    this.#current = current;
    this.#tables = tables;
    this.#declaration = declaration;
  }

  get(): T | undefined {
    const table = tableOf(this.#tables, this.#current);
    const value = table.entries.get(this.#current.mapKey) as T | undefined;
    if (value === undefined) return this.#initial();
    if (isWatched(table) && isMutable(value)) touchValue(table, this.#current.mapKey);
    return value;
  }

  set(value: T): void {
    const table = tableOf(this.#tables, this.#current);
    if (value === undefined) removeValue(table, this.#current.mapKey);
    else setValue(table, this.#current.mapKey, value);
  }

  clear(): void {
    removeValue(tableOf(this.#tables, this.#current), this.#current.mapKey);
  }

  #initial(): T | undefined {
    const initial = this.#declaration.initial?.();
    // An object may be mutated by whoever gets it, so it is the state from now on.
    if (isMutable(initial)) this.set(initial as T);
    return initial;
  }
}

export class BackendList<T> implements ListState<T> {
  readonly #current: CurrentKey;
  readonly #tables: readonly ValueTable[];

  constructor(current: CurrentKey, tables: readonly ValueTable[]) {
    this.#current = current;
    this.#tables = tables;
  }

  get(): readonly T[] {
    const list = tableOf(this.#tables, this.#current).entries.get(this.#current.mapKey);
    if (list === undefined) return EMPTY;
    this.#touched();
    return list as readonly T[];
  }

  add(value: T): void {
    const { entries } = this.#touched();
    const list = entries.get(this.#current.mapKey) as T[] | undefined;
    if (list === undefined) entries.set(this.#current.mapKey, [value]);
    else list.push(value);
  }

  update(values: readonly T[]): void {
    const { entries } = this.#touched();
    if (values.length === 0) entries.delete(this.#current.mapKey);
    else entries.set(this.#current.mapKey, values.slice());
  }

  clear(): void {
    removeValue(tableOf(this.#tables, this.#current), this.#current.mapKey);
  }

  #touched(): ValueTable {
    const table = tableOf(this.#tables, this.#current);
    touchValue(table, this.#current.mapKey);
    return table;
  }
}

export class BackendMap<K extends Key, V> implements MapState<K, V> {
  readonly #current: CurrentKey;
  readonly #tables: readonly MapTable[];
  readonly #subKeyOf: (key: Key) => MapKey;

  /** `subKeyOf` names the state where a key is refused. */
  constructor(current: CurrentKey, tables: readonly MapTable[], subKeyOf: (key: Key) => MapKey) {
    this.#current = current;
    this.#tables = tables;
    this.#subKeyOf = subKeyOf;
  }

  get(key: K): V | undefined {
    const table = tableOf(this.#tables, this.#current);
    const subKey = this.#subKeyOf(key);
    const value = table.entries.get(this.#current.mapKey)?.get(subKey) as V | undefined;
    if (isWatched(table) && isMutable(value)) touchMapEntry(table, this.#current.mapKey, subKey);
    return value;
  }

  has(key: K): boolean {
    return this.#map()?.has(this.#subKeyOf(key)) ?? false;
  }

  set(key: K, value: V): void {
    setMapEntry(tableOf(this.#tables, this.#current), this.#current.mapKey, this.#subKeyOf(key), value);
  }

  delete(key: K): void {
    removeMapEntry(tableOf(this.#tables, this.#current), this.#current.mapKey, this.#subKeyOf(key));
  }

  entries(): IterableIterator<readonly [K, V]> {
    // The key of this call, whichever is current when the entries are taken.
    return entriesOf(tableOf(this.#tables, this.#current), this.#current.mapKey);
  }

  isEmpty(): boolean {
    return this.#map() === undefined;
  }

  clear(): void {
    removeMap(tableOf(this.#tables, this.#current), this.#current.mapKey);
  }

  #map(): Entries<unknown> | undefined {
    return tableOf(this.#tables, this.#current).entries.get(this.#current.mapKey);
  }
}

function* entriesOf<K extends Key, V>(table: MapTable, mapKey: MapKey): IterableIterator<readonly [K, V]> {
  const map = table.entries.get(mapKey);
  for (const [subKey, value] of map ?? []) {
    if (isWatched(table) && isMutable(value)) touchMapEntry(table, mapKey, subKey, map);
    yield [fromMapKey(subKey) as K, value as V];
  }
}

/** Keys of a map state as a `Map` holds them; what is no key is refused in the name of the state. */
export function subKeysOf(state: string, operatorUid: string): (key: Key) => MapKey {
  return (key) => {
    try {
      return toMapKey(key);
    } catch (error) {
      throw error instanceof KeyRefused
        ? new KeyRefused(`Map state "${state}" of operator "${operatorUid}": ${error.message}`)
        : error;
    }
  };
}

/** The timers of the current key; implements `Timers` of operators/operator.ts. */
export class BackendTimers {
  readonly #owner: StateOwner;
  readonly #current: CurrentKey;

  constructor(owner: StateOwner, current: CurrentKey) {
    this.#owner = owner;
    this.#current = current;
  }

  currentWatermark(): number {
    return this.#owner.currentWatermark;
  }

  registerEventTime(time: number, namespace: Key = null): void {
    this.#owner.eventTimers.register(this.#current.mapKey, this.#group(), timerTime(time), namespace);
  }

  deleteEventTime(time: number, namespace: Key = null): void {
    this.#owner.eventTimers.delete(this.#current.mapKey, this.#group(), time, namespace);
  }

  registerProcessingTime(time: number, namespace: Key = null): void {
    this.#owner.processingTimers.register(this.#current.mapKey, this.#group(), timerTime(time), namespace);
  }

  deleteProcessingTime(time: number, namespace: Key = null): void {
    this.#owner.processingTimers.delete(this.#current.mapKey, this.#group(), time, namespace);
  }

  #group(): number {
    assert(this.#current.group >= 0, 'a timer belongs to a key, and none is current');
    return this.#owner.keyGroups.first + this.#current.group;
  }
}

/** What a list state without elements hands out; shared, hence frozen. */
export const EMPTY: readonly never[] = Object.freeze([]) as readonly never[];

export function tableOf<T>(tables: readonly T[], current: CurrentKey): T {
  const table = tables[current.group];
  if (table === undefined) assert(false, 'keyed state is reached only while a key is current');
  return table;
}

/** From JavaScript, or from a date that is none, anything may come. */
function timerTime(time: number): number {
  if (typeof time === 'number' && !Number.isNaN(time)) return time;
  throw new TypeError(
    `A timer is registered for a time in milliseconds since the epoch, not for ${String(time)}.`,
  );
}
