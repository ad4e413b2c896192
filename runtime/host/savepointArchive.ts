/**
 * A savepoint as one file: a tar archive under gzip, the manifest first, then every data file that it names.
 *
 *   savepoint/manifest.json     savepoint/count-0.state     savepoint/count-1.state     …
 *
 * An archive comes from anywhere, so nothing in it is believed but what the manifest vouches for, and that only after the
 * manifest's own checksum. The manifest says which entries there are and how long each is; the first byte beyond that ends the
 * import. So an archive can neither write outside its own directory nor grow without end: whatever is not named is
 * refused by name, whatever is named is counted and hashed.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline as piped } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import type { Manifest, ManifestFile } from '../checkpoint/manifest.ts';
import { manifestBytesMax, parseManifest } from '../checkpoint/manifestCodec.ts';
import { bytesText } from '../checkpoint/quantityText.ts';
import { manifestFileName, savepointDirectoryName } from '../checkpoint/snapshotPaths.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import { freePlace, syncNames, writeDurably } from './checkpointStorage.ts';
import type { DataDirectory } from './dataDirectory.ts';
import {
  blockBytes,
  paxBytesMax,
  paxPath,
  readTarHeader,
  tarEnd,
  tarHeader,
  tarPadding,
} from './tarFormat.ts';

export const archiveExtension = '.sluice.tar.gz';

/** Answers the size of the archive. Throws SnapshotDamage when the savepoint is not whole, and never replaces a file. */
export async function exportSavepoint(savepoint: SnapshotPoint, file: string): Promise<number> {
  const partial = `${file}.${randomBytes(4).toString('hex')}.partial`;
  try {
    await piped(entriesOf(savepoint), createGzip(), createWriteStream(partial, { flags: 'wx' }));
    const written = await open(partial, 'r+');
    await written.sync().finally(() => written.close());
    if (await exists(file)) throw new SnapshotDamage(file, 'is there already; name another file');
    await rename(partial, file);
    await syncNames(dirname(file));
    return (await stat(file)).size;
  } finally {
    await rm(partial, { force: true });
  }
}

/** A new savepoint on the shelf, under a name of its own. Throws SnapshotDamage that names the archive; nothing is left then. */
export async function importSavepoint(data: DataDirectory, file: string): Promise<SnapshotPoint> {
  const attempt = join(data.savepoints, `.import-${randomBytes(6).toString('hex')}`);
  await mkdir(attempt, { recursive: true });
  try {
    const manifest = await unpack(file, attempt);
    await syncNames(attempt);
    const name = savepointDirectoryName(manifest.completedAt, manifest.label);
    const directory = await freePlace(data.savepoints, name);
    await rename(attempt, directory);
    await syncNames(data.savepoints);
    return { manifest, directory };
  } finally {
    await rm(attempt, { recursive: true, force: true });
  }
}

async function* entriesOf({ manifest, directory }: SnapshotPoint): AsyncGenerator<Uint8Array> {
  const modifiedAt = manifest.completedAt;
  const path = join(directory, manifestFileName);
  const { size } = await stat(path);
  yield tarHeader(`${root}${manifestFileName}`, size, modifiedAt);
  yield* contentOf(path, { bytes: size, sha256: null });
  for (const file of filesOf(manifest)) {
    yield tarHeader(`${root}${file.path}`, file.bytes, modifiedAt);
    yield* contentOf(join(directory, file.path), file);
  }
  yield tarEnd();
}

/** Verified on the way: what is damaged is not handed on. */
async function* contentOf(
  path: string,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256: string | null },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let read = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
      const content = chunk as Buffer;
      read += content.length;
      hash.update(content);
      if (read <= bytes) yield content;
    }
  } catch (error) {
    throw new SnapshotDamage(path, `cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  if (read !== bytes) throw new SnapshotDamage(path, `has ${read} bytes instead of ${bytes}`);
  if (sha256 !== null && hash.digest('hex') !== sha256)
    throw new SnapshotDamage(path, 'is damaged: its SHA-256 is another one');
  yield tarPadding(bytes);
}

async function unpack(file: string, into: string): Promise<Manifest> {
  const archiveBytes = await stat(file).then(
    ({ size }) => size,
    () => {
      throw new SnapshotDamage(file, 'is not there');
    },
  );
  const reader = new ArchiveReader(file);
  try {
    const manifest = await unpackManifest(reader, file, into);
    await requireRoom(manifest, file, archiveBytes, into);
    const missing = new Map(filesOf(manifest).map((known) => [known.path, known]));
    for (let entry = await reader.next(); entry !== null; entry = await reader.next()) {
      const known = missing.get(entry.name);
      if (known === undefined)
        throw new SnapshotDamage(
          file,
          `holds ${JSON.stringify(entry.name)}, which its manifest does not name`,
        );
      if (entry.bytes !== known.bytes)
        throw new SnapshotDamage(file, `has ${entry.bytes} bytes of ${known.path} instead of ${known.bytes}`);
      missing.delete(entry.name);
      await unpackFile(reader, known, file, into);
    }
    const [lost] = missing.keys();
    if (lost !== undefined) throw new SnapshotDamage(file, `lacks ${lost}, which its manifest names`);
    return manifest;
  } finally {
    reader.close();
  }
}

async function unpackManifest(reader: ArchiveReader, file: string, into: string): Promise<Manifest> {
  const first = await reader.next();
  if (first === null || first.name !== manifestFileName)
    throw new SnapshotDamage(file, 'is no savepoint: it does not begin with a manifest');
  if (first.bytes > manifestBytesMax)
    throw new SnapshotDamage(file, `has a manifest of ${first.bytes} bytes, which no manifest is`);
  const bytes = await reader.whole(first.bytes);
  const manifest = parseManifest(bytes, `${manifestFileName} in ${file}`);
  if (manifest.kind !== 'savepoint')
    throw new SnapshotDamage(
      file,
      'holds a checkpoint, which belongs to the run that took it; export a savepoint',
    );
  await writeDurably(join(into, manifestFileName), bytes, 0o644);
  return manifest;
}

/** An archive of a few kilobytes that claims to be terabytes is refused before anything is written. */
async function requireRoom(
  manifest: Manifest,
  file: string,
  archiveBytes: number,
  into: string,
): Promise<void> {
  const bytes = filesOf(manifest).reduce((sum, known) => sum + known.bytes, 0);
  if (bytes > suspiciousBytes && bytes > suspiciousRatio * archiveBytes)
    throw new SnapshotDamage(
      file,
      `claims to be ${bytesText(bytes)}, more than ${suspiciousRatio} times its own size; unpack it with tar if you trust it`,
    );
  const { bavail, bsize } = await statfs(into);
  if (bytes > bavail * bsize)
    throw new SnapshotDamage(file, `needs ${bytesText(bytes)}, and ${bytesText(bavail * bsize)} are free`);
}

async function unpackFile(
  reader: ArchiveReader,
  known: ManifestFile,
  file: string,
  into: string,
): Promise<void> {
  const path = join(into, known.path);
  if (dirname(path) !== into) await mkdir(dirname(path), { recursive: true });
  const written = await open(path, 'wx');
  const hash: Hash = createHash('sha256');
  try {
    for await (const chunk of reader.content(known.bytes)) {
      hash.update(chunk);
      await written.writeFile(chunk);
    }
    await written.sync();
  } finally {
    await written.close();
  }
  if (dirname(path) !== into) await syncNames(dirname(path));
  if (hash.digest('hex') !== known.sha256)
    throw new SnapshotDamage(file, `is damaged: the SHA-256 of ${known.path} is another one`);
}

interface Entry {
  /** Below the archive's own directory. */
  readonly name: string;
  readonly bytes: number;
}

/** Reads an archive from front to back, never more of it than is asked for. */
class ArchiveReader {
  readonly #file: string;
  readonly #source;
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
    this.#source = createReadStream(file, { highWaterMark: chunkBytes });
    const gunzip = createGunzip({ chunkSize: chunkBytes });
    // What is wrong with the file is told where its bytes are waited for.
    this.#source.on('error', (error) => gunzip.destroy(error));
    this.#chunks = this.#source.pipe(gunzip)[Symbol.asyncIterator]();
  }

  /** Null at the end of the archive; what lies behind that is not looked at. */
  async next(): Promise<Entry | null> {
    let longName: string | null = null;
    for (;;) {
      const header = readTarHeader(await this.whole(blockBytes));
      if (header.type === 'end') return null;
      if (header.type === 'bad') throw new SnapshotDamage(this.#file, header.problem);
      if (header.type === 'file') return { name: withoutRoot(longName ?? header.name), bytes: header.bytes };
      if (header.bytes > paxBytesMax) throw new SnapshotDamage(this.#file, 'has a name that is too long');
      longName = paxPath(await this.whole(header.bytes));
    }
  }

  /** So many bytes and the padding behind them. */
  async whole(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.content(bytes)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *content(bytes: number): AsyncGenerator<Buffer> {
    yield* this.#take(bytes);
    for await (const _padding of this.#take(tarPadding(bytes).length));
  }

  close(): void {
    this.#source.destroy();
    void this.#chunks.return?.();
  }

  async *#take(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#chunk.length === 0) this.#chunk = await this.#more();
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async #more(): Promise<Buffer> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done !== true) return value;
    } catch (error) {
      throw new SnapshotDamage(this.#file, gzipProblem(error));
    }
    throw new SnapshotDamage(this.#file, 'ends too early');
  }
}

function gzipProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return 'ends too early';
  return code.startsWith('Z_') ? 'is damaged or no gzip file' : `cannot be read: ${String(error)}`;
}

function filesOf(manifest: Manifest): readonly ManifestFile[] {
  return manifest.operators.flatMap(({ files }) => files);
}

/** Whatever it is called: somebody may have packed the directory by hand. */
function withoutRoot(name: string): string {
  return name.replace(/^(\.\/)?[^/]+\//, '');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

const root = 'savepoint/';
const chunkBytes = 64 * 1_024;
/** State repeats itself, but not so much: what is larger than this and shrinks further than that is no savepoint of ours. */
const suspiciousBytes = 256 * 1_024 ** 2;
const suspiciousRatio = 200;
