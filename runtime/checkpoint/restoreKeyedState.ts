/**
 * Fills the state of one subtask from the files of all old subtasks: each key group of its range from the old subtask that
 * had it, with migrations of values whose schema is older. What the plan no longer declares is left out here; whether
 * that is allowed was asked before (`restore.ts`).
 *
 * A migration is called with what one entry holds: the value of a value state, the accumulator of a reducing or
 * aggregating one, each element of a list, each value of a map. With a state that has a TTL its times come; those of
 * one that has none any more are left out.
 */

import { present } from '../base/assert.ts';
import {
  describeState,
  isOperatorState,
  type StateDeclaration,
  type StateDescription,
} from '../state/declarations.ts';
import { KeyRefused } from '../state/keyEncoding.ts';
import type { KeyedStateBackend } from '../state/keyedStates.ts';
import type { KeyGroupRange } from '../state/keyGroups.ts';
import type { StateEntry } from '../state/stateBlock.ts';
import { timesOf } from '../state/ttl.ts';
import { damage, guard } from './dataFileReader.ts';
import { type OldPart, shareOf } from './operatorStateShares.ts';
import { filesBySubtask, type OldFile, openNewest, SavedLayers } from './savedLayers.ts';
import { stateMismatch } from './stateMismatch.ts';
import { SnapshotDamage, type SnapshotFiles } from './storage.ts';

/** What is in the files does not fit what the pipeline declares now; a sentence with uid and state. */
export class RestoreRefused extends Error {
  override name = 'RestoreRefused';
}

export interface OldFiles {
  /** For sentences. */
  readonly operatorUid: string;
  readonly files: readonly OldFile[];
}

/** So many entries are put back before somebody else may have the thread. */
const entriesPerSlice = 256;

/**
 * Puts the entries of the backend's key groups into it, slice by slice: there may be more of them than memory has room
 * for. Whoever does not go on to the end calls `return()`. Throws SnapshotDamage and RestoreRefused.
 */
export function* restoreKeyedState(
  backend: KeyedStateBackend,
  declarations: readonly StateDeclaration[],
  old: OldFiles,
  access: SnapshotFiles,
): Generator<void> {
  const wanted = [...declarations, ...declarations.flatMap((declaration) => timesOf(declaration) ?? [])];
  for (const files of filesBySubtask(old.files)) {
    const saved = SavedLayers.open(access, old.operatorUid, files);
    try {
      for (const state of saved.states) yield* restoreState(backend, wanted, saved, state);
      for (const keyGroup of groupsIn(saved, backend.keyGroups)) {
        guard(saved.newest.path, () => backend.completeRestore(keyGroup));
        yield;
      }
    } finally {
      saved.close();
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
  for (const files of filesBySubtask(old.files)) {
    const newest = openNewest(access, old.operatorUid, files);
    try {
      const state = newest.state(declaration.name);
      if (state === null) continue;
      const migrate = migrationOf(declaration, state, old.operatorUid);
      const saved = newest.elements(state);
      parts.push({
        oldSubtaskIndex: files.subtaskIndex,
        elements: migrate === null ? saved : saved.map(migrate),
      });
    } finally {
      newest.close();
    }
  }
  return shareOf(declaration.type, parts, subtask);
}

/** The key groups of the range that have entries in the files. */
function groupsIn(saved: SavedLayers, range: KeyGroupRange): ReadonlySet<number> {
  const keyed = saved.states.filter(({ type }) => !isOperatorState(type));
  return new Set(keyed.flatMap(({ name }) => groupsOf(saved, name, range)));
}

const groupsOf = (saved: SavedLayers, state: string, { first, last }: KeyGroupRange): readonly number[] =>
  saved.groups(state).filter((group) => group >= first && group <= last);

function* restoreState(
  backend: KeyedStateBackend,
  declarations: readonly StateDeclaration[],
  saved: SavedLayers,
  state: StateDescription,
): Generator<void> {
  if (isOperatorState(state.type) || saved.groups(state.name).length === 0) return;
  if (saved.maxParallelism !== backend.maxParallelism) {
    throw new RestoreRefused(
      `"${backend.operatorUid}" was saved with max parallelism ${saved.maxParallelism} and now has ${backend.maxParallelism}; key groups cannot be divided anew.`,
    );
  }
  let migrate: ((old: unknown) => unknown) | null = null;
  if (state.type !== 'timers') {
    const declaration = declarations.find(({ name }) => name === state.name);
    if (declaration === undefined) return;
    migrate = migrationOf(declaration, state, backend.operatorUid);
  }
  let left = entriesPerSlice;
  for (const keyGroup of groupsOf(saved, state.name, backend.keyGroups)) {
    for (const { entry, path } of saved.entries(state.name, keyGroup)) {
      restoreEntry(backend, path, state.name, keyGroup, entry, migrate);
      if (--left > 0) continue;
      yield;
      left = entriesPerSlice;
    }
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
    throw damage(path, error);
  }
}

/** Null: as it is. Throws RestoreRefused when the saved state cannot become the declared one. */
function migrationOf(
  declaration: StateDeclaration,
  saved: StateDescription,
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
