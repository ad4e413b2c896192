/**
 * What is said when the point to go on from is damaged (docs/decisions/0018). Nothing falls back by itself: what was committed
 * after an older point would come twice, and only its owner can say that it may be set aside. But the newest older point
 * that is whole is looked for and named, with the words that go on from it.
 */
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { LaunchFailure } from '../protocol/launch.ts';
import { shownPath } from './bundle.ts';
import { type DataDirectory, isInside } from './dataDirectory.ts';
import { launchFailure } from './launchFailure.ts';
import { snapshotIdOf } from './savepointShelf.ts';
import type { Utility } from './utility.ts';

/** Each is read to its last byte. */
const looksMax = 10;

export interface DamagedPoint {
  readonly error: SnapshotDamage;
  readonly graph: JobGraph;
  readonly data: DataDirectory;
  readonly workingDirectory: string;
  readonly utility: Utility;
  /** Of the job. */
  readonly points: readonly SnapshotPoint[];
}

export async function damagedPoint(damaged: DamagedPoint): Promise<LaunchFailure> {
  const { error, data, workingDirectory } = damaged;
  const what = `${error.message.replace(/\.$/, '')}; nothing was restored`;
  const older = await newestWholeBefore(damaged);
  if (older === null) {
    return launchFailure(
      'savepoint-damaged',
      `${what}, and no older point of the job is whole: put the file back, or begin anew without --from and with --supersede.`,
    );
  }
  const id = snapshotIdOf(data, older.directory);
  const from = id === older.directory ? shownPath(older.directory, workingDirectory) : id;
  const parts = await damaged.utility.ask({
    type: 'check-restore',
    graph: damaged.graph,
    directory: older.directory,
    workingDirectory,
  });
  const consent =
    parts.length === 0
      ? ''
      : ` --supersede, which renames what was committed after it (${parts.length === 1 ? '1 part' : `${parts.length} parts`})`;
  return launchFailure(
    'savepoint-damaged',
    `${what}. The newest older point that is whole is ${older.manifest.kind} #${older.manifest.checkpointId}: go on from it with --from ${from}${consent}.`,
  );
}

async function newestWholeBefore(damaged: DamagedPoint): Promise<SnapshotPoint | null> {
  const { error, graph, points, workingDirectory, utility } = damaged;
  const broken = points.find(({ directory }) => isInside(directory, error.path));
  const before = broken?.manifest.checkpointId ?? Number.POSITIVE_INFINITY;
  const candidates = points
    .filter(({ manifest }) => manifest.checkpointId < before)
    .sort((a, b) => b.manifest.checkpointId - a.manifest.checkpointId)
    .slice(0, looksMax);
  for (const point of candidates) {
    try {
      const { directory } = point;
      await utility.ask({ type: 'check-restore', graph, directory, workingDirectory });
      return point;
    } catch (problem) {
      if (!(problem instanceof SnapshotDamage)) throw problem;
    }
  }
  return null;
}
