/**
 * What has changed since which checkpoint, so that the next one writes only that. The tables gather what changes (S2 in
 * `stateTable.ts`); at each checkpoint's mark that is put aside under its id:
 *
 *   mark 4   {a b}    mark 5   {c}    mark 6   {b d}    now {e}
 *      └ confirmed       └ aborted       └ is written: since 4, so c b d
 *
 * - L1. Everything that is not in a mark's changes after the base, nor among the present ones, is as the base has it.
 * - L2. The base is the newest checkpoint that was confirmed complete. An abort drops nothing: what its mark had is in the
 *       increments that follow.
 * - L3. Until a checkpoint was marked nothing is gathered, and what would not be worth it is given up: then there is no base,
 *       and the next checkpoint is a full one. So this never takes more memory than a share of the state.
 *
 * Savepoints are full, and nothing here knows of them.
 */
import type { MapKey } from './mapKey.ts';
import type { MapChanges, MapTable, ValueTable } from './stateTable.ts';
import type { StoredTimer, TimerGroup } from './timerQueue.ts';

type Table = ValueTable | MapTable | TimerGroup;
export type ChangesOf<T extends Table> = T extends ValueTable
  ? Set<MapKey>
  : T extends MapTable
    ? MapChanges
    : Set<StoredTimer>;

export interface LoggedTables {
  readonly values: readonly ValueTable[];
  readonly maps: readonly MapTable[];
  /** With the queue's step, as `TimerQueue.sequence`. */
  readonly timers: readonly { readonly group: TimerGroup; readonly step: () => number }[];
}

interface Mark {
  readonly checkpointId: number;
  readonly changes: Map<Table, ChangesOf<Table>>;
  readonly count: number;
}

/** After it was given up, so many checkpoints are full before it is tried again; doubled each time. */
const restMax = 8;

export class ChangeLog {
  readonly #tables: LoggedTables;
  /** Null: nothing is gathered. */
  #marks: Mark[] | null = null;
  #base: number | null = null;
  /** Checkpoints until it is tried again, and how many it was the last time. */
  #restLeft = 0;
  #rest = 0;

  constructor(tables: LoggedTables) {
    this.#tables = tables;
  }

  /** The checkpoint that an increment stands on; null: the next one is full. */
  get base(): number | null {
    return this.#base;
  }

  /** Entries that an increment would have now, those that changed in several intervals counted in each. */
  get count(): number {
    return (this.#marks ?? []).reduce((sum, { count }) => sum + count, this.#countPresent());
  }

  /** A checkpoint, full or not, is marked. */
  mark(checkpointId: number): void {
    if (this.#marks === null) {
      if (this.#restLeft > 0) {
        this.#restLeft--;
        return;
      }
      this.#marks = [];
    }
    const count = this.#countPresent();
    this.#marks.push({ checkpointId, changes: this.#takePresent(), count });
  }

  /** The checkpoint is complete. Answers whether increments may stand on it (L2). */
  confirm(checkpointId: number): boolean {
    if (this.#marks?.some((mark) => mark.checkpointId === checkpointId) !== true) return false;
    if (this.#base !== null) this.#rest = 0;
    this.#base = checkpointId;
    this.#marks = this.#marks.filter((mark) => mark.checkpointId > checkpointId);
    return true;
  }

  /** What has changed in the table since the base, up to the newest mark (L1). */
  changesOf<T extends Table>(table: T): readonly ChangesOf<T>[] {
    return (this.#marks ?? []).flatMap(({ changes }) => {
      const ofTable = changes.get(table);
      return ofTable === undefined ? [] : [ofTable as ChangesOf<T>];
    });
  }

  /** It would be more than this to write: not worth what it costs (L3). */
  giveUpAbove(countMax: number): void {
    if (this.#marks === null || this.count <= countMax) return;
    this.stop();
    this.#rest = Math.min(restMax, Math.max(1, 2 * this.#rest));
    this.#restLeft = this.#rest;
  }

  /** Nothing is gathered until the next mark. */
  stop(): void {
    if (this.#marks === null) return;
    this.#marks = null;
    this.#base = null;
    const { values, maps, timers } = this.#tables;
    for (const table of values) table.changed = null;
    for (const table of maps) {
      table.changed = null;
      table.changedCount = 0;
    }
    for (const { group } of timers) group.changed = null;
  }

  #countPresent(): number {
    const { values, maps, timers } = this.#tables;
    let count = 0;
    for (const { changed } of values) count += changed?.size ?? 0;
    for (const { changedCount } of maps) count += changedCount;
    for (const { group } of timers) count += group.changed?.size ?? 0;
    return count;
  }

  #takePresent(): Map<Table, ChangesOf<Table>> {
    const { values, maps, timers } = this.#tables;
    const taken = new Map<Table, ChangesOf<Table>>();
    for (const table of values) {
      if (table.changed?.size === 0) continue;
      if (table.changed !== null) taken.set(table, table.changed);
      table.changed = new Set();
    }
    for (const table of maps) {
      if (table.changed?.size === 0) continue;
      if (table.changed !== null) taken.set(table, table.changed);
      table.changed = new Map();
      table.changedCount = 0;
    }
    for (const { group, step } of timers) {
      group.changedSince = step();
      if (group.changed?.size === 0) continue;
      if (group.changed !== null) taken.set(group, group.changed);
      group.changed = new Set();
    }
    return taken;
  }
}
