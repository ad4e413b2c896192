/** A failed task as people are told: which operator and subtask, which record, and the author's own line. */
import type { TaskFailure } from '../engine/control/messages.ts';
import type { ExceptionInfo } from '../protocol/job.ts';
import type { SourceLocation } from '../protocol/values.ts';
import { shownPath } from './bundle.ts';

export interface FailureText {
  readonly workingDirectory: string;
}

/** The stack has been mapped where it was thrown. */
export function describeFailure(
  failure: TaskFailure,
  at: number,
  { workingDirectory }: FailureText,
): ExceptionInfo {
  const location = firstPlace(failure.stack) ?? failure.location;
  const isToldWithStack = failure.origin === 'user' || failure.origin === 'engine';
  return {
    at,
    name: limited(failure.name, 1_024),
    message: limited(failure.message, 16_384),
    stack: isToldWithStack ? limited(relativePaths(failure.stack, workingDirectory), 32_768) : '',
    location: isToldWithStack ? location : null,
    operator: failure.operator === null ? null : limited(failure.operator, 1_024),
    subtask: { vertex: failure.subtask.vertex, index: failure.subtask.index },
    record: failure.record === null ? null : limited(failure.record, 16_384),
  };
}

/** The one sentence with which a job ends that failed for good. */
export function failureSentence(
  reason: string,
  exception: ExceptionInfo | null,
  workingDirectory: string,
): string {
  if (exception === null) return `The job failed: ${reason}`;
  const { operator, subtask, name, message, record, location } = exception;
  const who = subtask === null ? 'The job' : `${operator ?? subtask.vertex}[${subtask.index}]`;
  const where = location === null ? '' : ` at ${shownPath(location.file, workingDirectory)}:${location.line}`;
  const what = ownNames.has(name) ? message : `${name}: ${message}`;
  const on = record === null ? '' : ` on the record ${limited(record, 200)}`;
  return `${who} failed${on}: ${what}${where}`;
}

/** These say everything in their message. */
const ownNames: ReadonlySet<string> = new Set([
  'Error',
  'SourceError',
  'SinkError',
  'FileError',
  'SnapshotDamage',
  'SpillFailure',
  'StateRefused',
  'ThreadDied',
  'ThreadHung',
]);

function firstPlace(stack: string): SourceLocation | null {
  for (const line of stack.split('\n')) {
    const match = /^\s*at (?:.*? \()?([^\s()]+):(\d+):(\d+)\)?$/.exec(line);
    const [, file = '', row, column] = match ?? [];
    if (match !== null && (file.startsWith('/') || /^[A-Za-z]:[\\/]/.test(file))) {
      return { file, line: Number(row), column: Number(column) };
    }
  }
  return null;
}

function relativePaths(stack: string, workingDirectory: string): string {
  return stack.replaceAll(`${workingDirectory}/`, '').replaceAll(`${workingDirectory}\\`, '');
}

function limited(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`;
}
