/**
 * What a power cut leaves. A disk is a tree of directories and files, and each of them has two states: as the running
 * process sees it, and as it would be found again.
 *
 *   bytes    what was synced is found again; of the rest a drawn number of bytes, and in what was kept of it a drawn
 *            stretch may be zeros (a block that was given to the file and never filled)
 *   names    a directory that was synced is found again. Changes after that are in its journal, in order, and a drawn
 *            number of them is found: a later change is never there without an earlier one of the same directory. One
 *            change may be of two names (a rename), and is there as a whole or not at all
 *
 * A process that is killed leaves the first state as it is.
 */
import type { Random } from '../../runtime/base/random.ts';

/** One name more or less; null: it goes away. */
type NameChange = readonly (readonly [name: string, DiskEntry | null])[];
export type DiskEntry = DiskFile | DiskDirectory;

export class DiskFile {
  #parts: Uint8Array[] = [];
  #length = 0;
  #syncedLength = 0;
  /** Changes with every change of the bytes. */
  version = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.#length += bytes.length;
    this.version++;
  }

  sync(): void {
    this.#syncedLength = this.#length;
  }

  bytes(): Uint8Array {
    if (this.#parts.length !== 1) {
      const joined = new Uint8Array(this.#length);
      let at = 0;
      for (const part of this.#parts) {
        joined.set(part, at);
        at += part.length;
      }
      this.#parts = [joined];
    }
    return this.#parts[0] as Uint8Array;
  }

  /** From outside, and durable at once. */
  replace(bytes: Uint8Array): void {
    this.#parts = [bytes];
    this.#length = bytes.length;
    this.#syncedLength = bytes.length;
    this.version++;
  }

  powerCut(random: Random): void {
    const unsynced = this.#length - this.#syncedLength;
    if (unsynced === 0) return;
    const kept = this.bytes().slice(0, this.#syncedLength + random.below(unsynced + 1));
    if (random.below(4) === 0 && kept.length > this.#syncedLength)
      kept.fill(0, this.#syncedLength + random.below(kept.length - this.#syncedLength));
    this.replace(kept);
  }
}

export class DiskDirectory {
  readonly entries = new Map<string, DiskEntry>();
  readonly #durable = new Map<string, DiskEntry>();
  #journal: NameChange[] = [];

  change(...names: NameChange): void {
    apply(names, this.entries);
    this.#journal.push(names);
  }

  /** Names that a power cut may take away again. */
  get unsyncedNames(): readonly string[] {
    return this.#journal.flat().flatMap(([name, entry]) => (entry === null ? [] : [name]));
  }

  sync(): void {
    for (const change of this.#journal) apply(change, this.#durable);
    this.#journal = [];
  }

  powerCut(random: Random): void {
    const kept = this.#journal.length === 0 ? 0 : random.below(this.#journal.length + 1);
    for (const change of this.#journal.slice(0, kept)) apply(change, this.#durable);
    this.#journal = [];
    this.entries.clear();
    for (const [name, entry] of this.#durable) this.entries.set(name, entry);
    // A file may have two names; the second time nothing is left to lose.
    for (const entry of this.entries.values()) entry.powerCut(random);
  }
}

export class DiskTree {
  readonly root = new DiskDirectory();

  entry(path: string): DiskEntry | undefined {
    let entry: DiskEntry | undefined = this.root;
    for (const step of steps(path)) {
      if (!(entry instanceof DiskDirectory)) return undefined;
      entry = entry.entries.get(step);
    }
    return entry;
  }

  file(path: string): DiskFile | undefined {
    const entry = this.entry(path);
    return entry instanceof DiskFile ? entry : undefined;
  }

  directory(path: string): DiskDirectory | undefined {
    const entry = this.entry(path);
    return entry instanceof DiskDirectory ? entry : undefined;
  }

  /** The directory that holds the name, made durably where it is not there; and the name in it. */
  place(path: string): { readonly parent: DiskDirectory; readonly name: string } {
    const all = steps(path);
    let parent = this.root;
    for (const step of all.slice(0, -1)) {
      let next = parent.entries.get(step);
      if (!(next instanceof DiskDirectory)) {
        next = new DiskDirectory();
        parent.change([step, next]);
        parent.sync();
      }
      parent = next;
    }
    return { parent, name: all.at(-1) ?? '' };
  }

  /** Every file below a directory, with its path. */
  files(path: string): readonly (readonly [string, DiskFile])[] {
    const found: (readonly [string, DiskFile])[] = [];
    const walk = (directory: DiskDirectory, at: string): void => {
      for (const [name, entry] of directory.entries) {
        if (entry instanceof DiskFile) found.push([`${at}/${name}`, entry]);
        else walk(entry, `${at}/${name}`);
      }
    };
    const directory = this.directory(path);
    if (directory !== undefined) walk(directory, path);
    return found;
  }
}

const apply = (change: NameChange, names: Map<string, DiskEntry>): void => {
  for (const [name, entry] of change) {
    if (entry === null) names.delete(name);
    else names.set(name, entry);
  }
};

const steps = (path: string): readonly string[] => path.split('/').filter((step) => step !== '');
