/**
 * The synchronous part of a snapshot, for one operator: its keyed state is only marked, its own state (it is small) is
 * encoded at once into the data file that the asynchronous part goes on with, and what it defers is gathered.
 */
import { textHash } from '../base/textHash.ts';
import type { Barrier } from '../checkpoint/barrier.ts';
import { DataFileWriter } from '../checkpoint/dataFileWriter.ts';
import type { SnapshotFiles } from '../checkpoint/storage.ts';
import type { SourcePosition } from '../operators/operator.ts';
import { describeState, type StateDeclaration, type StateDescription } from '../state/declarations.ts';
import type { SnapshotCursor } from '../state/snapshotCursor.ts';
import type { ChainLink } from './operatorChain.ts';

export type Deferred = (done: (error?: Error) => void) => void;

/** What an operator put into the snapshot at the marking. */
export interface MarkedOperator {
  readonly uid: string;
  readonly maxParallelism: number;
  /** Null: it has no state so far; what was in flight may come later. */
  file: { readonly name: string; readonly writer: DataFileWriter } | null;
  readonly cursor: SnapshotCursor | null;
  readonly positions: readonly SourcePosition[];
}

export interface MarkingPlace {
  readonly barrier: Barrier;
  readonly subtaskIndex: number;
  readonly files: SnapshotFiles;
}

/** Of one operator, relative to the snapshot's directory. */
export const dataFileName = (uid: string, subtaskIndex: number): string => {
  const readable = uid
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
  return `${readable}-${textHash(uid).slice(0, 8)}-${subtaskIndex}.state`;
};

export const openDataFile = (
  uid: string,
  maxParallelism: number,
  states: readonly StateDescription[],
  place: MarkingPlace,
): NonNullable<MarkedOperator['file']> => {
  const name = dataFileName(uid, place.subtaskIndex);
  const file = place.files.create(`${place.barrier.directory}/${name}`);
  return {
    name,
    writer: new DataFileWriter(
      file,
      { operatorUid: uid, subtaskIndex: place.subtaskIndex, maxParallelism },
      states,
    ),
  };
};

export const markLink = (link: ChainLink, place: MarkingPlace, deferred: Deferred[]): MarkedOperator => {
  const { barrier } = place;
  const positions: SourcePosition[] = [];
  let file =
    link.keyed === null ? null : openDataFile(link.uid, link.maxParallelism, link.keyed.states, place);
  const put = (declaration: StateDeclaration, elements: readonly unknown[]): void => {
    file ??= openDataFile(link.uid, link.maxParallelism, [], place);
    file.writer.putOperatorState(describeState(declaration), elements);
  };
  try {
    link.run((operator) =>
      operator.snapshot?.({
        checkpointId: barrier.checkpointId,
        isSavepoint: barrier.isSavepoint,
        putOperatorState: put,
        putSourcePositions: (list) => positions.push(...list),
        defer: (work) => deferred.push(work),
      }),
    );
  } catch (error) {
    file?.writer.abort();
    throw error;
  }
  return {
    uid: link.uid,
    maxParallelism: link.maxParallelism,
    file,
    cursor: link.keyed?.markSnapshot(barrier.checkpointId) ?? null,
    positions,
  };
};

/** Of a snapshot that will not be: its file is removed, the state forgets the mark. */
export const letGo = ({ cursor, file }: MarkedOperator): void => {
  cursor?.cancel();
  file?.writer.abort();
};
