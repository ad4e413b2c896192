/**
 * What one subtask had saved of one operator, over all files that hold it. A full snapshot is one file. An increment is a
 * *layer* on older files, like a drawing on tracing paper: what is drawn on the newest sheet hides what lies under it.
 *
 *   key group       1         2         3
 *   layer 2      ┌ SFO 9 ┐             JFK ✗         group 1 in full: nothing under it counts
 *   layer 1        SFO 8   ┌ LAX 4 ┐                 group 2 in full
 *   layer 0      ┌ OAK 3 ┐ ┌ LAX 1 ┐ ┌ JFK 7 ┐       a full snapshot
 *   what is there  SFO 9     LAX 4     (nothing)
 *
 * - Y1. Of a key and sub key the newest layer that speaks of it counts; if that says "removed", nothing is there.
 * - Y2. A layer that removes the whole map of a key hides all that older layers have of the key.
 * - Y3. Under a layer that has a key group in full nothing of that group counts.
 *
 * Each layer is sorted, so this is a merge: one block of each layer is in memory. What an operator has put as a whole, and
 * what was in flight, is in the newest file only.
 */
import { present } from '../base/assert.ts';
import { compareBytes } from '../base/compareBytes.ts';
import { isOperatorState, type StateDescription } from '../state/declarations.ts';
import type { LayerEntry, StateEntry } from '../state/stateBlock.ts';
import { compareEntries, DataFileReader, type SavedStateIndex } from './dataFileReader.ts';
import { SnapshotDamage, type SnapshotFiles } from './storage.ts';

/** A data file of a snapshot that is read. */
export interface OldFile {
  readonly path: string;
  readonly oldSubtaskIndex: number;
  /** Absent: 0, the oldest. */
  readonly layer?: number;
}

export interface SubtaskFiles {
  readonly subtaskIndex: number;
  /** Oldest layer first. */
  readonly paths: readonly string[];
}

/** By subtask, in their order. */
export function filesBySubtask(files: readonly OldFile[]): readonly SubtaskFiles[] {
  const bySubtask = new Map<number, OldFile[]>();
  for (const file of files) {
    const ofSubtask = bySubtask.get(file.oldSubtaskIndex);
    if (ofSubtask === undefined) bySubtask.set(file.oldSubtaskIndex, [file]);
    else ofSubtask.push(file);
  }
  return [...bySubtask.entries()]
    .sort(([a], [b]) => a - b)
    .map(([subtaskIndex, ofSubtask]) => ({
      subtaskIndex,
      paths: ofSubtask.sort((a, b) => (a.layer ?? 0) - (b.layer ?? 0)).map(({ path }) => path),
    }));
}

export class SavedLayers {
  /** Newest first. */
  readonly #layers: readonly DataFileReader[];

  private constructor(layers: readonly DataFileReader[]) {
    this.#layers = layers;
  }

  /** Throws SnapshotDamage, also when a file is one of another operator or subtask. */
  static open(
    access: SnapshotFiles,
    operatorUid: string,
    { subtaskIndex, paths }: SubtaskFiles,
  ): SavedLayers {
    const layers: DataFileReader[] = [];
    try {
      for (const path of paths.toReversed())
        layers.push(openDataFile(access, path, operatorUid, subtaskIndex));
      const saved = new SavedLayers(layers);
      saved.#checkStates();
      return saved;
    } catch (error) {
      for (const layer of layers) layer.close();
      throw error;
    }
  }

  /** Where what is whole in every snapshot lies: an operator's own state, what was in flight. */
  get newest(): DataFileReader {
    return this.#layers[0]!;
  }

  get maxParallelism(): number {
    return this.newest.maxParallelism;
  }

  get states(): readonly StateDescription[] {
    return this.newest.states;
  }

  /** Key groups in which some layer has something of the state, ascending. */
  groups(state: string): readonly number[] {
    const groups = new Set<number>();
    for (const layer of this.#layers)
      for (const { keyGroup } of layer.state(state)?.blocks ?? []) groups.add(keyGroup);
    return [...groups].sort((a, b) => a - b);
  }

  /** Of all blocks of the group that are read. */
  bytes(state: string, keyGroup: number): number {
    let bytes = 0;
    for (const { index } of this.#visible(state, keyGroup))
      for (const block of index.blocks) if (block.keyGroup === keyGroup) bytes += block.length;
    return bytes;
  }

  /** The entries of a keyed state in a key group, by key and sub key, with the file that each is from. Throws SnapshotDamage. */
  *entries(state: string, keyGroup: number): Generator<LocatedEntry> {
    const sources = this.#visible(state, keyGroup).map(({ layer, index }) =>
      entriesOfGroup(layer, index, keyGroup),
    );
    // Removed together with the key's whole map, by a layer that is newer than `clearedBy` and what comes after it (Y2).
    let clearedKey: Uint8Array | null = null;
    let clearedBy = 0;
    for (const [entry, place, path] of newestOfEach(sources)) {
      const isHidden = clearedKey !== null && place > clearedBy && compareBytes(entry.key, clearedKey) === 0;
      if (entry.value === null) {
        if (entry.subKey?.length === 0 && !isHidden) [clearedKey, clearedBy] = [entry.key, place];
      } else if (!isHidden) yield { entry: entry as StateEntry, path };
    }
  }

  close(): void {
    for (const layer of this.#layers) layer.close();
  }

  /** The layers that count for a key group (Y3), newest first. */
  #visible(state: string, keyGroup: number): readonly Layer[] {
    const visible: Layer[] = [];
    for (const layer of this.#layers) {
      const index = layer.state(state);
      if (index?.blocks.some((block) => block.keyGroup === keyGroup) === true) visible.push({ layer, index });
      if (layer.hasWhole(keyGroup)) return visible;
    }
    if (visible.length > 0)
      throw new SnapshotDamage(
        this.newest.path,
        `is damaged: neither it nor a file under it has key group ${keyGroup} in full.`,
      );
    return visible;
  }

  #checkStates(): void {
    const { newest } = this;
    for (const layer of this.#layers) {
      const isAlike =
        layer.maxParallelism === newest.maxParallelism &&
        layer.states.every((state) => {
          const same = newest.state(state.name);
          return (
            isOperatorState(state.type) ||
            (same?.type === state.type && same.schemaVersion === state.schemaVersion)
          );
        });
      if (!isAlike) throw new SnapshotDamage(layer.path, `holds other states than ${newest.path}.`);
    }
  }
}

/** For what is in the newest file only. Throws SnapshotDamage. */
export function openNewest(
  access: SnapshotFiles,
  operatorUid: string,
  { subtaskIndex, paths }: SubtaskFiles,
): DataFileReader {
  return openDataFile(access, present(paths.at(-1), 'the file of a subtask'), operatorUid, subtaskIndex);
}

export interface LocatedEntry {
  readonly entry: StateEntry;
  readonly path: string;
}

interface Layer {
  readonly layer: DataFileReader;
  readonly index: SavedStateIndex;
}

/** Throws SnapshotDamage, also when the file is one of another operator or subtask. */
function openDataFile(
  access: SnapshotFiles,
  path: string,
  operatorUid: string,
  subtaskIndex: number,
): DataFileReader {
  const reader = new DataFileReader(access.open(path));
  if (reader.operatorUid === operatorUid && reader.subtaskIndex === subtaskIndex) return reader;
  reader.close();
  const found = `"${reader.operatorUid}", subtask ${reader.subtaskIndex}`;
  throw new SnapshotDamage(
    path,
    `holds the state of ${found}, and not of "${operatorUid}", subtask ${subtaskIndex}.`,
  );
}

interface Source {
  readonly path: string;
  readonly entries: Iterator<LayerEntry>;
}

function entriesOfGroup(layer: DataFileReader, index: SavedStateIndex, keyGroup: number): Source {
  function* entries() {
    for (const block of index.blocks)
      if (block.keyGroup === keyGroup) yield* layer.entriesOfBlock(index, block);
  }
  return { path: layer.path, entries: entries() };
}

/** What comes next of a source; `place` is its place in the list of sources. */
interface Head {
  readonly source: Source;
  readonly place: number;
  entry: LayerEntry;
}

/** Of entries with the same key and sub key the one of the earliest source (Y1), in the order of keys. */
function* newestOfEach(
  sources: readonly Source[],
): Generator<readonly [entry: LayerEntry, place: number, path: string]> {
  const heads: Head[] = [];
  for (const [place, source] of sources.entries()) {
    const next = source.entries.next();
    if (!next.done) heads.push({ source, place, entry: next.value });
  }
  for (let i = (heads.length >> 1) - 1; i >= 0; i--) sink(heads, i);
  let last: LayerEntry | null = null;
  while (heads.length > 0) {
    const head = heads[0]!;
    const { entry } = head;
    if (last === null || compareEntries(last, entry) !== 0) yield [entry, head.place, head.source.path];
    last = entry;
    const next = head.source.entries.next();
    if (!next.done) head.entry = next.value;
    else {
      const end = heads.pop()!;
      if (heads.length > 0) heads[0] = end;
    }
    if (heads.length > 1) sink(heads, 0);
  }
}

/** A heap by entry, of equal ones the earliest source first. */
function sink(heads: Head[], from: number): void {
  const sinking = heads[from]!;
  let i = from;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heads.length) break;
    if (child + 1 < heads.length && isBefore(heads[child + 1]!, heads[child]!)) child++;
    if (!isBefore(heads[child]!, sinking)) break;
    heads[i] = heads[child]!;
    i = child;
  }
  heads[i] = sinking;
}

function isBefore(a: Head, b: Head): boolean {
  const order = compareEntries(a.entry, b.entry);
  return order < 0 || (order === 0 && a.place < b.place);
}
