/** Breakages of incremental checkpoints: of what is tracked, what is written, what is shared and how layers are read. */
import type { Mutant } from '../mutants.ts';

const log = 'runtime/state/changeLog.ts';
const chain = 'runtime/engine/fileChain.ts';
const cursor = 'runtime/state/snapshotCursor.ts';
const layers = 'runtime/checkpoint/savedLayers.ts';

/** Caught by random changes, marks, aborts and completions against a plain model. */
const modelled = (name: string, file: string, find: string, replace: string): Mutant => ({
  name,
  file,
  find,
  replace,
  tests: ['test/engine/fileChain.test.ts'],
  caughtBy: ['G11 any checkpoint'],
});

export const incrementMutants: readonly Mutant[] = [
  modelled(
    'a shared file leaves the chain while a key group still needs it',
    chain,
    'const kept = base.files.slice(this.#oldestNeeded(base.files, wholeGroups));',
    'const kept = base.files.slice(Math.min(base.files.length - 1, 1 + this.#oldestNeeded(base.files, wholeGroups)));',
  ),
  modelled(
    'a removed entry is not written into the increment',
    cursor,
    '    this.#builder.remove(key, subKey);\n',
    '',
  ),
  modelled(
    'a removed timer is not written into the increment',
    cursor,
    'else if (changes !== null) this.#builder.remove(timer.key, this.#subKey.view());',
    '',
  ),
  modelled(
    'a removed map is not written into the increment',
    cursor,
    '        this.#builder.removeMap(key);\n',
    '',
  ),
  modelled(
    'the changes of an aborted checkpoint are lost',
    log,
    'this.#marks.push({ checkpointId, changes: this.#takePresent(), count });',
    'this.#marks = [{ checkpointId, changes: this.#takePresent(), count }];',
  ),
  modelled(
    'an increment stands on a checkpoint that was not confirmed',
    log,
    'return (this.#marks ?? []).flatMap(({ changes }) => {',
    'return (this.#marks ?? []).slice(-1).flatMap(({ changes }) => {',
  ),
  modelled(
    'the changes between two checkpoints that are under way at once are lost',
    log,
    'this.#marks = this.#marks.filter((mark) => mark.checkpointId > checkpointId);',
    'this.#marks = [];',
  ),
  modelled(
    'an object that is mutated in place is not among what has changed',
    'runtime/state/stateHandles.ts',
    'if (isWatched(table) && isMutable(value)) touchValue(table, this.#current.mapKey);',
    'if (table.stashes !== null && isMutable(value)) touchValue(table, this.#current.mapKey);',
  ),
  {
    name: 'of two layers the older one counts',
    file: layers,
    find: 'return order < 0 || (order === 0 && a.place < b.place);',
    replace: 'return order < 0 || (order === 0 && a.place > b.place);',
    tests: ['test/checkpoint/savedLayers.test.ts'],
    caughtBy: ['the newest that speaks of an entry counts', 'any layers over any changes'],
  },
  {
    name: 'under a key group that is there in full older layers are read',
    file: layers,
    find: 'if (layer.hasWhole(keyGroup)) return visible;',
    replace: 'if (layer.wholeGroups === null) return visible;',
    tests: ['test/checkpoint/savedLayers.test.ts'],
    caughtBy: ['a group that is there in full hides all that is older of it'],
  },
];
