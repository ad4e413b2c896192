/**
 * Which snapshot a person means by a name. In this order, so that what is exact goes before what is convenient:
 *
 *   an id or a path          20260131-174502-before-the-upgrade, out/copy, chk-000042 (of the only job that has it)
 *   `latest`                 the newest snapshot of the job
 *   a label                  "Before the upgrade"; where nothing has it exactly, in whatever case
 *
 * A label that several savepoints have is told with their ids, and none is chosen.
 */
import { basename, resolve } from 'node:path';
import { latestSnapshot, type SnapshotPoint } from '../checkpoint/lineage.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import { type DataDirectory, snapshotDirectory } from './dataDirectory.ts';
import { checkpointsOfAllJobs, readSnapshot, savepointsOnShelf, snapshotIdOf } from './savepointShelf.ts';

export type NamedSnapshot =
  | { readonly type: 'found'; readonly snapshot: SnapshotPoint }
  /** A sentence. */
  | { readonly type: 'ambiguous'; readonly problem: string }
  | { readonly type: 'none' };

export interface NameOptions {
  readonly data: DataDirectory;
  readonly workingDirectory: string;
  /** Where paths may lead. */
  readonly allowed: readonly string[] | 'anywhere';
  /** Whose `latest` is meant; null: of the only job that there is. */
  readonly job: string | null;
}

/** Throws SnapshotDamage when the one that is meant cannot be read. */
export function namedSnapshot(name: string, options: NameOptions): NamedSnapshot {
  const { data, allowed } = options;
  const directory = snapshotDirectory(data, name, options);
  const exact = directory === null ? null : readSnapshot(directory);
  if (exact !== null) return { type: 'found', snapshot: exact };
  if (allowed === 'anywhere') {
    const beside = readSnapshot(resolve(options.workingDirectory, name));
    if (beside !== null) return { type: 'found', snapshot: beside };
  }
  if (/^chk-\d+$/.test(name)) {
    const named = checkpointsOfAllJobs(data).filter(({ directory: place }) => basename(place) === name);
    return one(name, named, data);
  }
  if (name === 'latest') return newest(options);
  const { snapshots } = savepointsOnShelf(data);
  const labelled = snapshots.filter(({ manifest }) => manifest.label === name);
  if (labelled.length > 0) return one(name, labelled, data);
  const wanted = name.toLowerCase();
  return one(
    name,
    snapshots.filter(({ manifest }) => manifest.label?.toLowerCase() === wanted),
    data,
  );
}

function one(name: string, snapshots: readonly SnapshotPoint[], data: DataDirectory): NamedSnapshot {
  const [first, ...others] = snapshots;
  if (first === undefined) return { type: 'none' };
  if (others.length === 0) return { type: 'found', snapshot: first };
  const ids = snapshots.map(({ directory }) => snapshotIdOf(data, directory)).join(', ');
  return {
    type: 'ambiguous',
    problem: `${snapshots.length} are called ${name}: name one by its id: ${ids}.`,
  };
}

/** Checkpoint or savepoint, whichever is the newest. */
function newest({ data, job }: NameOptions): NamedSnapshot {
  const all = [...checkpointsOfAllJobs(data), ...savepointsOnShelf(data).snapshots];
  const jobs = new Set(all.map(({ manifest }) => manifest.job));
  if (job === null && jobs.size > 1) {
    const known = [...jobs].sort().join(', ');
    return { type: 'ambiguous', problem: `"latest" is not clear, since there are several jobs: ${known}.` };
  }
  const latest = latestSnapshot(all.filter(({ manifest }) => job === null || manifest.job === job));
  return latest === null ? { type: 'none' } : { type: 'found', snapshot: latest };
}

/**
 * `latest` of a running job may be subsumed before it is read: then what the names mean now is tried, a few times. Damage of
 * what is still there is thrown at once.
 */
export async function ofTheNewest<T>(
  find: () => readonly [SnapshotPoint, SnapshotPoint],
  use: (points: readonly [SnapshotPoint, SnapshotPoint]) => Promise<T>,
): Promise<T> {
  for (let left = 3; ; left--) {
    const points = find();
    try {
      return await use(points);
    } catch (error) {
      if (left === 0 || !(error instanceof SnapshotDamage)) throw error;
      if (points.every(({ directory }) => readSnapshot(directory) !== null)) throw error;
    }
  }
}
