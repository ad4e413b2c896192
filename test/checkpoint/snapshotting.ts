/** From a backend to a data file and back, as the engine does it, at once. */
import { DataFileWriter, type WrittenFile } from '../../runtime/checkpoint/dataFileWriter.ts';
import { restoreKeyedState } from '../../runtime/checkpoint/restoreKeyedState.ts';
import type { Key, StateDeclaration } from '../../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { keyGroupOf, keyGroupRange, operatorIndexForKeyGroup } from '../../runtime/state/keyGroups.ts';
import type { MemoryFiles } from './memoryFiles.ts';

export interface Operator {
  readonly uid: string;
  readonly maxParallelism: number;
  readonly declarations: readonly StateDeclaration[];
  /** Processing time; it stands still where nobody cares. */
  readonly now?: () => number;
}

export function subtasksOf(operator: Operator, parallelism: number): readonly KeyedStateBackend[] {
  return Array.from(
    { length: parallelism },
    (_, subtask) =>
      new KeyedStateBackend({
        operatorUid: operator.uid,
        maxParallelism: operator.maxParallelism,
        keyGroups: keyGroupRange(subtask, parallelism, operator.maxParallelism),
        declarations: operator.declarations,
        now: operator.now ?? (() => 0),
      }),
  );
}

/** The subtask that owns the key, with the key current. */
export function at(subtasks: readonly KeyedStateBackend[], key: Key): KeyedStateBackend {
  const { maxParallelism } = subtasks[0]!;
  const backend =
    subtasks[operatorIndexForKeyGroup(keyGroupOf(key, maxParallelism), subtasks.length, maxParallelism)]!;
  backend.setCurrentKey(key);
  return backend;
}

export function save(
  backend: KeyedStateBackend,
  files: MemoryFiles,
  path: string,
  subtaskIndex: number,
): WrittenFile {
  const options = { operatorUid: backend.operatorUid, subtaskIndex, maxParallelism: backend.maxParallelism };
  const writer = new DataFileWriter(files.create(path), options, backend.states);
  const cursor = backend.markSnapshot(1);
  for (let slice = cursor.next(); slice !== null; slice = cursor.next())
    if (slice.block !== null) writer.append(slice.block);
  let written: WrittenFile | null = null;
  writer.finish((result) => {
    if (result.ok) written = result.value;
  });
  return written!;
}

export interface SavedOperator {
  readonly operatorUid: string;
  readonly files: readonly { readonly path: string; readonly oldSubtaskIndex: number }[];
}

export function saveAll(
  subtasks: readonly KeyedStateBackend[],
  files: MemoryFiles,
  directory: string,
): SavedOperator {
  const saved = subtasks.map((backend, i) => {
    const path = `${directory}/${backend.operatorUid}-${i}.data`;
    save(backend, files, path, i);
    return { path, oldSubtaskIndex: i };
  });
  return { operatorUid: subtasks[0]!.operatorUid, files: saved };
}

export function restoreAll(
  operator: Operator,
  parallelism: number,
  saved: SavedOperator,
  files: MemoryFiles,
): readonly KeyedStateBackend[] {
  const subtasks = subtasksOf(operator, parallelism);
  for (const backend of subtasks) restoreAtOnce(backend, operator.declarations, saved, files);
  return subtasks;
}

/** All slices of it, one after the other. */
export function restoreAtOnce(...given: Parameters<typeof restoreKeyedState>): void {
  for (const _ of restoreKeyedState(...given));
}
