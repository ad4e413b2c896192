/**
 * Fills the state of one subtask from the files of all old subtasks: each key group of its range from the one file that
 * has it, with migrations of values whose schema is older. What the plan no longer declares is left out here; whether
 * that is allowed was asked before (`restore.ts`).
 *
 * A migration is called with what one entry holds: the value of a value state, the accumulator of a reducing or
 * aggregating one, each element of a list, each value of a map. With a state that has a TTL its times come; those of
 * one that has none any more are left out.
 */

import { present } from '../base/assert.ts';
import { describeState, isOperatorState, type StateDeclaration } from '../state/declarations.ts';
import { KeyRefused } from '../state/keyEncoding.ts';
import type { KeyedStateBackend } from '../state/keyedStates.ts';
import type { KeyGroupRange } from '../state/keyGroups.ts';
import type { StateEntry } from '../state/stateBlock.ts';
import { timesOf } from '../state/ttl.ts';
import { DataFileReader, guard, type SavedStateIndex } from './dataFileReader.ts';
import { type OldPart, shareOf } from './operatorStateShares.ts';
import { stateMismatch } from './stateMismatch.ts';
import { SnapshotDamage, type SnapshotFiles } from './storage.ts';

/** What is in the files does not fit what the pipeline declares now; a sentence with uid and state. */
export class RestoreRefused extends Error {
  override name = 'RestoreRefused';
}

export interface OldFiles {
  /** For sentences. */
  readonly operatorUid: string;
  readonly files: readonly { readonly path: string; readonly oldSubtaskIndex: number }[];
}

/** Puts the entries of the backend's key groups into it. Throws SnapshotDamage and RestoreRefused. */
export function restoreKeyedState(
  backend: KeyedStateBackend,
  declarations: readonly StateDeclaration[],
  old: OldFiles,
  access: SnapshotFiles,
): void {
  const wanted = [...declarations, ...declarations.flatMap((declaration) => timesOf(declaration) ?? [])];
  for (const { path, oldSubtaskIndex } of old.files) {
    const reader = openDataFile(access, path, old.operatorUid, oldSubtaskIndex);
    try {
      for (const state of reader.states) restoreState(backend, wanted, reader, state);
      guard(path, () => backend.completeRestore(groupsIn(reader, backend.keyGroups)));
    } finally {
      reader.close();
    }
  }
}

/**
 * What one subtask gets of an operator's own state, of what all old subtasks had put (`operatorStateShares.ts`). Throws SnapshotDamage
 * and RestoreRefused.
 */
export function restoreOperatorState(
  declaration: StateDeclaration,
  old: OldFiles,
  subtask: { readonly subtaskIndex: number; readonly parallelism: number },
  access: SnapshotFiles,
): readonly unknown[] {
  const parts: OldPart[] = [];
  for (const { path, oldSubtaskIndex } of old.files) {
    const reader = openDataFile(access, path, old.operatorUid, oldSubtaskIndex);
    try {
      const state = reader.state(declaration.name);
      if (state === null) continue;
      const migrate = migrationOf(declaration, state, old.operatorUid);
      const saved = reader.elements(state);
      parts.push({ oldSubtaskIndex, elements: migrate === null ? saved : saved.map(migrate) });
    } finally {
      reader.close();
    }
  }
  return shareOf(declaration.type, parts, subtask);
}

/** The key groups of the range that have entries in the file. */
function groupsIn(reader: DataFileReader, range: KeyGroupRange): ReadonlySet<number> {
  const groups = new Set<number>();
  for (const { type, blocks } of reader.states) {
    if (isOperatorState(type)) continue;
    for (const { keyGroup } of blocks)
      if (keyGroup >= range.first && keyGroup <= range.last) groups.add(keyGroup);
  }
  return groups;
}

/** Throws SnapshotDamage, also when the file is one of another operator or subtask. */
export function openDataFile(
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

function restoreState(
  backend: KeyedStateBackend,
  declarations: readonly StateDeclaration[],
  reader: DataFileReader,
  state: SavedStateIndex,
): void {
  if (isOperatorState(state.type) || state.blocks.length === 0) return;
  if (reader.maxParallelism !== backend.maxParallelism) {
    throw new RestoreRefused(
      `"${backend.operatorUid}" was saved with max parallelism ${reader.maxParallelism} and now has ${backend.maxParallelism}; key groups cannot be divided anew.`,
    );
  }
  let migrate: ((old: unknown) => unknown) | null = null;
  if (state.type !== 'timers') {
    const declaration = declarations.find(({ name }) => name === state.name);
    if (declaration === undefined) return;
    migrate = migrationOf(declaration, state, backend.operatorUid);
  }
  for (const { keyGroup, entries } of reader.blocks(state, backend.keyGroups)) {
    guard(reader.path, () => {
      for (const entry of entries) restoreEntry(backend, reader.path, state.name, keyGroup, entry, migrate);
    });
  }
}

function restoreEntry(
  backend: KeyedStateBackend,
  path: string,
  state: string,
  keyGroup: number,
  entry: StateEntry,
  migrate: ((old: unknown) => unknown) | null,
): void {
  try {
    backend.restoreEntry(state, keyGroup, entry, migrate);
  } catch (error) {
    if (error instanceof KeyRefused)
      throw new SnapshotDamage(path, `has a key that none can be: ${error.message}`);
    throw error;
  }
}

/** Null: as it is. Throws RestoreRefused when the saved state cannot become the declared one. */
function migrationOf(
  declaration: StateDeclaration,
  saved: SavedStateIndex,
  uid: string,
): ((old: unknown) => unknown) | null {
  const problem = stateMismatch(describeState(declaration), saved);
  if (problem !== null) throw new RestoreRefused(`State "${saved.name}" of operator "${uid}" ${problem}.`);
  const steps: ((old: unknown) => unknown)[] = [];
  for (let version = saved.schemaVersion; version < declaration.schemaVersion; version++) {
    steps.push(present(declaration.migrations?.[version], `the migration from schema version ${version}`));
  }
  if (steps.length === 0) return null;
  const migrate = (value: unknown) => steps.reduce((result, step) => step(result), value);
  switch (declaration.type) {
    case 'list':
      return (list) => (list as readonly unknown[]).map(migrate);
    case 'operator-broadcast':
      return (element) => {
        const [key, value] = element as readonly [unknown, unknown];
        return [key, migrate(value)];
      };
    default:
      return migrate;
  }
}
