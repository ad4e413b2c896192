/**
 * Entries whose values may be on disk, behind the interface of a `Map`. The keys are always here. What a key has is one of
 *
 *   a number, a boolean, a short string, …   the value itself: on disk it would take as much memory
 *   a Cell                                   a value in memory that may be put on disk (`spillCache.ts` says when)
 *   an EncodedValue                          its bytes, on their way to the disk
 *   ON_DISK                                  nothing; the bytes are in the store
 *
 * E1. Whatever `get` hands out is the state until the cell is put on disk, which encodes it as it is then. So a mutation in
 *     place is kept; one that comes after that meets a frozen object.
 * E2. ON_DISK stands only where a write that is done has put the newest bytes of the key.
 * E3. Numbers of tables are never used twice, so what a table left behind is never read by another.
 */
import { ByteWriter } from '../base/byteWriter.ts';
import { compareBytes } from '../base/compareBytes.ts';
import { type MapKey, writeMapKey } from './mapKey.ts';
import type { SpillCache } from './spillCache.ts';
import { EncodedValue, type Entries, encodeStateValue, type Refuse } from './stateTable.ts';
import { readWholeValue } from './valueReader.ts';

export const ON_DISK = Symbol('on disk');

/** Shorter strings stay with their key. */
const stringLengthMin = 64;

/** After one that was changed, so many are written without looking. */
const comparesEvery = 15;

export class Cell {
  readonly entries: SpilledEntries;
  readonly key: MapKey;
  value: unknown;
  /** As the budget counts it. */
  bytes = 0;
  /** Its place among the cells of the cache. */
  place = 0;
  /** It was used since the clock's hand last passed. */
  isUsed = true;
  /** Uses since `bytes` was measured: an object may have grown. */
  uses = 0;
  /**
   * Against the store: 'same'; 'handed out' by `get`, so perhaps changed in place; 'changed' or never written.
   */
  state: 'same' | 'handed out' | 'changed';
  /** The store has, or is about to have, bytes of the key. */
  readonly isStored: boolean;

  constructor(entries: SpilledEntries, key: MapKey, value: unknown, state: Cell['state'], isStored: boolean) {
    this.entries = entries;
    this.key = key;
    this.value = value;
    this.state = state;
    this.isStored = isStored;
  }
}

export class SpilledEntries implements Entries<unknown> {
  readonly #slots = new Map<MapKey, unknown>();
  readonly #cache: SpillCache;
  readonly #number: number;
  /** Of the value of a key of this table; `outerKey` is the key whose map this is. */
  readonly #refuse: Refuse;
  readonly #outerKey: MapKey | undefined;
  /** Values that were handed out and not changed since are not worth writing; where most are changed, asking costs a read. */
  #comparesIn = 0;

  constructor(cache: SpillCache, refuse: Refuse, outerKey?: MapKey) {
    this.#cache = cache;
    this.#number = cache.nextNumber();
    this.#refuse = refuse;
    this.#outerKey = outerKey;
  }

  get size(): number {
    return this.#slots.size;
  }

  has(key: MapKey): boolean {
    return this.#slots.has(key);
  }

  keys(): MapIterator<MapKey> {
    return this.#slots.keys();
  }

  /** The reader may change what it is given in place. */
  get(key: MapKey): unknown {
    const slot = this.#slots.get(key);
    if (slot instanceof Cell) {
      if (slot.state === 'same' && typeof slot.value === 'object') slot.state = 'handed out';
      this.#cache.use(slot);
      return slot.value;
    }
    if (slot === ON_DISK) return this.#load(key, this.#cache.read(this.storeKey(key)), 'same');
    // Its write is still under way, so the store has older bytes.
    if (slot instanceof EncodedValue) return this.#load(key, slot.bytes, 'changed');
    return slot;
  }

  /** For whoever only looks, and soon: a value in memory, or the bytes of one that is not. Nothing comes into memory for it. */
  peek(key: MapKey): unknown {
    const slot = this.#slots.get(key);
    if (slot instanceof Cell) return slot.value;
    return slot === ON_DISK ? new EncodedValue(this.#cache.read(this.storeKey(key))) : slot;
  }

  set(key: MapKey, value: unknown): this {
    const slot = this.#slots.get(key);
    if (slot instanceof Cell && isLarge(value)) {
      slot.value = value;
      slot.state = 'changed';
      this.#cache.measure(slot);
      return this;
    }
    const isStored = this.#leave(slot);
    if (isLarge(value)) this.#admit(new Cell(this, key, value, 'changed', isStored));
    else {
      this.#slots.set(key, value);
      if (isStored) this.#cache.remove(this.storeKey(key));
    }
    return this;
  }

  delete(key: MapKey): boolean {
    const slot = this.#slots.get(key);
    if (this.#leave(slot)) this.#cache.remove(this.storeKey(key));
    return this.#slots.delete(key);
  }

  *[Symbol.iterator](): MapIterator<[MapKey, unknown]> {
    for (const key of this.#slots.keys()) yield [key, this.get(key)];
  }

  /** From the cache: the cell goes; answers what has to be written for it. Throws StateRefused. */
  evict(cell: Cell): { readonly storeKey: Uint8Array; readonly encoded: EncodedValue } | null {
    const storeKey = this.storeKey(cell.key);
    const encoded = cell.state === 'same' ? null : new EncodedValue(this.#encode(cell).slice());
    const isSame = encoded === null || (cell.state === 'handed out' && this.#isUnchanged(storeKey, encoded));
    this.#slots.set(cell.key, isSame ? ON_DISK : encoded);
    return isSame ? null : { storeKey, encoded };
  }

  /** From the cache: the bytes can be read from the store now. */
  written(key: MapKey, encoded: EncodedValue): void {
    if (this.#slots.get(key) === encoded) this.#slots.set(key, ON_DISK);
  }

  /** Nobody needs it any more: lets go of up to `most` entries; answers of how many. */
  dispose(most: number): number {
    let gone = 0;
    for (const key of this.#slots.keys()) {
      if (gone === most) break;
      this.delete(key);
      gone++;
    }
    return gone;
  }

  /** A new array each time. */
  storeKey(key: MapKey): Uint8Array {
    scratch.truncate(0);
    scratch.varint(this.#number);
    writeMapKey(scratch, key);
    return scratch.view().slice();
  }

  #isUnchanged(storeKey: Uint8Array, { bytes }: EncodedValue): boolean {
    if (this.#comparesIn > 0) {
      this.#comparesIn--;
      return false;
    }
    const isUnchanged = equal(bytes, this.#cache.read(storeKey));
    if (!isUnchanged) this.#comparesIn = comparesEvery;
    return isUnchanged;
  }

  #load(key: MapKey, bytes: Uint8Array, state: Cell['state']): unknown {
    const value = readWholeValue(bytes);
    const found = state === 'same' && typeof value === 'object' ? 'handed out' : state;
    this.#admit(new Cell(this, key, value, found, true));
    return value;
  }

  #admit(cell: Cell): void {
    this.#slots.set(cell.key, cell);
    this.#cache.admit(cell);
  }

  /** What is replaced leaves memory; answers whether the store has something of it. */
  #leave(slot: unknown): boolean {
    if (slot instanceof Cell) {
      this.#cache.forget(slot);
      return slot.isStored;
    }
    return slot === ON_DISK || slot instanceof EncodedValue;
  }

  #encode(cell: Cell): Uint8Array {
    try {
      return encodeStateValue(cell.value);
    } catch (error) {
      return this.#refuse(error, this.#outerKey === undefined ? cell.key : this.#outerKey);
    }
  }
}

const scratch = new ByteWriter(256);

const isLarge = (value: unknown): boolean =>
  typeof value === 'object' ? value !== null : typeof value === 'string' && value.length >= stringLengthMin;

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && compareBytes(a, b) === 0;
