/**
 * Checkpoints and savepoints of a test, in memory: the data files that tasks write and the manifests that make them
 * snapshots. A snapshot can be taken out of one job's memory and put into another's.
 */
import type { Manifest } from '../checkpoint/manifest.ts';
import {
  type CheckpointStorage,
  type SnapshotBytes,
  SnapshotDamage,
  type SnapshotFile,
  type SnapshotFiles,
} from '../checkpoint/storage.ts';

/** Nothing in memory can be damaged, so that checksums are not computed. */
const NO_CHECKSUM = '';

export class MemorySnapshots implements SnapshotFiles, CheckpointStorage {
  readonly #files = new Map<string, Uint8Array>();
  readonly #later: (call: () => void) => void;
  #attempts = 0;

  constructor(later: (call: () => void) => void) {
    this.#later = later;
  }

  /** The data files of one snapshot, by path. */
  filesIn(directory: string): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#files].filter(([path]) => path.startsWith(`${directory}/`)));
  }

  put(files: ReadonlyMap<string, Uint8Array>): void {
    for (const [path, bytes] of files) this.#files.set(path, bytes);
  }

  create(path: string): SnapshotFile {
    const chunks: Uint8Array[] = [];
    return {
      append: (chunk) => {
        chunks.push(chunk);
      },
      backlogBytes: 0,
      finish: (done) =>
        this.#later(() => {
          const bytes = joined(chunks);
          this.#files.set(path, bytes);
          done({ ok: true, value: { bytes: bytes.length, sha256: NO_CHECKSUM } });
        }),
      abort() {},
    };
  }

  open(path: string): SnapshotBytes {
    const bytes = this.#files.get(path);
    if (bytes === undefined) throw new SnapshotDamage(path, 'does not exist');
    return {
      path,
      size: () => bytes.length,
      read: (position, length) => {
        if (position + length > bytes.length)
          throw new SnapshotDamage(path, 'is shorter than its index says');
        return bytes.subarray(position, position + length);
      },
      close() {},
    };
  }

  linkAll: SnapshotFiles['linkAll'] = (links) => {
    const missing = links.find(({ from }) => !this.#files.has(from));
    if (missing !== undefined) return { ok: false, message: `${missing.from} does not exist` };
    for (const { from, to } of links) this.#files.set(to, this.#files.get(from)!);
    const undo = () => {
      for (const { to } of links) this.#files.delete(to);
    };
    return { ok: true, value: { undo } };
  };

  begin: CheckpointStorage['begin'] = (checkpointId, kind, _label, done) => {
    const directory = `/${kind}s/${checkpointId}-${this.#attempts++}`;
    this.#later(() => done({ ok: true, value: directory }));
  };

  /** It stays where it was written: there is no crash in between that a rename would guard against. */
  publish: CheckpointStorage['publish'] = (directory, _manifest, done) => {
    this.#later(() => done({ ok: true, value: directory }));
  };

  adopt: CheckpointStorage['adopt'] = (directory, manifest: Manifest, done) => {
    const copy = `/checkpoints/${manifest.checkpointId}-${this.#attempts++}`;
    for (const [path, bytes] of this.filesIn(directory))
      this.#files.set(copy + path.slice(directory.length), bytes);
    this.#later(() => done({ ok: true, value: copy }));
  };

  discard: CheckpointStorage['discard'] = (directory, done) => {
    for (const path of this.filesIn(directory).keys()) this.#files.delete(path);
    this.#later(() => done({ ok: true, value: null }));
  };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
