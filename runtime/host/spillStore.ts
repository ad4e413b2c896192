/**
 * Where a task thread keeps the state that has no room in its memory: a LevelDB in a scratch directory of this attempt, by
 * way of `classic-level`, which is loaded when the first such store is opened. Its writes happen in Node's pool of threads.
 * It is not synced and survives nothing: whoever restarts begins with a new one and a checkpoint.
 */
import { mkdirSync } from 'node:fs';
import type { ClassicLevel } from 'classic-level';
import { SpillFailure, type SpillStore, type SpillWrite } from '../state/spillStore.ts';

type Database = ClassicLevel<Uint8Array, Uint8Array>;

const mebibyte = 1_024 * 1_024;
/** Beside the heap: what was written last, and blocks that were read last. */
const writeBufferSize = 16 * mebibyte;
const cacheSize = 32 * mebibyte;
/** Fewer files than with LevelDB's own two megabytes. */
const maxFileSize = 16 * mebibyte;

/** `afterCallback`: the thread that parked while it waited for the disk goes on. A problem is told by the store. */
export async function openSpillStore(
  directory: string,
  options: { afterCallback(): void },
): Promise<SpillStore> {
  try {
    mkdirSync(directory, { recursive: true });
    const { ClassicLevel } = await import('classic-level');
    const database: Database = new ClassicLevel(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      writeBufferSize,
      cacheSize,
      maxFileSize,
    });
    await database.open();
    return new LevelStore(directory, database, options.afterCallback);
  } catch (error) {
    return new NoStore(problemOf(directory, error));
  }
}

class LevelStore implements SpillStore {
  problem: string | null = null;
  readonly #directory: string;
  readonly #database: Database;
  readonly #afterCallback: () => void;
  #isClosed = false;

  constructor(directory: string, database: Database, afterCallback: () => void) {
    this.#directory = directory;
    this.#database = database;
    this.#afterCallback = afterCallback;
  }

  get(key: Uint8Array): Uint8Array {
    let found: Uint8Array | undefined;
    try {
      found = this.#database.getSync(key);
    } catch (error) {
      this.problem = problemOf(this.#directory, error);
    }
    if (found === undefined)
      throw new SpillFailure(
        this.problem ?? problemOf(this.#directory, 'it has lost what was written to it'),
      );
    // A Buffer, whose `slice` would not copy.
    return new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
  }

  write(batch: readonly SpillWrite[], done: () => void): void {
    if (this.#isClosed) return;
    const chained = this.#database.batch();
    for (const { key, value } of batch) {
      if (value === null) chained.del(key);
      else chained.put(key, value);
    }
    const settled = (error: unknown) => {
      if (this.#isClosed) return;
      if (error !== null) this.problem ??= problemOf(this.#directory, error);
      done();
      this.#afterCallback();
    };
    // Nobody waits for the promise: both of its ends call back.
    void chained.write().then(() => settled(null), settled);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The directory goes with its attempt, whatever is still in it.
    void this.#database.close().catch(() => {});
  }
}

/** One that could not be opened. */
class NoStore implements SpillStore {
  readonly problem: string;

  constructor(problem: string) {
    this.problem = problem;
  }

  get(): never {
    throw new SpillFailure(this.problem);
  }

  write(): void {}

  close(): void {}
}

function problemOf(directory: string, error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return /no space left|ENOSPC/i.test(reason)
    ? `State beyond memory has no room on the disk of ${directory}: make room there, or give the state more memory.`
    : `State beyond memory cannot be kept in ${directory}: ${reason}`;
}
