/**
 * How one state differs between two snapshots: a merge of two sorted streams, key group by key group, so memory does not
 * grow with the state. Entries with equal bytes are equal without being looked at; of the others it counts what they
 * are (canonical JSON), so that the order of properties makes no difference.
 *
 * With another max parallelism the groups of the two do not correspond: then each side's groups are merged to one stream
 * by key first (one block per group in memory).
 *
 * The state of an operator itself has no keys (`elementDifferences.ts`).
 */
import { compareBytes } from '../base/compareBytes.ts';
import { canonicalJson } from '../state/canonicalJson.ts';
import { isOperatorState } from '../state/declarations.ts';
import { decodeKey } from '../state/keyEncoding.ts';
import { sameValue } from '../state/sameValue.ts';
import type { StateEntry } from '../state/stateBlock.ts';
import { readWholeValue } from '../state/valueReader.ts';
import { Beside, type ComparedState } from './comparedState.ts';
import { compareEntries, guard } from './dataFileReader.ts';
import { broadcastDifferences, elementDifferences, frameDifferences } from './elementDifferences.ts';
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
  /** When the entry was last touched, milliseconds since the epoch; null without TTL, and where there is no entry. */
  readonly touchedBefore: number | null;
  readonly touchedAfter: number | null;
  /** Of the session that begins at the sub key; null where it is none. */
  readonly sessionEnd: number | null;
}

/** One entry of either side, or of both. `touched`: the same value, and it was used or written again in between. */
export type Compared = Difference | 'same' | 'touched';

/** Have both the same key groups, so that they can be merged group by group? A missing side has what the other has. */
export function groupsCorrespond(a: ComparedState | null, b: ComparedState | null): boolean {
  if (a === null || b === null) return !isOperatorState((a ?? b)?.state.type ?? 'operator-list');
  const { type, maxParallelism } = a.state;
  return type === b.state.type && maxParallelism === b.state.maxParallelism && !isOperatorState(type);
}

/** The same as `differencesOf`, in pieces: an entry that goes through one generator less is read faster. */
export function* piecesOf(a: ComparedState | null, b: ComparedState | null): Generator<Generator<Compared>> {
  if (groupsCorrespond(a, b)) for (const group of groupsOf(a, b)) yield differencesOfGroup(a, b, group);
  else yield differencesOf(a, b);
}

/** One item per entry. Either side may be missing. Throws SnapshotDamage. */
export function* differencesOf(a: ComparedState | null, b: ComparedState | null): Generator<Compared> {
  if (a === null && b === null) return;
  const type = (a ?? b)!.state.type;
  if (groupsCorrespond(a, b)) {
    for (const group of groupsOf(a, b)) yield* differencesOfGroup(a, b, group);
  } else if (a !== null && b !== null && type !== b.state.type) {
    // A state of another type is another state.
    yield* differencesOf(a, null);
    yield* differencesOf(null, b);
  } else if (isOperatorState(type)) {
    const [before, after] = [a?.state.elements() ?? [], b?.state.elements() ?? []];
    if (type === 'operator-broadcast') yield* broadcastDifferences(before, after);
    else if (type === 'in-flight') yield* frameDifferences(before, after);
    else yield* elementDifferences(before, after);
  } else {
    yield* merge(sideOf(a, byKey), sideOf(b, byKey));
  }
}

export function groupsOf(a: ComparedState | null, b: ComparedState | null): readonly number[] {
  return [...new Set([...(a?.state.groups ?? []), ...(b?.state.groups ?? [])])].sort((x, y) => x - y);
}

/** The same, of one key group; only where groups correspond. */
export function differencesOfGroup(
  a: ComparedState | null,
  b: ComparedState | null,
  group: number,
): Generator<Compared> {
  const ofGroup = (state: SavedState) => state.entries(group);
  return merge(sideOf(a, ofGroup), sideOf(b, ofGroup));
}

/** The streams of one snapshot that are read side by side. */
interface Side {
  /** For sentences. */
  readonly where: string;
  readonly entries: Iterator<StateEntry>;
  readonly times: Beside | null;
  readonly sessions: Beside | null;
}

function sideOf(compared: ComparedState | null, stream: (state: SavedState) => Iterable<StateEntry>): Side {
  const beside = (state: SavedState | null | undefined) => (state == null ? null : new Beside(stream(state)));
  return {
    where: compared?.state.directory ?? '',
    entries: (compared === null ? [] : stream(compared.state))[Symbol.iterator](),
    times: beside(compared?.times),
    sessions: beside(compared?.sessions),
  };
}

function* merge(a: Side, b: Side): Generator<Compared> {
  let before = a.entries.next();
  let after = b.entries.next();
  while (!before.done || !after.done) {
    const order = before.done ? 1 : after.done ? -1 : compareEntries(before.value, after.value);
    if (order < 0) {
      yield difference('removed', a, before.value, b, null);
      before = a.entries.next();
    } else if (order > 0) {
      yield difference('added', a, null, b, after.value);
      after = b.entries.next();
    } else {
      if (isSame(a.where, before.value, b.where, after.value)) {
        const touched = a.times !== null && b.times !== null && wasTouched(a.times, b.times, after.value);
        yield touched ? 'touched' : 'same';
      } else yield difference('changed', a, before.value, b, after.value);
      before = a.entries.next();
      after = b.entries.next();
    }
  }
}

function difference(
  change: Change,
  a: Side,
  before: StateEntry | null,
  b: Side,
  after: StateEntry | null,
): Difference {
  const entry = (after ?? before)!;
  const where = after === null ? a.where : b.where;
  const sessionEnd = after === null ? a.sessions?.at(entry) : b.sessions?.at(entry);
  return {
    change,
    entry,
    key: () => keyJson(entry.key, where),
    subKey: () => (entry.subKey === null ? null : keyJson(entry.subKey, where)),
    before: () => valueJson(before, a.where),
    after: () => valueJson(after, b.where),
    touchedBefore: before === null ? null : timeOf(a.times?.at(entry), a.where),
    touchedAfter: after === null ? null : timeOf(b.times?.at(entry), b.where),
    sessionEnd: timeOf(sessionEnd, where),
  };
}

function isSame(whereA: string, a: StateEntry, whereB: string, b: StateEntry): boolean {
  if (compareBytes(a.value, b.value) === 0) return true;
  // Timers have none.
  if (a.value.length === 0 || b.value.length === 0) return false;
  const before = guard(whereA, () => readWholeValue(a.value));
  return sameValue(
    before,
    guard(whereB, () => readWholeValue(b.value)),
  );
}

function wasTouched(a: Beside, b: Beside, entry: StateEntry): boolean {
  const [before, after] = [a.at(entry), b.at(entry)];
  return before !== null && after !== null && compareBytes(before, after) !== 0;
}

/** Of a list, whose elements have a time each, the latest. */
function timeOf(bytes: Uint8Array | null | undefined, where: string): number | null {
  if (bytes == null) return null;
  const value = guard(where, () => readWholeValue(bytes));
  const times = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  return times.reduce<number | null>(
    (latest, time) => (typeof time === 'number' && time > (latest ?? -Infinity) ? time : latest),
    null,
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

const keyJson = (bytes: Uint8Array, where: string): string =>
  guard(where, () => canonicalJson(decodeKey(bytes)));

/** Null for what is not there, and for a timer, which has no value. */
function valueJson(entry: StateEntry | null, where: string): string | null {
  if (entry === null || entry.value.length === 0) return null;
  return guard(where, () => canonicalJson(readWholeValue(entry.value)));
}
