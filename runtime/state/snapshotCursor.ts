/**
 * A snapshot of keyed state on its way. Making one only marks every table; `next()` then writes a bounded slice (a
 * millisecond or two) and is called between the batches of the task, until it answers null. What comes out is the state
 * at the mark, whatever happened since (S1 in `stateTable.ts`). Several cursors may be under way at once.
 *
 * The blocks come state by state, within a state by key group, within a group by key and sub key. The sorting is sliced
 * too (`sortedRuns.ts`). A slice is measured in `units`, since the core has no clock; one value is never divided, so a
 * single huge one makes its slice longer.
 */

import { ByteWriter } from '../base/byteWriter.ts';
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
} from './stateTable.ts';
import {
  compareTimers,
  type StoredTimer,
  type TimerGroup,
  type TimerMark,
  type TimerQueue,
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
  readonly #builder = new BlockBuilder();
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
    done: (totals: ReadonlyMap<string, { readonly entries: number; readonly bytes: number }>) => void,
  ) {
    this.checkpointId = checkpointId;
    this.#operatorUid = operatorUid;
    this.#sliceUnits = sliceUnits;
    this.#unitsLeft = sliceUnits;
    this.#parts = states.flatMap((state) => mark(state, firstGroup));
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
    yield* this.#collect(keys, table.entries.keys());
    yield* this.#collect(keys, stash.keys());
    for (let key = keys.next(); key !== undefined; key = keys.next()) {
      const saved = stash.size === 0 ? undefined : stash.get(key);
      if (saved === ABSENT) continue;
      const value = saved === undefined ? peekEntry(table.entries, key) : saved;
      const slice = this.#add(part, key, undefined, value);
      if (slice !== null) yield slice;
    }
  }

  *#writeMaps(part: MarkedMaps): Writing {
    const { table, stash } = part;
    const keys = new SortedRuns<MapKey>(compareMapKeys);
    yield* this.#collect(keys, table.entries.keys());
    yield* this.#collect(keys, stash.keys());
    for (let key = keys.next(); key !== undefined; key = keys.next()) {
      // What was saved of this key may still grow while its entries are written, so it must be there from now on.
      let saved = stash.get(key);
      if (saved === undefined) {
        saved = { detached: null, touched: new Map() };
        stash.set(key, saved);
      }
      const live = table.entries.get(key);
      const subKeys = new SortedRuns<MapKey>(compareMapKeys);
      const map = saved.detached ?? live;
      if (map !== undefined) yield* this.#collect(subKeys, map.keys());
      yield* this.#collect(subKeys, saved.touched.keys());
      for (let subKey = subKeys.next(); subKey !== undefined; subKey = subKeys.next()) {
        const savedValue = saved.touched.get(subKey);
        if (savedValue === ABSENT) continue;
        const value = savedValue === undefined && map !== undefined ? peekEntry(map, subKey) : savedValue;
        const slice = this.#add(part, key, subKey, value);
        if (slice !== null) yield slice;
      }
    }
  }

  *#writeTimers(part: MarkedTimers): Writing {
    const timers = new SortedRuns<StoredTimer>(compareTimers);
    for (const timer of part.table.timers()) {
      if (timer.sequence >= part.mark.sequence) continue;
      if (this.#spend(timers.add(timer) ? units.run : units.collected)) yield pause;
    }
    // By index: more may be removed while this is under way.
    for (let i = 0; i < part.mark.removed.length; i++) {
      if (this.#spend(timers.add(part.mark.removed[i]!) ? units.run : units.collected)) yield pause;
    }
    part.release();
    for (let timer = timers.next(); timer !== undefined; timer = timers.next()) {
      this.#subKey.truncate(0);
      writeKey(this.#subKey, [timer.time, fromMapKey(timer.namespace)] as Key);
      this.#count(part, this.#builder.add(timer.key, this.#subKey.view(), undefined));
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

  #count(part: MarkedTable, bytes: number): void {
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
};
type MarkedMaps = Marked & {
  readonly kind: 'maps';
  readonly table: MapTable;
  readonly stash: Map<MapKey, MapStash>;
};
type MarkedTimers = Marked & {
  readonly kind: 'timers';
  readonly table: TimerGroup;
  readonly mark: TimerMark;
};
type MarkedTable = MarkedValues | MarkedMaps | MarkedTimers;

/** What was empty at the mark has nothing to write, whatever comes into it later. */
function mark(state: StateTables, firstGroup: number): readonly MarkedTable[] {
  const { description } = state;
  switch (state.kind) {
    case 'values':
      return state.tables.flatMap((table, i) => {
        if (table.entries.size === 0) return [];
        const stash: ValueStash = new Map();
        table.stashes = [...(table.stashes ?? []), stash];
        return [
          {
            kind: 'values',
            description,
            keyGroup: firstGroup + i,
            table,
            stash,
            release: () => (table.stashes = without(table.stashes, stash)),
          },
        ];
      });
    case 'maps':
      return state.tables.flatMap((table, i) => {
        if (table.entries.size === 0) return [];
        const stash = new Map<MapKey, MapStash>();
        table.stashes = [...(table.stashes ?? []), stash];
        return [
          {
            kind: 'maps',
            description,
            keyGroup: firstGroup + i,
            table,
            stash,
            release: () => (table.stashes = without(table.stashes, stash)),
          },
        ];
      });
    case 'timers':
      return state.queue.groups.flatMap((table, i) => {
        if (table.count === 0) return [];
        const timerMark: TimerMark = { sequence: state.queue.sequence, removed: [] };
        table.marks = [...(table.marks ?? []), timerMark];
        return [
          {
            kind: 'timers',
            description,
            keyGroup: firstGroup + i,
            table,
            mark: timerMark,
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
