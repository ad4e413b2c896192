/**
 * The files that hold the state of one keyed operator of one subtask, and what the next checkpoint adds to them.
 *
 * A full checkpoint is one file. An increment is a layer on the files of its base, which it has under second names (hard
 * links) in its own directory: so every checkpoint is complete by itself, and the file system counts who needs a file.
 * Each increment also has a slice of the key groups in full, those that were so longest ago. After a round of them nothing
 * reads the oldest file any more, and it falls out of the chain: what others call compaction, without a moment in which it
 * is done.
 *
 *   checkpoint   5 (full)    6                7                8                9
 *   in full      1 2 3 4     1                2                3                4
 *   files        5           5 6              5 6 7            5 6 7 8          6 7 8 9
 *
 * - N1. An increment stands on the newest checkpoint that was confirmed complete, by the names that it has there.
 * - N2. A file leaves the chain only when every key group is in full in a newer one.
 * - N3. Whatever is in the way (no base, a file of it that is gone, too much that has changed): the checkpoint is a full one.
 */

import type { WrittenFile } from '../checkpoint/dataFileWriter.ts';
import type { Links, Outcome, SnapshotFiles } from '../checkpoint/storage.ts';
import { isOperatorState } from '../state/declarations.ts';
import type { KeyedStateBackend } from '../state/keyedStates.ts';
import type { DataFile, OperatorSnapshot } from './control/messages.ts';

export interface IncrementTuning {
  /** State of fewer bytes is written as a whole: it costs less than to know what has changed. */
  readonly fullBelowBytes: number;
  /** Increments after which every key group has been in full once, so that a chain has at most so many files. */
  readonly slices: number;
}

export const defaultIncrementTuning: IncrementTuning = { fullBelowBytes: 1_024 * 1_024, slices: 16 };

interface ChainFile {
  readonly file: DataFile;
  /** Null: all that there are. */
  readonly wholeGroups: ReadonlySet<number> | null;
  /** Of its blocks, by state. */
  readonly stateBytes: ReadonlyMap<string, number>;
}

interface Base {
  readonly checkpointId: number;
  readonly directory: string;
  /** Oldest first. */
  readonly files: readonly ChainFile[];
}

/** What a checkpoint's own file is. */
export type ChainPlan =
  /** Nobody will build on it. */
  | { readonly type: 'alone' }
  | { readonly type: 'full' }
  | {
      readonly type: 'increment';
      readonly wholeGroups: ReadonlySet<number>;
      readonly kept: readonly ChainFile[];
      readonly links: Links;
      /** Entries of each state at the mark. */
      readonly entries: ReadonlyMap<string, number>;
    };

export class FileChain {
  readonly #keyed: KeyedStateBackend;
  readonly #tuning: IncrementTuning;
  /** Of checkpoints that are not confirmed, by id. */
  readonly #written = new Map<number, readonly ChainFile[]>();
  #base: Base | null = null;

  constructor(keyed: KeyedStateBackend, tuning: IncrementTuning) {
    this.#keyed = keyed;
    this.#tuning = tuning;
  }

  /** At the mark of a checkpoint, whose files go to `directory`. */
  plan(directory: string, files: Pick<SnapshotFiles, 'linkAll'>): ChainPlan {
    const { changes } = this.#keyed;
    if (this.#keyed.estimatedBytes < this.#tuning.fullBelowBytes) {
      changes.stop();
      return { type: 'alone' };
    }
    const base = this.#base;
    if (base === null || base.checkpointId !== changes.base || this.#isTooMuch()) return { type: 'full' };
    const wholeGroups = this.#nextSlice(base.files);
    const kept = base.files.slice(this.#oldestNeeded(base.files, wholeGroups));
    if (kept.length === 0) return { type: 'full' };
    const linked: Outcome<Links> = files.linkAll(
      kept.map(({ file: { path } }) => ({ from: `${base.directory}/${path}`, to: `${directory}/${path}` })),
    );
    if (!linked.ok) return { type: 'full' };
    return { type: 'increment', wholeGroups, kept, links: linked.value, entries: this.#keyed.entryCounts };
  }

  /** Its own file is durable: what the checkpoint has of this operator. */
  wrote(checkpointId: number, plan: ChainPlan, path: string, written: WrittenFile): Saved {
    const { bytes, sha256, states } = written;
    const own: ChainFile = {
      file: { path, bytes, sha256 },
      wholeGroups: plan.type === 'increment' ? plan.wholeGroups : null,
      stateBytes: new Map(states.map((state) => [state.name, state.bytes])),
    };
    if (plan.type === 'alone') return { files: [own.file], states };
    const chain = plan.type === 'increment' ? [...plan.kept, own] : [own];
    this.#written.set(checkpointId, chain);
    if (plan.type === 'full') return { files: [own.file], states };
    return {
      files: chain.map(({ file }, layer) => (layer === 0 ? file : { ...file, layer })),
      states: states.map((state) =>
        isOperatorState(state.type)
          ? state
          : {
              ...state,
              keys: plan.entries.get(state.name) ?? 0,
              bytes: chain.reduce((sum, { stateBytes }) => sum + (stateBytes.get(state.name) ?? 0), 0),
            },
      ),
    };
  }

  /** The checkpoint lies there, complete (N1). */
  complete(checkpointId: number, directory: string): void {
    const files = this.#written.get(checkpointId);
    for (const id of [...this.#written.keys()]) if (id <= checkpointId) this.#written.delete(id);
    if (files !== undefined && this.#keyed.changes.confirm(checkpointId))
      this.#base = { checkpointId, directory, files };
  }

  aborted(checkpointId: number): void {
    this.#written.delete(checkpointId);
  }

  /** Now and then: what would be a full checkpoint anyway is not kept track of. */
  giveUpWhatIsTooMuch(): void {
    this.#keyed.changes.giveUpAbove(this.#keyed.entryCount / 2);
  }

  #isTooMuch(): boolean {
    return this.#keyed.changes.count > this.#keyed.entryCount / 2;
  }

  #nextSlice(files: readonly ChainFile[]): ReadonlySet<number> {
    const { first, last } = this.#keyed.keyGroups;
    const count = Math.ceil((last - first + 1) / this.#tuning.slices);
    const byAge = Array.from({ length: last - first + 1 }, (_, i) => first + i).sort(
      (a, b) => newestWith(files, a) - newestWith(files, b),
    );
    return new Set(byAge.slice(0, count).sort((a, b) => a - b));
  }

  /** N2: the index of the oldest file that some group outside of the slice reads. */
  #oldestNeeded(files: readonly ChainFile[], slice: ReadonlySet<number>): number {
    const { first, last } = this.#keyed.keyGroups;
    let oldest = files.length;
    for (let group = first; group <= last; group++)
      if (!slice.has(group)) oldest = Math.min(oldest, newestWith(files, group));
    return oldest;
  }
}

export type Saved = Pick<OperatorSnapshot, 'files' | 'states'>;

/** The newest file that has the group in full. */
function newestWith(files: readonly ChainFile[], group: number): number {
  return files.findLastIndex(({ wholeGroups }) => wholeGroups?.has(group) ?? true);
}
