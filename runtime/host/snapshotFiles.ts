/**
 * Data files of snapshots, in a task thread: written in the background by Node's pool of threads while the task goes
 * on, hashed on the way, synced before they are reported. One write per file is under way at any time; what comes
 * meanwhile is gathered and written as one vector.
 */
import { createHash } from 'node:crypto';
import { close, closeSync, fstatSync, fsync, linkSync, openSync, readSync, rmSync, writev } from 'node:fs';
import {
  type FileLink,
  type Links,
  type Outcome,
  type SnapshotBytes,
  SnapshotDamage,
  type SnapshotFile,
  type SnapshotFiles,
} from '../checkpoint/storage.ts';
import { failpoint } from './failpoints.ts';
import { fileError } from './files.ts';

type Finished = (result: Outcome<{ readonly bytes: number; readonly sha256: string }>) => void;

/** `afterCallback`: the thread that parked while it waited for the disk goes on. */
export function machineSnapshotFiles(options: { afterCallback(): void }): SnapshotFiles {
  return {
    create: (path) => new WrittenFile(path, options.afterCallback),
    open: (path) => openSnapshotBytes(path),
    linkAll,
  };
}

/** Where a file system has no second names, every checkpoint is a full one. */
function linkAll(links: readonly FileLink[]): Outcome<Links> {
  const made: string[] = [];
  const undo = () => {
    for (const path of made) rmSync(path, { force: true });
  };
  for (const { from, to } of links) {
    try {
      linkSync(from, to);
    } catch (error) {
      undo();
      return { ok: false, message: fileError(from, error).message };
    }
    made.push(to);
  }
  return { ok: true, value: { undo } };
}

/** For random reading; whatever is wrong with the file is a SnapshotDamage that names it. */
export function openSnapshotBytes(path: string): SnapshotBytes {
  const descriptor = undamaged(path, () => openSync(path, 'r'));
  let closed = false;
  return {
    path,
    size: () => undamaged(path, () => fstatSync(descriptor).size),
    read: (position, length) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const count = undamaged(path, () => readSync(descriptor, bytes, at, length - at, position + at));
        if (count === 0) throw new SnapshotDamage(path, `ends ${length - at} bytes too early`);
        at += count;
      }
      return bytes;
    },
    close: () => {
      if (!closed) closeSync(descriptor);
      closed = true;
    },
  };
}

class WrittenFile implements SnapshotFile {
  readonly #path: string;
  readonly #afterCallback: () => void;
  readonly #hash = createHash('sha256');
  #descriptor: number | null = null;
  #waiting: Uint8Array[] = [];
  #backlogBytes = 0;
  #bytes = 0;
  #isWriting = false;
  #error: string | null = null;
  #finished: Finished | null = null;
  #isAborted = false;

  constructor(path: string, afterCallback: () => void) {
    this.#path = path;
    this.#afterCallback = afterCallback;
    try {
      this.#descriptor = openSync(path, 'wx');
    } catch (error) {
      // Told by `finish`, like everything that goes wrong later.
      this.#error = fileError(path, error).message;
    }
  }

  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  append(chunk: Uint8Array): void {
    if (this.#error !== null || this.#isAborted) return;
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#backlogBytes += chunk.length;
    this.#waiting.push(chunk);
    this.#write();
  }

  finish(done: Finished): void {
    this.#finished = done;
    if (this.#error !== null) setImmediate(() => this.#settle());
    else this.#write();
  }

  abort(): void {
    this.#isAborted = true;
    this.#waiting = [];
    this.#backlogBytes = 0;
    if (!this.#isWriting) this.#remove();
  }

  #write(): void {
    if (this.#isWriting || this.#descriptor === null) return;
    const chunks = this.#waiting;
    if (chunks.length === 0) {
      if (this.#finished !== null) this.#sync(this.#descriptor);
      return;
    }
    this.#waiting = [];
    this.#isWriting = true;
    this.#writeChunks(this.#descriptor, chunks);
  }

  /** A short write is rare and legal; the rest is written again. */
  #writeChunks(descriptor: number, chunks: readonly Uint8Array[]): void {
    writev(descriptor, chunks, (error, written) => {
      if (error !== null) return this.#fail(error);
      if (this.#isAborted) return this.#remove();
      this.#backlogBytes -= written;
      const rest = behind(chunks, written);
      if (rest.length > 0) return this.#writeChunks(descriptor, rest);
      this.#isWriting = false;
      this.#write();
      this.#afterCallback();
    });
  }

  #sync(descriptor: number): void {
    this.#isWriting = true;
    failpoint('before-state-sync');
    fsync(descriptor, (syncError) => {
      failpoint('after-state-sync');
      if (syncError !== null) return this.#fail(syncError);
      if (this.#isAborted) return this.#remove();
      this.#descriptor = null;
      close(descriptor, (closeError) => {
        this.#isWriting = false;
        if (closeError !== null && closeError !== undefined)
          this.#error = fileError(this.#path, closeError).message;
        this.#settle();
      });
    });
  }

  #fail(error: Error): void {
    this.#isWriting = false;
    this.#error = fileError(this.#path, error).message;
    this.#remove();
    this.#settle();
  }

  #settle(): void {
    const done = this.#finished;
    this.#finished = null;
    if (this.#isAborted) this.#remove();
    else if (this.#error !== null) done?.({ ok: false, message: this.#error });
    else done?.({ ok: true, value: { bytes: this.#bytes, sha256: this.#hash.digest('hex') } });
    this.#afterCallback();
  }

  #remove(): void {
    this.#isWriting = false;
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    rmSync(this.#path, { force: true });
  }
}

function behind(chunks: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written;
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(index + 1)];
    left -= chunk.length;
  }
  return [];
}

function undamaged<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof SnapshotDamage) throw error;
    const problem =
      error instanceof Error && 'code' in error && error.code === 'ENOENT'
        ? 'is missing'
        : `cannot be read: ${String(error)}`;
    throw new SnapshotDamage(path, problem);
  }
}
