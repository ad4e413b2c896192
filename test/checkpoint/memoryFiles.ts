/** Snapshot files in memory, durable at once. */
import { createHash } from 'node:crypto';
import {
  type SnapshotBytes,
  SnapshotDamage,
  type SnapshotFile,
  type SnapshotFiles,
} from '../../runtime/checkpoint/storage.ts';

export class MemoryFiles implements SnapshotFiles {
  readonly contents = new Map<string, Uint8Array>();

  create(path: string): SnapshotFile {
    const chunks: Uint8Array[] = [];
    return {
      backlogBytes: 0,
      append: (chunk) => void chunks.push(chunk),
      finish: (done) => {
        const bytes = new Uint8Array(Buffer.concat(chunks));
        this.contents.set(path, bytes);
        done({
          ok: true,
          value: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
        });
      },
      abort: () => void this.contents.delete(path),
    };
  }

  open(path: string): SnapshotBytes {
    const bytes = this.contents.get(path);
    if (bytes === undefined) throw new SnapshotDamage(path, 'is missing.');
    return {
      path,
      size: () => bytes.length,
      read: (position, length) => {
        if (position + length > bytes.length) throw new SnapshotDamage(path, 'is cut off.');
        return bytes.slice(position, position + length);
      },
      close: () => {},
    };
  }

  linkAll: SnapshotFiles['linkAll'] = (links) => {
    if (links.some(({ from }) => !this.contents.has(from)))
      return { ok: false, message: 'a file is missing' };
    for (const { from, to } of links) this.contents.set(to, this.contents.get(from)!);
    const undo = () => {
      for (const { to } of links) this.contents.delete(to);
    };
    return { ok: true, value: { undo } };
  };
}
