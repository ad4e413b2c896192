/**
 * The handles through which an operator reaches the state of the key that is current. Each knows the tables of its
 * state; the key and its group are in `CurrentKey`, which they share. Whatever they change, or hand out so that it may
 * be changed in place, they protect first (S1 in `stateTable.ts`).
 */
import { assert } from '../base/assert.ts';
import type { Key, ListState, MapState, StateDeclaration, ValueState } from './declarations.ts';
import { KeyRefused } from './keyEncoding.ts';
import { fromMapKey, type MapKey, toMapKey } from './mapKey.ts';
import {
  isMutable,
  type MapTable,
  protectMap,
  protectMapEntry,
  protectValue,
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
  /** A value that must be saved now cannot be: throws StateRefused. */
  refuse(error: unknown, state: string): never;
}

export class BackendValue<T> implements ValueState<T> {
  readonly #owner: StateOwner;
  readonly #current: CurrentKey;
  readonly #tables: readonly ValueTable[];
  readonly #declaration: StateDeclaration<T>;

  constructor(
    owner: StateOwner,
    current: CurrentKey,
    tables: readonly ValueTable[],
    declaration: StateDeclaration<T>,
  ) {
    this.#owner = owner;
    this.#current = current;
    this.#tables = tables;
    this.#declaration = declaration;
  }

  get(): T | undefined {
    const table = tableOf(this.#tables, this.#current);
    const value = table.entries.get(this.#current.mapKey) as T | undefined;
    if (value === undefined) return this.#initial();
    if (table.stashes !== null && isMutable(value)) this.#protect(table);
    return value;
  }

  set(value: T): void {
    const table = tableOf(this.#tables, this.#current);
    if (table.stashes !== null) this.#protect(table);
    if (value === undefined) table.entries.delete(this.#current.mapKey);
    else table.entries.set(this.#current.mapKey, value);
  }

  clear(): void {
    const table = tableOf(this.#tables, this.#current);
    if (table.stashes !== null) this.#protect(table);
    table.entries.delete(this.#current.mapKey);
  }

  #initial(): T | undefined {
    const initial = this.#declaration.initial?.();
    // An object may be mutated by whoever gets it, so it is the state from now on.
    if (isMutable(initial)) this.set(initial as T);
    return initial;
  }

  #protect(table: ValueTable): void {
    try {
      protectValue(table, this.#current.mapKey);
    } catch (error) {
      this.#owner.refuse(error, this.#declaration.name);
    }
  }
}

export class BackendList<T> implements ListState<T> {
  readonly #owner: StateOwner;
  readonly #current: CurrentKey;
  readonly #tables: readonly ValueTable[];
  readonly #name: string;

  constructor(owner: StateOwner, current: CurrentKey, tables: readonly ValueTable[], name: string) {
    this.#owner = owner;
    this.#current = current;
    this.#tables = tables;
    this.#name = name;
  }

  get(): readonly T[] {
    return (this.#touched().entries.get(this.#current.mapKey) as readonly T[] | undefined) ?? EMPTY;
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
    this.#touched().entries.delete(this.#current.mapKey);
  }

  #touched(): ValueTable {
    const table = tableOf(this.#tables, this.#current);
    if (table.stashes === null) return table;
    try {
      protectValue(table, this.#current.mapKey);
    } catch (error) {
      this.#owner.refuse(error, this.#name);
    }
    return table;
  }
}

export class BackendMap<K extends Key, V> implements MapState<K, V> {
  readonly #owner: StateOwner;
  readonly #current: CurrentKey;
  readonly #tables: readonly MapTable[];
  readonly #name: string;

  constructor(owner: StateOwner, current: CurrentKey, tables: readonly MapTable[], name: string) {
    this.#owner = owner;
    this.#current = current;
    this.#tables = tables;
    this.#name = name;
  }

  get(key: K): V | undefined {
    const table = tableOf(this.#tables, this.#current);
    const subKey = this.#subKey(key);
    const value = table.entries.get(this.#current.mapKey)?.get(subKey) as V | undefined;
    if (table.stashes !== null && isMutable(value)) this.#protect(table, subKey);
    return value;
  }

  has(key: K): boolean {
    return this.#map()?.has(this.#subKey(key)) ?? false;
  }

  set(key: K, value: V): void {
    const table = tableOf(this.#tables, this.#current);
    const subKey = this.#subKey(key);
    if (table.stashes !== null) this.#protect(table, subKey);
    const map = table.entries.get(this.#current.mapKey);
    if (map === undefined) table.entries.set(this.#current.mapKey, new Map([[subKey, value]]));
    else map.set(subKey, value);
  }

  delete(key: K): void {
    const table = tableOf(this.#tables, this.#current);
    const map = table.entries.get(this.#current.mapKey);
    if (map === undefined) return;
    const subKey = this.#subKey(key);
    if (table.stashes !== null) this.#protect(table, subKey);
    map.delete(subKey);
    if (map.size === 0) table.entries.delete(this.#current.mapKey);
  }

  entries(): IterableIterator<readonly [K, V]> {
    // The key of this call, whichever is current when the entries are taken.
    return this.#entriesOf(tableOf(this.#tables, this.#current), this.#current.mapKey);
  }

  isEmpty(): boolean {
    return this.#map() === undefined;
  }

  clear(): void {
    const table = tableOf(this.#tables, this.#current);
    const map = table.entries.get(this.#current.mapKey);
    if (map === undefined) return;
    if (table.stashes !== null) protectMap(table, this.#current.mapKey, map);
    table.entries.delete(this.#current.mapKey);
  }

  *#entriesOf(table: MapTable, mapKey: MapKey): IterableIterator<readonly [K, V]> {
    for (const [subKey, value] of table.entries.get(mapKey) ?? []) {
      if (table.stashes !== null && isMutable(value)) this.#protect(table, subKey, mapKey);
      yield [fromMapKey(subKey) as K, value as V];
    }
  }

  #map(): Map<MapKey, unknown> | undefined {
    return tableOf(this.#tables, this.#current).entries.get(this.#current.mapKey);
  }

  #subKey(key: K): MapKey {
    try {
      return toMapKey(key);
    } catch (error) {
      throw error instanceof KeyRefused
        ? new KeyRefused(
            `Map state "${this.#name}" of operator "${this.#owner.operatorUid}": ${error.message}`,
          )
        : error;
    }
  }

  #protect(table: MapTable, subKey: MapKey, mapKey = this.#current.mapKey): void {
    try {
      protectMapEntry(table, mapKey, subKey);
    } catch (error) {
      this.#owner.refuse(error, this.#name);
    }
  }
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
    this.#owner.eventTimers.register(this.#current.mapKey, this.#group(), time, namespace);
  }

  deleteEventTime(time: number, namespace: Key = null): void {
    this.#owner.eventTimers.delete(this.#current.mapKey, this.#group(), time, namespace);
  }

  registerProcessingTime(time: number, namespace: Key = null): void {
    this.#owner.processingTimers.register(this.#current.mapKey, this.#group(), time, namespace);
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
const EMPTY: readonly never[] = Object.freeze([]) as readonly never[];

function tableOf<T>(tables: readonly T[], current: CurrentKey): T {
  const table = tables[current.group];
  if (table === undefined) assert(false, 'keyed state is reached only while a key is current');
  return table;
}
