/**
 * Storage that fails at every call that it makes of the file system, one after the other: the operation is told as failed in
 * one sentence with the path, what it was about does not exist, and the checkpoint before it is as it was.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import type { CheckpointStorage, Outcome } from '../../runtime/checkpoint/storage.ts';
import { fileCheckpointStorage, settleSnapshots } from '../../runtime/host/checkpointStorage.ts';
import { createDataDirectory, type DataDirectory } from '../../runtime/host/dataDirectory.ts';
import { checkpointsOnShelf } from '../../runtime/host/savepointShelf.ts';
import { executionOf, manifestOf } from '../server/jobOf.ts';

/** Which call of the file system fails from now on, and how; counts all of them, and keeps the paths that were synced. */
const disk = vi.hoisted(() => ({ failAt: 0, code: 'EIO', calls: 0, synced: [] as string[] }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const failing =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>, path: (args: A) => string | undefined) =>
    async (...args: A): Promise<R> => {
      if (++disk.calls === disk.failAt)
        throw Object.assign(new Error(`${disk.code}: made to fail`), {
          code: disk.code,
          ...(path(args) === undefined ? {} : { path: path(args) }),
        });
      return call(...args);
    };
  const first = (args: unknown[]) => String(args[0]);
  return {
    ...real,
    mkdir: failing(real.mkdir as (path: string) => Promise<unknown>, first),
    rename: failing(real.rename, first),
    rm: failing(real.rm, first),
    copyFile: failing(real.copyFile, first),
    open: failing(async (...args: Parameters<typeof real.open>) => {
      const handle = await real.open(...args);
      const none = () => undefined;
      const sync = handle.sync.bind(handle);
      handle.sync = failing(async () => {
        await sync();
        disk.synced.push(String(args[0]));
      }, none);
      handle.writeFile = failing(handle.writeFile.bind(handle), none) as typeof handle.writeFile;
      return handle;
    }, first),
  };
});

const root = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const graph = executionOf();
let data: DataDirectory;
let storage: CheckpointStorage;
let count = 0;

beforeEach(() => {
  disk.failAt = 0;
  data = createDataDirectory(join(root, String(count++)));
  storage = fileCheckpointStorage(data, 'joined');
});

const outcome = <T>(start: (done: (result: Outcome<T>) => void) => void) => new Promise<Outcome<T>>(start);
const begin = (id: number) => outcome<string>((done) => storage.begin(id, 'checkpoint', null, done));
const publish = (directory: string, manifest: Manifest) =>
  outcome<string>((done) => storage.publish(directory, manifest, done));
const checkpoint = (id: number) => manifestOf(graph, id, id * 1_000);
const idsOnShelf = () =>
  checkpointsOnShelf(data, 'joined').snapshots.map((point) => point.manifest.checkpointId);

async function published(id: number): Promise<string> {
  const attempt = await begin(id);
  if (!attempt.ok) throw new Error(attempt.message);
  writeFileSync(join(attempt.value, 'x.state'), `state of ${id}`);
  const result = await publish(attempt.value, checkpoint(id));
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

/** Every call of the operation fails once, until one run makes fewer calls than that. */
async function atEveryCall(code: string, operation: (round: number) => Promise<Outcome<unknown>>) {
  const messages: string[] = [];
  for (let failAt = 1; ; failAt++) {
    Object.assign(disk, { calls: 0, failAt, code });
    const result = await operation(failAt);
    const wasReached = disk.calls >= failAt;
    disk.failAt = 0;
    if (!wasReached) {
      expect(result.ok).toBe(true);
      return messages;
    }
    if (!result.ok) messages.push(result.message);
  }
}

describe.each(['ENOSPC', 'EACCES', 'EIO'])('%s at every call of the file system', (code) => {
  test('a checkpoint that cannot be published does not exist, and the one before it is as it was', async () => {
    const good = await published(1);
    const before = readFileSync(join(good, 'manifest.json'), 'utf8');
    const messages = await atEveryCall(code, async (round) => {
      const id = round + 1;
      const attempt = join(data.checkpoints('joined'), `.attempt-joined@${id}-x`);
      mkdirSync(attempt);
      const result = await publish(attempt, checkpoint(id));
      if (!result.ok) {
        disk.failAt = 0;
        expect(idsOnShelf()).toEqual([1]);
      } else rmSync(result.value, { recursive: true });
      return result;
    });
    expect(messages.length).toBeGreaterThanOrEqual(7);
    for (const message of messages) expect(message).toContain(data.root);
    expect(readFileSync(join(good, 'manifest.json'), 'utf8')).toBe(before);
    await settleSnapshots(data, 'joined');
    expect(readdirSync(data.checkpoints('joined'))).toEqual(['chk-000001']);
  });

  test('a point that cannot be adopted leaves the original, and nothing that looks like a checkpoint', async () => {
    const original = await published(1);
    const manifest = {
      ...checkpoint(1),
      operators: [
        {
          uid: 'both',
          name: 'both',
          type: 'process',
          parallelism: 1,
          maxParallelism: 128,
          states: [],
          files: [{ path: 'x.state', bytes: 10, sha256: '0'.repeat(64), subtaskIndex: 0 }],
        },
      ],
    } as Manifest;
    await atEveryCall(code, async (round) => {
      const result = await outcome<string>((done) =>
        storage.adopt(original, { ...manifest, checkpointId: round + 1 }, done),
      );
      if (!result.ok) {
        disk.failAt = 0;
        expect(idsOnShelf()).toEqual([1]);
      } else rmSync(result.value, { recursive: true });
      return result;
    });
    expect(readFileSync(join(original, 'x.state'), 'utf8')).toBe('state of 1');
  });

  test('a checkpoint that cannot be dropped is whole or none', async () => {
    await published(1);
    await atEveryCall(code, async (round) => {
      const place = await publishedQuietly(round + 1);
      const result = await outcome<null>((done) => storage.discard(place, done));
      disk.failAt = 0;
      const isWhole = existsSync(join(place, 'manifest.json'));
      if (isWhole) expect(readdirSync(place).sort()).toEqual(['manifest.json', 'x.state']);
      rmSync(place, { recursive: true, force: true });
      return result;
    });
    expect(idsOnShelf()).toEqual([1]);
  });
});

/** The faults are for what comes after it. */
async function publishedQuietly(id: number): Promise<string> {
  const { failAt } = disk;
  disk.failAt = 0;
  const place = await published(id);
  Object.assign(disk, { calls: 0, failAt });
  return place;
}

test('what was half dropped when the process died is cleared away by the next run', async () => {
  const place = await published(4);
  rmSync(join(place, 'manifest.json'));
  await published(5);
  await settleSnapshots(data, 'joined');
  expect(readdirSync(data.checkpoints('joined'))).toEqual(['chk-000005']);
});

test('what was renamed when the process died is made durable before the next run goes on from it', async () => {
  await published(6);
  disk.synced = [];
  await settleSnapshots(data, 'joined');
  expect(disk.synced).toEqual([data.savepoints, data.checkpoints('joined')]);
});

test('what cannot be made durable is not gone on from: the start fails in one sentence', async () => {
  await published(6);
  const messages = await atEveryCall('EIO', () =>
    settleSnapshots(data, 'joined').then(
      () => ({ ok: true, value: null }) as const,
      (error: Error) => ({ ok: false, message: error.message }) as const,
    ),
  );
  expect(messages).toHaveLength(4);
  for (const message of messages) expect(message).toMatch(/^the disk answered an error for .* \(EIO\); look/);
  expect(idsOnShelf()).toEqual([6]);
});

test('where a directory was expected and a file is, the sentence says so', async () => {
  mkdirSync(data.job('joined'), { recursive: true });
  writeFileSync(data.checkpoints('joined'), 'in the way');
  const result = await begin(1);
  expect(result).toMatchObject({
    ok: false,
    message: expect.stringMatching(
      /chec?kpoints.* cannot be made, since a directory above it is a file; move that away$/,
    ),
  });
});

test.each([
  ['torn', (path: string) => truncateSync(path, 40)],
  ['emptied', (path: string) => truncateSync(path, 0)],
  [
    'changed in one place',
    (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('"joined"', '"jOined"')),
  ],
])('a manifest that was %s is damage that names the file, and the one before it stays', async (_, change) => {
  await published(1);
  const place = await published(2);
  change(join(place, 'manifest.json'));
  const { snapshots, damaged } = checkpointsOnShelf(data, 'joined');
  expect(snapshots.map((point) => point.manifest.checkpointId)).toEqual([1]);
  expect(damaged).toEqual([{ path: place, message: expect.stringContaining(join(place, 'manifest.json')) }]);
});
