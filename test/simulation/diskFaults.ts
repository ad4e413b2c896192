/**
 * The ways in which a disk fails and lies, drawn from a seed.
 *
 *   full             for a while nothing more can be written; a write may have been half done
 *   not-permitted    for a while no name can be made, changed or removed
 *   failing-sync     a sync answers an error; of a file, no later sync of the same bytes does anything
 *   silent-sync      a sync answers that all is well and has done nothing
 *   unsure-rename    a rename answers an error and has happened all the same
 *   changed          a byte of a snapshot is another one later, or its end is missing
 *
 * Full and not-permitted are told: whatever they hit is tried again. A sync that did nothing cannot be told from one that did;
 * the machine writes back by itself what it holds, here at the latest when no restore would read it any more: what a
 * checkpoint needs, when the next one is published; and then also the final names of the parts that it committed.
 */
import type { Random } from '../../runtime/base/random.ts';
import { FileError } from '../../runtime/operators/files.ts';
import { DiskDirectory, type DiskEntry, DiskFile } from './diskTree.ts';

export const diskFaultKinds = [
  'full',
  'not-permitted',
  'failing-sync',
  'silent-sync',
  'unsure-rename',
  'changed',
] as const;
export type DiskFaultKind = (typeof diskFaultKinds)[number];

export interface DiskFaults {
  /** Before bytes are added: throws FileError. */
  write(path: string): void;
  /** Before a name is made: throws FileError. */
  name(path: string): void;
  /** Before a name is changed or removed, which needs no room: throws FileError. */
  change(path: string): void;
  /** Instead of a sync. */
  sync(path: string, entry: DiskEntry): void;
  /** After a rename: throws FileError. */
  renamed(path: string): void;
  /** A checkpoint was published. */
  published(): void;
}

/** A disk that does what it says. */
export const honest: DiskFaults = {
  write: () => {},
  name: () => {},
  change: () => {},
  sync: (_path, entry) => entry.sync(),
  renamed: () => {},
  published: () => {},
};

/** What a sync did not do, and after how many publications the machine has done it by itself. */
interface Unsynced {
  readonly entry: DiskEntry;
  readonly left: number;
}

export class DrawnFaults implements DiskFaults {
  readonly kinds: ReadonlySet<DiskFaultKind>;
  /** How often what happened. */
  readonly counts = new Map<DiskFaultKind, number>();
  isActive = true;
  readonly #random: Random;
  #fullFor = 0;
  #refusedFor = 0;
  #unsynced: Unsynced[] = [];

  constructor(random: Random, kinds: readonly DiskFaultKind[] = drawnKinds(random)) {
    this.#random = random;
    this.kinds = new Set(kinds);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  write(path: string): void {
    if (this.#fullFor > 0) this.#fullFor--;
    else if (this.#strikes('full', 150)) this.#fullFor = this.#random.below(20);
    else return;
    if (!this.isActive) return;
    throw new FileError(path, 'no-space', `there is no space left for ${path}`);
  }

  name(path: string): void {
    this.change(path);
    this.write(path);
  }

  change(path: string): void {
    if (this.#refusedFor > 0) this.#refusedFor--;
    else if (this.#strikes('not-permitted', 150)) this.#refusedFor = this.#random.below(20);
    else return;
    if (!this.isActive) return;
    throw new FileError(path, 'not-permitted', `${path} may not be changed (EACCES)`);
  }

  sync(path: string, entry: DiskEntry): void {
    if (this.#strikes('failing-sync', 60)) {
      // Linux takes the pages for written after that: a second sync answers that all is well, and they never are.
      if (entry instanceof DiskFile) this.#unsynced.push({ entry, left: Number.POSITIVE_INFINITY });
      throw new FileError(path, 'other', `${path}: the disk answered an error (EIO)`);
    }
    if (this.#unsynced.some((lost) => lost.entry === entry)) return;
    if (this.#strikes('silent-sync', 40)) this.#unsynced.push({ entry, left: 2 });
    else entry.sync();
  }

  renamed(path: string): void {
    if (this.#strikes('unsure-rename', 4))
      throw new FileError(path, 'other', `${path}: the server did not answer (ETIMEDOUT)`);
  }

  published(): void {
    this.#unsynced = this.#unsynced.map(({ entry, left }) => ({ entry, left: left - 1 }));
    const isDue = ({ entry, left }: Unsynced): boolean => left <= 0 || holdsCommitted(entry);
    const due = new Set(this.#unsynced.filter(isDue));
    for (const { entry } of due) entry.sync();
    this.#unsynced = this.#unsynced.filter((lost) => !due.has(lost));
  }

  /** After a power cut nothing is left to be written back. */
  powerCut(): void {
    this.#unsynced = [];
  }

  /** Changes a file of `files`, sometimes; answers which. */
  tamper(files: readonly (readonly [string, DiskFile])[]): string | null {
    const chosen = files[this.#random.below(files.length || 1)];
    if (chosen === undefined || chosen[1].length === 0 || !this.#strikes('changed', 2)) return null;
    const [path, file] = chosen;
    const bytes = file.bytes().slice();
    if (this.#random.below(4) === 0) file.replace(bytes.slice(0, this.#random.below(bytes.length)));
    else {
      const at = this.#random.below(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << this.#random.below(8));
      file.replace(bytes);
    }
    return path;
  }

  #strikes(kind: DiskFaultKind, oneIn: number): boolean {
    if (!this.isActive || !this.kinds.has(kind) || this.#random.below(oneIn) !== 0) return false;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    return true;
  }
}

/** A part gets its final name after its checkpoint was published. From the next publication on no restore looks for it. */
const holdsCommitted = (entry: DiskEntry): boolean =>
  entry instanceof DiskDirectory && entry.unsyncedNames.some((name) => name.startsWith('part-'));

/** One or two. */
const drawnKinds = (random: Random): readonly DiskFaultKind[] =>
  Array.from(
    { length: 1 + random.below(2) },
    () => diskFaultKinds[random.below(diskFaultKinds.length)] ?? 'full',
  );
