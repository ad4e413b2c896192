/**
 * A disk in memory that tells the truth about what survives (diskTree.ts) and fails as it is told to (diskFaults.ts). It gives
 * the three ports that the engine knows: files for connectors, data files for snapshots, and whole snapshots
 * (memoryStorage.ts). Callbacks are handed to `later`, which a scheduler delays and reorders.
 */
import { createHash } from 'node:crypto';
import type { Random } from '../../runtime/base/random.ts';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import {
  type CheckpointStorage,
  type FileLink,
  type Links,
  type Outcome,
  type SnapshotBytes,
  SnapshotDamage,
  type SnapshotFile,
  type SnapshotFiles,
} from '../../runtime/checkpoint/storage.ts';
import {
  type FileAccess,
  FileError,
  type ReadableFile,
  type WritableFile,
} from '../../runtime/operators/files.ts';
import { type DiskFaults, DrawnFaults, honest } from './diskFaults.ts';
import { type DiskDirectory, DiskFile, DiskTree } from './diskTree.ts';
import { MemoryStorage, readManifests } from './memoryStorage.ts';

export class MemoryDisk implements FileAccess, SnapshotFiles {
  readonly tree = new DiskTree();
  readonly faults: DiskFaults;
  readonly later: (call: () => void) => void;
  readonly #roots = new Set<string>();
  #openHandles = 0;

  constructor(later: (call: () => void) => void, faults: DiskFaults = honest) {
    this.later = later;
    this.faults = faults;
  }

  /** Kill −9 leaves the page cache; a power cut leaves what was synced. Callbacks of the dead process never come. */
  powerCut(random: Random): void {
    this.tree.root.powerCut(random);
    if (this.faults instanceof DrawnFaults) this.faults.powerCut();
  }

  /** A file as if it had always been there. */
  put(path: string, text: string): void {
    const { parent, name } = this.tree.place(path);
    const file = new DiskFile();
    file.replace(new TextEncoder().encode(text));
    parent.change([name, file]);
    parent.sync();
  }

  text(path: string): string {
    return new TextDecoder().decode(this.#file(path).bytes());
  }

  /** Complete snapshots, by directory; one whose manifest is damaged is none. */
  manifests(): ReadonlyMap<string, Manifest> {
    return new Map([...this.#roots].flatMap((root) => [...readManifests(this.tree, root)]));
  }

  get openHandles(): number {
    return this.#openHandles;
  }

  /** In the coordinator: whole snapshots. */
  storage(root: string): CheckpointStorage {
    this.#roots.add(root);
    return new MemoryStorage(this, root);
  }

  // --- FileAccess -----------------------------------------------------------------------------------------------

  openRead(path: string): ReadableFile {
    const file = this.#file(path);
    return {
      size: () => file.length,
      read: (target, position) => {
        const from = file.bytes().subarray(position, position + target.length);
        target.set(from);
        return from.length;
      },
      close: () => {},
    };
  }

  create(path: string): WritableFile & SnapshotFile {
    const { parent, name } = this.tree.place(path);
    if (parent.entries.has(name)) throw new FileError(path, 'exists', `${path} exists already`);
    // Of a data file, everything that goes wrong is told at its end.
    const isDataFile = path.includes('/.attempt-');
    const file = new DiskFile();
    let problem: string | null = null;
    try {
      this.faults.name(path);
      parent.change([name, file]);
    } catch (error) {
      if (!isDataFile) throw error;
      problem = messageOf(error);
    }
    this.#openHandles++;
    const write = (bytes: Uint8Array): void => this.write(path, file, bytes);
    const remove = (): void => {
      if (parent.entries.get(name) === file) parent.change([name, null]);
    };
    return {
      write,
      append: (chunk) => {
        try {
          if (problem === null) write(chunk);
        } catch (error) {
          problem = messageOf(error);
        }
      },
      sync: (done) => this.#answer(done, () => this.faults.sync(path, file)),
      close: () => {
        this.#openHandles--;
      },
      backlogBytes: 0,
      finish: (done) =>
        this.later(() => {
          try {
            if (problem === null) this.faults.sync(path, file);
          } catch (error) {
            problem = messageOf(error);
          }
          if (problem === null) done({ ok: true, value: { bytes: file.length, sha256: sha256Of(file) } });
          else {
            remove();
            done({ ok: false, message: problem });
          }
        }),
      abort: remove,
    };
  }

  list(directory: string): readonly string[] {
    const entries = this.tree.directory(directory)?.entries ?? new Map();
    return [...entries].flatMap(([name, entry]) => (entry instanceof DiskFile ? [name] : [])).sort();
  }

  makeDirectory(): void {}

  exists(path: string): boolean {
    return this.tree.file(path) !== undefined;
  }

  link(from: string, to: string): 'linked' | 'exists' {
    const file = this.#file(from);
    const { parent, name } = this.tree.place(to);
    if (parent.entries.has(name)) return 'exists';
    this.faults.name(to);
    parent.change([name, file]);
    return 'linked';
  }

  rename(from: string, to: string): void {
    const file = this.#file(from);
    this.faults.change(to);
    this.move(file, from, to);
  }

  remove(path: string): void {
    const { parent, name } = this.tree.place(path);
    if (!parent.entries.has(name)) return;
    this.faults.change(path);
    parent.change([name, null]);
  }

  syncDirectory(directory: string, done: (error?: FileError) => void): void {
    this.#answer(done, () => {
      const found = this.tree.directory(directory);
      if (found !== undefined) this.faults.sync(directory, found);
    });
  }

  // --- SnapshotFiles --------------------------------------------------------------------------------------------

  open(path: string): SnapshotBytes {
    const bytes = this.tree.file(path)?.bytes();
    if (bytes === undefined) throw new SnapshotDamage(path, 'is missing');
    return {
      path,
      size: () => bytes.length,
      read: (position, length) => {
        if (position + length > bytes.length)
          throw new SnapshotDamage(path, 'is shorter than its index says');
        return bytes.subarray(position, position + length);
      },
      close: () => {},
    };
  }

  /** The names become durable with the directory. */
  linkAll(links: readonly FileLink[]): Outcome<Links> {
    const made: string[] = [];
    const undo = () => {
      for (const path of made) {
        const { parent, name } = this.tree.place(path);
        if (parent.entries.has(name)) parent.change([name, null]);
      }
    };
    try {
      for (const { from, to } of links) {
        if (this.link(from, to) === 'exists') throw new FileError(to, 'exists', `${to} exists already`);
        made.push(to);
      }
    } catch (error) {
      undo();
      return { ok: false, message: messageOf(error) };
    }
    return { ok: true, value: { undo } };
  }

  // --- for the storage of whole snapshots -----------------------------------------------------------------------

  /** A full disk takes what it has room for. */
  write(path: string, file: DiskFile, bytes: Uint8Array): void {
    try {
      this.faults.write(path);
    } catch (error) {
      file.append(bytes.subarray(0, bytes.length >> 1));
      throw error;
    }
    file.append(bytes);
  }

  /** Within one directory that is one change. */
  move(entry: DiskFile | DiskDirectory, from: string, to: string): void {
    const [old, moved] = [this.tree.place(from), this.tree.place(to)];
    if (old.parent === moved.parent) old.parent.change([old.name, null], [moved.name, entry]);
    else {
      moved.parent.change([moved.name, entry]);
      old.parent.change([old.name, null]);
    }
  }

  #answer(done: (error?: FileError) => void, work: () => void): void {
    this.later(() => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        done(error);
        return;
      }
      done();
    });
  }

  #file(path: string): DiskFile {
    const file = this.tree.file(path);
    if (file === undefined) throw new FileError(path, 'not-found', `${path} does not exist`);
    return file;
  }
}

export const sha256Of = (file: DiskFile): string => createHash('sha256').update(file.bytes()).digest('hex');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
