/**
 * What keyed state needs of a disk to be larger than memory: a scratch store of bytes by keys, for one task thread. `host`
 * gives an embedded database, a test a map that is slow on purpose. It holds nothing that must survive: what is restored
 * comes from checkpoints, so it is empty at the start, and nobody ever syncs it.
 *
 * Reading is synchronous, since an operator's `get` is; writing is not, so whoever writes keeps what it wrote until it is
 * told that it can be read (`spillCache.ts`).
 */
export interface SpillWrite {
  readonly key: Uint8Array;
  /** Null: it is removed. */
  readonly value: Uint8Array | null;
}

export interface SpillStore {
  /** Why it is of no use any more (it could not be opened, the disk is full): a sentence. Null while all is well. */
  readonly problem: string | null;
  /** What a write that is done has put there. Throws SpillFailure. */
  get(key: Uint8Array): Uint8Array;
  /** One at a time, in its order. Calls back later, never within the call; after a failure there is a `problem`. */
  write(batch: readonly SpillWrite[], done: () => void): void;
  /** It is not used again; what it holds may go. */
  close(): void;
}

/** The disk that holds what has no room in memory is of no use: the task fails, and the job restarts by its strategy. */
export class SpillFailure extends Error {
  override name = 'SpillFailure';
}
