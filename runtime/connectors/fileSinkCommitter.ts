/**
 * Gives parts their final names when their checkpoint is complete. See fileSink.ts for the invariants.
 *
 * The final name is a second name (a link) for the same file, so that nothing is ever replaced and a crash between two
 * calls leaves both names or one, never none.
 */
import { crc32 } from '../base/crc32.ts';
import { FileError } from '../operators/files.ts';
import type { SnapshotContext } from '../operators/operator.ts';
import { type SinkCommitter, type SinkContext, SinkError } from '../operators/sink.ts';
import type { PartCommittable } from './fileSink.ts';
import { savepointName, strayParts, supersededParts } from './partNames.ts';

export class FileSinkCommitter implements SinkCommitter<PartCommittable> {
  readonly #directory: string;
  readonly #extension: string;
  #context!: SinkContext;
  /** Linked; the dotted name waits until the final one is durable (F3). */
  readonly #linked = new Set<string>();

  constructor(directory: string, extension: string) {
    this.#directory = directory;
    this.#extension = extension;
  }

  recover(context: SinkContext, pending: readonly PartCommittable[]): void {
    this.#context = context;
    const { files, subtaskIndex, parallelism } = context;
    this.#guard(() => files.makeDirectory(this.#directory));
    // A process was gone meanwhile, and perhaps the power: what waits may not be what was written (F5).
    for (const committable of pending) this.#guard(() => this.#requireWhole(committable));
    if (pending.length > 0) this.commit(pending);
    // What subtask j of an earlier run left behind is cleared by subtask j mod Y. What waits for a savepoint stays.
    const waiting = new Set(pending.map((committable) => committable.pending));
    const names = this.#guard(() => files.list(this.#directory));
    for (const { name, subtask } of strayParts(names, this.#extension)) {
      if (subtask % parallelism !== subtaskIndex || waiting.has(name)) continue;
      this.#guard(() => files.remove(this.#path(name)));
    }
  }

  commit(committables: readonly PartCommittable[]): void {
    const failures: unknown[] = [];
    for (const committable of committables) {
      try {
        this.#guard(() => this.#commit(committable));
      } catch (error) {
        failures.push(error);
      }
    }
    // The dotted names then stay until the next snapshot, or until a later run finds them as strays.
    this.#syncAndRemove((error) => {
      if (error !== undefined) this.#context.log('warning', error.message);
    });
    if (failures.length > 0) throw failures[0];
  }

  /** By a name of their own, beside the one that they have: see partNames.ts. */
  retain(committables: readonly PartCommittable[], snapshot: Pick<SnapshotContext, 'defer'>): void {
    const { files } = this.#context;
    for (const { pending } of committables) {
      if (!files.exists(this.#path(pending))) continue;
      this.#guard(() => files.link(this.#path(pending), this.#path(savepointName(pending))));
    }
    snapshot.defer((done) => files.syncDirectory(this.#directory, done));
  }

  /** F6: the sync after the commit may be under way, or have failed. */
  settle(snapshot: Pick<SnapshotContext, 'defer'>): void {
    if (this.#linked.size > 0) snapshot.defer((done) => this.#syncAndRemove(done));
  }

  close(): void {
    // Nobody is there any more for the callback of the last sync. The link was made before: a journal keeps the order.
    for (const pending of this.#linked) this.#removeWaiting(pending);
    this.#linked.clear();
  }

  #requireWhole({ pending, bytes, crc32: checksum }: PartCommittable): void {
    const waiting = this.#waitingName(pending);
    if (waiting === undefined || this.#holds(waiting, bytes, checksum)) return;
    throw new SinkError(
      `${this.#path(waiting)} has other bytes than those that were written: it is damaged and was not committed. ` +
        'Put it back as it was, or restore an older checkpoint or savepoint.',
    );
  }

  #waitingName(pending: string): string | undefined {
    const { files } = this.#context;
    return [pending, savepointName(pending)].find((name) => files.exists(this.#path(name)));
  }

  #commit({ pending, part, bytes, crc32: checksum }: PartCommittable): void {
    const { files } = this.#context;
    const waiting = this.#waitingName(pending);
    if (waiting === undefined) {
      if (!files.exists(this.#path(part)) && !this.#revive(part, bytes, checksum)) {
        throw new SinkError(
          `${this.#path(part)} is lost: neither it nor ${pending}, which was to become it, is there. ` +
            'Put one of them back, or restore another savepoint.',
        );
      }
    } else if (files.link(this.#path(waiting), this.#path(part)) === 'linked') {
      this.#linked.add(pending);
      return;
    }
    // Already committed, or so it seems (F4).
    if (!this.#holds(part, bytes, checksum)) {
      throw new SinkError(
        `${this.#path(part)} is there already with other bytes than those that were to be committed: ` +
          'move it away and start again.',
      );
    }
    this.#linked.add(pending);
  }

  /** It was committed, and another branch has superseded it since. False when that is not so either. */
  #revive(part: string, bytes: number, checksum: number): boolean {
    const { files } = this.#context;
    const superseded = supersededParts(files.list(this.#directory), this.#extension).find(
      (found) => found.part === part && this.#holds(found.name, bytes, checksum),
    );
    if (superseded === undefined) return false;
    files.rename(this.#path(superseded.name), this.#path(part));
    return true;
  }

  #holds(name: string, bytes: number, checksum: number): boolean {
    const file = this.#context.files.openRead(this.#path(name));
    try {
      if (file.size() !== bytes) return false;
      const block = new Uint8Array(64 * 1024);
      let at = 0;
      let crc = 0;
      while (at < bytes) {
        const count = file.read(block, at);
        if (count === 0) return false;
        crc = crc32(block.subarray(0, count), crc);
        at += count;
      }
      return crc === checksum;
    } finally {
      file.close();
    }
  }

  #syncAndRemove(done: (error?: Error) => void): void {
    const durable = [...this.#linked];
    if (durable.length === 0) {
      done();
      return;
    }
    this.#context.files.syncDirectory(this.#directory, (error) => {
      if (error !== undefined)
        return done(new SinkError(`The sink ${this.#directory} cannot commit: ${error.message}.`));
      for (const pending of durable) {
        if (this.#linked.delete(pending)) this.#removeWaiting(pending);
      }
      done();
    });
  }

  /** What cannot be removed does no harm: a later run finds it as a stray. */
  #removeWaiting(pending: string): void {
    const { files, log } = this.#context;
    try {
      files.remove(this.#path(pending));
      files.remove(this.#path(savepointName(pending)));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      log('warning', `${this.#path(pending)} is committed and could not be cleared away: ${error.message}.`);
    }
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  #guard<R>(action: () => R): R {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw new SinkError(`The sink ${this.#directory} cannot commit: ${error.message}.`);
    }
  }
}
