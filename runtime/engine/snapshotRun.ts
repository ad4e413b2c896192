/**
 * One subtask's part of one checkpoint after its marking: the asynchronous part. It encodes in slices between steps of the
 * tasks, writes one data file per operator that has state, and acknowledges when all files are durable and everything
 * that operators deferred (a sink that syncs its part) is done. It never sees a change made after the marking.
 */
import type { Barrier } from '../checkpoint/barrier.ts';
import { DataFileWriter } from '../checkpoint/dataFile.ts';
import type { SnapshotFile, SnapshotFiles } from '../checkpoint/storage.ts';
import type { SourcePosition } from '../operators/operator.ts';
import type { StateDescription } from '../state/declarations.ts';
import type { SnapshotCursor } from '../state/snapshotCursor.ts';
import type { OperatorSnapshot } from './control/messages.ts';

/** What an operator put into the snapshot at the marking. */
export interface MarkedOperator {
  readonly uid: string;
  readonly cursor: SnapshotCursor | null;
  readonly operatorStates: readonly { readonly description: StateDescription; readonly elements: readonly Uint8Array[] }[];
  readonly positions: readonly SourcePosition[];
}

export type SnapshotOutcome =
  | { readonly ok: true; readonly operators: readonly OperatorSnapshot[] }
  | { readonly ok: false; readonly message: string };

/** Bytes handed to the disk and not yet written, above which encoding waits. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;

export class SnapshotRun {
  readonly barrier: Barrier;
  readonly #subtaskIndex: number;
  readonly #files: SnapshotFiles;
  readonly #marked: readonly MarkedOperator[];
  readonly #finished: OperatorSnapshot[] = [];
  readonly #done: (outcome: SnapshotOutcome) => void;
  #place = 0;
  #writing: { readonly file: SnapshotFile; readonly writer: DataFileWriter } | null = null;
  #waitingForFiles = 0;
  #waitingForDeferred = 0;
  #over = false;

  constructor(options: {
    barrier: Barrier;
    subtaskIndex: number;
    files: SnapshotFiles;
    marked: readonly MarkedOperator[];
    deferred: readonly ((done: (error?: Error) => void) => void)[];
    done: (outcome: SnapshotOutcome) => void;
  }) {
    this.barrier = options.barrier;
    this.#subtaskIndex = options.subtaskIndex;
    this.#files = options.files;
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
    this.#writing?.file.abort();
    for (const marked of this.#marked) marked.cursor?.cancel();
  }

  #encode(marked: MarkedOperator): boolean {
    const hasState = marked.cursor !== null || marked.operatorStates.length > 0;
    if (!hasState) {
      this.#finished.push({ uid: marked.uid, subtaskIndex: this.#subtaskIndex, file: null, states: [], positions: marked.positions });
      this.#place++;
      return true;
    }
    const writing = this.#writing ?? this.#openFile(marked);
    if (writing.file.backlogBytes > BACKLOG_BYTES_MAX) return false;
    const slice = marked.cursor?.next() ?? null;
    if (slice !== null) {
      if (slice.block !== null) writing.writer.appendBlock(slice.block);
      return true;
    }
    this.#closeFile(marked, writing.writer);
    return true;
  }

  #openFile(marked: MarkedOperator): { file: SnapshotFile; writer: DataFileWriter } {
    const path = `${this.barrier.directory}/${dataFileName(marked.uid, this.#subtaskIndex)}`;
    const file = this.#files.create(path);
    const writer = new DataFileWriter(file);
    this.#writing = { file, writer };
    for (const state of marked.operatorStates) writer.appendOperatorState(state.description, state.elements);
    return this.#writing;
  }

  #closeFile(marked: MarkedOperator, writer: DataFileWriter): void {
    this.#writing = null;
    this.#place++;
    this.#waitingForFiles++;
    writer.finish((result) => {
      this.#waitingForFiles--;
      if (!result.ok) {
        this.#fail(result.message);
        return;
      }
      this.#finished.push({
        uid: marked.uid,
        subtaskIndex: this.#subtaskIndex,
        file: { path: dataFileName(marked.uid, this.#subtaskIndex), bytes: result.value.bytes, sha256: result.value.sha256 },
        states: result.value.states,
        positions: marked.positions,
      });
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#over || this.#place < this.#marked.length || this.#waitingForFiles > 0 || this.#waitingForDeferred > 0) return;
    this.#over = true;
    this.#done({ ok: true, operators: this.#finished });
  }

  #fail(message: string): void {
    if (this.#over) return;
    this.cancel();
    this.#done({ ok: false, message });
  }
}
