/**
 * Whole snapshots on the disk. An attempt lives in a directory with a leading dot; the manifest is written into it last,
 * everything is synced, and one rename makes the snapshot exist:
 *
 *   .attempt-… made → data files written and synced by the tasks → manifest.json written, synced → directory synced
 *   → renamed → parent synced → published
 *
 * Whoever is killed before the rename leaves a directory that nobody takes for a snapshot; it is cleared away by the
 * next run of the job (`clearAttempts`), which owns the job's data directory by its lock.
 */
import { randomBytes } from 'node:crypto';
import { constants, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../checkpoint/manifest.ts';
import { printManifest } from '../checkpoint/manifestCodec.ts';
import { checkpointDirectoryName, savepointDirectoryName } from '../checkpoint/snapshotPaths.ts';
import type { CheckpointStorage, Outcome } from '../checkpoint/storage.ts';
import { type DataDirectory, directoryNameOf } from './dataDirectory.ts';
import { failpoint } from './failpoints.ts';

export function fileCheckpointStorage(data: DataDirectory, job: string): CheckpointStorage {
  return {
    begin: (checkpointId, kind, _label, done) => {
      const parent = kind === 'savepoint' ? data.savepoints : data.checkpoints(job);
      const name = `${attemptPrefixOf(job)}${checkpointId}-${randomBytes(4).toString('hex')}`;
      answer(done, async () => {
        const directory = join(parent, name);
        await mkdir(directory, { recursive: true });
        return directory;
      });
    },
    publish: (directory, manifest, done) => answer(done, () => publish(directory, manifest)),
    adopt: (directory, manifest, done) =>
      answer(done, async () => {
        const attempt = join(
          data.checkpoints(job),
          `${attemptPrefixOf(job)}${manifest.checkpointId}-${randomBytes(4).toString('hex')}`,
        );
        await mkdir(attempt, { recursive: true });
        await copyData(directory, attempt, manifest);
        return publish(attempt, manifest);
      }),
    discard: (directory, done) =>
      answer(done, async () => {
        await discard(directory);
        return null;
      }),
  };
}

/** Removes what runs of this job left behind when they were killed. Only for the holder of the job's lock. */
export async function clearAttempts(data: DataDirectory, job: string): Promise<void> {
  for (const parent of [data.savepoints, data.checkpoints(job)]) {
    for (const name of await readdir(parent).catch(() => [])) {
      if (name.startsWith(attemptPrefixOf(job)))
        await rm(join(parent, name), { recursive: true, force: true });
    }
  }
}

/** Writes a file that is either the old one or the new one, whenever the power goes. */
export async function replaceFileDurably(path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  await writeDurably(temporary, text, mode);
  await rename(temporary, path);
  await syncNames(dirname(path));
}

async function publish(directory: string, manifest: Manifest): Promise<string> {
  await writeDurably(join(directory, 'manifest.json'), printManifest(manifest), 0o644);
  await syncNames(directory);
  const parent = dirname(directory);
  const wanted =
    manifest.kind === 'checkpoint'
      ? checkpointDirectoryName(manifest.checkpointId)
      : savepointDirectoryName(manifest.completedAt, manifest.label);
  failpoint('before-manifest-rename');
  const place = manifest.kind === 'checkpoint' ? join(parent, wanted) : await freePlace(parent, wanted);
  await rename(directory, place);
  failpoint('after-manifest-rename');
  await syncNames(parent);
  return place;
}

/** `@` is in no directory name of a job, so that job `a` never takes an attempt of job `a-1` for its own. */
function attemptPrefixOf(job: string): string {
  return `.attempt-${directoryNameOf(job)}@`;
}

/** Copies, no links: what belongs to the user and what belongs to Sluice must not change together. */
async function copyData(from: string, to: string, manifest: Manifest): Promise<void> {
  for (const { path } of manifest.operators.flatMap(({ files }) => files)) {
    const copy = join(to, path);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(join(from, path), copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const file = await open(copy, 'r+');
    await file.sync().finally(() => file.close());
    if (dirname(copy) !== to) await syncNames(dirname(copy));
  }
}

/** The manifest goes first: what is only half removed is no snapshot any more. */
async function discard(directory: string): Promise<void> {
  await rm(join(directory, 'manifest.json'), { force: true });
  await rm(directory, { recursive: true, force: true });
}

/** Two savepoints in one second, with one label, are two savepoints. */
async function freePlace(parent: string, name: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const place = join(parent, attempt === 1 ? name : `${name}-${attempt}`);
    const isTaken = await stat(place).then(
      () => true,
      () => false,
    );
    if (!isTaken) return place;
  }
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncNames(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function answer<T>(done: (result: Outcome<T>) => void, work: () => Promise<T>): void {
  work().then(
    (value) => done({ ok: true, value }),
    (error: unknown) => done({ ok: false, message: error instanceof Error ? error.message : String(error) }),
  );
}
