/**
 * One subtask's part of one checkpoint after its marking: the asynchronous part. It encodes in slices between steps of the
 * tasks, writes one data file per operator that has state, and acknowledges when all files are durable and everything
 * that operators deferred (a sink that syncs its part) is done. It never sees a change made after the marking.
 */
import type { Barrier } from '../checkpoint/barrier.ts';
import type { OperatorSnapshot } from './control/messages.ts';
import { type Deferred, letGo, type MarkedOperator } from './marking.ts';

export type SnapshotOutcome =
  | { readonly ok: true; readonly operators: readonly OperatorSnapshot[] }
  | { readonly ok: false; readonly message: string };

/** Bytes handed to the disk and not yet written, above which encoding waits. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;

export class SnapshotRun {
  readonly barrier: Barrier;
  readonly #subtaskIndex: number;
  readonly #marked: readonly MarkedOperator[];
  readonly #finished: OperatorSnapshot[] = [];
  readonly #done: (outcome: SnapshotOutcome) => void;
  #place = 0;
  #waitingForFiles = 0;
  #waitingForDeferred = 0;
  #over = false;

  constructor(options: {
    barrier: Barrier;
    subtaskIndex: number;
    marked: readonly MarkedOperator[];
    deferred: readonly Deferred[];
    done: (outcome: SnapshotOutcome) => void;
  }) {
    this.barrier = options.barrier;
    this.#subtaskIndex = options.subtaskIndex;
    this.#marked = options.marked;
    this.#done = options.done;
    this.#waitingForDeferred = options.deferred.length;
    for (const work of options.deferred) {
      work((error) => {
        this.#waitingForDeferred--;
        if (error === undefined) this.#settle();
        else this.#fail(error.message);
      });
    }
  }

  get over(): boolean {
    return this.#over;
  }

  /** A slice of encoding; answers whether there was something to do. */
  step(): boolean {
    if (this.#over) return false;
    const marked = this.#marked[this.#place];
    if (marked === undefined) {
      this.#settle();
      return false;
    }
    try {
      return this.#encode(marked);
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
      return true;
    }
  }

  /** The checkpoint was aborted, or the task goes away: files are removed, nothing is reported. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    for (const marked of this.#marked) letGo(marked);
  }

  #encode(marked: MarkedOperator): boolean {
    const { uid, file, cursor, positions } = marked;
    const subtaskIndex = this.#subtaskIndex;
    if (file === null) {
      this.#finished.push({ uid, subtaskIndex, file: null, states: [], positions });
      this.#place++;
      return true;
    }
    if (file.writer.backlogBytes > BACKLOG_BYTES_MAX) return false;
    const slice = cursor?.next() ?? null;
    if (slice !== null) {
      if (slice.block !== null) file.writer.append(slice.block);
      return true;
    }
    this.#place++;
    this.#waitingForFiles++;
    file.writer.finish((result) => {
      this.#waitingForFiles--;
      if (!result.ok) {
        this.#fail(result.message);
        return;
      }
      const { bytes, sha256, states } = result.value;
      this.#finished.push({ uid, subtaskIndex, file: { path: file.name, bytes, sha256 }, states, positions });
      this.#settle();
    });
    return true;
  }

  #settle(): void {
    if (
      this.#over ||
      this.#place < this.#marked.length ||
      this.#waitingForFiles > 0 ||
      this.#waitingForDeferred > 0
    )
      return;
    this.#over = true;
    this.#done({ ok: true, operators: this.#finished });
  }

  #fail(message: string): void {
    if (this.#over) return;
    this.cancel();
    this.#done({ ok: false, message });
  }
}
