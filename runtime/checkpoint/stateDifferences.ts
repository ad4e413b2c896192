/**
 * How one state differs between two snapshots: a merge of two sorted streams, key group by key group, so memory does not
 * grow with the state. Entries with equal bytes are equal without being looked at; of the others it counts what they
 * are (canonical JSON), so that the order of properties makes no difference.
 *
 * With another max parallelism the groups of the two do not correspond: then each side's groups are merged to one stream
 * by key first (one block per group in memory). The state of an operator itself has no keys: its elements are paired by
 * their first property (a split's name, say), else by what they are; the entries of a broadcast map by their keys.
 */
import { compareBytes } from '../base/compareBytes.ts';
import { canonicalJson } from '../state/canonicalJson.ts';
import { isOperatorState } from '../state/declarations.ts';
import { decodeKey } from '../state/keyEncoding.ts';
import type { StateEntry } from '../state/stateBlock.ts';
import { readWholeValue } from '../state/valueReader.ts';
import { compareEntries, guard } from './dataFileReader.ts';
import type { SavedState } from './savedState.ts';

export type Change = 'added' | 'removed' | 'changed';

export interface Difference {
  readonly change: Change;
  /** Canonical bytes of key and sub key, for ordering; empty for elements of an operator's own state. */
  readonly entry: Pick<StateEntry, 'key' | 'subKey'>;
  /** Canonical JSON. */
  readonly key: () => string;
  readonly subKey: () => string | null;
  readonly before: () => string | null;
  readonly after: () => string | null;
}

/** Have both the same key groups, so that they can be merged group by group? A missing side has what the other has. */
export function groupsCorrespond(a: SavedState | null, b: SavedState | null): boolean {
  if (a === null || b === null) return !isOperatorState((a ?? b)?.type ?? 'operator-list');
  return a.type === b.type && a.maxParallelism === b.maxParallelism && !isOperatorState(a.type);
}

/** One item per entry: a difference, or null for an entry that is the same in both. Either side may be missing. */
export function* differencesOf(a: SavedState | null, b: SavedState | null): Generator<Difference | null> {
  if (groupsCorrespond(a, b)) {
    for (const group of groupsOf(a, b)) yield* differencesOfGroup(a, b, group);
  } else if (a !== null && b !== null && a.type !== b.type) {
    // A state of another type is another state.
    yield* differencesOf(a, null);
    yield* differencesOf(null, b);
  } else if ((a ?? b)?.type === 'operator-broadcast') {
    yield* broadcastDifferences(a?.elements() ?? [], b?.elements() ?? []);
  } else if (isOperatorState((a ?? b)?.type ?? 'value')) {
    yield* elementDifferences(a?.elements() ?? [], b?.elements() ?? []);
  } else if (a !== null && b !== null) {
    yield* merge(a, byKey(a), b, byKey(b));
  }
}

export function groupsOf(a: SavedState | null, b: SavedState | null): readonly number[] {
  return [...new Set([...(a?.groups ?? []), ...(b?.groups ?? [])])].sort((x, y) => x - y);
}

/** The same, of one key group; only where groups correspond. */
export function differencesOfGroup(
  a: SavedState | null,
  b: SavedState | null,
  group: number,
): Generator<Difference | null> {
  return merge(a, a?.entries(group) ?? NONE, b, b?.entries(group) ?? NONE);
}

const NONE: readonly StateEntry[] = [];

function* merge(
  a: SavedState | null,
  entriesOfA: Iterable<StateEntry>,
  b: SavedState | null,
  entriesOfB: Iterable<StateEntry>,
): Generator<Difference | null> {
  const left = entriesOfA[Symbol.iterator]();
  const right = entriesOfB[Symbol.iterator]();
  const [whereA, whereB] = [a?.directory ?? '', b?.directory ?? ''];
  const sideA = (entry: StateEntry): Side => ({ entry, where: whereA });
  const sideB = (entry: StateEntry): Side => ({ entry, where: whereB });
  let before = left.next();
  let after = right.next();
  while (!before.done || !after.done) {
    const order = before.done ? 1 : after.done ? -1 : compareEntries(before.value, after.value);
    if (order < 0) {
      yield difference('removed', sideA(before.value), null);
      before = left.next();
    } else if (order > 0) {
      yield difference('added', null, sideB(after.value));
      after = right.next();
    } else {
      yield sameValue(before.value, after.value, whereA, whereB)
        ? null
        : difference('changed', sideA(before.value), sideB(after.value));
      before = left.next();
      after = right.next();
    }
  }
}

function sameValue(a: StateEntry, b: StateEntry, whereA: string, whereB: string): boolean {
  return (
    compareBytes(a.value, b.value) === 0 ||
    valueJson({ entry: a, where: whereA }) === valueJson({ entry: b, where: whereB })
  );
}

/** All groups of a state as one stream by key: a heap of the groups' streams, by their next entries. */
function* byKey(state: SavedState): Generator<StateEntry> {
  const streams = state.groups.map((group) => {
    const entries = state.entries(group);
    return { entries, next: entries.next() };
  });
  const before = (i: number, j: number) =>
    compareEntries(streams[i]!.next.value as StateEntry, streams[j]!.next.value as StateEntry) < 0;
  const sink = (from: number) => {
    for (let i = from; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < streams.length && before(child, least)) least = child;
      if (least === i) return;
      [streams[i], streams[least]] = [streams[least]!, streams[i]!];
      i = least;
    }
  };
  for (let i = streams.length >> 1; i >= 0; i--) sink(i);
  while (streams.length > 0) {
    const top = streams[0]!;
    yield top.next.value as StateEntry;
    top.next = top.entries.next();
    if (top.next.done) {
      const last = streams.pop()!;
      if (streams.length > 0) streams[0] = last;
    }
    sink(0);
  }
}

/** An entry and the snapshot that it is from, for sentences. */
interface Side {
  readonly entry: StateEntry;
  readonly where: string;
}

function difference(change: Change, before: Side | null, after: Side | null): Difference {
  const { entry, where } = (after ?? before)!;
  return {
    change,
    entry,
    key: () => keyJson(entry.key, where),
    subKey: () => (entry.subKey === null ? null : keyJson(entry.subKey, where)),
    before: () => valueJson(before),
    after: () => valueJson(after),
  };
}

function* elementDifferences(a: readonly unknown[], b: readonly unknown[]): Generator<Difference | null> {
  const left = pairable(a);
  const right = pairable(b);
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const before = left.get(name) ?? [];
    const after = right.get(name) ?? [];
    // What is the same on both sides is paired first, wherever it stands.
    for (let i = before.length - 1; i >= 0; i--) {
      const same = after.indexOf(before[i]!);
      if (same === -1) continue;
      before.splice(i, 1);
      after.splice(same, 1);
      yield null;
    }
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      const [old, now] = [before[i] ?? null, after[i] ?? null];
      const change = old === null ? 'added' : now === null ? 'removed' : 'changed';
      yield {
        change,
        entry: { key: NO_BYTES, subKey: null },
        key: () => name,
        subKey: () => null,
        before: () => old,
        after: () => now,
      };
    }
  }
}

/** Each element is `[key, value]`; a key is there once a side. */
function* broadcastDifferences(a: readonly unknown[], b: readonly unknown[]): Generator<Difference | null> {
  const left = valuesByKey(a);
  const right = valuesByKey(b);
  for (const key of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const [before, after] = [left.get(key) ?? null, right.get(key) ?? null];
    if (before === after) yield null;
    else
      yield {
        change: before === null ? 'added' : after === null ? 'removed' : 'changed',
        entry: { key: NO_BYTES, subKey: null },
        key: () => key,
        subKey: () => null,
        before: () => before,
        after: () => after,
      };
  }
}

/** JSON of the values by JSON of their keys. */
function valuesByKey(elements: readonly unknown[]): ReadonlyMap<string, string> {
  const entries = elements as readonly (readonly [unknown, unknown])[];
  return new Map(entries.map(([key, value]) => [canonicalJson(key), canonicalJson(value)]));
}

const NO_BYTES = new Uint8Array(0);

/** JSON of the elements, by JSON of what names them. */
function pairable(elements: readonly unknown[]): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const element of elements) {
    const first =
      typeof element === 'object' && element !== null && !Array.isArray(element)
        ? Object.values(element)[0]
        : element;
    const name = canonicalJson(first);
    const named = byName.get(name) ?? [];
    named.push(canonicalJson(element));
    byName.set(name, named);
  }
  return byName;
}

const keyJson = (bytes: Uint8Array, where: string): string =>
  guard(where, () => canonicalJson(decodeKey(bytes)));

/** Null for what is not there, and for a timer, which has no value. */
function valueJson(side: Side | null): string | null {
  if (side === null || side.entry.value.length === 0) return null;
  return guard(side.where, () => canonicalJson(readWholeValue(side.entry.value)));
}
