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

/** Of a value, list, reducing or aggregating state. */
export class ValueTable {
  readonly entries = new Map<MapKey, unknown>();
  /** Of the snapshots that have not written this table; null when there is none, which is nearly always. */
  stashes: readonly ValueStash[] | null = null;
}

/** What a map state was for one key. `detached` is the whole map when it was cleared: nobody changes it any more. */
export interface MapStash {
  detached: Map<MapKey, unknown> | null;
  readonly touched: Map<MapKey, unknown>;
}

export class MapTable {
  readonly entries = new Map<MapKey, Map<MapKey, unknown>>();
  stashes: readonly Map<MapKey, MapStash>[] | null = null;
}

export const isMutable = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Before the entry is set, removed, or, being an object, handed out. Call only when there are stashes. */
export function protectValue(table: ValueTable, key: MapKey): void {
  let saved: unknown;
  for (const stash of table.stashes!) {
    if (stash.has(key)) continue;
    saved ??= stashed(table.entries, key);
    stash.set(key, saved);
  }
}

export function protectMapEntry(table: MapTable, key: MapKey, subKey: MapKey): void {
  let saved: unknown;
  for (const stashes of table.stashes!) {
    const stash = stashOf(stashes, key);
    if (stash.detached !== null || stash.touched.has(subKey)) continue;
    saved ??= stashed(table.entries.get(key), subKey);
    stash.touched.set(subKey, saved);
  }
}

/** Before the whole map of the key is taken out of the table. */
export function protectMap(table: MapTable, key: MapKey, map: Map<MapKey, unknown>): void {
  for (const stashes of table.stashes!) stashOf(stashes, key).detached ??= map;
}

export function encodeStateValue(value: unknown): Uint8Array {
  scratch.truncate(0);
  writeValue(scratch, value);
  return scratch.view();
}

const scratch = new ByteWriter(1_024);

function stashed(entries: ReadonlyMap<MapKey, unknown> | undefined, key: MapKey): unknown {
  const value = entries?.get(key);
  if (value === undefined)
    return entries?.has(key) ? new EncodedValue(encodeStateValue(value).slice()) : ABSENT;
  return isMutable(value) ? new EncodedValue(encodeStateValue(value).slice()) : value;
}

function stashOf(stashes: Map<MapKey, MapStash>, key: MapKey): MapStash {
  let stash = stashes.get(key);
  if (stash === undefined) {
    stash = { detached: null, touched: new Map() };
    stashes.set(key, stash);
  }
  return stash;
}
