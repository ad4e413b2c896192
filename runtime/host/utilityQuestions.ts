/** What the utility worker is asked, and what it answers. Everything here may take long and runs synchronously. */

import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { RequestParams, RequestResult } from '../protocol/messages.ts';
import type { Comparison } from '../protocol/savepoints.ts';
import {
  compareEntries,
  compareSnapshots,
  compareValue,
  type EntriesResult,
  type ValueAsked,
} from './compareSnapshots.ts';
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
  | {
      readonly type: 'compare-entries';
      readonly a: string;
      readonly b: string;
      /** Longer texts are cut at `charactersMax`. */
      readonly page: EntriesPage & { readonly charactersMax?: number };
    }
  | { readonly type: 'compare-value'; readonly a: string; readonly b: string; readonly value: ValueAsked };

/** How a question that takes long hears that nobody wants its answer: both throw then. */
export interface QuestionWatch {
  readonly pause: () => void;
  readonly progress: (done: number, total: number) => void;
}

export interface UtilityAnswers {
  readonly 'check-restore': readonly CommittedPart[];
  readonly compare: Comparison;
  readonly 'compare-entries': EntriesResult;
  readonly 'compare-value': RequestResult<'savepoint/compareValue'>;
}

/** Throws SnapshotDamage, and what the watch throws. */
export function answerUtility(
  question: UtilityQuestion,
  watch: QuestionWatch,
): UtilityAnswers[UtilityQuestion['type']] {
  switch (question.type) {
    case 'check-restore': {
      const point = present(question.directory);
      verifySnapshot(point);
      const files = machineFiles({ workingDirectory: question.workingDirectory, afterCallback: () => {} });
      return partsAfter(question.graph, dataFilesOf(point), files, question.workingDirectory);
    }
    case 'compare': {
      const [a, b] = [question.a, question.b];
      return ofBoth(a.directory, b.directory, (left, right) =>
        compareSnapshots({ ...left, id: a.id }, { ...right, id: b.id }, watch.progress),
      );
    }
    case 'compare-entries':
      return ofBoth(question.a, question.b, (a, b) => compareEntries(a, b, question.page, watch.pause));
    case 'compare-value':
      return ofBoth(question.a, question.b, (a, b) => compareValue(a, b, question.value, watch.pause));
  }
}

/** A checkpoint of a running job may be subsumed while it is read: that is no damage, and is told as what it is. */
function ofBoth<T>(a: string, b: string, compare: (a: SnapshotPoint, b: SnapshotPoint) => T): T {
  try {
    return compare(present(a), present(b));
  } catch (error) {
    const gone = [a, b].find((directory) => readSnapshot(directory) === null);
    if (!(error instanceof SnapshotDamage) || gone === undefined) throw error;
    throw new SnapshotDamage(
      gone,
      'is not there any more, since newer checkpoints took its place: compare again, or take a savepoint.',
    );
  }
}

function present(directory: string): SnapshotPoint {
  const snapshot = readSnapshot(directory);
  if (snapshot === null) throw new SnapshotDamage(directory, 'is no savepoint: it has no manifest');
  return snapshot;
}
