/**
 * Makes T1 of `ttl.ts` true after a restore: what has no time (TTL was off when it was saved) counts as touched now, and a
 * time whose entry is gone (a migration dropped it) goes too. Throws MalformedBytes when the times are none.
 */
import { MalformedBytes } from '../base/malformedBytes.ts';
import { type Entries, type MapTable, mapOf, type ValueTable } from './stateTable.ts';

export function completeValueTimes(values: ValueTable, times: ValueTable, now: number): void {
  for (const key of values.entries.keys()) {
    const touchedAt = times.entries.get(key) ?? now;
    if (typeof touchedAt !== 'number') throw noTime();
    times.entries.set(key, touchedAt);
  }
  dropForeign(times.entries, values.entries);
}

export function completeListTimes(lists: ValueTable, times: ValueTable, now: number): void {
  for (const [key, list] of lists.entries) {
    const { length } = list as readonly unknown[];
    const touchedAt = times.entries.get(key) ?? new Array<number>(length).fill(now);
    if (!isTimes(touchedAt, length)) throw noTime();
    times.entries.set(key, touchedAt);
  }
  dropForeign(times.entries, lists.entries);
}

export function completeMapTimes(maps: MapTable, times: MapTable, now: number): void {
  for (const [key, map] of maps.entries) {
    const ofKey = mapOf(times, key);
    for (const subKey of map.keys()) {
      const touchedAt: unknown = ofKey.get(subKey) ?? now;
      if (typeof touchedAt !== 'number') throw noTime();
      ofKey.set(subKey, touchedAt);
    }
    dropForeign(ofKey, map);
  }
  dropForeign(times.entries, maps.entries);
}

function dropForeign<V>(times: Entries<V>, entries: Entries<unknown>): void {
  if (times.size === entries.size) return;
  for (const key of times.keys()) if (!entries.has(key)) times.delete(key);
}

function isTimes(value: unknown, length: number): boolean {
  return (
    Array.isArray(value) && value.length === length && value.every((element) => typeof element === 'number')
  );
}

const noTime = () => new MalformedBytes('what should be times of a state with TTL is something else');
