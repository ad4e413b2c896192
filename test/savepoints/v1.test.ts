/**
 * H7: the savepoint of format version 1 restores for good. What is in it is compared with plain data, once as Sluice
 * restores it, at several parallelisms, and once as the independent reader reads it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compareSnapshots } from '../../runtime/checkpoint/compareSnapshots.ts';
import { parseManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import { restoreOperatorState } from '../../runtime/checkpoint/restoreKeyedState.ts';
import { MemoryFiles } from '../checkpoint/memoryFiles.ts';
import { at, restoreAll } from '../checkpoint/snapshotting.ts';
import * as fixture from './fixture.ts';
import { readSnapshot } from './independentReader.ts';
import { fixtureFiles } from './writeFixture.ts';

const directory = fileURLToPath(new URL('v1', import.meta.url));

function loaded() {
  const manifest = parseManifest(readFileSync(`${directory}/manifest.json`), 'v1/manifest.json');
  const files = new MemoryFiles();
  const [saved] = manifest.operators;
  for (const { path } of saved!.files) files.contents.set(`v1/${path}`, new Uint8Array(readFileSync(`${directory}/${path}`)));
  const old = { operatorUid: fixture.uid, files: saved!.files.map(({ path, subtaskIndex }) => ({ path: `v1/${path}`, oldSubtaskIndex: subtaskIndex })) };
  return { manifest, files, old };
}

test.each([1, 2, 3, 16])('H7 version 1 is restored at parallelism %i', (parallelism) => {
  const { files, old } = loaded();
  const { uid, maxParallelism, declarations } = fixture;
  const subtasks = restoreAll({ uid, maxParallelism, declarations }, parallelism, old, files);
  for (const [i, [key, value]] of fixture.content.entries()) {
    const states = at(subtasks, key);
    // A value of undefined or null is told apart, and so are -0 and 0.
    expect(states.value(fixture.lastValue).get()).toStrictEqual(value);
    expect(states.value(fixture.total).get()).toStrictEqual({ value });
    expect(states.list(fixture.events).get()).toStrictEqual([{ value }, i]);
    expect(states.map(fixture.perHour).get(['hour', i])).toStrictEqual({ value });
    expect(states.map(fixture.perHour).get(key)).toBe(i);
  }
  const timers = subtasks.flatMap(({ eventTimers }) => {
    const due = [];
    for (let timer = eventTimers.popDue(Number.POSITIVE_INFINITY); timer !== null; timer = eventTimers.popDue(Number.POSITIVE_INFINITY)) due.push(timer);
    return due;
  });
  expect(timers.sort((a, b) => a.time - b.time)).toStrictEqual(fixture.content.map(([key], i) => ({ key, time: i * 1_000, namespace: key })));
  expect(subtasks.reduce((sum, { processingTimers }) => sum + processingTimers.size, 0)).toBe(fixture.content.length);
  const subtask = { subtaskIndex: 0, parallelism: 1 };
  expect(restoreOperatorState(fixture.pending, old, subtask, files)).toStrictEqual(fixture.pendingOf.flat());
  expect(restoreOperatorState(fixture.positions, old, subtask, files)).toStrictEqual(fixture.positionsOf.flat());
});

test('its manifest says what is in it', () => {
  const { manifest, files } = loaded();
  expect(manifest).toMatchObject({ job: 'fixture', label: 'Fixture ✓', checkpointId: 7, parent: { runId: 'run', checkpointId: 6 } });
  const snapshot = { manifest, directory: 'v1' };
  const { states } = compareSnapshots(snapshot, snapshot, files);
  for (const state of states) {
    expect(state.unchanged, state.state).toBe(state.keysA);
    expect(state.added + state.removed + state.changed).toBe(0);
  }
  expect(states.length).toBe(8);
});

test('H7 a reader that was written from the documentation reads the same', () => {
  const { manifest, files } = readSnapshot(directory);
  expect(manifest.job).toBe('fixture');
  const entries = (state: string) => files.flatMap((file) => file.states[state]!.entries);
  const last = new Map(entries('last').map(({ key, value }) => [printed(key), value]));
  const total = new Map(entries('total').map(({ key, value }) => [printed(key), value]));
  const events = new Map(entries('events').map(({ key, value }) => [printed(key), value]));
  const perHour = new Map(entries('per-hour').map(({ key, subKey, value }) => [printed([key, subKey]), value]));
  for (const [i, [key, value]] of fixture.content.entries()) {
    expect(last.get(printed(key))).toStrictEqual(value);
    expect(total.get(printed(key))).toStrictEqual({ value });
    expect(events.get(printed(key))).toStrictEqual([{ value }, i]);
    expect(perHour.get(printed([key, ['hour', i]]))).toStrictEqual({ value });
    expect(perHour.get(printed([key, key]))).toBe(i);
  }
  expect(last.size).toBe(fixture.content.length);
  expect(entries('event-time-timers').length).toBe(fixture.content.length);
  expect(entries('pending').map(({ value }) => value)).toStrictEqual(fixture.pendingOf.flat());
});

test('H7 what this version writes is still, byte by byte, what version 1 wrote', () => {
  for (const [name, bytes] of fixtureFiles()) {
    expect(Buffer.compare(Buffer.from(bytes), readFileSync(`${directory}/${name}`)), name).toBe(0);
  }
});

/** Tells every two keys apart, and no property order from another. */
function printed(key: unknown): string {
  return JSON.stringify(key, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (typeof part === 'number' && !Number.isFinite(part)) return `number ${part}`;
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
