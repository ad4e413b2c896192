/**
 * H7: the checkpoint with layers, of format version 2, restores for good: as Sluice restores it and as the independent reader
 * reads it, it is the fixture's content with what has changed and gone since.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compareSnapshots } from '../../runtime/checkpoint/compareSnapshots.ts';
import { parseManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { at, restoreAll } from '../checkpoint/snapshotting.ts';
import * as fixture from './fixture.ts';
import { readLayers, readSnapshot } from './independentReader.ts';
import { isChanged, isGone, layersFiles } from './writeLayers.ts';

const directory = fileURLToPath(new URL('v2', import.meta.url));

function loaded() {
  const manifest = parseManifest(readFileSync(`${directory}/manifest.json`), 'v2/manifest.json');
  const files = new MemoryFiles();
  const saved = manifest.operators[0]!.files;
  for (const { path } of saved) files.contents.set(`v2/${path}`, new Uint8Array(readFileSync(`${directory}/${path}`)));
  const old = {
    operatorUid: fixture.uid,
    files: saved.map(({ path, subtaskIndex, layer = 0 }) => ({ path: `v2/${path}`, oldSubtaskIndex: subtaskIndex, layer })),
  };
  return { manifest, files, old };
}

test('it has layers', () => {
  const { manifest } = loaded();
  expect(manifest.formatVersion).toBe(2);
  expect(manifest.operators[0]!.files.map(({ layer }) => layer)).toEqual([undefined, 1, 2]);
});

test.each([1, 3, 16])('is restored at parallelism %i', (parallelism) => {
  const { files, old } = loaded();
  const { uid, maxParallelism, declarations } = fixture;
  const subtasks = restoreAll({ uid, maxParallelism, declarations }, parallelism, old, files);
  for (const [i, [key, value]] of fixture.content.entries()) {
    const states = at(subtasks, key);
    const perHour = [...states.map(fixture.perHour).entries()];
    expect(states.value(fixture.total).get()).toStrictEqual({ value });
    if (isGone(i)) {
      expect(states.value(fixture.lastValue).get()).toBeUndefined();
      expect(states.list(fixture.events).get()).toEqual([]);
      expect(perHour).toStrictEqual(i % 2 === 0 ? [['again', i]] : []);
      continue;
    }
    expect(states.value(fixture.lastValue).get()).toStrictEqual(isChanged(i) ? `changed ${i}` : value);
    expect(states.list(fixture.events).get()).toStrictEqual([{ value }, i]);
    expect(states.map(fixture.perHour).get(['hour', i])).toStrictEqual({ value });
    expect(states.map(fixture.perHour).get(key)).toBe(isChanged(i) ? -i : i);
  }
  const due: number[] = [];
  for (const { eventTimers } of subtasks)
    for (let timer = eventTimers.popDue(1e9); timer !== null; timer = eventTimers.popDue(1e9)) due.push(timer.time);
  expect(due.sort((a, b) => a - b)).toEqual(fixture.content.map((_, i) => i * 1_000 + (isChanged(i) ? 1 : 0)));
});

test('a reader that was written from the documentation reads the same', () => {
  const { manifest, files } = readSnapshot(directory);
  const [{ states }] = manifest.operators as [(typeof manifest.operators)[number]];
  const gone = fixture.content.filter((_, i) => isGone(i)).length;
  const again = fixture.content.filter((_, i) => isGone(i) && i % 2 === 0).length;
  const counts = { last: fixture.content.length - gone, total: fixture.content.length, events: fixture.content.length - gone };
  for (const [state, count] of Object.entries(counts)) expect(readLayers(files, state).length, state).toBe(count);
  expect(readLayers(files, 'per-hour').length).toBe(2 * (fixture.content.length - gone) + again);
  const changed = readLayers(files, 'last').filter(({ value }) => typeof value === 'string' && value.startsWith('changed '));
  expect(changed.length).toBe(fixture.content.filter((_, i) => isChanged(i)).length);
  for (const { name, keys } of states) expect(readLayers(files, name).length, name).toBe(keys);
});

test('compare reads it, and finds nothing that differs from itself', () => {
  const { manifest, files } = loaded();
  const snapshot = { manifest, directory: 'v2' };
  for (const { state, unchanged, keysA, added, removed, changed } of compareSnapshots(snapshot, snapshot, files).states) {
    expect(unchanged, state).toBe(keysA);
    expect(added + removed + changed).toBe(0);
  }
});

test('what this version writes is still, byte by byte, what it wrote then', () => {
  for (const [name, bytes] of layersFiles())
    expect(Buffer.compare(Buffer.from(bytes), readFileSync(`${directory}/${name}`)), name).toBe(0);
});
