/**
 * The exactly-once file sink. While a part is written its name has a leading dot; when the checkpoint that it belongs to
 * is complete, it gets its final name. See partNames.ts for the names.
 *
 * - F1. A committed part is never changed, replaced or removed.
 * - F2. Before a snapshot is acknowledged, the bytes of its parts and their dotted names would survive a power cut.
 * - F3. While the job runs, a dotted file goes away only when the final name is durable. When the job ends it goes away at
 *   once: then the file system's journal is trusted to keep the order of two calls.
 * - F4. Committing again finds the part with the same bytes (length and checksum) and leaves it; with other bytes, or with
 *   neither file there, it is a SinkError: something from outside has changed the directory.
 * - F5. What a restored snapshot has left to commit is read first: a part that a disk has torn or somebody has changed is a
 *   SinkError, and never gets its final name.
 * - F6. The first snapshot after a commit is acknowledged only when the final names are durable: it knows nothing of their parts
 *   any more, and nobody who restores it would commit them again.
 */
import type { Sink } from '../operators/sink.ts';
import { FileSinkCommitter } from './fileSinkCommitter.ts';
import { FileSinkWriter, type PartFormat } from './fileSinkWriter.ts';

/** A part that is written and durable, and waits for its checkpoint. Names are relative to the sink's directory. */
export interface PartCommittable {
  readonly pending: string;
  readonly part: string;
  readonly bytes: number;
  readonly crc32: number;
}

/** Each writer gets its own format, which may remember something of the part that it writes. */
export function fileSink<T>(
  directory: string,
  format: PartFormat<T> | (() => PartFormat<T>),
): Sink<T, PartCommittable> {
  const path = directory.length > 1 ? directory.replace(/[\\/]+$/, '') : directory;
  const formatOf = typeof format === 'function' ? format : () => format;
  const { name, extension } = formatOf();
  return {
    name: `${name} ${path}`,
    guarantee: 'exactly-once',
    directory: { path, extension },
    createWriter: () => new FileSinkWriter(path, formatOf()),
    createCommitter: () => new FileSinkCommitter(path, extension),
  };
}
