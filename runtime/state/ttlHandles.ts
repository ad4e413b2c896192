/**
 * Handles of keyed state with TTL (of maps: `ttlMap.ts`): a state and its times, which change together (T1 in `ttl.ts`).
 * They are classes of their own, so that state without TTL pays nothing for it.
 *
 * What is read removes what it finds expired; with 'return-expired-if-not-cleaned-up' it answers it once more. Touched
 * is what is set or added, with 'on-read-and-write' also what is read; a mutation in place is seen, but touches
 * nothing. A list is handed out as a frozen copy: whoever pushed into it would make an element without a time. Cleaning
 * comes after the access, so that it does not take away what this one may still answer.
 */
import type { ListState, StateTtl, ValueState } from './declarations.ts';
import type { MapKey } from './mapKey.ts';
import { type BackendValue, type CurrentKey, EMPTY, tableOf } from './stateHandles.ts';
import { isMutable, removeValue, setValue, touchValue, type ValueTable } from './stateTable.ts';
import { isExpired } from './ttl.ts';
import { dropExpiredElements, type TtlSweep } from './ttlSweep.ts';

/** What the handles of one state share. */
export interface TtlRules {
  readonly ttl: StateTtl;
  readonly sweep: TtlSweep;
  /** Processing time, milliseconds since the epoch. */
  readonly now: () => number;
}

/** A handle that can forget at once what of the current key has expired. */
export interface Expiring {
  dropExpired(): void;
}

export const refreshesOnRead = ({ ttl }: TtlRules): boolean => ttl.refresh === 'on-read-and-write';
export const answersExpired = ({ ttl }: TtlRules): boolean =>
  ttl.visibility === 'return-expired-if-not-cleaned-up';

/** Also for reducing and aggregating states, whose accumulator it is. */
export class TtlValue<T> implements ValueState<T>, Expiring {
  readonly #values: BackendValue<T>;
  readonly #times: BackendValue<number>;
  readonly #rules: TtlRules;

  constructor(values: BackendValue<T>, times: BackendValue<number>, rules: TtlRules) {
    this.#values = values;
    this.#times = times;
    this.#rules = rules;
  }

  get(): T | undefined {
    const now = this.#rules.now();
    const value = this.#get(now);
    this.#rules.sweep.step(now);
    return value;
  }

  set(value: T): void {
    const now = this.#rules.now();
    this.#values.set(value);
    if (value === undefined) this.#times.clear();
    else this.#times.set(now);
    this.#rules.sweep.step(now);
  }

  clear(): void {
    this.#values.clear();
    this.#times.clear();
  }

  dropExpired(): void {
    const touchedAt = this.#times.get();
    if (touchedAt !== undefined && isExpired(touchedAt, this.#rules.ttl, this.#rules.now())) this.clear();
  }

  #get(now: number): T | undefined {
    const touchedAt = this.#times.get();
    if (touchedAt === undefined) return this.#initial(now);
    if (!isExpired(touchedAt, this.#rules.ttl, now)) {
      if (refreshesOnRead(this.#rules)) this.#times.set(now);
      return this.#values.get();
    }
    const expired = answersExpired(this.#rules) ? this.#values.get() : undefined;
    this.clear();
    return expired ?? this.#initial(now);
  }

  #initial(now: number): T | undefined {
    const initial = this.#values.get();
    // An object is the state from its first `get` on.
    if (isMutable(initial)) this.#times.set(now);
    return initial;
  }
}

export class TtlList<T> implements ListState<T>, Expiring {
  readonly #current: CurrentKey;
  readonly #lists: readonly ValueTable[];
  readonly #times: readonly ValueTable[];
  readonly #rules: TtlRules;

  constructor(
    current: CurrentKey,
    lists: readonly ValueTable[],
    times: readonly ValueTable[],
    rules: TtlRules,
  ) {
    this.#current = current;
    this.#lists = lists;
    this.#times = times;
    this.#rules = rules;
  }

  get(): readonly T[] {
    const now = this.#rules.now();
    const list = this.#get(now);
    this.#rules.sweep.step(now);
    return list;
  }

  add(value: T): void {
    const now = this.#rules.now();
    pushOnto(tableOf(this.#lists, this.#current), this.#current.mapKey, value);
    pushOnto(tableOf(this.#times, this.#current), this.#current.mapKey, now);
    this.#rules.sweep.step(now);
  }

  update(values: readonly T[]): void {
    const now = this.#rules.now();
    if (values.length === 0) this.clear();
    else {
      setValue(tableOf(this.#lists, this.#current), this.#current.mapKey, values.slice());
      setValue(tableOf(this.#times, this.#current), this.#current.mapKey, timesFor(values, now));
    }
    this.#rules.sweep.step(now);
  }

  clear(): void {
    removeValue(tableOf(this.#lists, this.#current), this.#current.mapKey);
    removeValue(tableOf(this.#times, this.#current), this.#current.mapKey);
  }

  dropExpired(): void {
    const now = this.#rules.now();
    const look = (touchedAt: number) => isExpired(touchedAt, this.#rules.ttl, now);
    const lists = tableOf(this.#lists, this.#current);
    dropExpiredElements(lists, tableOf(this.#times, this.#current), this.#current.mapKey, look);
  }

  #get(now: number): readonly T[] {
    const { mapKey } = this.#current;
    const lists = tableOf(this.#lists, this.#current);
    const times = tableOf(this.#times, this.#current);
    const before = lists.entries.get(mapKey) as readonly T[] | undefined;
    if (before === undefined) return EMPTY;
    // The elements may be objects that the reader changes.
    touchValue(lists, mapKey);
    dropExpiredElements(lists, times, mapKey, (touchedAt) => isExpired(touchedAt, this.#rules.ttl, now));
    const left = (lists.entries.get(mapKey) as readonly T[] | undefined) ?? EMPTY;
    if (refreshesOnRead(this.#rules) && left.length > 0) setValue(times, mapKey, timesFor(left, now));
    return Object.freeze((answersExpired(this.#rules) ? before : left).slice());
  }
}

const timesFor = (elements: readonly unknown[], now: number): readonly number[] => elements.map(() => now);

function pushOnto(table: ValueTable, key: MapKey, element: unknown): void {
  touchValue(table, key);
  const list = table.entries.get(key) as unknown[] | undefined;
  if (list === undefined) table.entries.set(key, [element]);
  else list.push(element);
}
