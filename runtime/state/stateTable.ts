/**
 * The tables that keyed state lives in: one per state and key group, since a `Map` holds at most 16.7 million entries.
 *
 * A snapshot only marks a table, by putting a stash into `stashes`; the table is written later, in slices, while records
 * go on changing it. Invariant S1: until the table is written, for every entry that was there at the mark, either it is
 * in the table unchanged since then, or the stash holds what it was. So whoever is about to change an entry, or to hand
 * out an object that its reader may change in place, first calls `protect…`. An entry that was not there is stashed as
 * ABSENT. Objects are stashed as bytes (a reference would change with them), everything else as it is.
 */
import { ByteWriter } from '../base/byteWriter.ts';
import type { MapKey } from './mapKey.ts';
import { writeValue } from './valueWriter.ts';

export const ABSENT = Symbol('not there at the mark');

/** Bytes of a value that was an object. */
export class EncodedValue {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export type ValueStash = Map<MapKey, unknown>;

/** What a table, or one map of a map state, keeps its values in: a `Map`, or one with values on disk (`spilledEntries.ts`). */
export interface Entries<V> extends Iterable<[MapKey, V]> {
  readonly size: number;
  has(key: MapKey): boolean;
  get(key: MapKey): V | undefined;
  set(key: MapKey, value: V): unknown;
  delete(key: MapKey): boolean;
  keys(): IterableIterator<MapKey>;
  /** Only where values may be on disk: see `peekEntry`. */
  peek?(key: MapKey): unknown;
}

/** The value, which the caller does not keep, or its bytes as an EncodedValue. Nothing is read into memory for it. */
export const peekEntry = (entries: Entries<unknown>, key: MapKey): unknown =>
  entries.peek === undefined ? entries.get(key) : entries.peek(key);

/** An object that must be stashed cannot be encoded: throws StateRefused, which names the state. */
export type Refuse = (error: unknown, key: MapKey) => never;

/** Of a value, list, reducing or aggregating state. */
export class ValueTable {
  readonly entries: Entries<unknown>;
  /** Of the snapshots that have not written this table; null when there is none, which is nearly always. */
  stashes: readonly ValueStash[] | null = null;
  readonly refuse: Refuse;

  constructor(refuse: Refuse, entries: Entries<unknown>) {
    this.refuse = refuse;
    this.entries = entries;
  }
}

/** What a map state was for one key. `detached` is the whole map when it was cleared: nobody changes it any more. */
export interface MapStash {
  detached: Entries<unknown> | null;
  readonly touched: Map<MapKey, unknown>;
}

export class MapTable {
  readonly entries = new Map<MapKey, Entries<unknown>>();
  stashes: readonly Map<MapKey, MapStash>[] | null = null;
  readonly refuse: Refuse;
  readonly maps: MapMaking;

  constructor(refuse: Refuse, maps: MapMaking) {
    this.refuse = refuse;
    this.maps = maps;
  }
}

/** How the maps of a map state are made, and what is done with one that was taken out of its table. */
export interface MapMaking {
  make(key: MapKey): Entries<unknown>;
  dropped(map: Entries<unknown>, table: MapTable): void;
}

export const isMutable = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Before the entry is set, removed, or, being an object, handed out. Call only when there are stashes. */
export function protectValue(table: ValueTable, key: MapKey): void {
  let saved: unknown;
  for (const stash of table.stashes!) {
    if (stash.has(key)) continue;
    saved ??= stashed(table.entries, key, key, table.refuse);
    stash.set(key, saved);
  }
}

/** `map` is the table's, or one that was the table's when somebody began to iterate over it. */
export function protectMapEntry(
  table: MapTable,
  key: MapKey,
  subKey: MapKey,
  map: Entries<unknown> | undefined = table.entries.get(key),
): void {
  let saved: unknown;
  for (const stashes of table.stashes!) {
    const stash = stashOf(stashes, key);
    // What came after the mark is nothing to a snapshot.
    if ((stash.detached ?? table.entries.get(key)) !== map || stash.touched.has(subKey)) continue;
    saved ??= stashed(map, subKey, key, table.refuse);
    stash.touched.set(subKey, saved);
  }
}

/** Before the whole map of the key is taken out of the table. */
export function protectMap(table: MapTable, key: MapKey, map: Entries<unknown>): void {
  for (const stashes of table.stashes!) stashOf(stashes, key).detached ??= map;
}

/** Protects and sets. */
export function setValue(table: ValueTable, key: MapKey, value: unknown): void {
  if (table.stashes !== null) protectValue(table, key);
  table.entries.set(key, value);
}

/** Protects and removes, if it is there. */
export function removeValue(table: ValueTable, key: MapKey): void {
  if (table.stashes !== null) protectValue(table, key);
  table.entries.delete(key);
}

/** Protects and sets. */
export function setMapEntry(table: MapTable, key: MapKey, subKey: MapKey, value: unknown): void {
  if (table.stashes !== null) protectMapEntry(table, key, subKey);
  mapOf(table, key).set(subKey, value);
}

/** The map of the key, made where there is none. */
export function mapOf(table: MapTable, key: MapKey): Entries<unknown> {
  const there = table.entries.get(key);
  if (there !== undefined) return there;
  const map = table.maps.make(key);
  table.entries.set(key, map);
  return map;
}

/** Protects and removes, if it is there; a map without entries leaves no key behind. */
export function removeMapEntry(table: MapTable, key: MapKey, subKey: MapKey): void {
  const map = table.entries.get(key);
  if (map === undefined) return;
  if (table.stashes !== null) protectMapEntry(table, key, subKey);
  map.delete(subKey);
  if (map.size === 0) table.entries.delete(key);
}

/** Protects and removes the whole map of the key. */
export function removeMap(table: MapTable, key: MapKey): void {
  const map = table.entries.get(key);
  if (map === undefined) return;
  if (table.stashes !== null) protectMap(table, key, map);
  table.entries.delete(key);
  table.maps.dropped(map, table);
}

export function encodeStateValue(value: unknown): Uint8Array {
  scratch.truncate(0);
  writeValue(scratch, value);
  return scratch.view();
}

const scratch = new ByteWriter(1_024);

function stashed(entries: Entries<unknown> | undefined, place: MapKey, key: MapKey, refuse: Refuse): unknown {
  const value = entries === undefined ? undefined : peekEntry(entries, place);
  if (value === undefined && entries?.has(place) !== true) return ABSENT;
  if (value instanceof EncodedValue || (value !== undefined && !isMutable(value))) return value;
  try {
    return new EncodedValue(encodeStateValue(value).slice());
  } catch (error) {
    return refuse(error, key);
  }
}

function stashOf(stashes: Map<MapKey, MapStash>, key: MapKey): MapStash {
  let stash = stashes.get(key);
  if (stash === undefined) {
    stash = { detached: null, touched: new Map() };
    stashes.set(key, stash);
  }
  return stash;
}
