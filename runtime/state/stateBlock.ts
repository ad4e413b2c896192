/**
 * A block: some entries of one state in one key group, sorted by key and sub key, in the form in which they stand in a
 * data file (docs/savepoint-format.md). An entry is its key's length and bytes, the same of its sub key in a map or
 * timer state, and the same of its value except in a timer state. A block is closed when it has `blockBytes`; only a
 * single larger entry makes it longer.
 *
 * In a *layer*, a file that stands on older ones, an entry may also say that something is there no longer. So its value
 * (also that of a timer, which has no bytes) is preceded by its length and one; 0 stands for a removal. An empty sub key,
 * which no key is written as, stands before all others: removed with it is the whole map of the key.
 */
import { assert } from '../base/assert.ts';
import { ByteReader } from '../base/byteReader.ts';
import { ByteWriter } from '../base/byteWriter.ts';
import { MalformedBytes } from '../base/malformedBytes.ts';
import type { StateDescription, StateType } from './declarations.ts';
import { type MapKey, writeMapKey } from './mapKey.ts';

export const blockBytes = 65_536;

export interface StateBlock {
  readonly state: StateDescription;
  readonly keyGroup: number;
  /** In a layer removals count too. */
  readonly entries: number;
  readonly bytes: Uint8Array;
  readonly isLayer: boolean;
}

export interface StateEntry {
  /** Canonical bytes; a view into the block. */
  readonly key: Uint8Array;
  /** Canonical bytes of a map's key or of a timer's [time, namespace]; null in other states. */
  readonly subKey: Uint8Array | null;
  /** As `valueWriter` wrote it; empty for a timer. */
  readonly value: Uint8Array;
}

/** Value null: it is there no longer; with an empty sub key nothing of the key is. */
export type LayerEntry = Pick<StateEntry, 'key' | 'subKey'> & { readonly value: Uint8Array | null };

export const hasSubKeys = (type: StateType): boolean => type === 'map' || type === 'timers';

/** Collects entries, which must come in order, until there are enough for a block. */
export class BlockBuilder {
  readonly #bytes = new ByteWriter(blockBytes + 4_096);
  readonly #key = new ByteWriter(64);
  readonly #isLayer: boolean;
  #entries = 0;

  constructor(isLayer = false) {
    this.#isLayer = isLayer;
  }

  get entries(): number {
    return this.#entries;
  }

  get isFull(): boolean {
    return this.#bytes.length >= blockBytes;
  }

  /** Answers how many bytes the entry takes. */
  add(key: MapKey, subKey: Uint8Array | MapKey | undefined, value: Uint8Array | undefined): number {
    const before = this.#bytes.length;
    this.#addKeys(key, subKey);
    if (this.#isLayer) {
      this.#bytes.varint((value?.length ?? 0) + 1);
      if (value !== undefined) this.#bytes.bytes(value);
    } else if (value !== undefined) this.#addBytes(value);
    this.#entries++;
    return this.#bytes.length - before;
  }

  /** In a layer: it is there no longer. */
  remove(key: MapKey, subKey: Uint8Array | MapKey | undefined): void {
    assert(this.#isLayer, 'what is complete by itself has no removals');
    this.#addKeys(key, subKey);
    this.#bytes.varint(0);
    this.#entries++;
  }

  /** In a layer, before what the key's map has now: nothing that it had is there any longer. */
  removeMap(key: MapKey): void {
    this.remove(key, NOTHING);
  }

  take(state: StateDescription, keyGroup: number): StateBlock {
    const block = {
      state,
      keyGroup,
      entries: this.#entries,
      bytes: this.#bytes.take(),
      isLayer: this.#isLayer,
    };
    this.#entries = 0;
    return block;
  }

  #addKeys(key: MapKey, subKey: Uint8Array | MapKey | undefined): void {
    this.#addKey(key);
    if (subKey instanceof Uint8Array) this.#addBytes(subKey);
    else if (subKey !== undefined) this.#addKey(subKey);
  }

  #addKey(key: MapKey): void {
    this.#key.truncate(0);
    writeMapKey(this.#key, key);
    this.#addBytes(this.#key.view());
  }

  #addBytes(bytes: Uint8Array): void {
    this.#bytes.varint(bytes.length);
    this.#bytes.bytes(bytes);
  }
}

/** The entries of a block, in order. Throws MalformedBytes. */
export function* entriesOf(bytes: Uint8Array, type: StateType): Generator<StateEntry> {
  const reader = new ByteReader(bytes);
  while (reader.left > 0) {
    const key = reader.bytes(reader.varint());
    const subKey = hasSubKeys(type) ? reader.bytes(reader.varint()) : null;
    const value = type === 'timers' ? NOTHING : reader.bytes(reader.varint());
    yield { key, subKey, value };
  }
}

/** The entries and removals of a block of a layer, in order. Throws MalformedBytes. */
export function* layerEntriesOf(bytes: Uint8Array, type: StateType): Generator<LayerEntry> {
  const reader = new ByteReader(bytes);
  while (reader.left > 0) {
    const key = reader.bytes(reader.varint());
    const subKey = hasSubKeys(type) ? reader.bytes(reader.varint()) : null;
    const lengthAndOne = reader.varint();
    const value = lengthAndOne === 0 ? null : reader.bytes(lengthAndOne - 1);
    if (value !== null && subKey?.length === 0) throw new MalformedBytes('an entry without a sub key');
    if (value !== null && type === 'timers' && value.length > 0)
      throw new MalformedBytes('a timer with a value');
    yield { key, subKey, value };
  }
}

const NOTHING = new Uint8Array(0);
