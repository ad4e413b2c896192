/**
 * The snapshots that lie on the disk: savepoints, and the checkpoints that are kept. A directory without a manifest is none
 * and is not shown; one whose manifest cannot be read is shown with what is wrong with it, never hidden.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { manifestBytesMax, parseManifest, printManifest } from '../checkpoint/manifestCodec.ts';
import { manifestFileName } from '../checkpoint/snapshotPaths.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import type { DamagedSavepoint, SavepointSummary } from '../protocol/savepoints.ts';
import { savepointSummary } from '../server/savepointInfo.ts';
import { replaceFileDurably } from './checkpointStorage.ts';
import { type DataDirectory, isInside } from './dataDirectory.ts';

export interface Shelf {
  /** Newest first. */
  readonly snapshots: readonly SnapshotPoint[];
  readonly damaged: readonly DamagedSavepoint[];
}

export function savepointsOnShelf(data: DataDirectory): Shelf {
  return shelf(data.savepoints);
}

export function checkpointsOnShelf(data: DataDirectory, job: string): Shelf {
  return shelf(data.checkpoints(job));
}

/** Those that can be read. */
export function checkpointsOfAllJobs(data: DataDirectory): readonly SnapshotPoint[] {
  return jobsOnShelf(data).flatMap((job) => shelf(join(data.jobs, job, 'checkpoints')).snapshots);
}

/** Whatever looks like a checkpoint by its name. */
export function checkpointDirectories(data: DataDirectory, job: string): readonly string[] {
  return directoriesIn(data.checkpoints(job));
}

/** Names of the jobs that have checkpoints, as directories. */
export function jobsOnShelf(data: DataDirectory): readonly string[] {
  try {
    return readdirSync(data.jobs).sort();
  } catch {
    return [];
  }
}

/** Null when there is no snapshot in the directory. Throws SnapshotDamage. */
export function readSnapshot(directory: string): SnapshotPoint | null {
  const path = join(directory, manifestFileName);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (found.size > manifestBytesMax)
    throw new SnapshotDamage(path, `is ${found.size} bytes long, which no manifest is`);
  return { manifest: parseManifest(readFileSync(path), path), directory };
}

/** How requests name the snapshot: a savepoint by its directory's name, everything else by its path. */
export function snapshotIdOf(data: DataDirectory, directory: string): string {
  return dirname(directory) === data.savepoints ? basename(directory) : directory;
}

export function summaryOf(data: DataDirectory, { manifest, directory }: SnapshotPoint): SavepointSummary {
  return savepointSummary(manifest, snapshotIdOf(data, directory), directory);
}

/** Label and notes are the user's own; everything else in the manifest stays as it was. */
export async function relabel(
  snapshot: SnapshotPoint,
  label: string | null,
  notes: string | null,
): Promise<SnapshotPoint> {
  const manifest = { ...snapshot.manifest, label, notes };
  await replaceFileDurably(join(snapshot.directory, manifestFileName), printManifest(manifest));
  return { ...snapshot, manifest };
}

/** Only a savepoint of the data directory: everything else is not ours to delete. */
export function deleteSavepoint(data: DataDirectory, directory: string): boolean {
  if (directory === data.savepoints || !isInside(data.savepoints, directory)) return false;
  // The manifest goes first: what is only half deleted is no savepoint any more.
  rmSync(join(directory, manifestFileName), { force: true });
  rmSync(directory, { recursive: true, force: true });
  return true;
}

function shelf(parent: string): Shelf {
  const snapshots: SnapshotPoint[] = [];
  const damaged: DamagedSavepoint[] = [];
  for (const name of directoriesIn(parent)) {
    const directory = join(parent, name);
    try {
      const snapshot = readSnapshot(directory);
      if (snapshot !== null) snapshots.push(snapshot);
    } catch (error) {
      damaged.push({ path: directory, message: error instanceof Error ? error.message : String(error) });
    }
  }
  snapshots.sort(
    (a, b) =>
      b.manifest.completedAt - a.manifest.completedAt || b.manifest.checkpointId - a.manifest.checkpointId,
  );
  return { snapshots, damaged };
}

/** Attempts have a leading dot. */
function directoriesIn(parent: string): readonly string[] {
  try {
    return readdirSync(parent).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}
