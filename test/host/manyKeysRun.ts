/**
 * More keys in one state than one `Map` can hold: counted, saved into a data file, restored from it, counted again. Prints one
 * JSON line. A program of its own, since it needs a heap of its own; `manyKeys.test.ts` starts it.
 */
import { DataFileWriter } from '../../runtime/checkpoint/dataFileWriter.ts';
import { restoreKeyedState } from '../../runtime/checkpoint/restoreKeyedState.ts';
import { machineSnapshotFiles } from '../../runtime/host/snapshotFiles.ts';
import type { StateDeclaration } from '../../runtime/state/declarations.ts';
import { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';

const [path = '', given = ''] = process.argv.slice(2);
const keys = Number(given);
const files = machineSnapshotFiles({ afterCallback: () => {} });
const count: StateDeclaration<number> = { name: 'count', type: 'value', schemaVersion: 1 };
const declarations = [count] as readonly StateDeclaration[];
const maxParallelism = 128;

const open = () =>
  new KeyedStateBackend({
    operatorUid: 'op',
    maxParallelism,
    keyGroups: { first: 0, last: maxParallelism - 1 },
    declarations,
    now: () => 0,
  });

async function save(): Promise<number> {
  const backend = open();
  for (let key = 0; key < keys; key++) {
    backend.setCurrentKey(key);
    backend.value(count).set(key & 0x7f);
  }
  const writer = new DataFileWriter(
    files.create(path),
    { operatorUid: 'op', subtaskIndex: 0, maxParallelism },
    backend.states,
  );
  const cursor = backend.markSnapshot(1);
  for (let slice = cursor.next(); slice !== null; slice = cursor.next()) {
    if (slice.block !== null) writer.append(slice.block);
    // The disk gets its turn.
    if (writer.backlogBytes > 8 * 1_024 * 1_024) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise<void>((resolve, reject) =>
    writer.finish((result) => (result.ok ? resolve() : reject(new Error(result.message)))),
  );
  return backend.keyCount;
}

function restore(): { readonly restored: number; readonly wrong: number } {
  const backend = open();
  const old = { operatorUid: 'op', files: [{ path, oldSubtaskIndex: 0 }] };
  for (const _ of restoreKeyedState(backend, declarations, old, files));
  let wrong = 0;
  for (let key = 0; key < keys; key += 97) {
    backend.setCurrentKey(key);
    if (backend.value(count).get() !== (key & 0x7f)) wrong++;
  }
  return { restored: backend.keyCount, wrong };
}

const saved = await save();
console.log(JSON.stringify({ saved, ...restore() }));
