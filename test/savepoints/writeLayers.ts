/**
 * Writes the checkpoint with layers that is kept under `v2/`: the fixture job's state, then two increments. What is expected
 * of it is in `layersContent`. `node test/savepoints/writeLayers.ts v2` wrote it; once a version is released it is never written
 * again.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataFileWriter, type WrittenFile } from '../../runtime/checkpoint/dataFileWriter.ts';
import { formatVersionOf, type Manifest } from '../../runtime/checkpoint/manifest.ts';
import { printManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { type ChainPlan, FileChain, type Saved } from '../../runtime/engine/fileChain.ts';
import type { KeyedStateBackend } from '../../runtime/state/keyedStates.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { at, subtasksOf } from '../checkpoint/snapshotting.ts';
import * as fixture from './fixture.ts';

/** After the increments: every third key changed, every fifth gone, its map too; the timers of the changed ones moved. */
export const isGone = (i: number): boolean => i % 5 === 4;
export const isChanged = (i: number): boolean => !isGone(i) && i % 3 === 2;

/** Name of a file in the checkpoint → its content. */
export function layersFiles(): ReadonlyMap<string, Uint8Array> {
  const [backend] = subtasksOf({ uid: fixture.uid, maxParallelism: fixture.maxParallelism, declarations: fixture.declarations }, 1);
  const chain = new FileChain(backend!, { fullBelowBytes: 0, slices: 4 });
  const files = new MemoryFiles();
  const on = (i: number) => at([backend!], fixture.content[i]![0]);
  for (const [i, [key, value]] of fixture.content.entries()) {
    const states = on(i);
    states.value(fixture.lastValue).set(value);
    states.value(fixture.total).set({ value });
    states.list(fixture.events).update([{ value }, i]);
    states.map(fixture.perHour).set(['hour', i], { value });
    states.map(fixture.perHour).set(key, i);
    states.timers.registerEventTime(i * 1_000, key);
  }
  checkpoint(backend!, chain, files, 1);
  for (const [i, [key]] of fixture.content.entries()) {
    if (!isChanged(i)) continue;
    const states = on(i);
    states.value(fixture.lastValue).set(`changed ${i}`);
    states.map(fixture.perHour).set(key, -i);
    states.timers.deleteEventTime(i * 1_000, key);
    states.timers.registerEventTime(i * 1_000 + 1, key);
  }
  checkpoint(backend!, chain, files, 2);
  for (const [i] of fixture.content.entries()) {
    if (!isGone(i)) continue;
    const states = on(i);
    states.value(fixture.lastValue).clear();
    states.list(fixture.events).clear();
    states.map(fixture.perHour).clear();
    if (i % 2 === 0) states.map(fixture.perHour).set('again', i);
  }
  const saved = checkpoint(backend!, chain, files, 3);
  const prefix = 'chk-3/';
  const own = [...files.contents].flatMap(([path, bytes]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), bytes] as const] : []));
  return new Map([...own, ['manifest.json', Buffer.from(printManifest(manifestOf(saved)))]]);
}

/** As a task takes one, at once, and complete. */
function checkpoint(backend: KeyedStateBackend, chain: FileChain, files: MemoryFiles, id: number): Saved {
  const directory = `chk-${id}`;
  const plan: ChainPlan = chain.plan(directory, files);
  const path = `operator-0.${id}.state`;
  const wholeGroups = plan.type === 'increment' ? [...plan.wholeGroups] : null;
  const options = { operatorUid: fixture.uid, subtaskIndex: 0, maxParallelism: fixture.maxParallelism, wholeGroups };
  const writer = new DataFileWriter(files.create(`${directory}/${path}`), options, backend.states);
  const cursor = plan.type === 'increment' ? backend.markIncrement(id, plan.wholeGroups) : backend.markFullCheckpoint(id);
  for (let slice = cursor.next(); slice !== null; slice = cursor.next()) if (slice.block !== null) writer.append(slice.block);
  let written: WrittenFile | null = null;
  writer.finish((outcome) => {
    if (outcome.ok) written = outcome.value;
  });
  const saved = chain.wrote(id, plan, path, written!);
  chain.complete(id, directory);
  return saved;
}

function manifestOf({ files, states }: Saved): Manifest {
  const { uid, maxParallelism } = fixture;
  const operators = [{ uid, name: 'Fixture', type: 'process', parallelism: 1, maxParallelism, states, files: files.map((file) => ({ ...file, subtaskIndex: 0 })) }];
  return {
    formatVersion: formatVersionOf(operators), sluiceVersion: '0.1.0', job: 'fixture', fingerprint: 'fixture', kind: 'checkpoint', checkpointId: 3, runId: 'run',
    parent: { runId: 'run', checkpointId: 2 }, trigger: 'periodic', stopped: false, drained: false, finished: false, label: null, notes: null,
    triggeredAt: 1_700_000_000_000, completedAt: 1_700_000_000_250, parallelism: 1, maxParallelism, operators,
    sources: [{ operator: uid, split: 'x', offset: 12, watermark: 1_699_999_999_000 }],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = fileURLToPath(new URL(`${process.argv[2] ?? 'unnamed'}/`, import.meta.url));
  if (existsSync(directory)) throw new Error(`${directory} is there already; a released version is never written again.`);
  mkdirSync(directory);
  for (const [name, bytes] of layersFiles()) writeFileSync(join(directory, name), bytes);
}
