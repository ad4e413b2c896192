/**
 * One subtask's part of one checkpoint after its marking: the asynchronous part. It encodes in slices between steps of the
 * tasks, writes one data file per operator that has state, and acknowledges when all files are durable and everything
 * that operators deferred (a sink that syncs its part) is done. It never sees a change made after the marking.
 *
 * Of an unaligned checkpoint the file of the chain's head is the last one, and is finished when the capture is complete.
 */
import type { Barrier } from '../checkpoint/barrier.ts';
import { StateRefused } from '../state/snapshotCursor.ts';
import type { OperatorSnapshot } from './control/messages.ts';
import type { InFlight } from './inFlight.ts';
import { type Deferred, letGo, type MarkedOperator, type MarkingPlace, openDataFile } from './marking.ts';

export type SnapshotOutcome =
  | { readonly ok: true; readonly operators: readonly OperatorSnapshot[] }
  | { readonly ok: false; readonly message: string };

/** Bytes handed to the disk and not yet written, above which encoding waits. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;

export class SnapshotRun {
  readonly barrier: Barrier;
  readonly #target: MarkingPlace;
  readonly #inFlight: InFlight | null;
  readonly #marked: readonly MarkedOperator[];
  readonly #finished: OperatorSnapshot[] = [];
  readonly #done: (outcome: SnapshotOutcome) => void;
  #place = 0;
  #waitingForFiles = 0;
  #waitingForDeferred = 0;
  #over = false;

  constructor(options: {
    target: MarkingPlace;
    /** The head of the chain first. */
    marked: readonly MarkedOperator[];
    inFlight: InFlight | null;
    deferred: readonly Deferred[];
    done: (outcome: SnapshotOutcome) => void;
  }) {
    this.barrier = options.target.barrier;
    this.#target = options.target;
    this.#inFlight = options.inFlight;
    this.#marked = options.inFlight === null ? options.marked : options.marked.toReversed();
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
    const { uid, cursor, positions } = marked;
    const { subtaskIndex } = this.#target;
    if (marked.file !== null && marked.file.writer.backlogBytes > BACKLOG_BYTES_MAX) return false;
    const slice = cursor?.next() ?? null;
    if (slice !== null) {
      if (slice.block !== null) marked.file?.writer.append(slice.block);
      return true;
    }
    const isHead = marked === this.#marked.at(-1);
    if (isHead && this.#inFlight?.alignmentMs === null) return false;
    this.#putInFlight(marked);
    const { file } = marked;
    if (file === null) {
      this.#finished.push({ uid, subtaskIndex, files: [], states: [], positions });
      this.#place++;
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
      const saved = marked.chain?.wrote(this.barrier.checkpointId, marked.plan, file.name, result.value) ?? {
        files: [{ path: file.name, bytes, sha256 }],
        states,
      };
      this.#finished.push({ uid, subtaskIndex, ...saved, positions });
      this.#settle();
    });
    return true;
  }

  #putInFlight(marked: MarkedOperator): void {
    if (this.#inFlight === null) return;
    if (this.#inFlight.problem !== null) throw new StateRefused(this.#inFlight.problem);
    for (const { state, elements } of this.#inFlight.partsOf(marked.uid)) {
      marked.file ??= openDataFile(marked.uid, marked.maxParallelism, [], this.#target);
      marked.file.writer.putEncoded(state, elements);
    }
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
