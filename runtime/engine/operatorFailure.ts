/**
 * An exception on its way out of an operator, tagged once, at the innermost operator, with what a person needs: which
 * operator, which record. Outer operators of the chain pass it on untouched.
 */

import { AssertionError } from '../base/assert.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import { FileError } from '../operators/files.ts';
import { RecordFailure } from '../operators/recordFailure.ts';
import { SinkError } from '../operators/sink.ts';
import { SourceError } from '../operators/source.ts';
import { SpillFailure } from '../state/spillStore.ts';
import type { SubtaskId, TaskFailure } from './control/messages.ts';

const RECORD_CHARACTERS_MAX = 2_000;

export class OperatorFailure extends Error {
  override name = 'OperatorFailure';
  readonly uid: string;
  readonly record: string | null;
  override readonly cause: unknown;

  constructor(uid: string, record: string | null, cause: unknown) {
    super(`operator ${uid} failed`);
    this.uid = uid;
    this.record = record;
    this.cause = cause;
  }
}

/** Tags `error` unless an inner operator has done so already, or has said itself which record it was. */
export const inOperator = (
  error: unknown,
  uid: string,
  record: unknown,
  hasRecord: boolean,
): OperatorFailure => {
  if (error instanceof OperatorFailure) return error;
  if (error instanceof RecordFailure)
    return new OperatorFailure(uid, describeRecord(error.record), error.cause);
  return new OperatorFailure(uid, hasRecord ? describeRecord(record) : null, error);
};

/** Shortened JSON; whatever cannot be printed as JSON is printed somehow. */
export const describeRecord = (record: unknown): string => {
  let text: string | undefined;
  try {
    text = JSON.stringify(record, (_name, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
  } catch {
    // A cyclic record, or a toJSON that throws: the failure that is being described matters more.
  }
  const shown = text ?? printed(record);
  return shown.length > RECORD_CHARACTERS_MAX ? `${shown.slice(0, RECORD_CHARACTERS_MAX)}…` : shown;
};

/** What was thrown, in its own words; anything can be thrown. */
export const errorMessage = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : printed(thrown);

/** What has no prototype, and what throws on being asked, cannot even be made a string. */
const printed = (thing: unknown): string => {
  try {
    return String(thing);
  } catch {
    return Object.prototype.toString.call(thing);
  }
};

export const taskFailure = (
  subtask: SubtaskId,
  error: unknown,
  { operators }: Pick<JobGraph, 'operators'>,
): TaskFailure => {
  const tagged = error instanceof OperatorFailure ? error : null;
  const cause = tagged === null ? error : tagged.cause;
  const known = cause instanceof Error ? cause : null;
  return {
    subtask,
    operator: tagged?.uid ?? null,
    name: known?.name ?? 'Error',
    message: errorMessage(cause),
    stack: known?.stack ?? '',
    record: tagged?.record ?? null,
    location: operators.find(({ uid }) => uid === tagged?.uid)?.location ?? null,
    origin: originOf(cause, tagged !== null),
  };
};

const originOf = (cause: unknown, inUserOperator: boolean): TaskFailure['origin'] => {
  if (cause instanceof SourceError) return 'source';
  if (cause instanceof SnapshotDamage) return 'snapshot';
  if (cause instanceof SinkError || cause instanceof FileError) return 'sink';
  if (cause instanceof SpillFailure) return 'state';
  if (cause instanceof AssertionError) return 'engine';
  return inUserOperator ? 'user' : 'engine';
};
