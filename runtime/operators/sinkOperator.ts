/**
 * A sink as an operator: two-phase commit around a writer and a committer.
 *
 *   records ──▶ writer ──barrier n──▶ committables ──▶ state of snapshot n ──n is complete──▶ committer
 *
 * - S1. What the writer prepared for n becomes visible only after n, or a later checkpoint, is complete.
 * - S2. It is in the operator's state from n on until it was committed, so no crash can lose it: whoever restores
 *   snapshot n commits it again, and committing twice is the same as committing once. The first snapshot without it
 *   waits until the commit is durable.
 * - S3. An aborted checkpoint takes nothing back: what was prepared for it waits for the next complete one.
 * - S4. One committable that fails does not keep the others from being tried; the subtask then fails with the first
 *   error, and the restore tries again.
 *
 * A writer that works beside its input is driven as an operator that does. Whether it is one is known when it is made: the
 * engine asks no others.
 */
import type { StateDeclaration } from '../state/declarations.ts';
import type { OperatorContext, SnapshotContext, StreamOperator, Timestamp } from './operator.ts';
import type { Sink, SinkCommitter, SinkWriter } from './sink.ts';

interface PendingCommittable {
  readonly checkpointId: number;
  /** The subtask that prepared it. */
  readonly subtaskIndex: number;
  readonly committable: unknown;
}

/**
 * Prepared and not yet known to be committed. Union state, of which subtask i of Y takes what subtask j prepared where
 * j mod Y = i: the same rule by which strays are cleared away, so that nobody clears what somebody else has to commit.
 */
export const committablesDeclaration: StateDeclaration<PendingCommittable> = {
  name: 'committables',
  type: 'operator-union',
  schemaVersion: 1,
};
/** What the writers say of themselves; all of it is given to each subtask of the next run. */
export const writerStateName = 'writer';
export const writerDeclaration: StateDeclaration = {
  name: writerStateName,
  type: 'operator-union',
  schemaVersion: 1,
};
export const sinkDeclarations: readonly StateDeclaration[] = [committablesDeclaration, writerDeclaration];

export class SinkOperator implements StreamOperator<never> {
  readonly #writer: SinkWriter<unknown, unknown>;
  readonly #committer: SinkCommitter<unknown> | null;
  readonly advance?: (now: Timestamp) => boolean;
  readonly wakeAt?: () => Timestamp | null;
  readonly accepts?: () => boolean;
  readonly drained?: () => boolean;
  readonly awaits?: () => boolean;
  /** In the order of their checkpoints. */
  #pending: readonly PendingCommittable[] = [];
  #subtaskIndex = 0;

  constructor(sink: Sink<unknown>) {
    const writer = sink.createWriter();
    this.#writer = writer;
    this.#committer = sink.createCommitter();
    if (writer.advance !== undefined) this.advance = (now) => writer.advance?.(now) ?? false;
    if (writer.wakeAt !== undefined) this.wakeAt = () => writer.wakeAt?.() ?? null;
    if (writer.accepts !== undefined) this.accepts = () => writer.accepts?.() ?? true;
    if (writer.drained !== undefined) this.drained = () => writer.drained?.() ?? true;
    if (writer.awaits !== undefined) this.awaits = () => writer.awaits?.() ?? false;
  }

  open(context: OperatorContext<never>): void {
    const { subtaskIndex, parallelism } = context;
    this.#subtaskIndex = subtaskIndex;
    const pending = context.restoredOperatorState(committablesDeclaration) as readonly PendingCommittable[];
    const mine = pending
      .filter((prepared) => prepared.subtaskIndex % parallelism === subtaskIndex)
      .sort((left, right) => left.checkpointId - right.checkpointId);
    this.#committer?.recover(
      context,
      mine.map(({ committable }) => committable),
    );
    this.#writer.open(context, context.restoredOperatorState(writerDeclaration));
  }

  process(value: unknown, timestamp: Timestamp): void {
    this.#writer.write(value, timestamp);
  }

  snapshot(context: SnapshotContext): void {
    const { checkpointId } = context;
    const prepared = this.#writer.prepareCommit(context).map((committable) => {
      return { checkpointId, subtaskIndex: this.#subtaskIndex, committable };
    });
    if (this.#committer !== null) {
      this.#pending = [...this.#pending, ...prepared];
      this.#committer.settle?.(context);
      if (context.isSavepoint && this.#pending.length > 0) {
        this.#committer.retain?.(
          this.#pending.map(({ committable }) => committable),
          context,
        );
      }
      context.putOperatorState(committablesDeclaration, this.#pending);
    }
    context.putOperatorState(writerDeclaration, [this.#writer.writerState()]);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    const due = this.#pending.filter((pending) => pending.checkpointId <= checkpointId);
    if (due.length === 0 || this.#committer === null) return;
    this.#pending = this.#pending.filter((pending) => pending.checkpointId > checkpointId);
    const failures: unknown[] = [];
    for (const { committable } of due) {
      try {
        this.#committer.commit([committable]);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  close(): void {
    try {
      this.#writer.close();
    } finally {
      this.#committer?.close?.();
    }
  }
}
