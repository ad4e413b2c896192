/** Writes the fixture of a format version; see `fixture.ts`. Refuses to write over one. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataFileWriter, type WrittenFile } from '../../runtime/checkpoint/dataFileWriter.ts';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { printManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { at, subtasksOf } from '../checkpoint/snapshotting.ts';
import * as fixture from './fixture.ts';

/** Name of a file in the savepoint → its content. */
export function fixtureFiles(): ReadonlyMap<string, Uint8Array> {
  const subtasks = subtasksOf({ uid: fixture.uid, maxParallelism: fixture.maxParallelism, declarations: fixture.declarations }, fixture.parallelism);
  for (const [i, [key, value]] of fixture.content.entries()) {
    const states = at(subtasks, key);
    states.value(fixture.lastValue).set(value);
    states.value(fixture.total).set({ value });
    states.list(fixture.events).update([{ value }, i]);
    states.map(fixture.perHour).set(['hour', i], { value });
    states.map(fixture.perHour).set(key, i);
    states.timers.registerEventTime(i * 1_000, key);
    states.timers.registerProcessingTime(Number.POSITIVE_INFINITY);
  }
  const files = new MemoryFiles();
  const written = subtasks.map((backend, i) => {
    const options = { operatorUid: fixture.uid, subtaskIndex: i, maxParallelism: fixture.maxParallelism };
    const writer = new DataFileWriter(files.create(`operator-${i}.state`), options, backend.states);
    writer.putOperatorState(fixture.pending, fixture.pendingOf[i]!);
    writer.putOperatorState(fixture.positions, fixture.positionsOf[i]!);
    const cursor = backend.markSnapshot(1);
    for (let slice = cursor.next(); slice !== null; slice = cursor.next()) if (slice.block !== null) writer.append(slice.block);
    let result: WrittenFile | null = null;
    writer.finish((outcome) => {
      if (outcome.ok) result = outcome.value;
    });
    return result!;
  });
  return new Map([...files.contents, ['manifest.json', Buffer.from(printManifest(manifestOf(written)))]]);
}

function manifestOf(written: readonly WrittenFile[]): Manifest {
  const sum = (state: number, what: 'keys' | 'bytes') => written.reduce((total, file) => total + file.states[state]![what], 0);
  const states = written[0]!.states.map((state, i) => ({ ...state, keys: sum(i, 'keys'), bytes: sum(i, 'bytes') }));
  const files = written.map(({ bytes, sha256 }, subtaskIndex) => ({ path: `operator-${subtaskIndex}.state`, bytes, sha256, subtaskIndex }));
  const { uid, maxParallelism, parallelism } = fixture;
  return {
    formatVersion: 1, sluiceVersion: '0.1.0', job: 'fixture', fingerprint: 'fixture', kind: 'savepoint', checkpointId: 7, runId: 'run',
    parent: { runId: 'run', checkpointId: 6 }, trigger: 'user', stopped: false, drained: false, finished: false, label: 'Fixture ✓', notes: null,
    triggeredAt: 1_700_000_000_000, completedAt: 1_700_000_000_250, parallelism, maxParallelism,
    operators: [{ uid, name: 'Fixture', type: 'process', parallelism, maxParallelism, states, files }],
    sources: [{ operator: uid, split: 'x', offset: 12, watermark: 1_699_999_999_000 }],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = fileURLToPath(new URL(`${process.argv[2] ?? 'unnamed'}/`, import.meta.url));
  if (existsSync(directory)) throw new Error(`${directory} is there already; a released version is never written again.`);
  mkdirSync(directory);
  for (const [name, bytes] of fixtureFiles()) writeFileSync(join(directory, name), bytes);
}
