/**
 * The keyed state of one operator subtask: the values, lists, maps and timers of the keys whose groups it owns, in memory;
 * values that have no room there may be on disk (`spillCache.ts`). The engine makes a key current, the operator reaches its state through handles, a checkpoint marks a snapshot
 * and writes it later (`snapshotCursor.ts`).
 *
 * On the path of every record: the key's group is computed once (about 50 ns for a short string; a cache of groups was
 * no faster), then each `get` or `set` is one lookup in the table of that group.
 *
 * A value may be mutated in place: it is the one that is saved. Two limits, which the types state by `readonly`: a
 * reference must not be kept over records and mutated later without a new `get`, and what is kept for a default
 * (`initial`) is kept from its first `get` on. An empty list is frozen, so that pushing into it fails instead of
 * being lost. `set(undefined)` is `clear()`.
 */
import { AssertionError, assert, present, unreachable } from '../base/assert.ts';
import { MalformedBytes } from '../base/malformedBytes.ts';
import { ChangeLog } from './changeLog.ts';
import {
  type AggregatingState,
  isOperatorState,
  type Key,
  type ListState,
  type MapState,
  type ReducingState,
  type StateDeclaration,
  type StateDescription,
  timerStates,
  type ValueState,
} from './declarations.ts';
import { FoldingState } from './foldingState.ts';
import { decodeKey, KeyRefused } from './keyEncoding.ts';
import { hashAsciiString, type KeyGroupRange, keyGroupOf, NOT_ASCII, spread } from './keyGroups.ts';
import { fromMapKey, toMapKey } from './mapKey.ts';
import { type OpenedState, openState } from './openedState.ts';
import { defaultSliceUnits, type Increment, SnapshotCursor, type StateTables } from './snapshotCursor.ts';
import type { SpillCache } from './spillCache.ts';
import type { StateEntry } from './stateBlock.ts';
import { BackendTimers, type CurrentKey } from './stateHandles.ts';
import { countEntries, mapOf } from './stateTable.ts';
import { TimerQueue } from './timerQueue.ts';
import { readWholeValue } from './valueReader.ts';

export interface KeyedStateOptions {
  readonly operatorUid: string;
  readonly maxParallelism: number;
  /** The range that this subtask owns. */
  readonly keyGroups: KeyGroupRange;
  /** Those of the operator as a whole among them are left out. */
  readonly declarations: readonly StateDeclaration[];
  /** Processing time for TTL, milliseconds since the epoch. */
  readonly now: () => number;
  /** What a slice of a snapshot may cost; a test that wants many interleavings makes it small. */
  readonly sliceUnits?: number;
  /** Values beyond its budget go to disk; absent: all of them stay in memory. */
  readonly spill?: SpillCache | null;
}

export class KeyedStateBackend {
  readonly operatorUid: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly eventTimers: TimerQueue;
  readonly processingTimers: TimerQueue;
  /** What `timers.currentWatermark()` answers; the engine sets it before timers fire. */
  currentWatermark = Number.NEGATIVE_INFINITY;
  readonly timers: BackendTimers;
  readonly #sliceUnits: number;
  readonly #current: CurrentKey = { key: null, mapKey: null, group: -1 };
  /** Declared states by their names. */
  readonly #opened = new Map<string, OpenedState>();
  /** Of reducing and aggregating states, by their names. */
  readonly #folding = new Map<string, FoldingState<unknown, unknown, unknown>>();
  /** What a snapshot contains: declared states, the times of those with TTL, timers. */
  readonly #states = new Map<string, StateTables>();
  readonly #averageBytes = new Map<string, number>();
  /** What has changed since which checkpoint. */
  readonly changes: ChangeLog;

  constructor(options: KeyedStateOptions) {
    this.operatorUid = options.operatorUid;
    this.maxParallelism = options.maxParallelism;
    this.keyGroups = options.keyGroups;
    this.#sliceUnits = options.sliceUnits ?? defaultSliceUnits;
    const groupCount = Math.max(0, options.keyGroups.last - options.keyGroups.first + 1);
    const place = {
      operatorUid: this.operatorUid,
      groupCount,
      current: this.#current,
      now: options.now,
      spill: options.spill ?? null,
    };
    for (const declaration of options.declarations) {
      if (isOperatorState(declaration.type)) continue;
      assert(declaration.type !== 'timers', 'timers are not declared');
      const opened = openState(declaration, place);
      this.#opened.set(declaration.name, opened);
      for (const tables of opened.saved) {
        const { name } = tables.description;
        assert(!this.#states.has(name), `operator ${this.operatorUid} declares the state ${name} twice`);
        this.#states.set(name, tables);
      }
    }
    this.eventTimers = new TimerQueue(options.keyGroups);
    this.processingTimers = new TimerQueue(options.keyGroups);
    this.#states.set(timerStates.eventTime.name, {
      kind: 'timers',
      description: timerStates.eventTime,
      queue: this.eventTimers,
    });
    this.#states.set(timerStates.processingTime.name, {
      kind: 'timers',
      description: timerStates.processingTime,
      queue: this.processingTimers,
    });
    this.timers = new BackendTimers(this, this.#current);
    const states = [...this.#states.values()];
    this.changes = new ChangeLog({
      values: states.flatMap((state) => (state.kind === 'values' ? state.tables : [])),
      maps: states.flatMap((state) => (state.kind === 'maps' ? state.tables : [])),
      timers: states.flatMap((state) =>
        state.kind === 'timers'
          ? state.queue.groups.map((group) => ({ group, step: () => state.queue.sequence }))
          : [],
      ),
    });
  }

  /** Every handle works on this key from now on. Throws KeyRefused with the operator's uid. */
  setCurrentKey(key: Key): void {
    const current = this.#current;
    const hash = typeof key === 'string' ? hashAsciiString(key) : NOT_ASCII;
    let group: number;
    if (hash === NOT_ASCII) {
      try {
        group = keyGroupOf(key, this.maxParallelism);
        current.mapKey = toMapKey(key);
      } catch (error) {
        throw error instanceof KeyRefused
          ? new KeyRefused(`Operator "${this.operatorUid}": ${error.message}`)
          : error;
      }
    } else {
      group = spread(hash) % this.maxParallelism;
      current.mapKey = key as string;
    }
    if (group < this.keyGroups.first || group > this.keyGroups.last) {
      current.group = -1;
      assert(
        false,
        `a record of key group ${group} came to ${this.operatorUid}, which owns ${this.keyGroups.first} to ${this.keyGroups.last}`,
      );
    }
    current.key = key;
    current.group = group - this.keyGroups.first;
  }

  currentKey(): Key {
    return this.#current.key;
  }

  /** Also for reducing and aggregating states, whose accumulator it is. */
  value<T>(declaration: StateDeclaration<T>): ValueState<T> {
    return this.#handle(declaration, ['value', 'reducing', 'aggregating']) as ValueState<T>;
  }

  list<T>(declaration: StateDeclaration<T>): ListState<T> {
    return this.#handle(declaration, ['list']) as ListState<T>;
  }

  map<K extends Key, V>(declaration: StateDeclaration<V>): MapState<K, V> {
    return this.#handle(declaration, ['map']) as MapState<K, V>;
  }

  reducing<T>(declaration: StateDeclaration<T>): ReducingState<T> {
    return this.#fold(declaration, 'reducing') as ReducingState<T>;
  }

  aggregating<In, Out>(declaration: StateDeclaration): AggregatingState<In, Out> {
    return this.#fold(declaration, 'aggregating') as AggregatingState<In, Out>;
  }

  /**
   * Visits every key that has something of this state, in the order of the key groups: the key is current during the
   * visit, and any state of it may be changed. What has expired is not visited. Afterwards no key is current.
   */
  forEachKey(declaration: StateDeclaration, visit: (key: Key, handle: unknown) => void): void {
    const handle = this.#anyHandle(declaration);
    const { tables, ttl } = present(this.#opened.get(declaration.name), 'a state that has a handle');
    const current = this.#current;
    try {
      for (const [group, { entries }] of tables.entries()) {
        // The keys of now: one that is removed and set again must not be visited again.
        for (const mapKey of [...entries.keys()]) {
          current.key = fromMapKey(mapKey);
          current.mapKey = mapKey;
          current.group = group;
          ttl?.expiring.dropExpired();
          if (entries.has(mapKey)) visit(current.key, handle);
        }
      }
    } finally {
      current.key = null;
      current.mapKey = null;
      current.group = -1;
    }
  }

  /** The plain part of every state that a snapshot contains, timers included. */
  get states(): readonly StateDescription[] {
    return [...this.#states.values()].map(({ description }) => description);
  }

  /** Marks only; see SnapshotCursor. Nobody builds on it: what has changed is none of its business. */
  markSnapshot(checkpointId: number): SnapshotCursor {
    return this.#mark(checkpointId, null);
  }

  /** A full checkpoint, on which increments may stand when it is complete. */
  markFullCheckpoint(checkpointId: number): SnapshotCursor {
    this.changes.mark(checkpointId);
    return this.#mark(checkpointId, null);
  }

  /** What has changed since `changes.base`, and these key groups in full. */
  markIncrement(checkpointId: number, wholeGroups: ReadonlySet<number>): SnapshotCursor {
    assert(this.changes.base !== null, 'an increment stands on a checkpoint');
    this.changes.mark(checkpointId);
    const { first } = this.keyGroups;
    return this.#mark(checkpointId, { isWhole: (i) => wholeGroups.has(first + i), log: this.changes });
  }

  #mark(checkpointId: number, increment: Increment | null): SnapshotCursor {
    return new SnapshotCursor(
      checkpointId,
      this.operatorUid,
      [...this.#states.values()],
      this.keyGroups.first,
      this.#sliceUnits,
      increment,
      (totals) => {
        for (const [name, { entries, bytes }] of totals)
          if (entries > 0) this.#averageBytes.set(name, bytes / entries);
      },
    );
  }

  /** Keys of the state that has most of them: an exact count of all keys would need a set of them. */
  get keyCount(): number {
    return Math.max(0, ...[...this.#states.values()].map(countKeys));
  }

  /** Entries of each state, as a manifest counts them. */
  get entryCounts(): ReadonlyMap<string, number> {
    return new Map([...this.#states].map(([name, state]) => [name, countEntriesOf(state)]));
  }

  get entryCount(): number {
    let count = 0;
    for (const state of this.#states.values()) count += countEntriesOf(state);
    return count;
  }

  /** As the last snapshot measured an entry (32 bytes before that), times the entries that are there now. */
  get estimatedBytes(): number {
    let bytes = 0;
    for (const state of this.#states.values()) {
      bytes += countEntriesOf(state) * (this.#averageBytes.get(state.description.name) ?? 32);
    }
    return Math.round(bytes);
  }

  /**
   * Puts back an entry of a snapshot, before the first record. `migrate` is applied to its value. Throws MalformedBytes
   * when the key does not belong to the group.
   */
  restoreEntry(
    name: string,
    keyGroup: number,
    entry: StateEntry,
    migrate: ((old: unknown) => unknown) | null,
  ): void {
    const state = this.#states.get(name);
    assert(state !== undefined, `${this.operatorUid} has no state ${name} to restore`);
    const key = decodeKey(entry.key);
    if (keyGroupOf(key, this.maxParallelism) !== keyGroup)
      throw new MalformedBytes(`a key stands in key group ${keyGroup} and does not belong there`);
    const group = keyGroup - this.keyGroups.first;
    const mapKey = toMapKey(key);
    if (state.kind === 'timers') {
      const [time, namespace] = decodeKey(entry.subKey!) as readonly [number, Key];
      state.queue.register(mapKey, keyGroup, time, namespace ?? null);
      return;
    }
    const saved = readWholeValue(entry.value);
    const value = migrate === null ? saved : migrate(saved);
    if (state.kind === 'values') {
      // A migration may drop an entry.
      if (value === undefined) return;
      state.tables[group]!.entries.set(mapKey, value);
      return;
    }
    mapOf(state.tables[group]!, mapKey).set(toMapKey(decodeKey(entry.subKey!)), value);
  }

  /** After the entries of a key group were put back: the times of states with TTL are made whole. Throws MalformedBytes. */
  completeRestore(keyGroup: number): void {
    const group = keyGroup - this.keyGroups.first;
    for (const { ttl } of this.#opened.values()) ttl?.complete(group);
    for (const state of this.#states.values()) if (state.kind === 'maps') countEntries(state.tables[group]!);
  }

  #anyHandle(declaration: StateDeclaration): unknown {
    const { type } = declaration;
    switch (type) {
      case 'value':
      case 'list':
      case 'map':
        return this.#handle(declaration, [type]);
      case 'reducing':
      case 'aggregating':
        return this.#fold(declaration, type);
      case 'timers':
      case 'operator-list':
      case 'operator-union':
      case 'operator-broadcast':
      case 'in-flight':
        throw new AssertionError(`${declaration.name} is no keyed state that is declared`);
      default:
        return unreachable(type);
    }
  }

  #handle({ name }: StateDescription, types: readonly string[]): unknown {
    const opened = this.#opened.get(name);
    assert(opened !== undefined, `operator ${this.operatorUid} uses the state ${name} without declaring it`);
    const { type } = opened.declaration;
    assert(types.includes(type), `the state ${name} of ${this.operatorUid} is a ${type} state`);
    return opened.handle;
  }

  #fold(declaration: StateDescription, type: 'reducing' | 'aggregating') {
    const { name } = declaration;
    const accumulators = this.#handle(declaration, [type]) as ValueState<unknown>;
    let state = this.#folding.get(name);
    if (state !== undefined) return state;
    const opened = present(this.#opened.get(name), 'a state that has a handle').declaration;
    const fold = present(opened.fold, `the fold of the ${type} state ${name} of ${this.operatorUid}`);
    state = new FoldingState(accumulators, fold, opened, this.operatorUid);
    this.#folding.set(name, state);
    return state;
  }
}

function countEntriesOf(state: StateTables): number {
  if (state.kind !== 'maps') return countKeys(state);
  let entries = 0;
  for (const table of state.tables) entries += table.entryCount;
  return entries;
}

function countKeys(state: StateTables): number {
  if (state.kind === 'timers') return state.queue.size;
  let keys = 0;
  for (const table of state.tables) keys += table.entries.size;
  return keys;
}
