/**
 * Whole snapshots on the disk in memory, in the very steps of `host/checkpointStorage.ts`, each of which takes a turn of its own:
 *
 *   opened    what was left half done cleared away → the rest made durable, with all that a killed process did not come to sync
 *   begin     directory with a leading dot
 *   publish   manifest written → synced → directory synced → renamed → parent synced
 *   adopt     begin → files copied and synced → publish
 *   discard   manifest removed → the rest removed
 *
 * Between any two of them the process may be killed and the power may be cut; any of them may fail. What fails after the
 * rename is taken back: whoever was told of a failure must not find the snapshot later.
 */
import { createHash } from 'node:crypto';
import { assert } from '../../runtime/base/assert.ts';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { parseManifest, printManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { manifestFileName } from '../../runtime/checkpoint/snapshotPaths.ts';
import { type CheckpointStorage, type Outcome, SnapshotDamage } from '../../runtime/checkpoint/storage.ts';
import { DiskDirectory, DiskFile, type DiskTree } from './diskTree.ts';
import type { MemoryDisk } from './memoryDisk.ts';

type Done<T> = (result: Outcome<T>) => void;

export class MemoryStorage implements CheckpointStorage {
  readonly #disk: MemoryDisk;
  readonly #root: string;
  #attempts = 0;

  constructor(disk: MemoryDisk, root: string) {
    this.#disk = disk;
    this.#root = root;
    // The work of a process that was killed is cleared away by the next one, and what it had half discarded.
    const { parent } = disk.tree.place(`${root}/x`);
    for (const [name, entry] of [...parent.entries]) {
      const isWhole = entry instanceof DiskDirectory && entry.entries.has(manifestFileName);
      if (name.startsWith('.') || !isWhole) parent.change([name, null]);
    }
    parent.sync();
  }

  begin(checkpointId: number, kind: string, _label: string | null, done: Done<string>): void {
    const directory = `${this.#root}/.attempt-${checkpointId}-${kind}-${this.#attempts++}`;
    this.#inTurn([() => this.#make(directory)], () => directory, done);
  }

  publish(directory: string, manifest: Manifest, done: Done<string>): void {
    this.#inTurn(this.#publishing(directory, manifest), () => this.#placeOf(manifest), done);
  }

  adopt(directory: string, manifest: Manifest, done: Done<string>): void {
    const attempt = `${this.#root}/.attempt-${manifest.checkpointId}-adopted-${this.#attempts++}`;
    const steps = [
      () => this.#make(attempt),
      ...manifest.operators
        .flatMap(({ files }) => files)
        .map(
          ({ path }) =>
            () =>
              this.#copy(`${directory}/${path}`, `${attempt}/${path}`),
        ),
      ...this.#publishing(attempt, manifest),
    ];
    this.#inTurn(steps, () => this.#placeOf(manifest), done);
  }

  discard(directory: string, done: Done<null>): void {
    this.#inTurn(this.#discarding(directory), () => null, done);
  }

  #publishing(directory: string, manifest: Manifest): readonly (() => void)[] {
    const { tree, faults } = this.#disk;
    const path = `${directory}/${manifestFileName}`;
    const place = this.#placeOf(manifest);
    const file = new DiskFile();
    return [
      () => {
        const { parent, name } = tree.place(path);
        assert(!parent.entries.has(name), 'a manifest is written once');
        faults.name(path);
        parent.change([name, file]);
        this.#disk.write(path, file, new TextEncoder().encode(printManifest(manifest)));
      },
      () => faults.sync(path, file),
      () => faults.sync(directory, this.#directory(directory)),
      () => {
        assert(tree.entry(place) === undefined, `${place} is published once`);
        faults.change(place);
        this.#disk.move(this.#directory(directory), directory, place);
        this.#takenBack(place, () => faults.renamed(place));
      },
      () => {
        this.#takenBack(place, () => faults.sync(this.#root, this.#directory(this.#root)));
        faults.published();
      },
    ];
  }

  #discarding(directory: string): readonly (() => void)[] {
    return [
      () => this.#disk.remove(`${directory}/${manifestFileName}`),
      () => {
        const { parent, name } = this.#disk.tree.place(directory);
        if (!parent.entries.has(name)) return;
        this.#disk.faults.change(directory);
        parent.change([name, null]);
      },
    ];
  }

  /** The manifest's name goes, durably: a permission that is lost in between is the only thing that can keep it there. */
  #takenBack(place: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      const directory = this.#disk.tree.directory(place);
      directory?.change([manifestFileName, null]);
      directory?.sync();
      throw error;
    }
  }

  #make(directory: string): void {
    const { parent, name } = this.#disk.tree.place(directory);
    this.#disk.faults.name(directory);
    parent.change([name, new DiskDirectory()]);
  }

  #copy(from: string, to: string): void {
    const { tree, faults } = this.#disk;
    const original = tree.file(from);
    if (original === undefined) throw new SnapshotDamage(from, 'is missing');
    const { parent, name } = tree.place(to);
    faults.name(to);
    const copy = new DiskFile();
    parent.change([name, copy]);
    this.#disk.write(to, copy, original.bytes());
    faults.sync(to, copy);
  }

  #placeOf({ kind, checkpointId, runId }: Manifest): string {
    return `${this.#root}/${kind}-${checkpointId}-${runId}`;
  }

  #directory(path: string): DiskDirectory {
    const found = this.#disk.tree.directory(path);
    assert(found !== undefined, `${path} is there`);
    return found;
  }

  /** Each step in a turn of its own; the first that fails is the answer. */
  #inTurn<T>(steps: readonly (() => void)[], value: () => T, done: Done<T>): void {
    const [first, ...rest] = steps;
    this.#disk.later(() => {
      if (first === undefined) return done({ ok: true, value: value() });
      try {
        first();
      } catch (error) {
        return done({ ok: false, message: error instanceof Error ? error.message : String(error) });
      }
      this.#inTurn(rest, value, done);
    });
  }
}

const parsed = new WeakMap<DiskFile, { readonly version: number; readonly manifest: Manifest | null }>();

/** Snapshots below a root, by directory: those with a valid manifest. */
export const readManifests = (tree: DiskTree, root: string): ReadonlyMap<string, Manifest> => {
  const found = new Map<string, Manifest>();
  for (const [name, entry] of tree.directory(root)?.entries ?? []) {
    const file = entry instanceof DiskDirectory ? entry.entries.get(manifestFileName) : undefined;
    if (name.startsWith('.') || !(file instanceof DiskFile)) continue;
    const manifest = manifestIn(file, `${root}/${name}/${manifestFileName}`);
    if (manifest !== null) found.set(`${root}/${name}`, manifest);
  }
  return found;
};

/** Is every byte of a snapshot what its manifest says? What is wrong, or null. */
export const damageOf = (tree: DiskTree, directory: string, manifest: Manifest): string | null => {
  for (const { path, bytes, sha256 } of manifest.operators.flatMap(({ files }) => files)) {
    const file = tree.file(`${directory}/${path}`);
    if (file === undefined) return `${directory}/${path} is missing`;
    const isWhole =
      file.length === bytes && createHash('sha256').update(file.bytes()).digest('hex') === sha256;
    if (!isWhole) return `${directory}/${path} is damaged`;
  }
  return null;
};

const manifestIn = (file: DiskFile, path: string): Manifest | null => {
  const known = parsed.get(file);
  if (known?.version === file.version) return known.manifest;
  let manifest: Manifest | null = null;
  try {
    manifest = parseManifest(file.bytes(), path);
  } catch (error) {
    if (!(error instanceof SnapshotDamage)) throw error;
  }
  parsed.set(file, { version: file.version, manifest });
  return manifest;
};
