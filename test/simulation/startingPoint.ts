/**
 * What somebody does who wants a job going again on a disk that may have lied: the newest point if it is whole; if it was
 * refused, the newest older one that is whole, with consent that what was committed after it is set aside; and from
 * nothing where none is left. Whichever it is, the output in the end must be exactly right.
 */
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { manifestFileName } from '../../runtime/checkpoint/snapshotPaths.ts';
import { supersedeParts } from '../../runtime/connectors/supersedeParts.ts';
import type { RestorePoint } from '../../runtime/engine/job/jobMaster.ts';
import type { MemoryDisk } from './memoryDisk.ts';
import { damageOf } from './memoryStorage.ts';

export interface StartingPoint {
  readonly restore: RestorePoint | null;
  /** What stood in the way of a newer one. */
  readonly refusals: readonly string[];
}

/** `wanted`: a savepoint that was chosen; null: the latest. `refused`: directories that a run could not go on from. */
export const startingPoint = (
  disk: MemoryDisk,
  root: string,
  wanted: RestorePoint | null,
  refused: ReadonlySet<string>,
): StartingPoint => {
  const refusals: string[] = [];
  const isWhole = ({ directory, manifest }: { directory: string; manifest: Manifest }): boolean => {
    const problem = refused.has(directory)
      ? `${directory} was refused`
      : damageOf(disk.tree, directory, manifest);
    if (problem !== null) refusals.push(problem);
    return problem === null;
  };
  if (wanted !== null && isWhole(wanted)) return { restore: wanted, refusals };
  const newestFirst = [...disk.manifests()]
    .map(([directory, manifest]) => ({ directory, manifest }))
    .sort((a, b) => b.manifest.checkpointId - a.manifest.checkpointId);
  // A manifest that cannot be read is passed over, and what was committed since is in the way all the same.
  const [newest] = newestFirst;
  const isPassedOver = unreadableIds(disk, root).some((id) => id > (newest?.manifest.checkpointId ?? 0));
  if (isPassedOver) refusals.push('the newest manifest cannot be read');
  const found = newestFirst.find(isWhole);
  if (found === undefined) return { restore: null, refusals };
  const isLatest = found === newest;
  return { restore: { ...found, isLatest, supersede: !isLatest || isPassedOver }, refusals };
};

/** A fresh start where there were runs before: everything they committed is set aside, with consent. */
export const setAllAside = (disk: MemoryDisk, directory: string, extension: string, runId: string): void => {
  supersedeParts(disk, { path: directory, extension }, [], runId);
};

/** Every id that a directory claims counts, also of one that cannot be read. */
export const highestId = (disk: MemoryDisk, root: string): number =>
  Math.max(0, ...[...(disk.tree.directory(root)?.entries.keys() ?? [])].map(idIn));

const unreadableIds = (disk: MemoryDisk, root: string): readonly number[] => {
  const readable = disk.manifests();
  return [...(disk.tree.directory(root)?.entries.keys() ?? [])]
    .filter((name) => !readable.has(`${root}/${name}`))
    .filter((name) => disk.exists(`${root}/${name}/${manifestFileName}`))
    .map(idIn);
};

const idIn = (name: string): number => Number(/^(?:checkpoint|savepoint)-(\d+)-/.exec(name)?.[1] ?? 0);
