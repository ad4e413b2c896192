/**
 * The pre-flight of a restore, with the facts that only a disk has: is every byte of the snapshot what its manifest says,
 * which parts were committed after it, where was the job last. Nothing is touched.
 */
import { latestSnapshot, type SnapshotPoint } from '../checkpoint/lineage.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import { preflight } from '../checkpoint/preflight.ts';
import { buildExecutionGraph } from '../graph/buildExecutionGraph.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { LaunchFailure } from '../protocol/launch.ts';
import type { Preflight } from '../protocol/savepoints.ts';
import { savepointSummary } from '../server/savepointInfo.ts';
import { launchFailure } from './launchFailure.ts';
import type { Utility } from './utility.ts';

export interface RestoreCheck {
  readonly graph: JobGraph;
  readonly point: SnapshotPoint;
  /** How clients name it. */
  readonly id: string;
  readonly workingDirectory: string;
  readonly parallelism: number | null;
  /** Snapshots of the job: the newest one tells where it was last. */
  readonly points: readonly SnapshotPoint[];
}

/** Rejects with SnapshotDamage that names the file. */
export async function checkRestore(utility: Utility, check: RestoreCheck): Promise<Preflight> {
  const { graph, point, workingDirectory } = check;
  const parts = await utility.ask({
    type: 'check-restore',
    graph,
    directory: point.directory,
    workingDirectory,
  });
  const report = preflight(point.manifest, atParallelism(graph, check.parallelism), {
    supersededParts: parts,
    lastPositions: lastPositions(check),
  });
  return {
    savepoint: savepointSummary(point.manifest, check.id, point.directory),
    items: report.items.map((item) => ({ ...item })),
    supersededParts: report.supersededParts.map((part) => ({ ...part })),
    replay: report.replay.map((range) => ({ ...range })),
    needs: [...report.needs],
    possible: report.possible,
  };
}

/** What stands in the way of the restore, as one sentence; null: nothing. */
export function consentProblem(
  found: Preflight,
  { manifest }: SnapshotPoint,
  consent: { readonly supersede: boolean; readonly allowNonRestoredState: boolean },
): LaunchFailure | null {
  const name = manifest.label === null ? `${manifest.kind} #${manifest.checkpointId}` : `"${manifest.label}"`;
  if (!found.possible) {
    const item = found.items.find(({ verdict }) => verdict === 'impossible');
    const message = `${name} does not fit the pipeline: ${item?.name} (uid ${item?.uid}): ${item?.text}`;
    return launchFailure('not-compatible', message, { preflight: found });
  }
  if (found.needs.includes('allow-non-restored-state') && !consent.allowNonRestoredState) {
    const dropped = found.items.find(({ verdict }) => verdict === 'dropped');
    const message = `${dropped?.text} Bring uid ${dropped?.uid} back, or leave its state behind with --allow-non-restored-state.`;
    return launchFailure('not-compatible', message, { preflight: found });
  }
  // A branch that was begun with consent, and killed before its first checkpoint, goes on with it.
  const hasConsent = consent.supersede || manifest.trigger === 'restore';
  if (found.needs.includes('supersede') && !hasConsent) {
    const parts = found.supersededParts;
    const first = parts[0]?.path ?? '';
    const what = parts.length === 1 ? `${first} was` : `${parts.length} parts (${first}, …) were`;
    const message = `${what} committed after ${name} and would be doubled; have them renamed with --supersede, or give the sink another directory.`;
    return launchFailure('needs-consent', message, { preflight: found });
  }
  return null;
}

function lastPositions({ points }: RestoreCheck): Manifest['sources'] | null {
  return latestSnapshot(points)?.manifest.sources ?? null;
}

function atParallelism(graph: JobGraph, parallelism: number | null): JobGraph {
  return parallelism === null ? graph : buildExecutionGraph(graph, parallelism).job;
}
