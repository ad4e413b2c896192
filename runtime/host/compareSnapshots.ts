/** Compares two snapshots on the disk, for a thread that may wait, and gives the result as clients know it. */
import { compareSnapshots as compare, compareEntryPage } from '../checkpoint/compareSnapshots.ts';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import type { Comparison, EntryDifference } from '../protocol/savepoints.ts';
import { savepointSummary } from '../server/savepointInfo.ts';
import { machineSnapshotFiles } from './snapshotFiles.ts';
import type { EntriesPage } from './utilityQuestions.ts';

type NamedSnapshot = SnapshotPoint & { readonly id: string };

const files = machineSnapshotFiles({ afterCallback: () => {} });

/** Throws SnapshotDamage. */
export function compareSnapshots(a: NamedSnapshot, b: NamedSnapshot): Comparison {
  const startedAt = performance.now();
  const found = compare(a, b, files);
  return {
    a: savepointSummary(a.manifest, a.id, a.directory),
    b: savepointSummary(b.manifest, b.id, b.directory),
    samePlan: found.samePlan,
    planChanges: [...found.planChanges],
    positions: found.positions.map((position) => ({ ...position })),
    states: found.states.map((state) => ({ ...state })),
    tookMs: performance.now() - startedAt,
  };
}

/** Throws SnapshotDamage. */
export function compareEntries(
  a: SnapshotPoint,
  b: SnapshotPoint,
  page: EntriesPage,
): { readonly entries: EntryDifference[]; readonly next: number | null } {
  const { entries, next } = compareEntryPage(a, b, { ...page, keyContains: page.keyContains ?? null }, files);
  return { entries: entries.map((entry) => ({ ...entry })), next };
}
