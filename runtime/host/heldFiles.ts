/**
 * The data files of snapshots, held open while they are compared. A checkpoint of a running job may be subsumed meanwhile: its
 * files lose their names, and whoever has them open reads on.
 */
import { join } from 'node:path';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import type { SnapshotBytes, SnapshotFiles } from '../checkpoint/storage.ts';
import { machineSnapshotFiles, openSnapshotBytes } from './snapshotFiles.ts';

/** A process may have about a thousand open. What is above is opened when it is read. */
const heldMax = 256;

/** Throws SnapshotDamage; nothing stays open then, nor after `use`. */
export function withHeldFiles<T>(snapshots: readonly SnapshotPoint[], use: (files: SnapshotFiles) => T): T {
  const held = new Map<string, SnapshotBytes>();
  try {
    for (const { manifest, directory } of snapshots) {
      if (manifest.kind !== 'checkpoint') continue;
      for (const { files } of manifest.operators)
        for (const { path } of files) {
          const whole = join(directory, path);
          if (held.size < heldMax && !held.has(whole)) held.set(whole, openSnapshotBytes(whole));
        }
    }
    const machine = machineSnapshotFiles({ afterCallback: () => {} });
    return use({
      ...machine,
      open: (path) => {
        const known = held.get(path);
        return known === undefined ? machine.open(path) : { ...reading(known), close: () => {} };
      },
    });
  } finally {
    for (const each of held.values()) each.close();
  }
}

const reading = (bytes: SnapshotBytes): Omit<SnapshotBytes, 'close'> => ({
  path: bytes.path,
  size: () => bytes.size(),
  read: (position, length) => bytes.read(position, length),
});
