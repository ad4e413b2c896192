/**
 * The files of a test: a disk in memory that never fails. What is synced and what is not is the same here; a job is
 * stopped by its test between two steps and never loses power.
 */
import { decodeUtf8, encodeUtf8 } from '../base/utf8.ts';
import { type FileAccess, FileError, type ReadableFile, type WritableFile } from '../operators/files.ts';

export class MemoryFiles implements FileAccess {
  readonly #files = new Map<string, Contents>();
  readonly #later: (call: () => void) => void;

  /** Callbacks are handed to `later`, since they must not come inside the call that asks for them. */
  constructor(later: (call: () => void) => void) {
    this.#later = later;
  }

  put(path: string, text: string): void {
    const contents = new Contents();
    contents.append(encodeUtf8(text));
    this.#files.set(path, contents);
  }

  text(path: string): string {
    return decodeUtf8(this.#contents(path).bytes);
  }

  /** All of them by path, as they are now. */
  copy(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#files].map(([path, contents]) => [path, contents.bytes.slice()]));
  }

  /** What `copy` answered, in an empty disk. */
  restore(files: ReadonlyMap<string, Uint8Array>): void {
    for (const [path, bytes] of files) {
      const contents = new Contents();
      contents.append(bytes);
      this.#files.set(path, contents);
    }
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  openRead(path: string): ReadableFile {
    const contents = this.#contents(path);
    return {
      size: () => contents.bytes.length,
      read: (target, position) => {
        const part = contents.bytes.subarray(position, position + target.length);
        target.set(part);
        return part.length;
      },
      close() {},
    };
  }

  create(path: string): WritableFile {
    if (this.#files.has(path)) throw new FileError(path, 'exists', `${path} is there already.`);
    const contents = new Contents();
    this.#files.set(path, contents);
    return {
      write: (bytes) => contents.append(bytes),
      sync: (done) => this.#later(() => done()),
      close() {},
    };
  }

  list(directory: string): readonly string[] {
    const prefix = directory === '.' || directory === '' ? '' : `${directory.replace(/\/$/, '')}/`;
    return this.paths
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length));
  }

  makeDirectory(): void {
    // A directory is what its files' paths begin with.
  }

  exists(path: string): boolean {
    return this.#files.has(path);
  }

  link(from: string, to: string): 'linked' | 'exists' {
    const contents = this.#contents(from);
    if (this.#files.has(to)) return 'exists';
    this.#files.set(to, contents);
    return 'linked';
  }

  rename(from: string, to: string): void {
    const contents = this.#contents(from);
    this.#files.delete(from);
    this.#files.set(to, contents);
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  syncDirectory(_directory: string, done: (error?: FileError) => void): void {
    this.#later(() => done());
  }

  #contents(path: string): Contents {
    const contents = this.#files.get(path);
    if (contents !== undefined) return contents;
    throw new FileError(path, 'not-found', `${path} is not among the files of this test.`);
  }
}

/** Grows by doubling, so that a file of many small writes is not copied for each. */
class Contents {
  #buffer = new Uint8Array(256);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }
}
