/**
 * What exactly-once file sinks have committed, against what a snapshot knows of it: before a restore (or a fresh start) the
 * parts that would come twice are listed, and with their owner's consent they are renamed. Done by the coordinator, for
 * whole directories, before any writer is opened.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataFileReader } from '../checkpoint/dataFileReader.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
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

/** A snapshot as it lies on the disk. */
export interface SnapshotAt {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly directory: string;
}

/** `from` null: a fresh start, for which every part is one too many. Throws SnapshotDamage. */
export function partsAfter(
  graph: JobGraph,
  from: SnapshotAt | null,
  files: FileAccess,
  workingDirectory: string,
): readonly CommittedPart[] {
  return fileSinks(graph).flatMap(({ uid, directory }) => {
    const names = files.list(directory.path);
    return partsCommittedAfter(writerStates(uid, from), names, directory.extension).map(({ name }) => {
      const path = join(directory.path, name);
      const found = statSync(resolve(workingDirectory, path), { throwIfNoEntry: false });
      return { operator: uid, path, bytes: found?.size ?? 0, committedAt: found?.ctimeMs ?? null };
    });
  });
}

/** With consent. Throws SnapshotDamage or FileError. */
export function supersedeAll(
  graph: JobGraph,
  from: SnapshotAt | null,
  files: FileAccess,
  runId: string,
): void {
  for (const { uid, directory } of fileSinks(graph)) {
    files.makeDirectory(directory.path);
    supersedeParts(files, directory, writerStates(uid, from), runId);
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
function writerStates(uid: string, from: SnapshotAt | null): readonly PartWriterState[] {
  const operator = from?.manifest.operators.find((saved) => saved.uid === uid);
  if (from === null || operator === undefined) return [];
  return operator.files.flatMap((file) => {
    const reader = new DataFileReader(openSnapshotBytes(join(from.directory, file.path)));
    try {
      const state = reader.state(writerDeclaration.name);
      return state === null ? [] : (reader.elements(state) as readonly PartWriterState[]);
    } finally {
      reader.close();
    }
  });
}
