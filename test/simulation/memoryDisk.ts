/**
 * A disk in memory that tells the truth about what survives: a process that is killed keeps everything it had written, a
 * power cut keeps only what was synced. It gives the three ports that the engine knows: files for connectors, data files
 * for snapshots, and whole checkpoints. Callbacks are handed to `later`, which a scheduler delays and reorders.
 */
import { createHash } from 'node:crypto';
import { assert } from '../../runtime/base/assert.ts';
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

interface Content {
  bytes: Uint8Array[];
  length: number;
  syncedLength: number;
}

export class MemoryDisk implements FileAccess, SnapshotFiles {
  /** Names as the running process sees them, and as a power cut would leave them. */
  #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();
  readonly #manifests = new Map<string, Manifest>();
  readonly #later: (call: () => void) => void;
  #openHandles = 0;

  constructor(later: (call: () => void) => void) {
    this.#later = later;
  }

  /** Kill −9 leaves the page cache; a power cut leaves what was synced. Callbacks of the dead process never come. */
  powerCut(random: Random): void {
    this.#names = new Map(this.#durableNames);
    for (const content of new Set(this.#names.values())) {
      const kept = content.syncedLength + random.below(content.length - content.syncedLength + 1);
      const joined = join(content).subarray(0, kept);
      content.bytes = [joined];
      content.length = kept;
      content.syncedLength = kept;
    }
  }

  /** A file as if it had always been there. */
  put(path: string, text: string): void {
    const bytes = new TextEncoder().encode(text);
    const content = { bytes: [bytes], length: bytes.length, syncedLength: bytes.length };
    this.#names.set(path, content);
    this.#durableNames.set(path, content);
  }

  text(path: string): string {
    return new TextDecoder().decode(join(this.#content(path)));
  }

  /** Complete snapshots, by directory. */
  manifests(): ReadonlyMap<string, Manifest> {
    return this.#manifests;
  }

  get openHandles(): number {
    return this.#openHandles;
  }

  // --- FileAccess -----------------------------------------------------------------------------------------------

  openRead(path: string): ReadableFile {
    const content = this.#content(path);
    return {
      size: () => content.length,
      read: (target, position) => {
        const from = join(content).subarray(position, position + target.length);
        target.set(from);
        return from.length;
      },
      close: () => {},
    };
  }

  create(path: string): WritableFile & SnapshotFile {
    if (this.#names.has(path)) throw new FileError(path, 'exists', `${path} exists already`);
    const content: Content = { bytes: [], length: 0, syncedLength: 0 };
    this.#names.set(path, content);
    this.#openHandles++;
    const write = (bytes: Uint8Array): void => {
      content.bytes.push(bytes.slice());
      content.length += bytes.length;
    };
    const sync = (): void => {
      content.syncedLength = content.length;
    };
    return {
      write,
      append: write,
      sync: (done) =>
        this.#later(() => {
          sync();
          // Opening with O_CREAT and syncing the file does not make its name durable; syncing the directory does.
          done();
        }),
      close: () => {
        this.#openHandles--;
      },
      backlogBytes: 0,
      finish: (done) =>
        this.#later(() => {
          sync();
          this.#durableNames.set(path, content);
          done({
            ok: true,
            value: {
              bytes: content.length,
              sha256: createHash('sha256').update(join(content)).digest('hex'),
            },
          });
        }),
      abort: () => {
        this.#names.delete(path);
      },
    };
  }

  list(directory: string): readonly string[] {
    const prefix = directory.endsWith('/') ? directory : `${directory}/`;
    return [...this.#names.keys()]
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  makeDirectory(): void {}

  exists(path: string): boolean {
    return this.#names.has(path);
  }

  link(from: string, to: string): 'linked' | 'exists' {
    if (this.#names.has(to)) return 'exists';
    this.#names.set(to, this.#content(from));
    return 'linked';
  }

  rename(from: string, to: string): void {
    this.#names.set(to, this.#content(from));
    this.#names.delete(from);
  }

  remove(path: string): void {
    this.#names.delete(path);
  }

  syncDirectory(directory: string, done: (error?: FileError) => void): void {
    this.#later(() => {
      const prefix = `${directory}/`;
      for (const path of this.#durableNames.keys())
        if (path.startsWith(prefix) && !this.#names.has(path)) this.#durableNames.delete(path);
      for (const [path, content] of this.#names)
        if (path.startsWith(prefix)) this.#durableNames.set(path, content);
      done();
    });
  }

  // --- SnapshotFiles --------------------------------------------------------------------------------------------

  open(path: string): SnapshotBytes {
    const content = this.#names.get(path);
    if (content === undefined) throw new SnapshotDamage(path, 'does not exist');
    const bytes = join(content);
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

  /** Second names of synced bytes; the names themselves become durable when the checkpoint is published. */
  linkAll(links: readonly FileLink[]): Outcome<Links> {
    const made: string[] = [];
    const undo = () => {
      for (const path of made) this.#names.delete(path);
    };
    for (const { from, to } of links) {
      const content = this.#names.get(from);
      if (content === undefined || this.#names.has(to)) {
        undo();
        return { ok: false, message: `${from} cannot be linked to ${to}` };
      }
      assert(content.syncedLength === content.length, `${from} was linked before it was synced`);
      this.#names.set(to, content);
      made.push(to);
    }
    return { ok: true, value: { undo } };
  }

  // --- CheckpointStorage ----------------------------------------------------------------------------------------

  storage(root: string): CheckpointStorage {
    let attempts = 0;
    return {
      begin: (checkpointId, kind, _label, done) => {
        const directory = `${root}/tmp-${checkpointId}-${kind}-${attempts++}-${this.#names.size}`;
        this.#later(() => done({ ok: true, value: directory }));
      },
      publish: (directory, manifest, done) =>
        this.#later(() => {
          const final = `${root}/${manifest.kind}-${manifest.checkpointId}-${manifest.runId}`;
          for (const [path, content] of [...this.#names]) {
            if (!path.startsWith(`${directory}/`)) continue;
            const moved = final + path.slice(directory.length);
            assert(content.syncedLength === content.length, `${path} was published before it was synced`);
            this.#names.delete(path);
            this.#durableNames.delete(path);
            this.#names.set(moved, content);
            this.#durableNames.set(moved, content);
          }
          this.#manifests.set(final, manifest);
          this.#later(() => done({ ok: true, value: final }));
        }),
      adopt: (directory, manifest, done) =>
        this.#later(() => {
          const final = `${root}/${manifest.kind}-${manifest.checkpointId}-${manifest.runId}`;
          for (const [path, content] of [...this.#durableNames]) {
            if (!path.startsWith(`${directory}/`)) continue;
            this.#names.set(final + path.slice(directory.length), content);
            this.#durableNames.set(final + path.slice(directory.length), content);
          }
          this.#manifests.set(final, manifest);
          this.#later(() => done({ ok: true, value: final }));
        }),
      discard: (directory, done) =>
        this.#later(() => {
          for (const path of [...this.#names.keys()]) {
            if (!path.startsWith(`${directory}/`)) continue;
            this.#names.delete(path);
            this.#durableNames.delete(path);
          }
          this.#manifests.delete(directory);
          done({ ok: true, value: null });
        }),
    };
  }

  #content(path: string): Content {
    const content = this.#names.get(path);
    if (content === undefined) throw new FileError(path, 'not-found', `${path} does not exist`);
    return content;
  }
}

const join = (content: Content): Uint8Array => {
  if (content.bytes.length === 1) return content.bytes[0] as Uint8Array;
  const joined = new Uint8Array(content.length);
  let at = 0;
  for (const part of content.bytes) {
    joined.set(part, at);
    at += part.length;
  }
  content.bytes = [joined];
  return joined;
};
