/**
 * Who gets what of an operator's own state, when p subtasks start from what the old ones had put. Not by key: it has none.
 *
 *   operator-list        each element goes to one subtask. With as many subtasks as before each gets its own back, as in
 *                        Flink; otherwise all elements in the order of their subtasks are cut into p contiguous parts
 *                        that differ by one element at most
 *   operator-union       all elements of all subtasks, to everybody
 *   operator-broadcast   one whole copy, to everybody: of the first old subtask that has one. An old subtask may have
 *                        put nothing (it was new itself, say) or have no file at all
 */
import { assert, unreachable } from '../base/assert.ts';
import { isOperatorState, type StateType } from '../state/declarations.ts';

/** What one old subtask had put. */
export interface OldPart {
  readonly oldSubtaskIndex: number;
  readonly elements: readonly unknown[];
}

/** `parts` in any order. */
export function shareOf(
  type: StateType,
  parts: readonly OldPart[],
  { subtaskIndex, parallelism }: { readonly subtaskIndex: number; readonly parallelism: number },
): readonly unknown[] {
  assert(isOperatorState(type), `a ${type} state is divided by key`);
  const inOrder = [...parts].sort((a, b) => a.oldSubtaskIndex - b.oldSubtaskIndex);
  switch (type) {
    case 'operator-list': {
      if (isUnchanged(inOrder, parallelism)) return inOrder[subtaskIndex]?.elements ?? [];
      const all = inOrder.flatMap(({ elements }) => elements);
      const from = Math.floor((subtaskIndex * all.length) / parallelism);
      const to = Math.floor(((subtaskIndex + 1) * all.length) / parallelism);
      return all.slice(from, to);
    }
    case 'operator-union':
      return inOrder.flatMap(({ elements }) => elements);
    case 'operator-broadcast':
      return wholeCopy(inOrder);
    case 'in-flight':
      throw new TypeError('what was in flight is divided by its channels');
    default:
      return unreachable(type);
  }
}

/** Of broadcast state; `parts` in the order of their subtasks. */
export function wholeCopy(parts: readonly Pick<OldPart, 'elements'>[]): readonly unknown[] {
  return parts.find(({ elements }) => elements.length > 0)?.elements ?? [];
}

/** Are these the parts of subtasks 0 to p - 1, all of them? */
function isUnchanged(inOrder: readonly OldPart[], parallelism: number): boolean {
  return inOrder.length === parallelism && inOrder.every(({ oldSubtaskIndex }, i) => oldSubtaskIndex === i);
}
