/**
 * What exactly-once file sinks have committed, against what a snapshot knows of it: before a restore (or a fresh start) the
 * parts that would come twice are listed, and with their owner's consent they are renamed. Done by the coordinator, for
 * whole directories, before any writer is opened.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataFileReader } from '../checkpoint/dataFileReader.ts';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { type PartWriterState, partsCommittedAfter } from '../connectors/partNames.ts';
import { supersedeParts } from '../connectors/supersedeParts.ts';
import type { GraphOperator, JobGraph } from '../graph/jobGraph.ts';
import type { FileAccess } from '../operators/files.ts';
import { writerDeclaration } from '../operators/sinkOperator.ts';
import { openSnapshotBytes } from './snapshotFiles.ts';

export interface CommittedPart {
  /** uid of the sink. */
  readonly operator: string;
  /** As the author wrote the directory, with the part's name. */
  readonly path: string;
  readonly bytes: number;
  readonly committedAt: number | null;
}

/** Where the data files of an operator lie in the snapshot that is gone back to; null: a fresh start. */
export type DataFilesOf = ((uid: string) => readonly string[]) | null;

export function dataFilesOf({ manifest, directory }: SnapshotPoint): DataFilesOf {
  return (uid) => {
    const operator = manifest.operators.find((saved) => saved.uid === uid);
    return operator?.files.map(({ path }) => join(directory, path)) ?? [];
  };
}

/** On a fresh start every part is one too many. Throws SnapshotDamage. */
export function partsAfter(
  graph: JobGraph,
  dataFiles: DataFilesOf,
  files: FileAccess,
  workingDirectory: string,
): readonly CommittedPart[] {
  return fileSinks(graph).flatMap(({ uid, directory }) => {
    const names = files.list(directory.path);
    return partsCommittedAfter(writerStates(uid, dataFiles), names, directory.extension).map(({ name }) => {
      const path = join(directory.path, name);
      const found = statSync(resolve(workingDirectory, path), { throwIfNoEntry: false });
      return { operator: uid, path, bytes: found?.size ?? 0, committedAt: found?.ctimeMs ?? null };
    });
  });
}

/** With consent. Throws SnapshotDamage or FileError. */
export function supersedeAll(
  graph: JobGraph,
  dataFiles: DataFilesOf,
  files: FileAccess,
  runId: string,
): void {
  for (const { uid, directory } of fileSinks(graph)) {
    files.makeDirectory(directory.path);
    supersedeParts(files, directory, writerStates(uid, dataFiles), runId);
  }
}

function fileSinks(
  graph: JobGraph,
): readonly { readonly uid: string; readonly directory: NonNullable<GraphOperator['sinkDirectory']> }[] {
  return graph.operators.flatMap(({ uid, sinkDirectory }) =>
    sinkDirectory === null ? [] : [{ uid, directory: sinkDirectory }],
  );
}

/** What every old subtask's writer had put into the snapshot. */
function writerStates(uid: string, dataFiles: DataFilesOf): readonly PartWriterState[] {
  if (dataFiles === null) return [];
  return dataFiles(uid).flatMap((path) => {
    const reader = new DataFileReader(openSnapshotBytes(path));
    try {
      const state = reader.state(writerDeclaration.name);
      return state === null ? [] : (reader.elements(state) as readonly PartWriterState[]);
    } finally {
      reader.close();
    }
  });
}
