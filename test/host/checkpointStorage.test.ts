/** A snapshot exists when its manifest is in its final place, and not before. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { parseManifest } from '../../runtime/checkpoint/manifestCodec.ts';
import type { CheckpointStorage, Outcome } from '../../runtime/checkpoint/storage.ts';
import {
  fileCheckpointStorage,
  replaceFileDurably,
  settleSnapshots,
} from '../../runtime/host/checkpointStorage.ts';
import { createDataDirectory, type DataDirectory } from '../../runtime/host/dataDirectory.ts';
import {
  checkpointsOnShelf,
  deleteSavepoint,
  relabel,
  savepointsOnShelf,
} from '../../runtime/host/savepointShelf.ts';
import { verifySnapshot } from '../../runtime/host/verifySnapshot.ts';
import { executionOf, manifestOf } from '../server/jobOf.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-storage-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const graph = executionOf();
let data: DataDirectory;
let storage: CheckpointStorage;
let count = 0;

beforeEach(() => {
  data = createDataDirectory(join(root, String(count++)));
  storage = fileCheckpointStorage(data, 'joined');
});

const value = <T>(start: (done: (result: Outcome<T>) => void) => void) =>
  new Promise<T>((answer, fail) =>
    start((result) => (result.ok ? answer(result.value) : fail(new Error(result.message)))),
  );
const begin = (id: number, kind: 'checkpoint' | 'savepoint' = 'checkpoint') =>
  value<string>((done) => storage.begin(id, kind, null, done));

test('an attempt is no checkpoint until it is published', async () => {
  const attempt = await begin(7);
  writeFileSync(join(attempt, 'x.state'), 'data');
  expect(checkpointsOnShelf(data, 'joined').snapshots).toEqual([]);
  const place = await value<string>((done) => storage.publish(attempt, manifestOf(graph, 7, 1_000), done));
  expect(place).toBe(join(data.checkpoints('joined'), 'chk-000007'));
  expect(readdirSync(place).sort()).toEqual(['manifest.json', 'x.state']);
  expect(checkpointsOnShelf(data, 'joined').snapshots.map(({ manifest }) => manifest.checkpointId)).toEqual([
    7,
  ]);
  expect(readdirSync(data.checkpoints('joined'))).toEqual(['chk-000007']);
});

test('two savepoints of one second and one label are two savepoints', async () => {
  const manifest = {
    ...manifestOf(graph, 1, Date.UTC(2026, 0, 31, 17, 45, 2)),
    kind: 'savepoint' as const,
    label: 'Before!',
  };
  const places: string[] = [];
  for (const id of [1, 2]) {
    const attempt = await begin(id, 'savepoint');
    places.push(
      await value<string>((done) => storage.publish(attempt, { ...manifest, checkpointId: id }, done)),
    );
  }
  expect(places.map((place) => place.slice(data.savepoints.length + 1))).toEqual([
    '20260131-174502-before',
    '20260131-174502-before-2',
  ]);
});

test('a checkpoint is never published over another one', async () => {
  for (const expected of [true, false]) {
    const attempt = await begin(1);
    const published = value<string>((done) => storage.publish(attempt, manifestOf(graph, 1, 1), done));
    if (expected) await published;
    else await expect(published).rejects.toThrow();
  }
});

test('what a killed run left is cleared away by the next one, and only its own', async () => {
  await begin(1);
  await begin(2, 'savepoint');
  const other = await value<string>((done) =>
    fileCheckpointStorage(data, 'joined-2').begin(1, 'savepoint', null, done),
  );
  await settleSnapshots(data, 'joined');
  expect(readdirSync(data.checkpoints('joined'))).toEqual([]);
  expect(readdirSync(data.savepoints)).toEqual([other.slice(data.savepoints.length + 1)]);
});

test('discarding is idempotent', async () => {
  const attempt = await begin(1);
  await value((done) => storage.discard(attempt, done));
  await value((done) => storage.discard(attempt, done));
  expect(readdirSync(data.checkpoints('joined'))).toEqual([]);
});

test('an adopted snapshot is a whole copy, and the original stays as it is', async () => {
  const content = 'some state';
  const file = {
    path: 'x.state',
    bytes: content.length,
    sha256: '15e5fbb83bd8d3e5f7d2ba9b9f4e5b9c',
    subtaskIndex: 0,
  };
  const { createHash } = await import('node:crypto');
  const operator = {
    uid: 'both',
    name: 'both',
    type: 'process',
    parallelism: 1,
    maxParallelism: 128,
    states: [],
    files: [{ ...file, sha256: createHash('sha256').update(content).digest('hex') }],
  };
  const original = { ...manifestOf(graph, 3, 1), kind: 'savepoint' as const, operators: [operator] };
  const attempt = await begin(3, 'savepoint');
  writeFileSync(join(attempt, 'x.state'), content);
  const savepoint = await value<string>((done) => storage.publish(attempt, original, done));
  const before = readFileSync(join(savepoint, 'manifest.json'), 'utf8');
  const manifest = { ...original, kind: 'checkpoint' as const, checkpointId: 9, trigger: 'restore' as const };
  const place = await value<string>((done) => storage.adopt(savepoint, manifest, done));
  verifySnapshot({
    manifest: parseManifest(readFileSync(join(place, 'manifest.json')), place),
    directory: place,
  });
  expect(readFileSync(join(savepoint, 'manifest.json'), 'utf8')).toBe(before);
  expect(statSync(join(place, 'x.state')).ino).not.toBe(statSync(join(savepoint, 'x.state')).ino);
});

test('a manifest that cannot be read is shown with what is wrong, the others are listed', async () => {
  const attempt = await begin(1, 'savepoint');
  await value<string>((done) =>
    storage.publish(attempt, { ...manifestOf(graph, 1, 1), kind: 'savepoint' }, done),
  );
  mkdirSync(join(data.savepoints, 'torn'));
  writeFileSync(join(data.savepoints, 'torn', 'manifest.json'), '{"formatVersion": 1,');
  mkdirSync(join(data.savepoints, 'without-manifest'));
  const { snapshots, damaged } = savepointsOnShelf(data);
  expect(snapshots).toHaveLength(1);
  expect(damaged).toEqual([
    { path: join(data.savepoints, 'torn'), message: expect.stringContaining('torn/manifest.json') },
  ]);
});

test('a label is changed and everything else stays', async () => {
  const attempt = await begin(1, 'savepoint');
  await value<string>((done) =>
    storage.publish(attempt, { ...manifestOf(graph, 1, 1), kind: 'savepoint' }, done),
  );
  const [snapshot] = savepointsOnShelf(data).snapshots;
  if (snapshot === undefined) throw new Error('no savepoint');
  await relabel(snapshot, 'Mine', 'a note');
  expect(savepointsOnShelf(data).snapshots[0]?.manifest).toEqual({
    ...snapshot.manifest,
    label: 'Mine',
    notes: 'a note',
  });
});

test('only a savepoint of the shelf is deleted', async () => {
  mkdirSync(join(root, 'precious'), { recursive: true });
  expect(deleteSavepoint(data, join(root, 'precious'))).toBe(false);
  expect(deleteSavepoint(data, data.savepoints)).toBe(false);
  expect(deleteSavepoint(data, data.checkpoints('joined'))).toBe(false);
  expect(statSync(join(root, 'precious')).isDirectory()).toBe(true);
});

test('a file that is replaced is for its owner only when it says so', async () => {
  const path = join(root, 'secret.json');
  await replaceFileDurably(path, 'one', 0o600);
  await replaceFileDurably(path, 'two', 0o600);
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
