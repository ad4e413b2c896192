/**
 * Whole snapshots on the disk. An attempt lives in a directory with a leading dot; the manifest is written into it last,
 * everything is synced, and one rename makes the snapshot exist:
 *
 *   .attempt-… made → data files written and synced by the tasks → manifest.json written, synced → directory synced
 *   → renamed → parent synced → published
 *
 * Whoever is killed before the rename leaves a directory that nobody takes for a snapshot; it is cleared away by the
 * next run of the job (`settleSnapshots`), which owns the job's data directory by its lock. So is a checkpoint that was
 * half discarded: its manifest goes first, and a directory without one is no snapshot.
 *
 * Whoever was told that a snapshot failed must not find it later: sinks clear away what waited for it. What fails after the
 * rename is therefore taken back. And whoever goes on from a snapshot must find it again: a process that was killed between the
 * rename and its sync has left one that a power cut still takes away, so the next run syncs before it chooses.
 */
import { randomBytes } from 'node:crypto';
import { constants, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../checkpoint/manifest.ts';
import { printManifest } from '../checkpoint/manifestCodec.ts';
import {
  checkpointDirectoryName,
  checkpointIdOf,
  manifestFileName,
  savepointDirectoryName,
} from '../checkpoint/snapshotPaths.ts';
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

/**
 * Removes what runs of this job left half done when they were killed, and makes durable what they had renamed: from here on every
 * snapshot that is found stays. Only for the holder of the job's lock.
 */
export async function settleSnapshots(data: DataDirectory, job: string): Promise<void> {
  for (const parent of [data.savepoints, data.checkpoints(job)]) {
    if (!(await isThere(parent))) continue;
    try {
      for (const name of await readdir(parent)) {
        const isHalf =
          parent === data.checkpoints(job) &&
          checkpointIdOf(name) !== null &&
          !(await isThere(join(parent, name, manifestFileName)));
        if (isHalf || name.startsWith(attemptPrefixOf(job)))
          await rm(join(parent, name), { recursive: true, force: true });
      }
      await syncNames(parent);
    } catch (error) {
      throw new Error(sentenceOf(error), { cause: error });
    }
  }
}

/** Writes a file that is either the old one or the new one, whenever the power goes. */
export async function replaceFileDurably(path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await writeDurably(temporary, text, mode);
    await rename(temporary, path);
  } catch (error) {
    // Told is what went wrong first; a name with random digits is in nobody's way.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncNames(dirname(path));
}

async function publish(directory: string, manifest: Manifest): Promise<string> {
  await writeDurably(join(directory, manifestFileName), printManifest(manifest), 0o644);
  failpoint('after-manifest-write');
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
  try {
    await syncNames(parent);
  } catch (error) {
    await takeBack(place, error);
    throw error;
  }
  failpoint('after-publish');
  return place;
}

/** What cannot even be taken back is named, since a later run would take it for complete. */
async function takeBack(place: string, cause: unknown): Promise<void> {
  try {
    await rm(join(place, manifestFileName), { force: true });
    await syncNames(place);
  } catch {
    throw new Error(`${sentenceOf(cause)}; nor could it be taken back: delete ${place} before the next run`);
  }
  // What is left is no snapshot any more, and cleared away by the next run at the latest.
  await rm(place, { recursive: true, force: true }).catch(() => {});
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
    try {
      await file.sync();
    } catch (error) {
      throw withPath(error, copy);
    } finally {
      await file.close();
    }
    if (dirname(copy) !== to) await syncNames(dirname(copy));
    failpoint('half-adopted');
  }
}

/** The manifest goes first: what is only half removed is no snapshot any more. */
async function discard(directory: string): Promise<void> {
  await rm(join(directory, manifestFileName), { force: true });
  failpoint('half-discarded');
  await rm(directory, { recursive: true, force: true });
}

/** Two savepoints in one second, with one label, are two savepoints. */
export async function freePlace(parent: string, name: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const place = join(parent, attempt === 1 ? name : `${name}-${attempt}`);
    if (!(await isThere(place))) return place;
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function writeDurably(path: string, text: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await file.close();
  }
}

/** Calls on an open file do not say which. */
function withPath(error: unknown, path: string): unknown {
  return error instanceof Error && !('path' in error) ? Object.assign(error, { path }) : error;
}

export async function syncNames(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    throw withPath(error, directory);
  } finally {
    await handle.close();
  }
}

function answer<T>(done: (result: Outcome<T>) => void, work: () => Promise<T>): void {
  work().then(
    (value) => done({ ok: true, value }),
    (error: unknown) => done({ ok: false, message: sentenceOf(error) }),
  );
}

/** With the path, and with what to do where that is known. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const path = 'path' in error && typeof error.path === 'string' ? error.path : null;
  const code = 'code' in error ? error.code : null;
  if (path === null && code !== 'ENOSPC') return error.message;
  const where = path ?? 'the data directory';
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return `there is no space left for ${where}; make room on that disk`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${where} may not be written (${code}); give this user the right to, or choose another --data`;
    case 'ENOENT':
      return `${where} is gone; somebody has removed it or a directory above it`;
    case 'ENOTDIR':
      return `${where} cannot be made, since a directory above it is a file; move that away`;
    case 'EIO':
      return `the disk answered an error for ${where} (EIO); look after that disk, or choose another --data`;
    default:
      return error.message;
  }
}
