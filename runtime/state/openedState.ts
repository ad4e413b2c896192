/**
 * One declared keyed state as it stands in the backend: its tables, with TTL also those of its times, and the handle that
 * works on them.
 */
import { assert } from '../base/assert.ts';
import { describeState, type StateDeclaration } from './declarations.ts';
import { refusal, type StateTables } from './snapshotCursor.ts';
import type { SpillCache } from './spillCache.ts';
import { SpilledEntries } from './spilledEntries.ts';
import { BackendList, BackendMap, BackendValue, type CurrentKey, subKeysOf } from './stateHandles.ts';
import { type MapMaking, MapTable, type Refuse, ValueTable } from './stateTable.ts';
import { timesOf } from './ttl.ts';
import { type Expiring, TtlList, TtlValue } from './ttlHandles.ts';
import { TtlMap } from './ttlMap.ts';
import { completeListTimes, completeMapTimes, completeValueTimes } from './ttlRestore.ts';
import { TtlSweep, walkLists, walkMaps, walkValues } from './ttlSweep.ts';
import { ValueRefused } from './valueWriter.ts';

/** What a state is opened for. */
export interface StatePlace {
  readonly operatorUid: string;
  readonly groupCount: number;
  readonly current: CurrentKey;
  /** Processing time, milliseconds since the epoch. */
  readonly now: () => number;
  /** Null: all values stay in memory. */
  readonly spill: SpillCache | null;
}

export interface OpenedState {
  readonly declaration: StateDeclaration;
  readonly tables: readonly (ValueTable | MapTable)[];
  /** What a snapshot contains of it. */
  readonly saved: readonly StateTables[];
  /** Of a reducing or aggregating state that of its accumulators. */
  readonly handle: unknown;
  readonly ttl: OpenedTtl | null;
}

export interface OpenedTtl {
  readonly expiring: Expiring;
  /** After a restore, of one group: see `ttlRestore.ts`. */
  complete(group: number): void;
}

export function openState(declaration: StateDeclaration, place: StatePlace): OpenedState {
  return declaration.type === 'map' ? openMap(declaration, place) : openValues(declaration, place);
}

function openValues(declaration: StateDeclaration, place: StatePlace): OpenedState {
  const tables = valueTables(declaration, place);
  const main: StateTables = { kind: 'values', description: describeState(declaration), tables };
  const isList = declaration.type === 'list';
  const timesDeclaration = timesOf(declaration);
  if (timesDeclaration === null) {
    const handle = isList
      ? new BackendList(place.current, tables)
      : new BackendValue(place.current, tables, declaration);
    return { declaration, tables, saved: [main], handle, ttl: null };
  }
  const times = valueTables(timesDeclaration, place);
  const walk = isList ? walkLists : walkValues;
  const rules = rulesOf(declaration, place, (group) => walk(tables[group]!, times[group]!));
  const expiring = isList
    ? new TtlList(place.current, tables, times, rules)
    : new TtlValue(
        new BackendValue(place.current, tables, declaration),
        new BackendValue<number>(place.current, times, timesDeclaration as StateDeclaration<number>),
        rules,
      );
  const completeGroup = isList ? completeListTimes : completeValueTimes;
  const complete = (group: number) => completeGroup(tables[group]!, times[group]!, place.now());
  const saved: readonly StateTables[] = [
    main,
    { kind: 'values', description: timesDeclaration, tables: times },
  ];
  return { declaration, tables, saved, handle: expiring, ttl: { expiring, complete } };
}

function openMap(declaration: StateDeclaration, place: StatePlace): OpenedState {
  const tables = mapTables(declaration, place);
  const main: StateTables = { kind: 'maps', description: describeState(declaration), tables };
  const subKeyOf = subKeysOf(declaration.name, place.operatorUid);
  const plain = new BackendMap(place.current, tables, subKeyOf);
  const timesDeclaration = timesOf(declaration);
  if (timesDeclaration === null) return { declaration, tables, saved: [main], handle: plain, ttl: null };
  const times = mapTables(timesDeclaration, place);
  const rules = rulesOf(declaration, place, (group) => walkMaps(tables[group]!, times[group]!));
  const expiring = new TtlMap(place.current, plain, tables, times, subKeyOf, rules);
  const complete = (group: number) => completeMapTimes(tables[group]!, times[group]!, place.now());
  const saved: readonly StateTables[] = [
    main,
    { kind: 'maps', description: timesDeclaration, tables: times },
  ];
  return { declaration, tables, saved, handle: expiring, ttl: { expiring, complete } };
}

function rulesOf(
  { name, ttl }: StateDeclaration,
  { groupCount, now }: StatePlace,
  walkOf: ConstructorParameters<typeof TtlSweep>[2],
) {
  assert(ttl !== undefined, `${name} has a TTL`);
  return { ttl, now, sweep: new TtlSweep(ttl, groupCount, walkOf) };
}

const valueTables = (declaration: StateDeclaration, place: StatePlace): readonly ValueTable[] => {
  const { spill, groupCount } = place;
  const refuse = refuseFor(declaration, place);
  return Array.from(
    { length: groupCount },
    () => new ValueTable(refuse, spill === null ? new Map() : new SpilledEntries(spill, refuse)),
  );
};

const mapTables = (declaration: StateDeclaration, place: StatePlace): readonly MapTable[] => {
  const { spill, groupCount } = place;
  const refuse = refuseFor(declaration, place);
  const maps = spill === null ? mapsInMemory : spilledMaps(spill, refuse);
  return Array.from({ length: groupCount }, () => new MapTable(refuse, maps));
};

const mapsInMemory: MapMaking = { make: () => new Map(), dropped: () => {} };

const spilledMaps = (spill: SpillCache, refuse: Refuse): MapMaking => ({
  make: (key) => new SpilledEntries(spill, refuse, key),
  dropped: (map, table) => spill.bury(map as SpilledEntries, table),
});

function refuseFor({ name }: StateDeclaration, { operatorUid }: StatePlace): Refuse {
  return (error, key) => {
    if (error instanceof ValueRefused) throw refusal(error, operatorUid, name, key);
    throw error;
  };
}
