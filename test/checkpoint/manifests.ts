/** A manifest to change in tests. */
import { MANIFEST_FORMAT_VERSION, type Manifest } from '../../runtime/checkpoint/manifest.ts';

export function manifest(changes: Partial<Manifest> = {}): Manifest {
  return {
    formatVersion: MANIFEST_FORMAT_VERSION,
    sluiceVersion: '0.1.0',
    job: 'flight-delays',
    fingerprint: 'f00d',
    kind: 'checkpoint',
    checkpointId: 42,
    runId: 'run-1',
    parent: { runId: 'run-0', checkpointId: 41 },
    trigger: 'periodic',
    stopped: false,
    drained: false,
    finished: false,
    label: null,
    notes: null,
    triggeredAt: 1_700_000_000_000,
    completedAt: 1_700_000_000_250,
    parallelism: 2,
    maxParallelism: 128,
    operators: [
      {
        uid: 'mean-delay',
        name: 'mean delay',
        type: 'window',
        parallelism: 2,
        maxParallelism: 128,
        states: [{ name: 'count', type: 'value', schemaVersion: 1, keys: 10, bytes: 200 }],
        files: [{ path: 'mean-delay-0.state', bytes: 300, sha256: 'ab'.repeat(32), subtaskIndex: 0 }],
      },
    ],
    sources: [
      { operator: 'flights', split: 'data/flights.jsonl', offset: 1_234, watermark: 1_699_999_999_000 },
    ],
    ...changes,
  };
}
