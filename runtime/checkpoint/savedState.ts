/**
 * One state of one operator in one snapshot, over all the data files that hold parts of it: its entries key group by key
 * group, one block of each layer at a time in memory. Every open file is closed with it.
 */
import { isOperatorState, type StateType } from '../state/declarations.ts';
import type { StateEntry } from '../state/stateBlock.ts';
import type { Manifest } from './manifest.ts';
import { wholeCopy } from './operatorStateShares.ts';
import { filesBySubtask, SavedLayers } from './savedLayers.ts';
import type { SnapshotFiles } from './storage.ts';

/** A snapshot that can be read. */
export interface ReadableSnapshot {
  readonly manifest: Manifest;
  /** Absolute; the files of the manifest are in it. */
  readonly directory: string;
}

export class SavedState {
  /** Of the snapshot. */
  readonly directory: string;
  readonly type: StateType;
  readonly maxParallelism: number;
  readonly #subtasks: readonly SavedLayers[];
  readonly #name: string;
  readonly #byGroup: ReadonlyMap<number, readonly SavedLayers[]>;

  private constructor(
    directory: string,
    name: string,
    type: StateType,
    maxParallelism: number,
    subtasks: readonly SavedLayers[],
  ) {
    this.directory = directory;
    this.#name = name;
    this.type = type;
    this.maxParallelism = maxParallelism;
    this.#subtasks = subtasks;
    this.#byGroup = isOperatorState(type) ? new Map() : byGroup(name, subtasks);
  }

  /** Null when the snapshot has no such state. Throws SnapshotDamage. */
  static open(
    snapshot: ReadableSnapshot,
    uid: string,
    name: string,
    files: SnapshotFiles,
  ): SavedState | null {
    const operator = snapshot.manifest.operators.find((candidate) => candidate.uid === uid);
    const state = operator?.states.find((candidate) => candidate.name === name);
    if (operator === undefined || state === undefined) return null;
    const old = operator.files.map(({ path, subtaskIndex, layer = 0 }) => ({
      path: `${snapshot.directory}/${path}`,
      oldSubtaskIndex: subtaskIndex,
      layer,
    }));
    const subtasks: SavedLayers[] = [];
    try {
      for (const ofSubtask of filesBySubtask(old)) subtasks.push(SavedLayers.open(files, uid, ofSubtask));
      return new SavedState(snapshot.directory, name, state.type, operator.maxParallelism, subtasks);
    } catch (error) {
      for (const subtask of subtasks) subtask.close();
      throw error;
    }
  }

  /** Key groups that have entries, ascending; in layers they may all have been removed. */
  get groups(): readonly number[] {
    return [...this.#byGroup.keys()].sort((a, b) => a - b);
  }

  /** Bytes of all entries; in layers also of those that count no longer. */
  get bytes(): number {
    let bytes = 0;
    for (const [group, subtasks] of this.#byGroup)
      for (const subtask of subtasks) bytes += subtask.bytes(this.#name, group);
    return bytes;
  }

  /** By key and sub key. Throws SnapshotDamage. */
  *entries(group: number): Generator<StateEntry> {
    for (const subtask of this.#byGroup.get(group) ?? [])
      for (const { entry } of subtask.entries(this.#name, group)) yield entry;
  }

  /** Of an operator's own state: what all subtasks had put, in their order; of broadcast state one copy. */
  elements(): readonly unknown[] {
    const parts = this.#subtasks.map(({ newest }) => {
      const state = newest.state(this.#name);
      return { elements: state === null ? [] : newest.elements(state) };
    });
    return this.type === 'operator-broadcast' ? wholeCopy(parts) : parts.flatMap(({ elements }) => elements);
  }

  close(): void {
    for (const subtask of this.#subtasks) subtask.close();
  }
}

function byGroup(
  name: string,
  subtasks: readonly SavedLayers[],
): ReadonlyMap<number, readonly SavedLayers[]> {
  const groups = new Map<number, SavedLayers[]>();
  for (const subtask of subtasks) {
    for (const group of subtask.groups(name)) {
      const having = groups.get(group) ?? [];
      having.push(subtask);
      groups.set(group, having);
    }
  }
  return groups;
}
