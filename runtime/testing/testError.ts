/** What a test is told: of a mistake in the test itself, and of a failure in the pipeline that it runs. */
import type { TaskFailure } from '../engine/control/messages.ts';

/** The test asked for something that cannot be: one sentence that says what, and what there is instead. */
export class TestKitError extends Error {
  override name = 'TestKitError';
}

/**
 * The pipeline failed while a test ran it. `cause` is the very error that was thrown, with its stack; the message names
 * the operator and the record at hand.
 */
export class OperatorFailed extends Error {
  override name = 'OperatorFailed';
  /** Uid; null where it was no operator that failed. */
  readonly operator: string | null;
  readonly subtaskIndex: number;
  /** Shortened JSON of the record or timer at hand. */
  readonly record: string | null;

  constructor(failure: TaskFailure, cause: unknown) {
    super(sentenceOf(failure), { cause });
    this.operator = failure.operator;
    this.subtaskIndex = failure.subtask.index;
    this.record = failure.record;
  }
}

/** `There is no sink "oot" in the pipeline; there are "out" and "late".` */
export function noSuch(what: string, wanted: string, where: string, known: readonly string[]): TestKitError {
  const names = known.map((name) => `"${name}"`);
  const last = names.pop();
  const list =
    last === undefined
      ? 'there is none'
      : names.length === 0
        ? `there is only ${last}`
        : `there are ${names.join(', ')} and ${last}`;
  return new TestKitError(`There is no ${what} "${wanted}" ${where}; ${list}.`);
}

function sentenceOf({ operator, subtask, message, name, record }: TaskFailure): string {
  const who = `${operator === null ? `Task "${subtask.vertex}"` : `Operator "${operator}"`}, subtask ${subtask.index}`;
  const at = record === null ? '' : ` at ${record}`;
  return `${who}, failed${at}: ${name === 'Error' ? '' : `${name}: `}${message}`;
}
