/**
 * `.sluice`: where everything lies that Sluice keeps, as paths (section 7 of the design). Whatever comes from outside as
 * the name of a snapshot becomes a path here and nowhere else, and never one outside the data directory and the
 * workspace.
 *
 *   .sluice/.gitignore
 *   .sluice/bundles/<version>/pipeline.mjs        the author's code as it runs, with its source map
 *   .sluice/jobs/<job>/running.json               the run that is going on: process, address, token; for its owner only
 *   .sluice/jobs/<job>/claimed.json               savepoints that were handed over to the job
 *   .sluice/jobs/<job>/checkpoints/chk-000042/
 *   .sluice/jobs/<job>/scratch/                   state beyond memory, while the job runs
 *   .sluice/savepoints/<yyyymmdd-hhmmss>-<slug>/
 */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

export interface DataDirectory {
  /** Absolute. */
  readonly root: string;
  readonly savepoints: string;
  readonly bundles: string;
  readonly jobs: string;
  job(job: string): string;
  checkpoints(job: string): string;
  scratch(job: string): string;
  runningFile(job: string): string;
  claimsFile(job: string): string;
}

export function dataDirectory(root: string): DataDirectory {
  const job = (name: string) => join(root, 'jobs', directoryNameOf(name));
  return {
    root,
    savepoints: join(root, 'savepoints'),
    bundles: join(root, 'bundles'),
    jobs: join(root, 'jobs'),
    job,
    checkpoints: (name) => join(job(name), 'checkpoints'),
    scratch: (name) => join(job(name), 'scratch'),
    runningFile: (name) => join(job(name), 'running.json'),
    claimsFile: (name) => join(job(name), 'claimed.json'),
  };
}

/** Makes it, with the `.gitignore` that keeps it out of the author's repository. */
export function createDataDirectory(root: string): DataDirectory {
  mkdirSync(join(root, 'savepoints'), { recursive: true });
  try {
    writeFileSync(join(root, '.gitignore'), '*\n', { flag: 'wx' });
  } catch {
    // There already, and perhaps the author's own.
  }
  return dataDirectory(root);
}

/** What is in it outlives neither its threads nor its process. */
export async function clearScratch(data: DataDirectory, job: string): Promise<void> {
  await rm(data.scratch(job), { recursive: true, force: true });
}

/** A job's name as a directory: what is no letter, digit, dot or dash is written as `%` and its hex code. */
export function directoryNameOf(job: string): string {
  const escaped = job.replace(
    /[^A-Za-z0-9._-]/gu,
    (character) => `%${character.codePointAt(0)?.toString(16)}`,
  );
  return escaped.startsWith('.') ? `%2e${escaped.slice(1)}` : escaped;
}

/**
 * The directory that a snapshot's id or path names: an id is looked up among the savepoints, everything else is a path
 * relative to the working directory. Null when it lies outside `allowed`, also by way of a symbolic link.
 */
export function snapshotDirectory(
  data: DataDirectory,
  id: string,
  options: { readonly workingDirectory: string; readonly allowed: readonly string[] | 'anywhere' },
): string | null {
  if (id.includes('\0')) return null;
  const isName = basename(id) === id && id !== '.' && id !== '..';
  const named = isName ? join(data.savepoints, id) : resolve(options.workingDirectory, id);
  const directory = basename(named) === 'manifest.json' ? dirname(named) : named;
  if (options.allowed === 'anywhere') return directory;
  const real = realPath(directory);
  return options.allowed.some((root) => isInside(realPath(root), real)) ? directory : null;
}

export function isInside(root: string, path: string): boolean {
  const steps = relative(root, path);
  return steps === '' || (!isAbsolute(steps) && steps !== '..' && !steps.startsWith(`..${sep}`));
}

/** With links resolved as far as the path exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
