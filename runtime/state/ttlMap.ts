/**
 * The handle of a map state with TTL: every entry lives for itself. The rules are those of `ttlHandles.ts`.
 */
import type { Key, MapState } from './declarations.ts';
import { fromMapKey, type MapKey } from './mapKey.ts';
import { type BackendMap, type CurrentKey, tableOf } from './stateHandles.ts';
import {
  isMutable,
  type MapTable,
  removeMap,
  removeMapEntry,
  setMapEntry,
  touchMapEntry,
} from './stateTable.ts';
import { isExpired } from './ttl.ts';
import { answersExpired, type Expiring, refreshesOnRead, type TtlRules } from './ttlHandles.ts';

export class TtlMap<K extends Key, V> implements MapState<K, V>, Expiring {
  readonly #current: CurrentKey;
  readonly #values: BackendMap<K, V>;
  readonly #maps: readonly MapTable[];
  readonly #times: readonly MapTable[];
  readonly #subKeyOf: (key: Key) => MapKey;
  readonly #rules: TtlRules;

  /** `values` is the handle of `maps` without TTL. */
  constructor(
    current: CurrentKey,
    values: BackendMap<K, V>,
    maps: readonly MapTable[],
    times: readonly MapTable[],
    subKeyOf: (key: Key) => MapKey,
    rules: TtlRules,
  ) {
    this.#current = current;
    this.#values = values;
    this.#maps = maps;
    this.#times = times;
    this.#subKeyOf = subKeyOf;
    this.#rules = rules;
  }

  get(key: K): V | undefined {
    const now = this.#rules.now();
    const value = this.#get(key, now);
    this.#rules.sweep.step(now);
    return value;
  }

  /** An expired entry that may still be answered is there. Nothing is cleaned, so that it is there for the `get` too. */
  has(key: K): boolean {
    const now = this.#rules.now();
    const touchedAt = this.#touchedAt(key);
    if (touchedAt === undefined) return false;
    if (isExpired(touchedAt, this.#rules.ttl, now)) {
      if (answersExpired(this.#rules)) return true;
      this.delete(key);
      return false;
    }
    if (refreshesOnRead(this.#rules)) this.#touch(key, now);
    return true;
  }

  set(key: K, value: V): void {
    const now = this.#rules.now();
    this.#values.set(key, value);
    this.#touch(key, now);
    this.#rules.sweep.step(now);
  }

  delete(key: K): void {
    this.#values.delete(key);
    removeMapEntry(tableOf(this.#times, this.#current), this.#current.mapKey, this.#subKeyOf(key));
  }

  entries(): IterableIterator<readonly [K, V]> {
    // The key of this call, whichever is current when the entries are taken.
    const maps = tableOf(this.#maps, this.#current);
    const times = tableOf(this.#times, this.#current);
    return this.#entriesOf(maps, times, this.#current.mapKey, this.#rules.now());
  }

  isEmpty(): boolean {
    const now = this.#rules.now();
    // What has expired is looked at only once: it is removed.
    if (!answersExpired(this.#rules)) this.#dropExpired(now, 'until one has not');
    const isEmpty = this.#values.isEmpty();
    this.#rules.sweep.step(now);
    return isEmpty;
  }

  clear(): void {
    this.#values.clear();
    removeMap(tableOf(this.#times, this.#current), this.#current.mapKey);
  }

  dropExpired(): void {
    this.#dropExpired(this.#rules.now(), 'all');
  }

  #get(key: K, now: number): V | undefined {
    const touchedAt = this.#touchedAt(key);
    if (touchedAt === undefined) return undefined;
    if (!isExpired(touchedAt, this.#rules.ttl, now)) {
      if (refreshesOnRead(this.#rules)) this.#touch(key, now);
      return this.#values.get(key);
    }
    const expired = answersExpired(this.#rules) ? this.#values.get(key) : undefined;
    this.delete(key);
    return expired;
  }

  *#entriesOf(
    maps: MapTable,
    times: MapTable,
    mapKey: MapKey,
    now: number,
  ): IterableIterator<readonly [K, V]> {
    const map = maps.entries.get(mapKey);
    for (const [subKey, value] of map ?? []) {
      // Cleared meanwhile: what is left of the old map has no times.
      if (maps.entries.get(mapKey) !== map) return;
      const expired = isExpired(times.entries.get(mapKey)?.get(subKey) as number, this.#rules.ttl, now);
      if (isMutable(value)) touchMapEntry(maps, mapKey, subKey);
      if (expired) {
        removeMapEntry(maps, mapKey, subKey);
        removeMapEntry(times, mapKey, subKey);
        if (!answersExpired(this.#rules)) continue;
      } else if (refreshesOnRead(this.#rules)) setMapEntry(times, mapKey, subKey, now);
      yield [fromMapKey(subKey) as K, value as V];
    }
  }

  #dropExpired(now: number, which: 'all' | 'until one has not'): void {
    const { mapKey } = this.#current;
    const times = tableOf(this.#times, this.#current);
    for (const [subKey, touchedAt] of times.entries.get(mapKey) ?? []) {
      if (isExpired(touchedAt as number, this.#rules.ttl, now)) {
        removeMapEntry(tableOf(this.#maps, this.#current), mapKey, subKey);
        removeMapEntry(times, mapKey, subKey);
      } else if (which !== 'all') return;
    }
  }

  #touchedAt(key: K): number | undefined {
    const times = tableOf(this.#times, this.#current).entries.get(this.#current.mapKey);
    return times?.get(this.#subKeyOf(key)) as number | undefined;
  }

  #touch(key: K, now: number): void {
    setMapEntry(tableOf(this.#times, this.#current), this.#current.mapKey, this.#subKeyOf(key), now);
  }
}
