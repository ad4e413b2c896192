/** Is every byte of a snapshot what its manifest says? Blocks have checksums of their own; this covers what lies between them. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import type { ManifestFile } from '../checkpoint/manifest.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';

const chunkBytes = 1024 * 1024;

/** Synchronous; for a thread that may wait. Throws SnapshotDamage that names the file. */
export function verifySnapshot({ manifest, directory }: SnapshotPoint): void {
  const chunk = new Uint8Array(chunkBytes);
  for (const file of manifest.operators.flatMap(({ files }) => files))
    verifyFile(join(directory, file.path), file, chunk);
}

function verifyFile(path: string, file: ManifestFile, chunk: Uint8Array): void {
  const descriptor = open(path);
  try {
    const { size } = fstatSync(descriptor);
    if (size !== file.bytes) throw new SnapshotDamage(path, `has ${size} bytes instead of ${file.bytes}`);
    const hash = createHash('sha256');
    for (let position = 0; position < size; ) {
      const count = readSync(descriptor, chunk, 0, chunk.length, position);
      if (count === 0) throw new SnapshotDamage(path, 'ends too early');
      hash.update(chunk.subarray(0, count));
      position += count;
    }
    if (hash.digest('hex') !== file.sha256)
      throw new SnapshotDamage(path, 'is damaged: its SHA-256 is another one');
  } finally {
    closeSync(descriptor);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new SnapshotDamage(path, isMissing ? 'is missing' : `cannot be read: ${String(error)}`);
  }
}
