/**
 * The manifest: what a snapshot is, for machines and for people who read it or `git diff` it. It is written last; a
 * directory without a valid one does not exist. Format: docs/savepoint-format.md.
 */
import type { WindowDescription } from '../graph/windowDescription.ts';
import type { StateType } from '../state/declarations.ts';

export const MANIFEST_FORMAT_VERSION = 1;
/** Of a checkpoint with layers: an older Sluice would read its files as if each were complete. */
export const LAYERED_FORMAT_VERSION = 2;

export interface ManifestState {
  readonly name: string;
  readonly type: StateType;
  readonly schemaVersion: number;
  /** Entries that are there. */
  readonly keys: number;
  /** Of its blocks in all files. */
  readonly bytes: number;
}

export interface ManifestFile {
  /** Relative to the manifest's directory, with forward slashes, never upwards. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The subtask that wrote it. */
  readonly subtaskIndex: number;
  /** Of the files of this subtask and operator: on how many it stands. Absent: 0, the oldest. */
  readonly layer?: number;
}

/** What a manifest with these operators has to have. */
export const formatVersionOf = (operators: readonly Pick<ManifestOperator, 'files'>[]): number =>
  operators.some(({ files }) => files.some(({ layer = 0 }) => layer > 0))
    ? LAYERED_FORMAT_VERSION
    : MANIFEST_FORMAT_VERSION;

export interface ManifestOperator {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Absent: it has none, or was saved before windows were told of. */
  readonly windows?: WindowDescription;
  readonly states: readonly ManifestState[];
  readonly files: readonly ManifestFile[];
}

export interface ManifestPosition {
  readonly operator: string;
  readonly split: string;
  readonly offset: number;
  readonly watermark: number | null;
}

export interface Manifest {
  readonly formatVersion: number;
  readonly sluiceVersion: string;
  readonly job: string;
  readonly fingerprint: string;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly checkpointId: number;
  /** Lineage: which run took it, and from which snapshot that run or its last completed checkpoint had come. */
  readonly runId: string;
  readonly parent: { readonly runId: string; readonly checkpointId: number } | null;
  /** `restore`: a copy of an older point from which the job went on, so that `latest` follows the new branch at once. */
  readonly trigger: 'periodic' | 'user' | 'stop' | 'final' | 'restore';
  readonly stopped: boolean;
  readonly drained: boolean;
  /** The job had finished by itself with this one: resuming it has nothing to do. */
  readonly finished: boolean;
  readonly label: string | null;
  readonly notes: string | null;
  /** Milliseconds since the epoch. */
  readonly triggeredAt: number;
  readonly completedAt: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly operators: readonly ManifestOperator[];
  readonly sources: readonly ManifestPosition[];
}
