/**
 * State of an operator as a whole, as Flink's OperatorStateStore has it: it belongs to a subtask and not to a key, lives
 * in its memory, and is small. At the marking of a snapshot all of it is encoded at once, so it may be mutated in place
 * at any time.
 *
 * Broadcast state is a map that is the same in every subtask, because all of them see the same records. Each writes
 * its copy; an element is `[key, value]`, and the elements are in the order of the keys, so that equal maps have equal
 * bytes.
 */
import type { Key, ListState, MapState, ReadonlyMapState } from './declarations.ts';
import { KeyRefused } from './keyEncoding.ts';
import { compareMapKeys, fromMapKey, type MapKey, toMapKey } from './mapKey.ts';

/** Of the types 'operator-list' and 'operator-union'. */
export class OperatorList<T> implements ListState<T> {
  #elements: T[];

  constructor(restored: readonly unknown[]) {
    this.#elements = restored.slice() as T[];
  }

  get(): readonly T[] {
    return this.#elements;
  }

  add(value: T): void {
    this.#elements.push(value);
  }

  update(values: readonly T[]): void {
    this.#elements = values.slice();
  }

  clear(): void {
    this.#elements = [];
  }

  /** What goes into a snapshot. */
  elements(): readonly unknown[] {
    return this.#elements;
  }
}

/** Of the type 'operator-broadcast'. */
export class BroadcastMap<K extends Key, V> implements MapState<K, V> {
  readonly #owner: string;
  readonly #entries = new Map<MapKey, V>();

  /** `owner` names the state where a key is refused. */
  constructor(owner: string, restored: readonly unknown[]) {
    this.#owner = owner;
    for (const [key, value] of restored as readonly (readonly [K, V])[]) this.set(key, value);
  }

  get(key: K): V | undefined {
    return this.#entries.get(this.#mapKey(key));
  }

  has(key: K): boolean {
    return this.#entries.has(this.#mapKey(key));
  }

  set(key: K, value: V): void {
    this.#entries.set(this.#mapKey(key), value);
  }

  delete(key: K): void {
    this.#entries.delete(this.#mapKey(key));
  }

  *entries(): IterableIterator<readonly [K, V]> {
    for (const [key, value] of this.#entries) yield [fromMapKey(key) as K, value];
  }

  isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** What goes into a snapshot. */
  elements(): readonly unknown[] {
    const keys = [...this.#entries.keys()].sort(compareMapKeys);
    return keys.map((key) => [fromMapKey(key), this.#entries.get(key)]);
  }

  #mapKey(key: K): MapKey {
    try {
      return toMapKey(key);
    } catch (error) {
      throw error instanceof KeyRefused ? new KeyRefused(`${this.#owner}: ${error.message}`) : error;
    }
  }
}

/** The map without the methods that write it, for whoever may only read it. */
export function readonlyMapState<K extends Key, V>(map: ReadonlyMapState<K, V>): ReadonlyMapState<K, V> {
  return {
    get: (key) => map.get(key),
    has: (key) => map.has(key),
    entries: () => map.entries(),
    isEmpty: () => map.isEmpty(),
  };
}
