/**
 * A snapshot of keyed state on its way. Making one only marks every table; `next()` then writes a bounded slice (a
 * millisecond or two) and is called between the batches of the task, until it answers null. What comes out is the state
 * at the mark, whatever happened since (S1 in `stateTable.ts`). Several cursors may be under way at once.
 *
 * The blocks come state by state, within a state by key group, within a group by key and sub key. The sorting is sliced
 * too (`sortedRuns.ts`). A slice is measured in `units`, since the core has no clock; one value is never divided, so a
 * single huge one makes its slice longer.
 *
 * An increment writes some key groups in full, and of the others what has changed since its base (`changeLog.ts`): what is not
 * there any more as a removal.
 */

import { ByteWriter } from '../base/byteWriter.ts';
import type { ChangeLog, ChangesOf } from './changeLog.ts';
import type { Key, StateDescription } from './declarations.ts';
import { writeKey } from './keyEncoding.ts';
import { compareMapKeys, fromMapKey, type MapKey } from './mapKey.ts';
import { runLength, SortedRuns } from './sortedRuns.ts';
import { BlockBuilder, type StateBlock } from './stateBlock.ts';
import {
  ABSENT,
  EncodedValue,
  encodeStateValue,
  type MapStash,
  type MapTable,
  peekEntry,
  type ValueStash,
  type ValueTable,
  WHOLE,
} from './stateTable.ts';
import {
  compareRegistrations,
  compareTimers,
  type StoredTimer,
  type TimerGroup,
  type TimerMark,
  type TimerQueue,
  wasThereAt,
} from './timerQueue.ts';
import { ValueRefused } from './valueWriter.ts';

/** The tables of one state, by key group from the first of the range on. */
export type StateTables =
  | {
      readonly kind: 'values';
      readonly description: StateDescription;
      readonly tables: readonly ValueTable[];
    }
  | { readonly kind: 'maps'; readonly description: StateDescription; readonly tables: readonly MapTable[] }
  | { readonly kind: 'timers'; readonly description: StateDescription; readonly queue: TimerQueue };

/** Of an increment: what it writes. */
export interface Increment {
  /** By index in the range of the subtask. */
  isWhole(groupIndex: number): boolean;
  readonly log: Pick<ChangeLog, 'changesOf'>;
}

export interface SnapshotSlice {
  /** Null: this slice only sorted or collected. */
  readonly block: StateBlock | null;
}

/** A state value that cannot be saved: names operator, state, key and the place in the value. */
export class StateRefused extends Error {
  override name = 'StateRefused';
}

/** What a slice may cost, by default: a millisecond or less. */
export const defaultSliceUnits = 8_192;
const units = { collected: 1, run: runLength * 8, entry: 12, table: 2 } as const;

type Writing = Generator<SnapshotSlice, void>;

export class SnapshotCursor {
  readonly checkpointId: number;
  readonly #operatorUid: string;
  readonly #builder: BlockBuilder;
  readonly #subKey = new ByteWriter(32);
  readonly #parts: readonly MarkedTable[];
  readonly #done: (totals: ReadonlyMap<string, { readonly entries: number; readonly bytes: number }>) => void;
  readonly #totals = new Map<string, { entries: number; bytes: number }>();
  readonly #writing: Writing;
  readonly #sliceUnits: number;
  #unitsLeft: number;
  #isOver = false;

  constructor(
    checkpointId: number,
    operatorUid: string,
    states: readonly StateTables[],
    firstGroup: number,
    sliceUnits: number,
    increment: Increment | null,
    done: (totals: ReadonlyMap<string, { readonly entries: number; readonly bytes: number }>) => void,
  ) {
    this.checkpointId = checkpointId;
    this.#operatorUid = operatorUid;
    this.#sliceUnits = sliceUnits;
    this.#unitsLeft = sliceUnits;
    this.#builder = new BlockBuilder(increment !== null);
    this.#parts = states.flatMap((state) => mark(state, firstGroup, increment));
    for (const { description } of states) this.#totals.set(description.name, { entries: 0, bytes: 0 });
    this.#done = done;
    this.#writing = this.#write();
  }

  /** The next slice; null when everything was written. Throws StateRefused. */
  next(): SnapshotSlice | null {
    if (this.#isOver) return null;
    try {
      const { value, done } = this.#writing.next();
      if (!done) return value;
    } catch (error) {
      this.cancel();
      throw error;
    }
    this.#isOver = true;
    this.#done(this.#totals);
    return null;
  }

  /** Lets go of everything; nothing more comes. */
  cancel(): void {
    this.#isOver = true;
    for (const part of this.#parts) part.release();
  }

  *#write(): Writing {
    for (const part of this.#parts) {
      switch (part.kind) {
        case 'values':
          yield* this.#writeValues(part);
          break;
        case 'maps':
          yield* this.#writeMaps(part);
          break;
        case 'timers':
          yield* this.#writeTimers(part);
          break;
      }
      part.release();
      if (this.#builder.entries > 0) yield this.#takeBlock(part);
      else if (this.#spend(units.table)) yield pause;
    }
  }

  *#writeValues(part: MarkedValues): Writing {
    const { table, stash } = part;
    const keys = new SortedRuns<MapKey>(compareMapKeys);
    if (part.changes === null) {
      yield* this.#collect(keys, table.entries.keys());
      yield* this.#collect(keys, stash.keys());
    } else for (const changed of part.changes) yield* this.#collect(keys, changed);
    for (let key = keys.next(); key !== undefined; key = keys.next()) {
      const saved = stash.size === 0 ? undefined : stash.get(key);
      const value = saved === undefined ? peekEntry(table.entries, key) : saved;
      const isThere = value !== ABSENT && value !== undefined;
      const slice = isThere ? this.#add(part, key, undefined, value) : this.#remove(part, key, undefined);
      if (slice !== null) yield slice;
    }
  }

  *#writeMaps(part: MarkedMaps): Writing {
    const { table, stash, changes } = part;
    const keys = new SortedRuns<MapKey>(compareMapKeys);
    if (changes === null) {
      yield* this.#collect(keys, table.entries.keys());
      yield* this.#collect(keys, stash.keys());
    } else for (const changed of changes) yield* this.#collect(keys, changed.keys());
    for (let key = keys.next(); key !== undefined; key = keys.next()) {
      const ofKey = changes?.flatMap((changed) => changed.get(key!) ?? []) ?? [WHOLE];
      const isWhole = ofKey.includes(WHOLE);
      if (isWhole && changes !== null) {
        this.#builder.removeMap(key);
        if (this.#builder.isFull) yield this.#takeBlock(part);
        else if (this.#spend(units.entry)) yield pause;
      }
      // What was saved of this key may still grow while its entries are written, so it must be there from now on.
      let saved = stash.get(key);
      if (saved === undefined) {
        saved = { detached: null, touched: new Map() };
        stash.set(key, saved);
      }
      const subKeys = new SortedRuns<MapKey>(compareMapKeys);
      const map = saved.detached ?? table.entries.get(key);
      if (isWhole) {
        if (map !== undefined) yield* this.#collect(subKeys, map.keys());
        yield* this.#collect(subKeys, saved.touched.keys());
      } else for (const changed of ofKey) if (changed !== WHOLE) yield* this.#collect(subKeys, changed);
      for (let subKey = subKeys.next(); subKey !== undefined; subKey = subKeys.next()) {
        const touched = saved.touched.get(subKey);
        const isThere = touched === undefined ? map?.has(subKey) === true : touched !== ABSENT;
        const value = touched === undefined && map !== undefined ? peekEntry(map, subKey) : touched;
        // Under the removal of its whole map nothing has to be removed.
        const slice = isThere
          ? this.#add(part, key, subKey, value)
          : isWhole
            ? null
            : this.#remove(part, key, subKey);
        if (slice !== null) yield slice;
      }
    }
  }

  *#writeTimers(part: MarkedTimers): Writing {
    const { table, mark: timerMark, changes } = part;
    const timers = new SortedRuns<StoredTimer>(changes === null ? compareTimers : compareRegistrations);
    if (changes === null) {
      for (const timer of table.timers()) {
        if (timer.sequence >= timerMark.sequence) continue;
        if (this.#spend(timers.add(timer) ? units.run : units.collected)) yield pause;
      }
      // By index: more may be removed while this is under way.
      for (let i = 0; i < timerMark.removed.length; i++) {
        if (this.#spend(timers.add(timerMark.removed[i]!) ? units.run : units.collected)) yield pause;
      }
    } else {
      for (const changed of changes) {
        for (const timer of changed)
          if (this.#spend(timers.add(timer) ? units.run : units.collected)) yield pause;
      }
    }
    part.release();
    let timer = timers.next();
    while (timer !== undefined) {
      // A timer that was removed may have been registered again: of all that are alike one may have been there.
      let isThere = wasThereAt(timer, timerMark.sequence);
      let next = timers.next();
      while (next !== undefined && compareTimers(timer, next) === 0) {
        isThere ||= wasThereAt(next, timerMark.sequence);
        next = timers.next();
      }
      this.#subKey.truncate(0);
      writeKey(this.#subKey, [timer.time, fromMapKey(timer.namespace)] as Key);
      if (isThere) this.#count(part, this.#builder.add(timer.key, this.#subKey.view(), undefined));
      else if (changes !== null) this.#builder.remove(timer.key, this.#subKey.view());
      timer = next;
      if (this.#builder.isFull) yield this.#takeBlock(part);
      else if (this.#spend(units.entry)) yield pause;
    }
  }

  *#collect(keys: SortedRuns<MapKey>, from: Iterable<MapKey>): Writing {
    for (const key of from) {
      if (this.#spend(keys.add(key) ? units.run : units.collected)) yield pause;
    }
  }

  /** Answers what ends the slice, if anything does. Not a generator: there would be one for every entry. */
  #add(part: MarkedTable, key: MapKey, subKey: MapKey | undefined, value: unknown): SnapshotSlice | null {
    const bytes = value instanceof EncodedValue ? value.bytes : this.#encode(part, key, value);
    this.#count(part, this.#builder.add(key, subKey, bytes));
    if (this.#builder.isFull) return this.#takeBlock(part);
    return this.#spend(units.entry + (bytes.length >> 5)) ? pause : null;
  }

  /** In a full snapshot what is not there is nothing to write. */
  #remove(part: MarkedValues | MarkedMaps, key: MapKey, subKey: MapKey | undefined): SnapshotSlice | null {
    if (part.changes === null) return null;
    this.#builder.remove(key, subKey);
    if (this.#builder.isFull) return this.#takeBlock(part);
    return this.#spend(units.entry) ? pause : null;
  }

  #encode(part: MarkedTable, key: MapKey, value: unknown): Uint8Array {
    try {
      return encodeStateValue(value);
    } catch (error) {
      if (error instanceof ValueRefused) throw refusal(error, this.#operatorUid, part.description.name, key);
      throw error;
    }
  }

  #takeBlock(part: MarkedTable): SnapshotSlice {
    this.#unitsLeft = this.#sliceUnits;
    return { block: this.#builder.take(part.description, part.keyGroup) };
  }

  /** The sizes of entries are averaged over what is there in full: what changes may be of another size. */
  #count(part: MarkedTable, bytes: number): void {
    if (part.changes !== null) return;
    const totals = this.#totals.get(part.description.name)!;
    totals.entries++;
    totals.bytes += bytes;
  }

  /** True when the slice is used up. */
  #spend(cost: number): boolean {
    this.#unitsLeft -= cost;
    if (this.#unitsLeft > 0) return false;
    this.#unitsLeft = this.#sliceUnits;
    return true;
  }
}

export function refusal(
  refused: ValueRefused,
  operatorUid: string,
  state: string,
  key: MapKey,
): StateRefused {
  const shownKey = JSON.stringify(fromMapKey(key), (_, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : part,
  );
  const value = refused.path === '' ? 'the value' : `the value's ${refused.path}`;
  return new StateRefused(
    `State "${state}" of operator "${operatorUid}" cannot be saved for key ${shownKey}: ${value} ${refused.message}.`,
  );
}

const pause: SnapshotSlice = { block: null };

interface Marked {
  readonly description: StateDescription;
  readonly keyGroup: number;
  /** The table need not keep anything for this snapshot any more. Idempotent. */
  release(): void;
}
type MarkedValues = Marked & {
  readonly kind: 'values';
  readonly table: ValueTable;
  readonly stash: ValueStash;
  /** Null: all of it is written. */
  readonly changes: readonly ChangesOf<ValueTable>[] | null;
};
type MarkedMaps = Marked & {
  readonly kind: 'maps';
  readonly table: MapTable;
  readonly stash: Map<MapKey, MapStash>;
  readonly changes: readonly ChangesOf<MapTable>[] | null;
};
type MarkedTimers = Marked & {
  readonly kind: 'timers';
  readonly table: TimerGroup;
  readonly mark: TimerMark;
  readonly changes: readonly ChangesOf<TimerGroup>[] | null;
};
type MarkedTable = MarkedValues | MarkedMaps | MarkedTimers;

/** What was empty at the mark, or has not changed, has nothing to write, whatever comes into it later. */
function mark(state: StateTables, firstGroup: number, increment: Increment | null): readonly MarkedTable[] {
  const { description } = state;
  const changesIn = <T extends ValueTable | MapTable | TimerGroup>(table: T, i: number) =>
    increment === null || increment.isWhole(i) ? null : increment.log.changesOf(table);
  switch (state.kind) {
    case 'values':
      return state.tables.flatMap((table, i) => {
        const changes = changesIn(table, i);
        if ((changes?.length ?? table.entries.size) === 0) return [];
        const stash: ValueStash = new Map();
        table.stashes = [...(table.stashes ?? []), stash];
        return [
          {
            kind: 'values',
            description,
            keyGroup: firstGroup + i,
            table,
            stash,
            changes,
            release: () => (table.stashes = without(table.stashes, stash)),
          },
        ];
      });
    case 'maps':
      return state.tables.flatMap((table, i) => {
        const changes = changesIn(table, i);
        if ((changes?.length ?? table.entries.size) === 0) return [];
        const stash = new Map<MapKey, MapStash>();
        table.stashes = [...(table.stashes ?? []), stash];
        return [
          {
            kind: 'maps',
            description,
            keyGroup: firstGroup + i,
            table,
            stash,
            changes,
            release: () => (table.stashes = without(table.stashes, stash)),
          },
        ];
      });
    case 'timers':
      return state.queue.groups.flatMap((table, i) => {
        const changes = changesIn(table, i);
        if ((changes?.length ?? table.count) === 0) return [];
        const timerMark: TimerMark = { sequence: state.queue.sequence, removed: [] };
        // An increment knows of every timer that it writes when it was removed: nothing has to be kept for it.
        if (changes === null) table.marks = [...(table.marks ?? []), timerMark];
        return [
          {
            kind: 'timers',
            description,
            keyGroup: firstGroup + i,
            table,
            mark: timerMark,
            changes,
            release: () => (table.marks = without(table.marks, timerMark)),
          },
        ];
      });
  }
}

function without<T>(list: readonly T[] | null, item: T): readonly T[] | null {
  const rest = list?.filter((other) => other !== item) ?? [];
  return rest.length === 0 ? null : rest;
}
