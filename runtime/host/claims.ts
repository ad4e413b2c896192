/**
 * Savepoints that were handed over to a job by an explicit claim, and that are to be deleted once newer checkpoints have
 * subsumed them. Which ones these are has to outlive the process, so it stands in a file of the job's directory. The file
 * names each by the run and the id too: whatever else lies at the same path later is the user's again.
 */
import { readFileSync } from 'node:fs';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { replaceFileDurably } from './checkpointStorage.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { readSnapshot } from './savepointShelf.ts';

interface Claim {
  readonly runId: string;
  readonly checkpointId: number;
  /** Absolute. */
  readonly directory: string;
}

/** Those that still are where they were. */
export function claimedSavepoints(data: DataDirectory, job: string): readonly Claim[] {
  return recorded(data, job).filter(isStillThere);
}

/** Durable when it answers: from then on the savepoint is Sluice's. */
export async function claimSavepoint(
  data: DataDirectory,
  job: string,
  { manifest, directory }: SnapshotPoint,
): Promise<void> {
  const { runId, checkpointId } = manifest;
  const others = claimedSavepoints(data, job).filter((claim) => claim.directory !== directory);
  const claims: readonly Claim[] = [...others, { runId, checkpointId, directory }];
  await replaceFileDurably(data.claimsFile(job), `${JSON.stringify(claims, null, 2)}\n`);
}

function isStillThere({ runId, checkpointId, directory }: Claim): boolean {
  try {
    const manifest = readSnapshot(directory)?.manifest;
    return (
      manifest?.kind === 'savepoint' && manifest.runId === runId && manifest.checkpointId === checkpointId
    );
  } catch {
    // What cannot be read is not deleted: it may be somebody's only copy.
    return false;
  }
}

function recorded(data: DataDirectory, job: string): readonly Claim[] {
  try {
    const claims: unknown = JSON.parse(readFileSync(data.claimsFile(job), 'utf8'));
    return Array.isArray(claims) ? claims.filter(isClaim) : [];
  } catch {
    // No file: nothing was claimed. One that is damaged deletes nothing.
    return [];
  }
}

function isClaim(value: unknown): value is Claim {
  const claim = value as Partial<Claim> | null;
  return (
    typeof claim?.runId === 'string' &&
    typeof claim.checkpointId === 'number' &&
    typeof claim.directory === 'string'
  );
}
