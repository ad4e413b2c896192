/**
 * The synchronous part of a snapshot, for one operator: its keyed state is only marked, its own state (it is small) is
 * encoded at once into the data file that the asynchronous part goes on with, and what it defers is gathered.
 */
import { unreachable } from '../base/assert.ts';
import { textHash } from '../base/textHash.ts';
import type { Barrier } from '../checkpoint/barrier.ts';
import { DataFileWriter } from '../checkpoint/dataFileWriter.ts';
import type { SnapshotFiles } from '../checkpoint/storage.ts';
import type { SourcePosition } from '../operators/operator.ts';
import { describeState, type StateDeclaration, type StateDescription } from '../state/declarations.ts';
import type { KeyedStateBackend } from '../state/keyedStates.ts';
import type { SnapshotCursor } from '../state/snapshotCursor.ts';
import type { ChainPlan, FileChain } from './fileChain.ts';
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
  /** Null: nobody will build on it. */
  readonly chain: FileChain | null;
  readonly plan: ChainPlan;
}

export interface MarkingPlace {
  readonly barrier: Barrier;
  readonly subtaskIndex: number;
  readonly files: SnapshotFiles;
}

/** Of one operator, relative to the snapshot's directory. */
export const dataFileName = (
  uid: string,
  subtaskIndex: number,
  checkpointId: number | null = null,
): string => {
  const readable = uid
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
  // What later checkpoints have too is told apart from what they add.
  const layer = checkpointId === null ? '' : `.${checkpointId}`;
  return `${readable}-${textHash(uid).slice(0, 8)}-${subtaskIndex}${layer}.state`;
};

export const openDataFile = (
  uid: string,
  maxParallelism: number,
  states: readonly StateDescription[],
  place: MarkingPlace,
  plan: ChainPlan = { type: 'alone' },
): NonNullable<MarkedOperator['file']> => {
  const { checkpointId } = place.barrier;
  const name = dataFileName(uid, place.subtaskIndex, plan.type === 'alone' ? null : checkpointId);
  const file = place.files.create(`${place.barrier.directory}/${name}`);
  return {
    name,
    writer: new DataFileWriter(
      file,
      {
        operatorUid: uid,
        subtaskIndex: place.subtaskIndex,
        maxParallelism,
        wholeGroups: plan.type === 'increment' ? [...plan.wholeGroups] : null,
      },
      states,
    ),
  };
};

export const markLink = (link: ChainLink, place: MarkingPlace, deferred: Deferred[]): MarkedOperator => {
  const { barrier } = place;
  const positions: SourcePosition[] = [];
  const chain = barrier.isSavepoint ? null : link.fileChain;
  const plan = chain?.plan(barrier.directory, place.files) ?? { type: 'alone' };
  const { uid, maxParallelism, keyed } = link;
  let file = keyed === null ? null : openDataFile(uid, maxParallelism, keyed.states, place, plan);
  const put = (declaration: StateDeclaration, elements: readonly unknown[]): void => {
    file ??= openDataFile(uid, maxParallelism, [], place);
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
    letGo({ cursor: null, file, plan });
    throw error;
  }
  const cursor = keyed === null ? null : markKeyed(keyed, barrier.checkpointId, plan);
  return { uid, maxParallelism, file, cursor, positions, chain, plan };
};

const markKeyed = (keyed: KeyedStateBackend, checkpointId: number, plan: ChainPlan): SnapshotCursor => {
  switch (plan.type) {
    case 'alone':
      return keyed.markSnapshot(checkpointId);
    case 'full':
      return keyed.markFullCheckpoint(checkpointId);
    case 'increment':
      return keyed.markIncrement(checkpointId, plan.wholeGroups);
    default:
      return unreachable(plan);
  }
};

/** Of a snapshot that will not be: its files are removed, the state forgets the mark. */
export const letGo = ({ cursor, file, plan }: Pick<MarkedOperator, 'cursor' | 'file' | 'plan'>): void => {
  cursor?.cancel();
  file?.writer.abort();
  if (plan.type === 'increment') plan.links.undo();
};
