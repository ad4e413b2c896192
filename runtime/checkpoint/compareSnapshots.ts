import { shortened } from '../state/canonicalJson.ts';
import type { StateType } from '../state/declarations.ts';
import { compareEntries } from './dataFileReader.ts';
import type { Manifest, ManifestOperator, ManifestState } from './manifest.ts';
import { type ReadableSnapshot, SavedState } from './savedState.ts';
import {
  type Change,
  type Difference,
  differencesOf,
  differencesOfGroup,
  groupsCorrespond,
  groupsOf,
} from './stateDifferences.ts';
import { stateOfType } from './stateMismatch.ts';
import type { SnapshotFiles } from './storage.ts';
import { withoutTimes } from './timesOfStates.ts';

export interface StateComparison {
  readonly uid: string;
  readonly name: string;
  readonly state: string;
  readonly type: StateType;
  /** Null on the side that has no such state. */
  readonly keysA: number | null;
  readonly keysB: number | null;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly bytesA: number | null;
  readonly bytesB: number | null;
}

export interface PositionComparison {
  readonly operator: string;
  readonly split: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly watermarkA: number | null;
  readonly watermarkB: number | null;
}

export interface SnapshotComparison {
  readonly samePlan: boolean;
  readonly planChanges: readonly string[];
  readonly positions: readonly PositionComparison[];
  readonly states: readonly StateComparison[];
}

export interface EntryDifference {
  readonly change: Change;
  /** Canonical JSON, shortened. */
  readonly key: string;
  readonly subKey: string | null;
  readonly before: string | null;
  readonly after: string | null;
}

export interface EntryPageRequest {
  readonly uid: string;
  readonly state: string;
  readonly changes: readonly Change[];
  /** Only entries whose key's or sub key's JSON contains this. */
  readonly keyContains: string | null;
  /** 0, or the `next` of the page before. */
  readonly cursor: number;
  readonly limit: number;
  /** What of both sides together is sorted in memory; a test that has little state makes it less. */
  readonly sortedBytesMax?: number;
}

export interface EntryPage {
  readonly entries: readonly EntryDifference[];
  readonly next: number | null;
}

/** Throws SnapshotDamage. */
export function compareSnapshots(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  files: SnapshotFiles,
): SnapshotComparison {
  return {
    samePlan: a.manifest.fingerprint === b.manifest.fingerprint,
    planChanges: planChanges(a.manifest, b.manifest),
    positions: comparePositions(a.manifest, b.manifest),
    states: statesOf(a.manifest, b.manifest).map(({ uid, state }) => compareState(a, b, uid, state, files)),
  };
}

/**
 * A page of differing entries. A state that fits into memory comes in the order of its keys; a larger one by key group,
 * then by key, and the cursor remembers the group, so that no page starts from the beginning. Throws SnapshotDamage.
 */
export function compareEntryPage(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  request: EntryPageRequest,
  files: SnapshotFiles,
): EntryPage {
  return withState(a, b, request.uid, request.state, files, (left, right) => {
    const bytes = (left?.bytes ?? 0) + (right?.bytes ?? 0);
    if (bytes <= (request.sortedBytesMax ?? sortedBytesMax))
      return pageByKey(differencesOf(left, right), request);
    return groupsCorrespond(left, right)
      ? pageByGroup(left, right, request)
      : pageAsItComes(differencesOf(left, right), request);
  });
}

/** Both sides together; what differs of that much is sorted in memory. */
const sortedBytesMax = 8 * 1_024 * 1_024;
/** A cursor of a large state: group × this + entries to skip in it. */
const groupStride = 2 ** 36;

function pageByKey(differences: Iterable<Difference | null>, request: EntryPageRequest): EntryPage {
  const found: Difference[] = [];
  for (const difference of differences)
    if (difference !== null && matches(difference, request)) found.push(difference);
  found.sort((x, y) => compareEntries(x.entry, y.entry));
  const end = request.cursor + request.limit;
  return { entries: found.slice(request.cursor, end).map(shown), next: end < found.length ? end : null };
}

function pageByGroup(a: SavedState | null, b: SavedState | null, request: EntryPageRequest): EntryPage {
  const from = Math.floor(request.cursor / groupStride);
  let skip = request.cursor % groupStride;
  const entries: EntryDifference[] = [];
  for (const group of groupsOf(a, b)) {
    if (group < from) continue;
    if (group > from) skip = 0;
    let place = 0;
    for (const difference of differencesOfGroup(a, b, group)) {
      if (difference === null || !matches(difference, request)) continue;
      if (entries.length === request.limit) return { entries, next: group * groupStride + place };
      place++;
      if (place > skip) entries.push(shown(difference));
    }
  }
  return { entries, next: null };
}

/** Another max parallelism: the streams are merged by key already, but every page reads from the start. */
function pageAsItComes(differences: Iterable<Difference | null>, request: EntryPageRequest): EntryPage {
  const entries: EntryDifference[] = [];
  let place = 0;
  for (const difference of differences) {
    if (difference === null || !matches(difference, request)) continue;
    if (entries.length === request.limit) return { entries, next: place };
    place++;
    if (place > request.cursor) entries.push(shown(difference));
  }
  return { entries, next: null };
}

function matches(difference: Difference, { changes, keyContains }: EntryPageRequest): boolean {
  if (!changes.includes(difference.change)) return false;
  return (
    keyContains === null ||
    difference.key().includes(keyContains) ||
    difference.subKey()?.includes(keyContains) === true
  );
}

function shown(difference: Difference): EntryDifference {
  const short = (json: string | null) => (json === null ? null : shortened(json));
  return {
    change: difference.change,
    key: shortened(difference.key()),
    subKey: short(difference.subKey()),
    before: short(difference.before()),
    after: short(difference.after()),
  };
}

function compareState(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  uid: string,
  state: string,
  files: SnapshotFiles,
): StateComparison {
  const [inA, inB] = [savedOperator(a.manifest, uid), savedOperator(b.manifest, uid)];
  const [stateA, stateB] = [savedState(inA, state), savedState(inB, state)];
  const counts = { added: 0, removed: 0, changed: 0, unchanged: 0 };
  withState(a, b, uid, state, files, (left, right) => {
    for (const difference of differencesOf(left, right)) counts[difference?.change ?? 'unchanged']++;
  });
  return {
    uid,
    name: (inB ?? inA)?.name ?? uid,
    state,
    type: (stateB ?? stateA)?.type ?? 'value',
    keysA: entriesOf(stateA, counts.removed + counts.changed + counts.unchanged),
    keysB: entriesOf(stateB, counts.added + counts.changed + counts.unchanged),
    ...counts,
    bytesA: stateA?.bytes ?? null,
    bytesB: stateB?.bytes ?? null,
  };
}

/** A manifest counts all copies of a broadcast map; what is compared is one. */
function entriesOf(state: ManifestState | undefined, compared: number): number | null {
  if (state === undefined) return null;
  return state.type === 'operator-broadcast' ? compared : state.keys;
}

/** Opens both sides and closes them afterwards. */
function withState<T>(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  uid: string,
  state: string,
  files: SnapshotFiles,
  use: (left: SavedState | null, right: SavedState | null) => T,
): T {
  const left = SavedState.open(a, uid, state, files);
  try {
    const right = SavedState.open(b, uid, state, files);
    try {
      return use(left, right);
    } finally {
      right?.close();
    }
  } finally {
    left?.close();
  }
}

function statesOf(a: Manifest, b: Manifest): readonly { readonly uid: string; readonly state: string }[] {
  const uids = new Set([...b.operators, ...a.operators].map(({ uid }) => uid));
  return [...uids].flatMap((uid) => {
    const states = [savedOperator(b, uid), savedOperator(a, uid)].flatMap((operator) =>
      withoutTimes(operator?.states ?? []),
    );
    return [...new Set(states.map(({ name }) => name))].map((state) => ({ uid, state }));
  });
}

function comparePositions(a: Manifest, b: Manifest): readonly PositionComparison[] {
  const places = new Map<string, { operator: string; split: string }>();
  for (const { operator, split } of [...a.sources, ...b.sources])
    places.set(JSON.stringify([operator, split]), { operator, split });
  return [...places.values()].map(({ operator, split }) => {
    const find = ({ sources }: Manifest) =>
      sources.find((position) => position.operator === operator && position.split === split);
    const [inA, inB] = [find(a), find(b)];
    return {
      operator,
      split,
      a: inA?.offset ?? null,
      b: inB?.offset ?? null,
      watermarkA: inA?.watermark ?? null,
      watermarkB: inB?.watermark ?? null,
    };
  });
}

/** Sentences about what changed in the plan, in the order of B's operators, then those that are gone. */
function planChanges(a: Manifest, b: Manifest): readonly string[] {
  const changes: string[] = [];
  if (a.job !== b.job) changes.push(`A is of the job ${a.job}, B of ${b.job}.`);
  for (const after of b.operators) {
    const before = savedOperator(a, after.uid);
    if (before === undefined) changes.push(`${titled(after)} was added.`);
    else changes.push(...operatorChanges(before, after));
  }
  for (const before of a.operators) {
    if (savedOperator(b, before.uid) === undefined) changes.push(`${titled(before)} was removed.`);
  }
  return changes;
}

function operatorChanges(before: ManifestOperator, after: ManifestOperator): readonly string[] {
  const changes: string[] = [];
  const title = titled(after);
  if (before.name !== after.name) changes.push(`${title} was named ${before.name}.`);
  if (before.type !== after.type) changes.push(`${title} was a ${before.type} and is a ${after.type}.`);
  if (before.parallelism !== after.parallelism)
    changes.push(`${title}: parallelism ${before.parallelism} → ${after.parallelism}.`);
  if (before.maxParallelism !== after.maxParallelism)
    changes.push(`${title}: max parallelism ${before.maxParallelism} → ${after.maxParallelism}.`);
  for (const state of withoutTimes(after.states)) {
    const old = savedState(before, state.name);
    if (old === undefined) changes.push(`${title}: the state ${state.name} was added.`);
    else if (old.type !== state.type)
      changes.push(
        `${title}: the state ${state.name} was ${stateOfType(old.type)} and is ${stateOfType(state.type)}.`,
      );
    else if (old.schemaVersion !== state.schemaVersion)
      changes.push(
        `${title}: the state ${state.name} went from schema version ${old.schemaVersion} to ${state.schemaVersion}.`,
      );
  }
  for (const state of withoutTimes(before.states)) {
    if (savedState(after, state.name) === undefined)
      changes.push(`${title}: the state ${state.name} was removed.`);
  }
  return changes;
}

const titled = ({ name, uid }: ManifestOperator): string => (name === uid ? uid : `${name} (${uid})`);
const savedOperator = ({ operators }: Manifest, uid: string) =>
  operators.find((operator) => operator.uid === uid);
const savedState = (operator: ManifestOperator | undefined, name: string) =>
  operator?.states.find((state) => state.name === name);
