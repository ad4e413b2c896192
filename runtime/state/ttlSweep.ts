/**
 * Cleans away what has expired, a little at every access of the state, so that what nobody asks for again does not stay
 * for good and nothing ever stops for a scan. It walks the times group by group, round after round, and looks at
 * `looksPerAccess` of them per access. A list is looked at as a whole; a long one is paid for by the accesses that
 * follow.
 *
 * After a whole round the oldest time that was left is known, and everything that was touched meanwhile is younger than
 * the round: until these expire there is nothing to look for, and an access costs one comparison.
 *
 * What it removes, it touches first (S1 and S2 in `stateTable.ts`), and it removes the entry together with its time (T1 in
 * `ttl.ts`). A map that was cleared since its walk began may be what a snapshot keeps: it is left alone.
 */
import type { StateTtl } from './declarations.ts';
import type { MapKey } from './mapKey.ts';
import {
  type Entries,
  type MapTable,
  removeMapEntry,
  removeValue,
  setValue,
  type ValueTable,
} from './stateTable.ts';
import { isExpired } from './ttl.ts';

/** As many as Flink's incremental cleanup looks at by default. */
const looksPerAccess = 5;

/** Has what was touched then expired? */
export type Look = (touchedAt: number) => boolean;

/** Through the times of one key group. */
interface Walk {
  /** Looks at what comes next and removes it if it has expired; answers how many times it looked at, 0 at the end. */
  next(look: Look): number;
}

export class TtlSweep {
  readonly #ttl: StateTtl;
  readonly #groupCount: number;
  /** Null where the group has nothing. */
  readonly #walkOf: (group: number) => Walk | null;
  #group = 0;
  #walk: Walk | null = null;
  /** Looks that may still be made; below zero after a long list. */
  #credit = 0;
  /** The oldest time of this round that has not expired; at most the round's beginning. */
  #oldest = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #now = 0;
  readonly #look: Look = (touchedAt) => {
    if (isExpired(touchedAt, this.#ttl, this.#now)) return true;
    if (touchedAt < this.#oldest) this.#oldest = touchedAt;
    return false;
  };

  constructor(ttl: StateTtl, groupCount: number, walkOf: (group: number) => Walk | null) {
    this.#ttl = ttl;
    this.#groupCount = groupCount;
    this.#walkOf = walkOf;
  }

  /** At every access of the state, before it. */
  step(now: number): void {
    if (now < this.#quietUntil) return;
    this.#now = now;
    this.#credit = Math.min(this.#credit, 0) + looksPerAccess;
    while (this.#credit > 0) {
      const looks = this.#walk?.next(this.#look) ?? 0;
      // Going on to the next group costs a look too: a step ends, however many of them are empty.
      this.#credit -= Math.max(1, looks);
      if (looks === 0 && !this.#nextGroup()) return;
    }
  }

  /** False at the end of the round. */
  #nextGroup(): boolean {
    if (this.#group === 0) this.#oldest = this.#now;
    if (this.#group < this.#groupCount) {
      this.#walk = this.#walkOf(this.#group++);
      return true;
    }
    this.#group = 0;
    this.#walk = null;
    this.#quietUntil = this.#oldest + this.#ttl.afterMs;
    return false;
  }
}

export function walkValues(values: ValueTable, times: ValueTable): Walk | null {
  if (times.entries.size === 0) return null;
  const keys = times.entries.keys();
  return {
    next: (look) => {
      const { value: key, done } = keys.next();
      if (done) return 0;
      if (look(times.entries.get(key) as number)) {
        removeValue(values, key);
        removeValue(times, key);
      }
      return 1;
    },
  };
}

export function walkLists(lists: ValueTable, times: ValueTable): Walk | null {
  if (times.entries.size === 0) return null;
  const keys = times.entries.keys();
  return {
    next: (look) => {
      const { value: key, done } = keys.next();
      if (done) return 0;
      const looks = (times.entries.get(key) as readonly number[]).length;
      dropExpiredElements(lists, times, key, look);
      return looks;
    },
  };
}

/** Within a map it goes entry by entry: one key may have millions. */
export function walkMaps(maps: MapTable, times: MapTable): Walk | null {
  if (times.entries.size === 0) return null;
  const keys = times.entries.entries();
  let key: MapKey = null;
  let map: Entries<unknown> | null = null;
  let subKeys: Iterator<MapKey> | null = null;
  return {
    next: (look) => {
      if (subKeys !== null && times.entries.get(key) === map) {
        const { value: subKey, done } = subKeys.next();
        if (!done) {
          if (look(map?.get(subKey) as number)) {
            removeMapEntry(maps, key, subKey);
            removeMapEntry(times, key, subKey);
          }
          return 1;
        }
      }
      const { value: entry, done } = keys.next();
      if (done) return 0;
      [key, map] = entry;
      subKeys = map.keys();
      return 1;
    },
  };
}

/** Of one key; what is left stays in its order. */
export function dropExpiredElements(lists: ValueTable, times: ValueTable, key: MapKey, look: Look): void {
  const touchedAt = times.entries.get(key) as readonly number[] | undefined;
  if (touchedAt === undefined) return;
  const expired = touchedAt.map(look);
  if (!expired.includes(true)) return;
  if (!expired.includes(false)) {
    removeValue(lists, key);
    removeValue(times, key);
    return;
  }
  const list = lists.entries.get(key) as readonly unknown[];
  setValue(
    lists,
    key,
    list.filter((_, i) => !expired[i]),
  );
  setValue(
    times,
    key,
    touchedAt.filter((_, i) => !expired[i]),
  );
}
