/** Compares two snapshots on the disk; filled in with `checkpoint/compare.ts`. */
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import type { Comparison, EntryDifference } from '../protocol/savepoints.ts';
import type { EntriesPage } from './utilityQuestions.ts';

export function compareSnapshots(
  _a: SnapshotPoint & { readonly id: string },
  _b: SnapshotPoint & { readonly id: string },
): Comparison {
  throw new Error('Savepoints cannot be compared yet.');
}

export function compareEntries(
  _a: SnapshotPoint,
  _b: SnapshotPoint,
  _page: EntriesPage,
): { readonly entries: EntryDifference[]; readonly next: number | null } {
  throw new Error('Savepoints cannot be compared yet.');
}
