/**
 * A block: some entries of one state in one key group, sorted by key and sub key, in the form in which they stand in a
 * data file (docs/savepoint-format.md). An entry is its key's length and bytes, the same of its sub key in a map or
 * timer state, and the same of its value except in a timer state. A block is closed when it has `blockBytes`; only a
 * single larger entry makes it longer.
 */
import { ByteReader } from '../base/byteReader.ts';
import { ByteWriter } from '../base/byteWriter.ts';
import type { StateDescription, StateType } from './declarations.ts';
import { type MapKey, writeMapKey } from './mapKey.ts';

export const blockBytes = 65_536;

export interface StateBlock {
  readonly state: StateDescription;
  readonly keyGroup: number;
  readonly entries: number;
  readonly bytes: Uint8Array;
}

export interface StateEntry {
  /** Canonical bytes; a view into the block. */
  readonly key: Uint8Array;
  /** Canonical bytes of a map's key or of a timer's [time, namespace]; null in other states. */
  readonly subKey: Uint8Array | null;
  /** As `valueWriter` wrote it; empty for a timer. */
  readonly value: Uint8Array;
}

export const hasSubKeys = (type: StateType): boolean => type === 'map' || type === 'timers';

/** Collects entries, which must come in order, until there are enough for a block. */
export class BlockBuilder {
  readonly #bytes = new ByteWriter(blockBytes + 4_096);
  readonly #key = new ByteWriter(64);
  #entries = 0;

  get entries(): number {
    return this.#entries;
  }

  get isFull(): boolean {
    return this.#bytes.length >= blockBytes;
  }

  /** Answers how many bytes the entry takes. */
  add(key: MapKey, subKey: Uint8Array | MapKey | undefined, value: Uint8Array | undefined): number {
    const before = this.#bytes.length;
    this.#addKey(key);
    if (subKey instanceof Uint8Array) this.#addBytes(subKey);
    else if (subKey !== undefined) this.#addKey(subKey);
    if (value !== undefined) this.#addBytes(value);
    this.#entries++;
    return this.#bytes.length - before;
  }

  take(state: StateDescription, keyGroup: number): StateBlock {
    const block = { state, keyGroup, entries: this.#entries, bytes: this.#bytes.take() };
    this.#entries = 0;
    return block;
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

const NOTHING = new Uint8Array(0);
