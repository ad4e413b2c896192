/**
 * Writes the state of one operator of one subtask into one data file, block by block, in the order in which a
 * `SnapshotCursor` gives them; the operator's own state may come at any time. It never waits: whoever feeds it looks at
 * `backlogBytes` and makes a pause while that is high.
 */
import { assert } from '../base/assert.ts';
import { ByteWriter } from '../base/byteWriter.ts';
import { crc32 } from '../base/crc32.ts';
import { isOperatorState, type StateDescription } from '../state/declarations.ts';
import { StateRefused } from '../state/snapshotCursor.ts';
import { blockBytes, type StateBlock } from '../state/stateBlock.ts';
import { encodeStateValue } from '../state/stateTable.ts';
import { ValueRefused } from '../state/valueWriter.ts';
import {
  checksumBytes,
  endMark,
  fileMagic,
  fileVersions,
  headBytes,
  layerEndMark,
  stateTypes,
} from './dataFileFormat.ts';
import type { Outcome, SnapshotFile } from './storage.ts';

export interface DataFileOptions {
  readonly operatorUid: string;
  readonly subtaskIndex: number;
  /** Of a keyed operator the file is only readable with the same number of key groups. */
  readonly maxParallelism: number;
  /** Of a layer: the key groups that it has in full, ascending. Null: the file is complete by itself. */
  readonly wholeGroups?: readonly number[] | null;
}

/** A state as the footer and the manifest list it. `keys` counts entries: of a map each of its keys, of a list state of an operator its elements. */
export interface WrittenState extends StateDescription {
  readonly keys: number;
  readonly bytes: number;
}

export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
  readonly states: readonly WrittenState[];
}

interface OpenState {
  readonly description: StateDescription;
  readonly blocks: {
    readonly keyGroup: number;
    readonly entries: number;
    readonly offset: number;
    readonly length: number;
  }[];
}

export class DataFileWriter {
  readonly #file: SnapshotFile;
  readonly #options: DataFileOptions;
  readonly #states = new Map<string, OpenState>();
  #position: number = headBytes;

  /** `states` stand in the file, in this order, even when nothing of them comes. */
  constructor(file: SnapshotFile, options: DataFileOptions, states: readonly StateDescription[]) {
    this.#file = file;
    this.#options = options;
    for (const state of states) this.#state(state);
    file.append(Uint8Array.of(...fileMagic, isLayer(options) ? fileVersions.layer : fileVersions.complete));
  }

  /** Bytes that are not yet written. */
  get backlogBytes(): number {
    return this.#file.backlogBytes;
  }

  /** The bytes of the block pass to the file. */
  append(block: StateBlock): void {
    assert(block.isLayer === isLayer(this.#options), 'removals are in layers only');
    const { blocks } = this.#state(block.state);
    const previous = blocks.at(-1);
    assert(
      previous === undefined || previous.keyGroup <= block.keyGroup,
      'blocks of a state come by key group',
    );
    assert(block.keyGroup < this.#options.maxParallelism, 'a key group is below max parallelism');
    this.#write(block.state, block.keyGroup, block.entries, block.bytes);
  }

  /** The operator's own state, as a whole. Values are encoded before this returns. Throws StateRefused. */
  putOperatorState(state: StateDescription, elements: readonly unknown[]): void {
    this.putEncoded(state, this.#encoded(state, elements));
  }

  /** The same, of elements that are values in their encoding already; each is used before the next is asked for. */
  putEncoded(state: StateDescription, elements: Iterable<Uint8Array>): void {
    assert(isOperatorState(state.type), `${state.name} is no state of an operator`);
    assert(this.#state(state).blocks.length === 0, `the state ${state.name} is put once a snapshot`);
    const block = new ByteWriter(1_024);
    let entries = 0;
    for (const bytes of elements) {
      block.varint(bytes.length);
      block.bytes(bytes);
      entries++;
      if (block.length < blockBytes) continue;
      this.#write(state, 0, entries, block.take());
      entries = 0;
    }
    if (entries > 0) this.#write(state, 0, entries, block.take());
  }

  /** Writes the footer and calls back when the file is durable. */
  finish(done: (result: Outcome<WrittenFile>) => void): void {
    const states = [...this.#states.values()];
    this.#file.append(footer(this.#options, states));
    this.#file.finish((result) => {
      done(result.ok ? { ok: true, value: { ...result.value, states: states.map(written) } } : result);
    });
  }

  abort(): void {
    this.#file.abort();
  }

  #state(description: StateDescription): OpenState {
    const known = this.#states.get(description.name);
    if (known !== undefined) {
      assert(
        known.description.type === description.type,
        `two states of ${this.#options.operatorUid} are named ${description.name}`,
      );
      return known;
    }
    const state = { description, blocks: [] };
    this.#states.set(description.name, state);
    return state;
  }

  #write(state: StateDescription, keyGroup: number, entries: number, bytes: Uint8Array): void {
    this.#state(state).blocks.push({ keyGroup, entries, offset: this.#position, length: bytes.length });
    const checksum = new ByteWriter(checksumBytes);
    checksum.u32(crc32(bytes));
    this.#file.append(bytes);
    this.#file.append(checksum.take());
    this.#position += bytes.length + checksumBytes;
  }

  *#encoded(state: StateDescription, elements: readonly unknown[]): Generator<Uint8Array> {
    for (const [i, element] of elements.entries()) yield this.#encode(state, i, element);
  }

  #encode(state: StateDescription, index: number, element: unknown): Uint8Array {
    try {
      return encodeStateValue(element);
    } catch (error) {
      if (!(error instanceof ValueRefused)) throw error;
      throw new StateRefused(
        `State "${state.name}" of operator "${this.#options.operatorUid}" cannot be saved: element ${index}${error.path} ${error.message}.`,
      );
    }
  }
}

const isLayer = ({ wholeGroups }: DataFileOptions): boolean => (wholeGroups ?? null) !== null;

function written({ description, blocks }: OpenState): WrittenState {
  const { name, type, schemaVersion } = description;
  return {
    name,
    type,
    schemaVersion,
    keys: sum(blocks.map(({ entries }) => entries)),
    bytes: sum(blocks.map(({ length }) => length)),
  };
}

function footer(options: DataFileOptions, states: readonly OpenState[]): Uint8Array {
  const writer = new ByteWriter(1_024);
  writer.text(options.operatorUid);
  writer.varint(options.subtaskIndex);
  writer.varint(options.maxParallelism);
  const wholeGroups = options.wholeGroups ?? null;
  if (wholeGroups !== null) {
    writer.varint(wholeGroups.length);
    for (const group of wholeGroups) writer.varint(group);
  }
  writer.varint(states.length);
  for (const { description, blocks } of states) {
    writer.text(description.name);
    writer.u8(stateTypes.indexOf(description.type));
    writer.varint(description.schemaVersion);
    writer.varint(blocks.length);
    for (const { keyGroup, entries, offset, length } of blocks) {
      writer.varint(keyGroup);
      writer.varint(entries);
      writer.varint(offset);
      writer.varint(length);
    }
  }
  const { length } = writer;
  writer.u32(crc32(writer.view()));
  writer.u32(length);
  writer.bytes(wholeGroups === null ? endMark : layerEndMark);
  return writer.take();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
