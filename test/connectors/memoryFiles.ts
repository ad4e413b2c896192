/**
 * Files in memory, for tests. A name belongs to a directory, contents belong to a file; both become durable only by their
 * sync, and `powerCut` takes away what was not. Callbacks wait until the test calls `settle`.
 */
import {
  type FileAccess,
  FileError,
  type ReadableFile,
  type WritableFile,
} from '../../runtime/operators/files.ts';

interface Contents {
  bytes: Uint8Array;
  durableBytes: number;
}

export class MemoryFiles implements FileAccess {
  #names = new Map<string, Contents>();
  #durableNames = new Map<string, Contents>();
  #callbacks: (() => void)[] = [];
  /** Names of calls in their order, for tests that look at it. */
  readonly calls: string[] = [];
  /** Calls that fail from now on: `create`, `write`, `sync`, `link`, … */
  readonly failing = new Set<string>();
  openFiles = 0;

  openRead(path: string): ReadableFile {
    this.#note('openRead', path);
    const contents = this.#of(path);
    this.openFiles++;
    return {
      size: () => contents.bytes.length,
      read: (target, position) => {
        const part = contents.bytes.subarray(position, position + target.length);
        target.set(part);
        return part.length;
      },
      close: () => {
        this.openFiles--;
      },
    };
  }

  create(path: string): WritableFile {
    this.#note('create', path);
    if (this.#names.has(path)) throw new FileError(path, 'exists', `${path} is there already`);
    const contents: Contents = { bytes: new Uint8Array(0), durableBytes: 0 };
    this.#names.set(path, contents);
    this.openFiles++;
    let isOpen = true;
    return {
      write: (bytes) => {
        this.#note('write', path);
        if (!isOpen) throw new Error(`${path} is written after it was closed`);
        contents.bytes = Buffer.concat([contents.bytes, bytes]);
      },
      sync: (done) => {
        const length = contents.bytes.length;
        this.#later('sync', path, () => (contents.durableBytes = length), done);
      },
      close: () => {
        if (!isOpen) throw new Error(`${path} is closed twice`);
        isOpen = false;
        this.openFiles--;
      },
    };
  }

  list(directory: string): readonly string[] {
    const prefix = directory === '.' ? '' : `${directory}/`;
    return [...this.#names.keys()]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  makeDirectory(directory: string): void {
    this.#note('makeDirectory', directory);
  }

  exists(path: string): boolean {
    return this.#names.has(path);
  }

  link(from: string, to: string): 'linked' | 'exists' {
    this.#note('link', to);
    const contents = this.#of(from);
    if (this.#names.has(to)) return 'exists';
    this.#names.set(to, contents);
    return 'linked';
  }

  rename(from: string, to: string): void {
    this.#note('rename', to);
    const contents = this.#of(from);
    this.#names.delete(from);
    this.#names.set(to, contents);
  }

  remove(path: string): void {
    this.#note('remove', path);
    this.#names.delete(path);
  }

  syncDirectory(directory: string, done: (error?: FileError) => void): void {
    this.#later('syncDirectory', directory, () => this.#syncNames(directory), done);
  }

  /** Runs callbacks until none is left. */
  settle(): void {
    for (let next = this.#callbacks.shift(); next !== undefined; next = this.#callbacks.shift()) next();
  }

  /** What was not synced is gone, and nobody is called back. */
  powerCut(): void {
    this.#callbacks = [];
    this.#names = new Map(this.#durableNames);
    for (const contents of this.#names.values())
      contents.bytes = contents.bytes.slice(0, contents.durableBytes);
  }

  /** As `kill -9` leaves it: all calls have happened, no callback comes. */
  kill(): void {
    this.#callbacks = [];
  }

  put(path: string, text: string): void {
    const bytes = Buffer.from(text);
    const contents = { bytes, durableBytes: bytes.length };
    this.#names.set(path, contents);
    this.#durableNames.set(path, contents);
  }

  append(path: string, text: string): void {
    const contents = this.#of(path);
    contents.bytes = Buffer.concat([contents.bytes, Buffer.from(text)]);
  }

  text(path: string): string {
    return Buffer.from(this.#of(path).bytes).toString();
  }

  #of(path: string): Contents {
    const contents = this.#names.get(path);
    if (contents === undefined) throw new FileError(path, 'not-found', `${path} does not exist`);
    return contents;
  }

  #note(call: string, path: string): void {
    this.calls.push(`${call} ${path}`);
    if (this.failing.has(call)) throw new FileError(path, 'no-space', `there is no space left for ${path}`);
  }

  #later(call: string, path: string, effect: () => void, done: (error?: FileError) => void): void {
    this.calls.push(`${call} ${path}`);
    this.#callbacks.push(() => {
      if (this.failing.has(call)) return done(new FileError(path, 'other', `${path} could not be synced`));
      effect();
      done();
    });
  }

  #syncNames(directory: string): void {
    for (const path of this.#durableNames.keys()) {
      if (directoryOf(path) === directory && !this.#names.has(path)) this.#durableNames.delete(path);
    }
    for (const [path, contents] of this.#names) {
      if (directoryOf(path) === directory) this.#durableNames.set(path, contents);
    }
  }
}

function directoryOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
}
