/**
 * A disk that is small enough to be filled: a tmpfs of 64 MiB. Linux, and the right to mount; where there is none, chaos runs
 * leave the full disk out and say so.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Null: it can be done; else why not. */
export function smallDiskProblem(): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-mount-'));
  try {
    mountSmallDisk(directory);
    unmount(directory);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The directory is made where it is missing. Throws with what `mount` said. */
export function mountSmallDisk(directory: string, mebibytes = 64): void {
  mkdirSync(directory, { recursive: true });
  run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'sluice-chaos', directory]);
}

/** Also while somebody still has a file open there. */
export function unmount(directory: string): void {
  run('umount', ['--lazy', directory]);
}

/** Until nothing more fits; answers how to make room again. */
export function fill(directory: string): () => void {
  const path = join(directory, 'ballast');
  const file = openSync(path, 'w');
  // Smaller and smaller pieces, so that not even a manifest fits.
  for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 16)) {
    const piece = new Uint8Array(bytes).fill(1);
    while (fits(file, piece));
  }
  closeSync(file);
  return () => rmSync(path, { force: true });
}

function fits(file: number, piece: Uint8Array): boolean {
  try {
    return writeSync(file, piece) === piece.length;
  } catch {
    return false;
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(
      stderr.trim() === '' ? `${command} ended with exit code ${String(status)}` : stderr.trim(),
    );
}
