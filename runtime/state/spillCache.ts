/**
 * Decides which values of keyed state are in memory and which are on disk, for all states of one task thread together. A
 * budget in bytes; a clock (second chance): cells stand in a circle, a hand goes round, and a cell that was not used since
 * the hand last passed goes to disk.
 *
 *                 use
 *      ┌────────────────────────┐        the hand passes: a used cell
 *      ▼                        │        is only marked as unused
 *   in memory ── the hand ──▶ encoded ── a batch is written ──▶ on disk
 *      ▲                        │                                  │
 *      └──────────── get ───────┴──────────────── get ─────────────┘
 *
 * K1. Between two records (`relieve`) memory goes back to the budget. Within one nothing is put on disk before twice as much
 *     is used (a megabyte at least): an operator may hold several values of its keys and change them in place. Beyond that
 *     the coldest go all the same, so that one record can go through a map that is larger than memory, but only what can be
 *     frozen.
 * K2. What is put on disk is frozen, so that whoever changes it too late hears of it.
 * K3. One batch is under way at a time, and batches are written in the order of what happened; so the newest of a key wins.
 * K4. What waits to be written has a bound. Above it `isChoked` says that no record should come until a batch is written.
 */
import { canFreeze, freezeDeep } from './freezeDeep.ts';
import { heapBytes } from './heapBytes.ts';
import type { MapKey } from './mapKey.ts';
import type { Cell, SpilledEntries } from './spilledEntries.ts';
import { SpillFailure, type SpillStore, type SpillWrite } from './spillStore.ts';
import type { EncodedValue } from './stateTable.ts';

export interface SpillOptions {
  readonly store: SpillStore;
  /** For the values of all keyed states of the thread, about. */
  readonly memoryBytes: number;
  /** What one record may have in memory before something goes to disk under its hands. */
  readonly recordBytes?: number;
}

/** A cell itself, its slot, and what keeps it in the circle. */
const cellBytes = 120;
/** Of a removal that waits to be written. */
const removalBytes = 96;
const recordBytesMin = 1_024 * 1_024;
const batchBytesMax = 512 * 1_024;
const waitingBytesMax = 32 * 1_024 * 1_024;
/** So much goes to disk in one `relieve`, unless it is urgent: a step is short. */
const relievedBytesMax = 2 * 1_024 * 1_024;
/** Entries of maps that were cleared which are let go of in one `relieve`. */
const disposedMax = 1_024;

interface Waiting {
  readonly write: SpillWrite;
  readonly bytes: number;
  /** Null of a removal. */
  readonly of: {
    readonly entries: SpilledEntries;
    readonly key: MapKey;
    readonly encoded: EncodedValue;
  } | null;
}

/** A map that is no longer in its table; a snapshot that was marked before may still read it. */
interface Grave {
  readonly map: SpilledEntries;
  readonly table: { readonly stashes: readonly unknown[] | null };
}

export class SpillCache {
  readonly #store: SpillStore;
  readonly #memoryBytes: number;
  readonly #recordBytes: number;
  readonly #batchBytes: number;
  readonly #waitingBytesMax: number;
  readonly #cells: Cell[] = [];
  #hand = 0;
  #bytes = 0;
  #numbers = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #batchesBytes = 0;
  /** Maps that may go, and those that a snapshot may still read. */
  readonly #graves: SpilledEntries[] = [];
  #held: Grave[] = [];

  constructor({ store, memoryBytes, recordBytes }: SpillOptions) {
    this.#store = store;
    this.#memoryBytes = memoryBytes;
    this.#recordBytes = recordBytes ?? Math.max(recordBytesMin, memoryBytes * 2);
    this.#waitingBytesMax = Math.min(waitingBytesMax, memoryBytes / 4);
    this.#batchBytes = Math.min(batchBytesMax, this.#waitingBytesMax / 8);
  }

  /** Of values in memory, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** K4. Whoever asked goes on when a write has called back. Throws SpillFailure. */
  get isChoked(): boolean {
    this.#check();
    return this.#waitingBytes + this.#batchesBytes > this.#waitingBytesMax;
  }

  /** Between two records: K1. Throws SpillFailure and StateRefused. */
  relieve(): void {
    this.#check();
    this.#dispose();
    let relieved = 0;
    while (this.#bytes > this.#memoryBytes && !this.isChoked) {
      if (relieved > relievedBytesMax && this.#bytes < this.#memoryBytes * 1.5) break;
      const cell = this.#next();
      if (cell === null) break;
      relieved += cell.bytes;
      this.#evict(cell);
    }
    if (this.#waitingBytes >= this.#batchBytes) this.#write();
  }

  nextNumber(): number {
    return this.#numbers++;
  }

  admit(cell: Cell): void {
    cell.place = this.#cells.length;
    this.#cells.push(cell);
    this.measure(cell);
  }

  /** It was changed. */
  measure(cell: Cell): void {
    const bytes = cellBytes + heapBytes(cell.value);
    this.#bytes += bytes - cell.bytes;
    cell.bytes = bytes;
    cell.uses = 0;
    cell.isUsed = true;
    if (this.#bytes > this.#recordBytes) this.#relieveWithin(cell);
  }

  /** It was handed out, and may grow in place; a large one is measured the less often. */
  use(cell: Cell): void {
    cell.isUsed = true;
    if (++cell.uses > cell.bytes >> 8) this.measure(cell);
  }

  forget(cell: Cell): void {
    const last = this.#cells.pop()!;
    if (last !== cell) {
      this.#cells[cell.place] = last;
      last.place = cell.place;
    }
    this.#bytes -= cell.bytes;
    cell.bytes = 0;
  }

  /** Throws SpillFailure. */
  read(storeKey: Uint8Array): Uint8Array {
    return this.#store.get(storeKey);
  }

  remove(storeKey: Uint8Array): void {
    this.#enqueue({ write: { key: storeKey, value: null }, bytes: removalBytes, of: null });
  }

  /** The map was taken out of its table. */
  bury(map: SpilledEntries, table: Grave['table']): void {
    if (table.stashes === null) this.#graves.push(map);
    else this.#held.push({ map, table });
  }

  #check(): void {
    if (this.#store.problem !== null) throw new SpillFailure(this.#store.problem);
  }

  /** The next cell that was not used since the hand last passed it. */
  #next(): Cell | null {
    while (this.#cells.length > 0) {
      if (this.#hand >= this.#cells.length) this.#hand = 0;
      const cell = this.#cells[this.#hand]!;
      if (!cell.isUsed) return cell;
      cell.isUsed = false;
      this.#hand++;
    }
    return null;
  }

  /** Within a record. `inUse` is being handed out just now. Two rounds at most. */
  #relieveWithin(inUse: Cell): void {
    const aim = this.#recordBytes * 0.75;
    for (let looks = this.#cells.length * 2; looks > 0 && this.#bytes > aim; looks--) {
      if (this.#hand >= this.#cells.length) this.#hand = 0;
      const cell = this.#cells[this.#hand]!;
      if (!cell.isUsed && cell !== inUse && canFreeze(cell.value)) this.#evict(cell);
      else {
        cell.isUsed = false;
        this.#hand++;
      }
    }
    this.#write();
  }

  #evict(cell: Cell): void {
    const { entries, key, value } = cell;
    const toWrite = entries.evict(cell);
    freezeDeep(value);
    this.forget(cell);
    if (toWrite === null) return;
    const { storeKey, encoded } = toWrite;
    this.#enqueue({
      write: { key: storeKey, value: encoded.bytes },
      bytes: storeKey.length + encoded.bytes.length + removalBytes,
      of: { entries, key, encoded },
    });
  }

  #enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes;
  }

  /** K3. */
  #write(): void {
    if (this.#batchesBytes > 0 || this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#batchesBytes = this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#store.write(
      batch.map(({ write }) => write),
      () => {
        this.#batchesBytes = 0;
        if (this.#store.problem !== null) return;
        for (const { of } of batch) of?.entries.written(of.key, of.encoded);
        if (this.#waitingBytes >= this.#batchBytes) this.#write();
      },
    );
  }

  #dispose(): void {
    if (this.#held[0]?.table.stashes === null) {
      for (const { map, table } of this.#held) if (table.stashes === null) this.#graves.push(map);
      this.#held = this.#held.filter(({ table }) => table.stashes !== null);
    }
    let left = disposedMax;
    for (let map = this.#graves.at(-1); map !== undefined && left > 0; map = this.#graves.at(-1)) {
      left -= Math.max(1, map.dispose(left));
      if (map.size === 0) this.#graves.pop();
    }
  }
}
