/**
 * One state of one operator in one snapshot, over all the data files that hold parts of it: its entries key group by key
 * group, one block at a time in memory. Every open file is closed with it.
 */
import { isOperatorState, type StateType } from '../state/declarations.ts';
import type { StateEntry } from '../state/stateBlock.ts';
import type { DataFileReader, SavedBlock, SavedStateIndex } from './dataFileReader.ts';
import type { Manifest } from './manifest.ts';
import { wholeCopy } from './operatorStateShares.ts';
import { openDataFile } from './restoreKeyedState.ts';
import type { SnapshotFiles } from './storage.ts';

/** A snapshot that can be read. */
export interface ReadableSnapshot {
  readonly manifest: Manifest;
  /** Absolute; the files of the manifest are in it. */
  readonly directory: string;
}

interface LocatedBlock {
  readonly reader: DataFileReader;
  readonly state: SavedStateIndex;
  readonly block: SavedBlock;
}

export class SavedState {
  /** Of the snapshot. */
  readonly directory: string;
  readonly type: StateType;
  readonly maxParallelism: number;
  readonly #readers: readonly DataFileReader[];
  readonly #name: string;
  readonly #blocks: ReadonlyMap<number, readonly LocatedBlock[]>;

  private constructor(
    directory: string,
    name: string,
    type: StateType,
    maxParallelism: number,
    readers: readonly DataFileReader[],
  ) {
    this.directory = directory;
    this.#name = name;
    this.type = type;
    this.maxParallelism = maxParallelism;
    this.#readers = readers;
    this.#blocks = isOperatorState(type) ? new Map() : blocksByGroup(name, readers);
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
    const readers: DataFileReader[] = [];
    try {
      const inOrder = [...operator.files].sort((a, b) => a.subtaskIndex - b.subtaskIndex);
      for (const { path, subtaskIndex } of inOrder)
        readers.push(openDataFile(files, `${snapshot.directory}/${path}`, uid, subtaskIndex));
      return new SavedState(snapshot.directory, name, state.type, operator.maxParallelism, readers);
    } catch (error) {
      for (const reader of readers) reader.close();
      throw error;
    }
  }

  /** Key groups that have entries, ascending. */
  get groups(): readonly number[] {
    return [...this.#blocks.keys()].sort((a, b) => a - b);
  }

  /** Bytes of all entries. */
  get bytes(): number {
    let bytes = 0;
    for (const blocks of this.#blocks.values()) for (const { block } of blocks) bytes += block.length;
    return bytes;
  }

  /** By key and sub key. Throws SnapshotDamage. */
  *entries(group: number): Generator<StateEntry> {
    for (const { reader, state, block } of this.#blocks.get(group) ?? [])
      yield* reader.entriesOfBlock(state, block);
  }

  /** Of an operator's own state: what all subtasks had put, in their order; of broadcast state one copy. */
  elements(): readonly unknown[] {
    const parts = this.#readers.map((reader) => {
      const state = reader.state(this.#name);
      return { elements: state === null ? [] : reader.elements(state) };
    });
    return this.type === 'operator-broadcast' ? wholeCopy(parts) : parts.flatMap(({ elements }) => elements);
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}

function blocksByGroup(
  name: string,
  readers: readonly DataFileReader[],
): ReadonlyMap<number, readonly LocatedBlock[]> {
  const byGroup = new Map<number, LocatedBlock[]>();
  for (const reader of readers) {
    const state = reader.state(name);
    for (const block of state?.blocks ?? []) {
      const located = byGroup.get(block.keyGroup) ?? [];
      located.push({ reader, state: state!, block });
      byGroup.set(block.keyGroup, located);
    }
  }
  return byGroup;
}
