/**
 * Writes the records of one subtask into parts: one part from barrier to barrier, none where there were no records. See
 * fileSink.ts for the invariants.
 */
import { assert, present } from '../base/assert.ts';
import { crc32 } from '../base/crc32.ts';
import { utf8BytesMax, writeUtf8 } from '../base/utf8.ts';
import { FileError, type WritableFile } from '../operators/files.ts';
import type { SnapshotContext } from '../operators/operator.ts';
import { type SinkContext, SinkError, type SinkWriter } from '../operators/sink.ts';
import type { PartCommittable } from './fileSink.ts';
import {
  firstFreeCounter,
  type PartWriterState,
  partName,
  partsCommittedAfter,
  partsRefusal,
  partsToRevive,
  pendingName,
  supersededName,
  supersededParts,
} from './partNames.ts';

export interface PartFormat<T> {
  readonly name: string;
  readonly extension: string;
  /** What a part begins with, made from its first record; null: nothing. With its line feed. */
  header(first: T): string | null;
  /** With its line feed. Throws an Error that says what is wrong with the record. */
  encode(value: T): string;
}

/** A part that was prepared, on its way to the disk. It is kept until it and its name are durable. */
interface ClosingPart {
  readonly file: WritableFile;
  /** `lost`: its sync failed. Who asks again may be told that all is well though nothing was written (Linux does so). */
  state: 'open' | 'syncing' | 'closed' | 'lost';
  /** Snapshots that wait for it: a savepoint may begin before a checkpoint has ended. */
  readonly waiting: ((error?: Error) => void)[];
}

const bufferBytes = 64 * 1024;

export class FileSinkWriter<T> implements SinkWriter<T, PartCommittable> {
  readonly #directory: string;
  readonly #format: PartFormat<T>;
  #context!: SinkContext;
  #run = '';
  #next = 0;
  #floor = 0;
  #goneBack: readonly string[] = [];
  #part: { readonly file: WritableFile; readonly pending: string } | null = null;
  #bytes = 0;
  #crc = 0;
  #buffer = new Uint8Array(bufferBytes);
  #used = 0;
  #closing: ClosingPart[] = [];
  /** Parts were revived or superseded, and a power cut could still take that back. */
  #hasUnsyncedNames = false;
  /** Why what was written since the last checkpoint must be written again. */
  #lost: string | null = null;

  constructor(directory: string, format: PartFormat<T>) {
    this.#directory = directory;
    this.#format = format;
  }

  open(context: SinkContext, states: readonly unknown[]): void {
    const { files, subtaskIndex, parallelism, runId, attempt } = context;
    const { extension } = this.#format;
    const saved = states as readonly PartWriterState[];
    this.#context = context;
    this.#hasUnsyncedNames = context.supersede;
    this.#run = `${runId.replace(/[^A-Za-z0-9]/g, '')}-${attempt}`;
    this.#guard(() => files.makeDirectory(this.#directory));
    const names = this.#guard(() => files.list(this.#directory));
    const isMine = (part: { readonly subtask: number }) => part.subtask % parallelism === subtaskIndex;
    for (const { name, part } of partsToRevive(saved, names, extension).filter(isMine)) {
      this.#rename(name, part);
    }
    // Usually done for the whole directory before any writer is opened (supersedeParts.ts); here each does its share.
    const after = partsCommittedAfter(saved, names, extension);
    if (after.length > 0 && !context.supersede) {
      throw new SinkError(partsRefusal(this.#directory, after, saved.length === 0));
    }
    const goingBack = `${runId}.${attempt}`;
    for (const { name } of after.filter(isMine)) this.#rename(name, supersededName(name, goingBack));
    this.#floor = firstFreeCounter(saved, names, extension);
    this.#next = this.#floor;
    // Whatever is superseded now, and was not just revived, is not of this branch, whoever superseded it.
    const revived = new Set(partsToRevive(saved, names, extension).map(({ name }) => name));
    const foreign = supersededParts(names, extension).filter(({ name }) => !revived.has(name));
    this.#goneBack = [
      ...new Set([...foreign.map(({ run }) => run), ...(context.supersede ? [goingBack] : [])]),
    ];
  }

  write(value: T): void {
    if (this.#part === null) {
      this.#begin();
      const header = this.#format.header(value);
      if (header !== null) this.#append(header);
    }
    this.#append(this.#format.encode(value));
  }

  prepareCommit(snapshot: Pick<SnapshotContext, 'checkpointId' | 'defer'>): readonly PartCommittable[] {
    const committables: PartCommittable[] = [];
    if (this.#lost !== null) throw new SinkError(this.#lost);
    if (this.#part !== null) {
      this.#flush();
      const { file, pending } = this.#part;
      const part = partName(this.#context.subtaskIndex, this.#next, this.#format.extension);
      committables.push({ pending, part, bytes: this.#bytes, crc32: this.#crc });
      this.#closing.push({ file, state: 'open', waiting: [] });
      this.#part = null;
      this.#next++;
    }
    // Parts that an earlier, declined snapshot could not make durable are part of this one too (F2). And who restores it
    // takes the parts that are there for what was committed before: a superseded one must not come back.
    if (this.#closing.length > 0 || this.#hasUnsyncedNames) snapshot.defer((done) => this.#makeDurable(done));
    return committables;
  }

  writerState(): PartWriterState {
    assert(this.#part === null, 'a snapshot of a file sink comes after its parts were closed');
    const { subtaskIndex: subtask } = this.#context;
    return { subtask, next: this.#next, floor: this.#floor, goneBack: this.#goneBack };
  }

  close(): void {
    this.#part?.file.close();
    this.#part = null;
    // A part that is being synced is closed when that is done: its descriptor is in use.
    for (const closing of this.#closing) if (closing.state === 'open') closing.file.close();
    this.#closing = [];
  }

  #begin(): void {
    const { files, subtaskIndex } = this.#context;
    const pending = pendingName(subtaskIndex, this.#next, this.#run, this.#format.extension);
    const file = this.#guard(() => files.create(this.#path(pending)));
    this.#part = { file, pending };
    this.#bytes = 0;
    this.#crc = 0;
  }

  #append(text: string): void {
    const bytesMax = utf8BytesMax(text.length);
    if (this.#used + bytesMax > this.#buffer.length) this.#flush();
    if (bytesMax > this.#buffer.length) this.#buffer = new Uint8Array(bytesMax);
    this.#used = writeUtf8(this.#buffer, this.#used, text);
  }

  #flush(): void {
    if (this.#used === 0) return;
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#crc = crc32(bytes, this.#crc);
    this.#bytes += bytes.length;
    const { file } = present(this.#part, 'the part that is written');
    this.#guard(() => file.write(bytes));
    this.#used = 0;
  }

  /** Bytes first, then names (F2). */
  #makeDurable(done: (error?: Error) => void): void {
    const parts = [...this.#closing];
    let left = parts.length;
    let failure: Error | undefined;
    if (left === 0) this.#syncNames(parts, done);
    for (const part of parts) {
      this.#finish(part, (error) => {
        failure ??= error;
        if (--left > 0) return;
        if (failure !== undefined) done(failure);
        else this.#syncNames(parts, done);
      });
    }
  }

  /** After the bytes of these parts. */
  #syncNames(parts: readonly ClosingPart[], done: (error?: Error) => void): void {
    this.#context.files.syncDirectory(this.#directory, (problem) => {
      if (problem !== undefined) return done(this.#sinkError(problem));
      this.#closing = this.#closing.filter((closing) => !parts.includes(closing));
      this.#hasUnsyncedNames = false;
      done();
    });
  }

  /** Synced and closed. After an error the snapshot is declined, and the next barrier fails the task (F2). */
  #finish(part: ClosingPart, done: (error?: Error) => void): void {
    if (part.state === 'closed') {
      done();
      return;
    }
    part.waiting.push(done);
    if (part.state === 'syncing') return;
    part.state = 'syncing';
    const settle = (error?: FileError): void => {
      part.state = error === undefined ? 'closed' : 'lost';
      const failure = error === undefined ? undefined : this.#sinkError(error);
      if (failure !== undefined)
        this.#lost ??= `${failure.message} What the disk holds of it is not known, so it is written again.`;
      this.#closeFile(part.file);
      for (const waiter of part.waiting.splice(0)) waiter(failure);
    };
    try {
      part.file.sync(settle);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      settle(error);
    }
  }

  /** What could not be written is told where it matters: at the sync. */
  #closeFile(file: WritableFile): void {
    try {
      file.close();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#lost ??= this.#sinkError(error).message;
    }
  }

  #rename(from: string, to: string): void {
    this.#guard(() => this.#context.files.rename(this.#path(from), this.#path(to)));
    this.#hasUnsyncedNames = true;
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  #guard<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      throw error instanceof FileError ? this.#sinkError(error) : error;
    }
  }

  #sinkError(error: FileError): SinkError {
    return new SinkError(`The sink ${this.#directory} cannot be written: ${error.message}.`);
  }
}
