/** A snapshot that a deployment starts from. */
import type { Manifest } from '../../checkpoint/manifest.ts';

export interface RestorePoint {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly directory: string;
  readonly supersede: boolean;
  /** False: the job has newer snapshots, so that going on from this one begins a new branch. */
  readonly isLatest: boolean;
  /** The user hands the savepoint over: it is deleted like a checkpoint once newer ones have subsumed it. */
  readonly claim?: boolean;
}
