/**
 * Brings a sink's directory to where a snapshot can go on from, with its owner's consent: parts that were committed after
 * it are renamed, parts of its own past that another branch had superseded get their names back. Renames only: no
 * record is lost by it, and doing it twice is the same as doing it once.
 */
import type { FileAccess } from '../operators/files.ts';
import {
  freshGoingBack,
  type PartWriterState,
  partsCommittedAfter,
  partsToRevive,
  supersededName,
} from './partNames.ts';

/** Answers the names of the parts that were superseded. For the whole directory, before any writer is opened. */
export function supersedeParts(
  files: FileAccess,
  sink: { readonly path: string; readonly extension: string },
  states: readonly PartWriterState[],
  runId: string,
): readonly string[] {
  const names = files.list(sink.path);
  const run = freshGoingBack(names, sink.extension, runId);
  const after = partsCommittedAfter(states, names, sink.extension);
  for (const { name } of after) {
    files.rename(`${sink.path}/${name}`, `${sink.path}/${supersededName(name, run)}`);
  }
  for (const { name, part } of partsToRevive(states, names, sink.extension)) {
    files.rename(`${sink.path}/${name}`, `${sink.path}/${part}`);
  }
  return after.map(({ name }) => name);
}
