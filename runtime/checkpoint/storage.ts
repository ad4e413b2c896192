/**
 * What checkpoints need of a disk, as two ports that `host` implements with files and a simulation with a disk that
 * lies. All calls return at once; callbacks come later, between two steps. Every path is absolute and made here
 * and in `snapshotPaths.ts` only.
 */
import type { Manifest } from './manifest.ts';

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

/** In a task thread: one data file of one operator of one subtask, written once from front to back. */
export interface SnapshotFile {
  /** Ownership of the bytes passes. */
  append(chunk: Uint8Array): void;
  /** Bytes accepted but not yet written: the writer waits while this is above its bound. */
  readonly backlogBytes: number;
  /** Calls back when the file is durable. */
  finish(done: (result: Outcome<{ readonly bytes: number; readonly sha256: string }>) => void): void;
  /** Closes and removes it. */
  abort(): void;
}

/** Reads a data file at random places; synchronous. */
export interface SnapshotBytes {
  readonly path: string;
  size(): number;
  /** Exactly `length` bytes, or throws SnapshotDamage naming the file. */
  read(position: number, length: number): Uint8Array;
  close(): void;
}

export interface SnapshotFiles {
  create(path: string): SnapshotFile;
  open(path: string): SnapshotBytes;
  /**
   * Gives durable files second names in a directory that a checkpoint is being written to: all of them, or none. The names
   * become durable with the directory; the bytes stay until the last name is gone. Synchronous: a link copies nothing.
   */
  linkAll(links: readonly FileLink[]): Outcome<Links>;
}

export interface FileLink {
  readonly from: string;
  readonly to: string;
}

export interface Links {
  /** Of a checkpoint that will not be: takes the second names away again. */
  undo(): void;
}

/** A savepoint or checkpoint that cannot be read: names the file and what is wrong with it. */
export class SnapshotDamage extends Error {
  override name = 'SnapshotDamage';
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
  }
}

/** In the coordinator: whole snapshots. */
export interface CheckpointStorage {
  /** Makes the temporary directory of an attempt; answers its absolute path. */
  begin(
    checkpointId: number,
    kind: 'checkpoint' | 'savepoint',
    label: string | null,
    done: (result: Outcome<string>) => void,
  ): void;
  /** Writes the manifest last, syncs, renames to the final place; answers that place. After it the snapshot exists. */
  publish(directory: string, manifest: Manifest, done: (result: Outcome<string>) => void): void;
  /**
   * A copy of a complete snapshot under another manifest, as a checkpoint of this job; the original stays as it is.
   * Answers its place.
   */
  adopt(directory: string, manifest: Manifest, done: (result: Outcome<string>) => void): void;
  /** Removes an attempt that will not complete, or a complete checkpoint that was subsumed. Idempotent. */
  discard(directory: string, done: (result: Outcome<null>) => void): void;
}
