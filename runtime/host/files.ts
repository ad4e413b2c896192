/**
 * The machine's files, as connectors see them (operators/files.ts). Paths are resolved against the job's working
 * directory; messages name the path that the author wrote, since that is the one to be corrected.
 *
 * What a writer appends is gathered in blocks before the system is called: sinks write record by record. `sync` and
 * `close` write the rest, so that nothing is lost of what was reported as durable.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  linkSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { type FileAccess, FileError, type ReadableFile, type WritableFile } from '../operators/files.ts';
import { failpoint } from './failpoints.ts';

const blockBytes = 64 * 1024;

export interface FilesOptions {
  /** Absolute. */
  readonly workingDirectory: string;
  /** Called after every callback: the thread that parked while it waited for the disk goes on. */
  afterCallback(): void;
}

export function machineFiles(options: FilesOptions): FileAccess {
  const absolute = (path: string) => resolve(options.workingDirectory, path);
  const callBack = (path: string, done: (error?: FileError) => void) => (error: Error | null) => {
    if (error === null) done();
    else done(fileError(path, error));
    options.afterCallback();
  };

  return {
    openRead: (path) => attempt(path, () => readable(path, openSync(absolute(path), 'r'))),
    create: (path) => attempt(path, () => writable(path, openSync(absolute(path), 'ax'), callBack)),
    list: (directory) =>
      attempt(directory, () => {
        try {
          return readdirSync(absolute(directory)).sort();
        } catch (error) {
          if (codeOf(error) === 'ENOENT') return [];
          throw error;
        }
      }),
    makeDirectory: (directory) => {
      attempt(directory, () => mkdirSync(absolute(directory), { recursive: true }));
    },
    exists: (path) => existsSync(absolute(path)),
    link: (from, to) => attempt(to, () => link(absolute(from), absolute(to))),
    rename: (from, to) =>
      attempt(from, () => {
        renameSync(absolute(from), absolute(to));
        failpoint('after-rename');
      }),
    remove: (path) => attempt(path, () => rmSync(absolute(path), { force: true })),
    syncDirectory: (directory, done) => syncDirectory(absolute(directory), callBack(directory, done)),
  };
}

/** Makes the names in a directory durable. Windows has no such call: names are in its journal. */
export function syncDirectory(directory: string, done: (error: Error | null) => void): void {
  if (process.platform === 'win32') {
    setImmediate(done, null);
    return;
  }
  failpoint('before-directory-sync');
  open(directory, 'r', (openError, descriptor) => {
    if (openError !== null) return done(openError);
    fsync(descriptor, (error) => {
      closeSync(descriptor);
      failpoint('after-directory-sync');
      done(error);
    });
  });
}

/** What went wrong with which path, as connectors are told. */
export function fileError(path: string, error: unknown): FileError {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
      return new FileError(path, 'not-found', `${path} does not exist`);
    case 'EEXIST':
      return new FileError(path, 'exists', `${path} is there already`);
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new FileError(path, 'no-space', `there is no space left for ${path}`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new FileError(path, 'not-permitted', `${path} may not be opened (${code})`);
    default:
      return new FileError(
        path,
        'other',
        `${path}: ${error instanceof Error ? error.message : String(error)}`,
      );
  }
}

function readable(path: string, descriptor: number): ReadableFile {
  return {
    size: () => attempt(path, () => fstatSync(descriptor).size),
    read: (target, position) =>
      attempt(path, () => {
        let filled = 0;
        while (filled < target.length) {
          const count = readSync(descriptor, target, filled, target.length - filled, position + filled);
          if (count === 0) break;
          filled += count;
        }
        return filled;
      }),
    close: () => closeSync(descriptor),
  };
}

function writable(
  path: string,
  descriptor: number,
  callBack: (path: string, done: (error?: FileError) => void) => (error: Error | null) => void,
): WritableFile {
  const block = new Uint8Array(blockBytes);
  let used = 0;
  const writeAll = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at);
  };
  const flush = () => {
    const rest = block.subarray(0, used);
    used = 0;
    writeAll(rest);
  };
  return {
    write: (bytes) =>
      attempt(path, () => {
        if (used + bytes.length > blockBytes) flush();
        if (bytes.length > blockBytes) return writeAll(bytes);
        block.set(bytes, used);
        used += bytes.length;
      }),
    sync: (done) => {
      attempt(path, flush);
      failpoint('before-data-sync');
      fsync(descriptor, callBack(path, done));
    },
    close: () =>
      attempt(path, () => {
        try {
          flush();
        } finally {
          closeSync(descriptor);
        }
      }),
  };
}

function link(from: string, to: string): 'linked' | 'exists' {
  failpoint('before-link');
  try {
    linkSync(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return 'exists';
    // A file system without second names (exFAT, some network shares). Nobody else writes here: the directory is locked.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    if (existsSync(to)) return 'exists';
    renameSync(from, to);
  }
  failpoint('after-link');
  return 'linked';
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw fileError(path, error);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
