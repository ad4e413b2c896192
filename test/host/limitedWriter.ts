/** A process that writes a megabyte in each way that Sluice writes, and prints what it is told as JSON: for a limit set from outside. */
import { join } from 'node:path';
import { fileCheckpointStorage } from '../../runtime/host/checkpointStorage.ts';
import { dataDirectory } from '../../runtime/host/dataDirectory.ts';
import { machineFiles } from '../../runtime/host/files.ts';
import { machineSnapshotFiles } from '../../runtime/host/snapshotFiles.ts';
import { executionOf, manifestOf } from '../server/jobOf.ts';

const [directory = ''] = process.argv.slice(2);
const megabyte = new Uint8Array(1024 * 1024).fill(97);
const told: Record<string, string> = {};

const state = machineSnapshotFiles({ afterCallback: () => {} }).create(join(directory, 'data.state'));
state.append(megabyte);
told.state = await new Promise((done) =>
  state.finish((result) => done(result.ok ? 'written' : result.message)),
);

const part = machineFiles({ workingDirectory: directory, afterCallback: () => {} }).create('part.txt');
try {
  part.write(megabyte);
  told.part = 'written';
} catch (error) {
  told.part = String(error);
}

const storage = fileCheckpointStorage(dataDirectory(directory), 'joined');
const attempt = await new Promise<string>((done) =>
  storage.begin(1, 'checkpoint', null, (result) => done(result.ok ? result.value : result.message)),
);
// Its notes alone are longer than what may be written.
const manifest = { ...manifestOf(executionOf(), 1, 1), notes: 'x'.repeat(100_000) };
told.manifest = await new Promise((done) =>
  storage.publish(attempt, manifest, (result) => done(result.ok ? 'written' : result.message)),
);
console.log(JSON.stringify(told));
