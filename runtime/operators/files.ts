/**
 * Files as connectors see them: synchronous where that is cheap (a read from the page cache), with a callback where a
 * disk is waited for. `host` gives the machine's files, a simulation gives files in memory that tear and lie.
 *
 * Paths are as the author wrote them; the giver resolves them against the job's working directory. A failing call
 * throws FileError; callbacks come between two records of the same thread, never inside a call.
 */
export class FileError extends Error {
  override name = 'FileError';
  readonly path: string;
  readonly code: 'not-found' | 'exists' | 'no-space' | 'not-permitted' | 'other';

  constructor(path: string, code: FileError['code'], message: string) {
    super(message);
    this.path = path;
    this.code = code;
  }
}

export interface ReadableFile {
  /** Bytes now in the file; it may grow. */
  size(): number;
  /** Fills `target` from `position` on; answers how many bytes came, 0 at the end. */
  read(target: Uint8Array, position: number): number;
  close(): void;
}

export interface WritableFile {
  /** Appends. */
  write(bytes: Uint8Array): void;
  /** Calls back when everything written so far would survive a power cut. */
  sync(done: (error?: FileError) => void): void;
  close(): void;
}

export interface FileAccess {
  openRead(path: string): ReadableFile;
  /** Creates a file that must not exist. */
  create(path: string): WritableFile;
  /** Names in a directory, sorted; a missing directory is empty. */
  list(directory: string): readonly string[];
  makeDirectory(directory: string): void;
  exists(path: string): boolean;
  /** Gives the file a second name; never replaces: `exists` when `to` is taken. */
  link(from: string, to: string): 'linked' | 'exists';
  rename(from: string, to: string): void;
  /** Removes a file; a missing one is fine. */
  remove(path: string): void;
  /** Makes names in the directory durable. */
  syncDirectory(directory: string, done: (error?: FileError) => void): void;
}
