/** A manifest as clients see it. */
import type { Manifest } from '../checkpoint/manifest.ts';
import { withoutTimes } from '../checkpoint/timesOfStates.ts';
import type { SavepointDetails, SavepointSummary } from '../protocol/savepoints.ts';

/** `id` names it in requests, `path` is where it lies. */
export function savepointSummary(manifest: Manifest, id: string, path: string): SavepointSummary {
  return {
    id,
    kind: manifest.kind,
    job: manifest.job,
    checkpointId: manifest.checkpointId,
    runId: manifest.runId,
    label: manifest.label,
    notes: manifest.notes,
    createdAt: manifest.completedAt,
    stopped: manifest.stopped,
    drained: manifest.drained,
    bytes: bytesOf(manifest),
    keys: keysOf(manifest),
    parallelism: manifest.parallelism,
    fingerprint: manifest.fingerprint,
    path,
  };
}

export function savepointDetails(manifest: Manifest, id: string, path: string): SavepointDetails {
  return {
    ...savepointSummary(manifest, id, path),
    sluiceVersion: manifest.sluiceVersion,
    formatVersion: manifest.formatVersion,
    operators: manifest.operators.map(({ uid, name, type, parallelism, maxParallelism, states }) => ({
      uid,
      name,
      type,
      parallelism,
      maxParallelism,
      states: states.map((state) => ({ ...state })),
    })),
    sources: manifest.sources.map((source) => ({ ...source })),
  };
}

export function bytesOf(manifest: Manifest): number {
  return manifest.operators.reduce(
    (sum, { files }) => sum + files.reduce((bytes, file) => bytes + file.bytes, 0),
    0,
  );
}

/** Of the files that were written for it; the others it has in common with older checkpoints. */
export function writtenBytesOf(manifest: Manifest): number {
  let sum = 0;
  for (const { files } of manifest.operators) {
    for (const { subtaskIndex, layer = 0, bytes } of files) {
      const isNewest = files.every(
        (other) => other.subtaskIndex !== subtaskIndex || (other.layer ?? 0) <= layer,
      );
      if (isNewest) sum += bytes;
    }
  }
  return sum;
}

/** What people mean by the number of keys: entries of keyed state, timers and positions aside. */
function keysOf(manifest: Manifest): number {
  const states = manifest.operators.flatMap((operator) => withoutTimes(operator.states));
  return states.reduce((sum, { type, keys }) => (notCounted.has(type) ? sum : sum + keys), 0);
}

const notCounted: ReadonlySet<string> = new Set([
  'timers',
  'operator-list',
  'operator-union',
  'operator-broadcast',
  'in-flight',
]);
