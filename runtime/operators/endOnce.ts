/**
 * That the end of the input is told once per subtask. What an author's `onEnd` sends on is in the output of the checkpoints
 * that follow. So that it is not sent again by whoever restores one of them, the operator remembers in its own state
 * that its input had ended. A record that comes all the same (a drained job that goes on) takes that back.
 */
import type { StateDeclaration } from '../state/declarations.ts';
import type { OperatorContext, SnapshotContext } from './operator.ts';

interface EndedSubtask {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly ended: boolean;
}

/** Union state: at another parallelism nobody's end is one's own, so that only the end of all counts. */
export const endedDeclaration: StateDeclaration<EndedSubtask> = {
  name: 'ended',
  type: 'operator-union',
  schemaVersion: 1,
};

export class EndOnce {
  #subtask = { subtaskIndex: 0, parallelism: 1 };
  #ended = false;

  open(context: OperatorContext): void {
    const { subtaskIndex, parallelism } = context;
    this.#subtask = { subtaskIndex, parallelism };
    const saved = context.restoredOperatorState(endedDeclaration) as readonly EndedSubtask[];
    const own = saved.filter((was) => was.parallelism === parallelism && was.subtaskIndex === subtaskIndex);
    const counting = own.length > 0 ? own : saved;
    this.#ended = counting.length > 0 && counting.every(({ ended }) => ended);
  }

  recordCame(): void {
    this.#ended = false;
  }

  snapshot(context: SnapshotContext): void {
    context.putOperatorState(endedDeclaration, [{ ...this.#subtask, ended: this.#ended }]);
  }

  /** Calls `tell` unless it was called before the restored snapshot. */
  finish(tell: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    tell();
  }
}
