/** What the utility worker is asked, and what it answers. Everything here may take long and runs synchronously. */

import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { RequestParams } from '../protocol/messages.ts';
import type { Comparison, EntryDifference } from '../protocol/savepoints.ts';
import { compareEntries, compareSnapshots } from './compareSnapshots.ts';
import { machineFiles } from './files.ts';
import { readSnapshot } from './savepointShelf.ts';
import { type CommittedPart, dataFilesOf, partsAfter } from './sinkParts.ts';
import { verifySnapshot } from './verifySnapshot.ts';

export interface NamedDirectory {
  /** How clients name it. */
  readonly id: string;
  readonly directory: string;
}

export type EntriesPage = Omit<RequestParams<'savepoint/compareEntries'>, 'a' | 'b'>;

export type UtilityQuestion =
  | {
      readonly type: 'check-restore';
      readonly graph: JobGraph;
      readonly directory: string;
      readonly workingDirectory: string;
    }
  | { readonly type: 'compare'; readonly a: NamedDirectory; readonly b: NamedDirectory }
  | { readonly type: 'compare-entries'; readonly a: string; readonly b: string; readonly page: EntriesPage };

export interface UtilityAnswers {
  readonly 'check-restore': readonly CommittedPart[];
  readonly compare: Comparison;
  readonly 'compare-entries': { readonly entries: EntryDifference[]; readonly next: number | null };
}

/** Throws SnapshotDamage. */
export function answerUtility(question: UtilityQuestion): UtilityAnswers[UtilityQuestion['type']] {
  switch (question.type) {
    case 'check-restore': {
      const point = present(question.directory);
      verifySnapshot(point);
      const files = machineFiles({ workingDirectory: question.workingDirectory, afterCallback: () => {} });
      return partsAfter(question.graph, dataFilesOf(point), files, question.workingDirectory);
    }
    case 'compare':
      return compareSnapshots(
        { ...present(question.a.directory), id: question.a.id },
        { ...present(question.b.directory), id: question.b.id },
      );
    case 'compare-entries':
      return compareEntries(present(question.a), present(question.b), question.page);
  }
}

function present(directory: string): SnapshotPoint {
  const snapshot = readSnapshot(directory);
  if (snapshot === null) throw new SnapshotDamage(directory, 'is no savepoint: it has no manifest');
  return snapshot;
}
