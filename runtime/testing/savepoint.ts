/**
 * A savepoint held in memory: the snapshot itself and the world around the job as it was at that moment, which is what
 * was pushed into its inputs and what lay in its files.
 */
import type { Manifest } from '../checkpoint/manifest.ts';
import type { SavedLog } from './handDrivenSource.ts';

export interface World {
  /** By input. */
  readonly logs: ReadonlyMap<string, readonly SavedLog[]>;
  /** By path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of the clock, milliseconds since the epoch. */
  readonly now: number;
}

export class Savepoint {
  /** For Sluice itself, like everything here: a test only hands it to `restore`. */
  readonly manifest: Manifest;
  readonly directory: string;
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly world: World;

  constructor(parts: {
    readonly manifest: Manifest;
    readonly directory: string;
    readonly data: ReadonlyMap<string, Uint8Array>;
    readonly world: World;
  }) {
    this.manifest = parts.manifest;
    this.directory = parts.directory;
    this.data = parts.data;
    this.world = parts.world;
  }
}
