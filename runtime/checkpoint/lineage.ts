/**
 * Which snapshot is the latest, and which id comes next. A job may have branches: restoring an older point and going on
 * from there. Ids never come twice all the same, so that the highest id is always what the job did last.
 */
import type { Manifest } from './manifest.ts';

/** A valid snapshot of one job and where it lies. */
export interface SnapshotPoint {
  readonly manifest: Manifest;
  readonly directory: string;
}

/**
 * What `--from latest` means: the highest id. A checkpoint and a savepoint of one id never exist by themselves; where
 * copies do, the checkpoint is taken, which this job owns. Null without any.
 */
export function latestSnapshot(points: readonly SnapshotPoint[]): SnapshotPoint | null {
  let latest: SnapshotPoint | null = null;
  for (const point of points) if (latest === null || isLater(point.manifest, latest.manifest)) latest = point;
  return latest;
}

/**
 * One above the highest on disk and the restored one, also above what is damaged or was only begun: pass every id that
 * any directory claims.
 */
export function nextCheckpointId(idsOnDisk: readonly number[], restored: Manifest | null): number {
  let highest = restored?.checkpointId ?? 0;
  for (const id of idsOnDisk) highest = Math.max(highest, id);
  return highest + 1;
}

/** Does a run that starts from here leave the line of what was done last? Then it says so. */
export function startsBranch(from: Manifest, points: readonly SnapshotPoint[]): boolean {
  return points.some(
    ({ manifest }) => manifest.job === from.job && manifest.checkpointId > from.checkpointId,
  );
}

function isLater(a: Manifest, b: Manifest): boolean {
  if (a.checkpointId !== b.checkpointId) return a.checkpointId > b.checkpointId;
  if (a.kind !== b.kind) return a.kind === 'checkpoint';
  return a.completedAt > b.completedAt;
}
