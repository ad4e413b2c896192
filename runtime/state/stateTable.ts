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

/** An object that must be stashed cannot be encoded: throws StateRefused, which names the state. */
export type Refuse = (error: unknown, key: MapKey) => never;

/** Of a value, list, reducing or aggregating state. */
export class ValueTable {
  readonly entries = new Map<MapKey, unknown>();
  /** Of the snapshots that have not written this table; null when there is none, which is nearly always. */
  stashes: readonly ValueStash[] | null = null;
  readonly refuse: Refuse;

  constructor(refuse: Refuse) {
    this.refuse = refuse;
  }
}

/** What a map state was for one key. `detached` is the whole map when it was cleared: nobody changes it any more. */
export interface MapStash {
  detached: Map<MapKey, unknown> | null;
  readonly touched: Map<MapKey, unknown>;
}

export class MapTable {
  readonly entries = new Map<MapKey, Map<MapKey, unknown>>();
  stashes: readonly Map<MapKey, MapStash>[] | null = null;
  readonly refuse: Refuse;

  constructor(refuse: Refuse) {
    this.refuse = refuse;
  }
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
  map: ReadonlyMap<MapKey, unknown> | undefined = table.entries.get(key),
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
export function protectMap(table: MapTable, key: MapKey, map: Map<MapKey, unknown>): void {
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
  const map = table.entries.get(key);
  if (map === undefined) table.entries.set(key, new Map([[subKey, value]]));
  else map.set(subKey, value);
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
}

export function encodeStateValue(value: unknown): Uint8Array {
  scratch.truncate(0);
  writeValue(scratch, value);
  return scratch.view();
}

const scratch = new ByteWriter(1_024);

function stashed(
  entries: ReadonlyMap<MapKey, unknown> | undefined,
  place: MapKey,
  key: MapKey,
  refuse: Refuse,
): unknown {
  const value = entries?.get(place);
  if (value === undefined && entries?.has(place) !== true) return ABSENT;
  if (value !== undefined && !isMutable(value)) return value;
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
