/**
 * Reads a data file. Opening it checks its frame and its footer; every block is checked when it is read, and one block at
 * a time is in memory. Whatever is wrong is SnapshotDamage that names the file. Nothing in the file is trusted: lengths
 * are compared with the file's before anything is read or made, and the blocks must lie side by side without gaps.
 */
import { ByteReader } from '../base/byteReader.ts';
import { compareBytes } from '../base/compareBytes.ts';
import { crc32 } from '../base/crc32.ts';
import { MalformedBytes } from '../base/malformedBytes.ts';
import { isOperatorState, type StateDescription } from '../state/declarations.ts';
import { maxParallelismMax } from '../state/keyGroups.ts';
import { entriesOf, type LayerEntry, layerEntriesOf, type StateEntry } from '../state/stateBlock.ts';
import { readWholeValue } from '../state/valueReader.ts';
import {
  checksumBytes,
  endMark,
  fileMagic,
  fileVersions,
  headBytes,
  layerEndMark,
  stateTypes,
  trailerBytes,
} from './dataFileFormat.ts';
import { type SnapshotBytes, SnapshotDamage } from './storage.ts';

/** A footer may say where millions of blocks are, but is never larger than this. */
const footerBytesMax = 256 * 1_024 * 1_024;

export interface SavedBlock {
  readonly keyGroup: number;
  readonly entries: number;
  readonly offset: number;
  readonly length: number;
}

export interface SavedStateIndex extends StateDescription {
  readonly blocks: readonly SavedBlock[];
}

export class DataFileReader {
  readonly operatorUid: string;
  readonly subtaskIndex: number;
  readonly maxParallelism: number;
  readonly states: readonly SavedStateIndex[];
  /** Of a layer: the key groups that it has in full. Null: it is complete by itself. */
  readonly wholeGroups: ReadonlySet<number> | null;
  readonly #file: SnapshotBytes;

  /** Takes over the file, also when it throws SnapshotDamage. */
  constructor(file: SnapshotBytes) {
    this.#file = file;
    try {
      const footer = this.#guard(() => readFooter(file));
      this.operatorUid = footer.operatorUid;
      this.subtaskIndex = footer.subtaskIndex;
      this.maxParallelism = footer.maxParallelism;
      this.states = footer.states;
      this.wholeGroups = footer.wholeGroups;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.#file.path;
  }

  state(name: string): SavedStateIndex | null {
    return this.states.find((state) => state.name === name) ?? null;
  }

  /** Nothing of this group in older files counts. */
  hasWhole(keyGroup: number): boolean {
    return this.wholeGroups?.has(keyGroup) ?? true;
  }

  /** The elements of an operator's own state. */
  elements(state: SavedStateIndex): readonly unknown[] {
    const elements: unknown[] = [];
    for (const block of state.blocks) {
      const reader = new ByteReader(this.#readBlock(block));
      const before = elements.length;
      this.#guard(() => {
        while (reader.left > 0) elements.push(readWholeValue(reader.bytes(reader.varint())));
      });
      if (elements.length - before !== block.entries)
        throw new SnapshotDamage(
          this.path,
          'has a block with another number of elements than it should have.',
        );
    }
    return elements;
  }

  /** Reads every block and compares its checksum. */
  verify(): void {
    for (const state of this.states) for (const block of state.blocks) this.#readBlock(block);
  }

  close(): void {
    this.#file.close();
  }

  /** Reads and checks the block with the first entry. */
  *entriesOfBlock(state: SavedStateIndex, block: SavedBlock): Generator<LayerEntry> {
    const bytes = this.#readBlock(block);
    let count = 0;
    let previous: LayerEntry | null = null;
    try {
      const entries: Iterable<LayerEntry> =
        this.wholeGroups === null ? entriesOf(bytes, state.type) : layerEntriesOf(bytes, state.type);
      for (const entry of entries) {
        if (previous !== null && compareEntries(previous, entry) >= 0) {
          throw new MalformedBytes(`entries of the state "${state.name}" are out of order`);
        }
        previous = entry;
        count++;
        yield entry;
      }
    } catch (error) {
      throw damage(this.path, error);
    }
    if (count !== block.entries)
      throw new SnapshotDamage(
        this.path,
        `has a block of ${count} entries that should have ${block.entries}.`,
      );
  }

  #readBlock(block: SavedBlock): Uint8Array {
    const bytes = this.#file.read(block.offset, block.length + checksumBytes);
    const content = bytes.subarray(0, block.length);
    if (crc32(content) !== checksumAt(bytes, block.length)) {
      throw new SnapshotDamage(
        this.path,
        `is damaged: the block at byte ${block.offset} has another checksum.`,
      );
    }
    return content;
  }

  #guard<T>(read: () => T): T {
    return guard(this.#file.path, read);
  }
}

/** Runs `read`; what it finds malformed is damage of the file. */
export function guard<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw damage(path, error);
  }
}

/** What is malformed in the file, as damage that names it; any other error as it is. */
export function damage(path: string, error: unknown): unknown {
  return error instanceof MalformedBytes ? new SnapshotDamage(path, `is damaged: ${error.message}.`) : error;
}

/** The order of a data file within a key group. */
export function compareEntries(
  a: Pick<StateEntry, 'key' | 'subKey'>,
  b: Pick<StateEntry, 'key' | 'subKey'>,
): number {
  return compareBytes(a.key, b.key) || compareBytes(a.subKey ?? NOTHING, b.subKey ?? NOTHING);
}

const NOTHING = new Uint8Array(0);

interface Footer {
  readonly operatorUid: string;
  readonly subtaskIndex: number;
  readonly maxParallelism: number;
  readonly wholeGroups: ReadonlySet<number> | null;
  readonly states: readonly SavedStateIndex[];
}

function readFooter(file: SnapshotBytes): Footer {
  const size = file.size();
  const broken = (problem: string) => new SnapshotDamage(file.path, problem);
  if (size < headBytes + trailerBytes) throw broken(`is too short to be a data file: ${size} bytes.`);
  const head = file.read(0, headBytes);
  if (compareBytes(head.subarray(0, fileMagic.length), fileMagic) !== 0)
    throw broken('is no data file of Sluice.');
  const version = head[fileMagic.length];
  if (version !== fileVersions.complete && version !== fileVersions.layer)
    throw broken(`has format version ${version}; this version of Sluice reads 1 and 2.`);
  const trailer = file.read(size - trailerBytes, trailerBytes);
  const isLayer = version === fileVersions.layer;
  if (compareBytes(trailer.subarray(8), isLayer ? layerEndMark : endMark) !== 0)
    throw broken('is cut off or damaged: its end is missing.');
  const length = new ByteReader(trailer.subarray(4)).u32();
  const start = size - trailerBytes - length;
  if (length > footerBytesMax || start < headBytes)
    throw broken('is damaged: its footer has an impossible length.');
  const bytes = file.read(start, length);
  if (crc32(bytes) !== checksumAt(trailer, 0)) throw broken('is damaged: its footer has another checksum.');
  const footer = parseFooter(new ByteReader(bytes), isLayer);
  checkTiling(footer, start);
  return footer;
}

function parseFooter(reader: ByteReader, isLayer: boolean): Footer {
  const operatorUid = reader.text();
  const subtaskIndex = reader.varint();
  const maxParallelism = reader.varint();
  if (maxParallelism < 1 || maxParallelism > maxParallelismMax)
    throw new MalformedBytes(`a max parallelism of ${maxParallelism}`);
  const wholeGroups = isLayer ? parseGroups(reader, maxParallelism) : null;
  const states: SavedStateIndex[] = [];
  const stateCount = bounded(reader, 'states');
  for (let i = 0; i < stateCount; i++) {
    const name = reader.text();
    const type = stateTypes[reader.u8()];
    if (type === undefined) throw new MalformedBytes(`the state "${name}" has an unknown type`);
    if (states.some((state) => state.name === name))
      throw new MalformedBytes(`the state "${name}" is there twice`);
    const schemaVersion = reader.varint();
    const blocks: SavedBlock[] = [];
    const blockCount = bounded(reader, 'blocks');
    for (let block = 0; block < blockCount; block++) {
      const keyGroup = reader.varint();
      blocks.push({ keyGroup, entries: reader.varint(), offset: reader.varint(), length: reader.varint() });
      if (keyGroup >= maxParallelism || (isOperatorState(type) && keyGroup !== 0))
        throw new MalformedBytes(`a block of key group ${keyGroup}`);
      if (block > 0 && blocks[block - 1]!.keyGroup > keyGroup)
        throw new MalformedBytes('blocks that are out of order');
    }
    states.push({ name, type, schemaVersion, blocks });
  }
  if (reader.left > 0) throw new MalformedBytes('a footer with bytes of nobody behind it');
  return { operatorUid, subtaskIndex, maxParallelism, wholeGroups, states };
}

function parseGroups(reader: ByteReader, maxParallelism: number): ReadonlySet<number> {
  const groups = new Set<number>();
  let previous = -1;
  for (let left = bounded(reader, 'key groups'); left > 0; left--) {
    const group = reader.varint();
    if (group <= previous || group >= maxParallelism) throw new MalformedBytes(`a key group ${group}`);
    groups.add(group);
    previous = group;
  }
  return groups;
}

/** What is counted takes a byte each at least. */
function bounded(reader: ByteReader, what: string): number {
  const count = reader.varint();
  if (count > reader.left) throw new MalformedBytes(`${count} ${what} in ${reader.left} bytes`);
  return count;
}

/** Every byte between the magic and the footer belongs to exactly one block. */
function checkTiling({ states }: Footer, end: number): void {
  const blocks = states.flatMap((state) => state.blocks).sort((a, b) => a.offset - b.offset);
  let position: number = headBytes;
  for (const block of blocks) {
    if (block.offset !== position)
      throw new MalformedBytes(`nobody knows the bytes from ${position} to ${block.offset}`);
    position += block.length + checksumBytes;
  }
  if (position !== end) throw new MalformedBytes(`its blocks end at byte ${position} instead of ${end}`);
}

function checksumAt(bytes: Uint8Array, position: number): number {
  return new ByteReader(bytes.subarray(position, position + checksumBytes)).u32();
}
