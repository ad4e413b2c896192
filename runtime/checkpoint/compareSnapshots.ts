/**
 * Two snapshots side by side: what was processed between them. The plan, what the sources read, what every state gained, lost
 * and changed, what was in flight. Counts are exact; every entry is looked at once, in bounded memory (`stateDifferences.ts`).
 * The entries themselves come in pages (`entryPages.ts`).
 */
import type { StateType } from '../state/declarations.ts';
import { withBoth } from './comparedState.ts';
import { type Watch, watchEvery } from './entryPages.ts';
import { compareInFlight, type InFlightComparison } from './inFlightComparison.ts';
import type { Manifest, ManifestOperator, ManifestState } from './manifest.ts';
import { planChanges } from './planChanges.ts';
import type { ReadableSnapshot } from './savedState.ts';
import { type SourceRanges, sourceRanges } from './sourceRanges.ts';
import { piecesOf } from './stateDifferences.ts';
import { companionsOf, roleOf, type StateRole, statesShown } from './stateRoles.ts';
import type { SnapshotFiles } from './storage.ts';

export interface StateComparison {
  readonly uid: string;
  readonly name: string;
  readonly state: string;
  readonly type: StateType;
  readonly role: StateRole;
  /** Null on the side that has no such state. */
  readonly keysA: number | null;
  readonly keysB: number | null;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Of the unchanged: used or written again in between. Null where one side has no TTL. */
  readonly touched: number | null;
  readonly bytesA: number | null;
  readonly bytesB: number | null;
  readonly schemaA: number | null;
  readonly schemaB: number | null;
}

export interface SnapshotComparison {
  readonly samePlan: boolean;
  /** Sentences about the pair itself: of two jobs, in the wrong order, of two branches. */
  readonly remarks: readonly string[];
  readonly planChanges: readonly string[];
  readonly sources: SourceRanges;
  readonly states: readonly StateComparison[];
  readonly inFlight: InFlightComparison;
}

/** Is told of how many entries of how many were compared; may throw. */
export type Progress = (done: number, total: number) => void;

/** Throws SnapshotDamage, and what the watcher throws. */
export function compareSnapshots(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  files: SnapshotFiles,
  progress: Progress = () => {},
): SnapshotComparison {
  const pairs = pairsOf(a.manifest, b.manifest);
  const total = pairs.reduce((sum, { likely }) => sum + likely, 0);
  let done = 0;
  const watch: Watch = (entries) => {
    done = Math.min(total, done + entries);
    progress(done, total);
  };
  return {
    samePlan: a.manifest.fingerprint === b.manifest.fingerprint,
    remarks: remarksOn(a.manifest, b.manifest),
    planChanges: planChanges(a.manifest, b.manifest),
    sources: sourceRanges(a, b, files),
    states: pairs.map((pair) => compareState(a, b, pair, files, watch)),
    inFlight: compareInFlight(a, b, files),
  };
}

function remarksOn(a: Manifest, b: Manifest): readonly string[] {
  if (a.job !== b.job)
    return [
      `A is of the job ${a.job}, B of ${b.job}: what differs is no work of one job; operators and splits of the same name are compared all the same.`,
    ];
  if (a.checkpointId > b.checkpointId)
    return [
      'A is the later of the two: what was added in between stands as removed. Swap them to see what was processed.',
    ];
  if (a.checkpointId === b.checkpointId && a.runId !== b.runId)
    return ['Both have the same id and are of two runs: they lie on two branches of the job.'];
  return [];
}

interface StatePair {
  readonly operator: ManifestOperator;
  readonly state: ManifestState;
  readonly inA: ManifestState | null;
  readonly inB: ManifestState | null;
  readonly hasTimes: boolean;
  /** Entries to be looked at, about. */
  readonly likely: number;
}

/** Operators and states of B in their order, then those that only A has. */
function pairsOf(a: Manifest, b: Manifest): readonly StatePair[] {
  const before = byUid(a);
  const after = byUid(b);
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((uid) => {
    const [old, now] = [before.get(uid), after.get(uid)];
    const [statesA, statesB] = [old, now].map((operator) => statesByName(operator));
    return [...new Set([...statesB!.keys(), ...statesA!.keys()])].map((name): StatePair => {
      const inA = statesA!.get(name) ?? null;
      const inB = statesB!.get(name) ?? null;
      const state = (inB ?? inA)!;
      const timed = (operator: ManifestOperator | undefined) =>
        operator !== undefined && companionsOf(operator, state).times !== null;
      const likely = Math.max(entriesIn(inA, old), entriesIn(inB, now));
      return { operator: (now ?? old)!, state, inA, inB, hasTimes: timed(old) && timed(now), likely };
    });
  });
}

/** Of a broadcast map, whose copies a manifest counts all, those of one copy. */
function entriesIn(state: ManifestState | null, operator: ManifestOperator | undefined): number {
  if (state === null || operator === undefined) return 0;
  const copies = state.type === 'operator-broadcast' ? Math.max(1, operator.files.length) : 1;
  return Math.ceil(state.keys / copies);
}

const byUid = ({ operators }: Manifest): ReadonlyMap<string, ManifestOperator> =>
  new Map(operators.map((operator) => [operator.uid, operator]));

const statesByName = (operator: ManifestOperator | undefined): ReadonlyMap<string, ManifestState> =>
  new Map(operator === undefined ? [] : statesShown(operator).map((state) => [state.name, state]));

function compareState(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  { operator, state, inA, inB, hasTimes }: StatePair,
  files: SnapshotFiles,
  watch: Watch,
): StateComparison {
  const counts = { added: 0, removed: 0, changed: 0, same: 0, touched: 0 };
  const { uid } = operator;
  withBoth([a, b], { uid, state: state.name, withSessions: false }, files, (left, right) => {
    for (const piece of piecesOf(left, right)) {
      let seen = 0;
      for (const item of piece) {
        counts[typeof item === 'string' ? item : item.change]++;
        if (++seen % watchEvery === 0) watch(watchEvery);
      }
      watch(seen % watchEvery);
    }
  });
  const { added, removed, changed, touched } = counts;
  const unchanged = counts.same + touched;
  return {
    uid,
    name: operator.name,
    state: state.name,
    type: state.type,
    role: roleOf(operator, state),
    keysA: entriesOf(inA, removed + changed + unchanged),
    keysB: entriesOf(inB, added + changed + unchanged),
    added,
    removed,
    changed,
    unchanged,
    touched: hasTimes ? touched : null,
    bytesA: inA?.bytes ?? null,
    bytesB: inB?.bytes ?? null,
    schemaA: inA?.schemaVersion ?? null,
    schemaB: inB?.schemaVersion ?? null,
  };
}

/** A manifest counts all copies of a broadcast map; what is compared is one. */
function entriesOf(state: ManifestState | null, compared: number): number | null {
  if (state === null) return null;
  return state.type === 'operator-broadcast' ? compared : state.keys;
}
