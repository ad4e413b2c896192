/**
 * Can a saved state become the declared one, by what both say of themselves? Asked before a restore with the manifest,
 * and once more with the data file, so that no entry is read that does not fit.
 */
import type { StateDescription, StateType } from '../state/declarations.ts';

/** Why not, to go on with after the state's name; null when it can. */
export function stateMismatch(declared: StateDescription, saved: StateDescription): string | null {
  if (declared.type !== saved.type)
    return `was saved as ${stateOfType(saved.type)} and is now ${stateOfType(declared.type)}`;
  if (declared.schemaVersion < saved.schemaVersion) {
    return `was saved with schema version ${saved.schemaVersion}, which is newer than ${declared.schemaVersion}`;
  }
  if (saved.schemaVersion < (declared.migratesFrom ?? declared.schemaVersion)) {
    return `was saved with schema version ${saved.schemaVersion}, and no migration leads from it to ${declared.schemaVersion}`;
  }
  return null;
}

/** "a value state", "an aggregating state". */
export const stateOfType = (type: StateType): string => `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type} state`;
