/**
 * The tables that keyed state lives in: one per state and key group, since a `Map` holds at most 16.7 million entries.
 *
 * A snapshot only marks a table, by putting a stash into `stashes`; the table is written later, in slices, while records
 * go on changing it. Invariant S1: until the table is written, for every entry that was there at the mark, either it is
 * in the table unchanged since then, or the stash holds what it was. So whoever is about to change an entry, or to hand
 * out an object that its reader may change in place, first calls `protect…`. An entry that was not there is stashed as
 * ABSENT. Objects are stashed as bytes (a reference would change with them), everything else as it is.
 *
 * Where checkpoints are incremental, a table also knows what has changed since the newest one was marked (`changeLog.ts`).
 * Invariant S2: what is not among `changed` is as it was at that mark. So whoever changes an entry, or hands out such an object,
 * calls `touch…`, which does both.
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
  /** Null: nobody wants to know. */
  changed: Set<MapKey> | null = null;
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

/** What has changed of a key: entries of its map, or WHOLE, when the map was removed. */
export type MapChanges = Map<MapKey, Set<MapKey> | typeof WHOLE>;
export const WHOLE = Symbol('the whole map');

export class MapTable {
  readonly entries = new Map<MapKey, Entries<unknown>>();
  /** In the maps of all keys. */
  entryCount = 0;
  stashes: readonly Map<MapKey, MapStash>[] | null = null;
  changed: MapChanges | null = null;
  /** Entries among `changed`, at most. */
  changedCount = 0;
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
function protectValue(table: ValueTable, key: MapKey): void {
  let saved: unknown;
  for (const stash of table.stashes!) {
    if (stash.has(key)) continue;
    saved ??= stashed(table.entries, key, key, table.refuse);
    stash.set(key, saved);
  }
}

/** `map` is the table's, or one that was the table's when somebody began to iterate over it. */
function protectMapEntry(
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
function protectMap(table: MapTable, key: MapKey, map: Entries<unknown>): void {
  for (const stashes of table.stashes!) stashOf(stashes, key).detached ??= map;
}

/** Before the entry is set, removed, or, being an object, handed out. */
export function touchValue(table: ValueTable, key: MapKey): void {
  if (table.stashes !== null) protectValue(table, key);
  if (table.changed !== null) table.changed.add(key);
}

/** The same of an entry of a map; `map` as for `protectMapEntry`. */
export function touchMapEntry(table: MapTable, key: MapKey, subKey: MapKey, map?: Entries<unknown>): void {
  if (table.stashes !== null) protectMapEntry(table, key, subKey, map);
  if (table.changed === null) return;
  const changes = table.changed.get(key);
  if (changes === WHOLE) return;
  if (changes === undefined) {
    table.changed.set(key, new Set([subKey]));
    table.changedCount++;
    return;
  }
  const before = changes.size;
  changes.add(subKey);
  table.changedCount += changes.size - before;
}

/** Does anybody want to know what is handed out? */
export const isWatched = (table: ValueTable | MapTable): boolean =>
  table.stashes !== null || table.changed !== null;

export function setValue(table: ValueTable, key: MapKey, value: unknown): void {
  touchValue(table, key);
  table.entries.set(key, value);
}

/** Removes it, if it is there. */
export function removeValue(table: ValueTable, key: MapKey): void {
  touchValue(table, key);
  table.entries.delete(key);
}

export function setMapEntry(table: MapTable, key: MapKey, subKey: MapKey, value: unknown): void {
  touchMapEntry(table, key, subKey);
  const map = mapOf(table, key);
  const before = map.size;
  map.set(subKey, value);
  table.entryCount += map.size - before;
}

/** The map of the key, made where there is none. */
export function mapOf(table: MapTable, key: MapKey): Entries<unknown> {
  const there = table.entries.get(key);
  if (there !== undefined) return there;
  const map = table.maps.make(key);
  table.entries.set(key, map);
  return map;
}

/** Removes it, if it is there; a map without entries leaves no key behind. */
export function removeMapEntry(table: MapTable, key: MapKey, subKey: MapKey): void {
  const map = table.entries.get(key);
  if (map === undefined) return;
  touchMapEntry(table, key, subKey);
  if (map.delete(subKey)) table.entryCount--;
  if (map.size === 0) table.entries.delete(key);
}

/** Removes the whole map of the key. */
export function removeMap(table: MapTable, key: MapKey): void {
  const map = table.entries.get(key);
  if (map === undefined) return;
  if (table.stashes !== null) protectMap(table, key, map);
  if (table.changed !== null) {
    table.changed.set(key, WHOLE);
    table.changedCount++;
  }
  table.entryCount -= map.size;
  table.entries.delete(key);
  table.maps.dropped(map, table);
}

/** After entries were put into its maps, or taken out, by something else than these functions: a restore. */
export function countEntries(table: MapTable): void {
  table.entryCount = 0;
  for (const map of table.entries.values()) table.entryCount += map.size;
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
