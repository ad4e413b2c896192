/**
 * `sluice savepoint compare`: what was processed between two snapshots, or the entries of one state that differ. Straight from
 * the disk; Ctrl-C ends it at once.
 */

import type { SnapshotPoint } from '../../checkpoint/lineage.ts';
import type { Comparison, EntryDifference, SavepointSummary } from '../../protocol/savepoints.ts';
import type { EntriesResult } from '../compareSnapshots.ts';
import { ofTheNewest } from '../namedSnapshot.ts';
import { snapshotIdOf } from '../savepointShelf.ts';
import { type AskOptions, QuestionCancelled, Utility } from '../utility.ts';
import { CliError, exitCodes } from './cliError.ts';
import { type CommonOptions, commandContext } from './commonOptions.ts';
import { bytesText, countText, durationText, type Output, table, timeText } from './output.ts';
import { damageAsCliError, findSnapshot } from './savepoints.ts';

export interface CompareOptions extends CommonOptions {
  readonly uid?: string;
  readonly state?: string;
  readonly key?: string;
  readonly change?: Change;
  readonly full: boolean;
  readonly limit: number;
}

type Change = EntryDifference['change'];
export const changes: readonly Change[] = ['added', 'removed', 'changed'];

/** What a page of the protocol holds. */
const pageEntries = 500;
/** As good as everything, and a number that a message may hold. */
const everyCharacter = 2 ** 30;

export async function compareSavepoints(a: string, b: string, options: CompareOptions): Promise<void> {
  if ((options.uid === undefined) !== (options.state === undefined))
    throw new CliError(
      exitCodes.wrongUsage,
      'The entries of one state are named by --uid and --state together.',
    );
  const context = commandContext(options);
  const { output, data } = context;
  const utility = new Utility();
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  const asking: AskOptions = {
    signal: stopping.signal,
    onProgress: (done, total) =>
      output.live(`Compared ${countText(done)} of ${countText(total)} entries (${share(done, total)} %)`),
  };
  const compare = async (left: SnapshotPoint, right: SnapshotPoint) => {
    const { uid, state } = options;
    if (uid !== undefined && state !== undefined) {
      const asked = { a: left.directory, b: right.directory, uid, state };
      await tellEntries(utility, asked, options, output, asking);
      return;
    }
    const comparison = await utility.ask(
      {
        type: 'compare',
        a: { directory: left.directory, id: snapshotIdOf(data, left.directory) },
        b: { directory: right.directory, id: snapshotIdOf(data, right.directory) },
      },
      asking,
    );
    output.settle();
    output.tell({ type: 'comparison', ...comparison }, ...comparisonLines(comparison));
  };
  try {
    const find = () => [findSnapshot(context, a), findSnapshot(context, b)] as const;
    await ofTheNewest(find, ([left, right]) => compare(left, right));
  } catch (error) {
    if (error instanceof QuestionCancelled)
      throw new CliError(exitCodes.interrupted, 'The comparison was stopped.');
    throw damageAsCliError(error);
  } finally {
    process.removeListener('SIGINT', stop);
    output.settle();
    await utility.close();
  }
}

async function tellEntries(
  utility: Utility,
  { a, b, uid, state }: Readonly<Record<'a' | 'b' | 'uid' | 'state', string>>,
  { key, change, full, limit }: CompareOptions,
  output: Output,
  asking: AskOptions,
): Promise<void> {
  let left = limit;
  for (let cursor: number | null = 0; cursor !== null; ) {
    if (left === 0) {
      output.say('There are more; narrow them with --key or --change, or raise --limit.');
      return;
    }
    const page = {
      uid,
      state,
      changes: change === undefined ? [...changes] : [change],
      ...(key === undefined ? {} : { keyContains: key }),
      cursor,
      limit: Math.min(pageEntries, left),
      ...(full ? { charactersMax: everyCharacter } : {}),
    };
    const found: EntriesResult = await utility.ask({ type: 'compare-entries', a, b, page }, asking);
    for (const entry of found.entries) output.tell({ type: 'entry', ...entry }, entryLine(entry));
    left -= found.entries.length;
    cursor = found.next;
  }
  if (left === limit) output.say('No entry differs.');
}

export function entryLine(entry: EntryDifference): string {
  const { change, key, before, after, isShortened } = entry;
  const values = before === null && after === null ? '' : `: ${before ?? '–'} → ${after ?? '–'}`;
  return `${change.padEnd(7)} ${key}${placeText(entry)}${values}${touchedText(entry)}${isShortened ? ' (shortened; --full shows all)' : ''}`;
}

/** What the sub key means; what it is where it means nothing. */
function placeText({ window, time, namespace, subKey }: EntryDifference): string {
  if (time !== null && namespace !== null) {
    const of =
      window === null ? (namespace === 'null' ? '' : ` for ${namespace}`) : ` of ${windowText(window)}`;
    return ` timer at ${isoText(time)}${of}`;
  }
  if (window !== null) return ` ${windowText(window)}`;
  if (time !== null) return ` at ${isoText(time)}`;
  return subKey === null ? '' : ` ${subKey}`;
}

function windowText({ start, end }: NonNullable<EntryDifference['window']>): string {
  return start === null ? '[all of time)' : `[${isoText(start)}, ${end === null ? '–' : isoText(end)})`;
}

function touchedText({ touchedBefore, touchedAfter }: EntryDifference): string {
  if (touchedBefore === null && touchedAfter === null) return '';
  const text = (time: number | null) => (time === null ? '–' : isoText(time));
  return ` (last touched ${text(touchedBefore)} → ${text(touchedAfter)})`;
}

/** Event time has no place: UTC, and only as exact as it needs to be. */
function isoText(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString().replace(/\.000Z$/, 'Z');
}

export function comparisonLines(comparison: Comparison): readonly string[] {
  const { samePlan, planChanges, remarks } = comparison;
  return [
    `A  ${summaryText(comparison.a)}`,
    `B  ${summaryText(comparison.b)}`,
    ...remarks,
    '',
    samePlan ? 'The plans are the same.' : 'The plans differ.',
    ...planChanges.map((change) => `  ${change}`),
    ...positionLines(comparison),
    ...stateLines(comparison),
    ...inFlightLines(comparison),
  ];
}

function summaryText({
  id,
  label,
  kind,
  checkpointId,
  job,
  createdAt,
  parallelism,
}: SavepointSummary): string {
  return `${label ?? id}: ${kind} #${checkpointId} of ${job}, ${timeText(createdAt)}, parallelism ${parallelism}`;
}

function positionLines({ positions, positionsTotal, records }: Comparison): readonly string[] {
  if (positions.length === 0) return [];
  const rows = positions.map((range) => [
    range.operator,
    range.split,
    range.change,
    countText(range.a),
    countText(range.b),
    countText(range.records),
    apartText(range.watermarkA ?? range.eventTimeA, range.watermarkB ?? range.eventTimeB),
  ]);
  const more = positionsTotal - positions.length;
  return [
    '',
    records === null ? 'Sources:' : `Sources read ${countText(records)} records in between:`,
    ...table(['source', 'split', '', 'from', 'to', 'records', 'event time'], rows),
    ...(more > 0 ? [`… and ${countText(more)} more splits`] : []),
  ];
}

function apartText(a: number | null, b: number | null): string {
  if (a === null || b === null) return '–';
  return a === b ? '0 ms' : `${b > a ? '+' : '−'}${durationText(Math.abs(b - a))}`;
}

function stateLines({ states }: Comparison): readonly string[] {
  if (states.length === 0) return [];
  const isTimed = states.some(({ touched }) => touched !== null);
  const rows = states.map((state) => [
    state.name,
    state.state,
    roleTexts[state.role],
    ...[state.added, state.removed, state.changed, state.unchanged].map(countText),
    ...(isTimed ? [countText(state.touched)] : []),
    bytesText(state.bytesB ?? state.bytesA),
  ]);
  const head = ['operator', 'state', 'holds', 'added', 'removed', 'changed', 'unchanged'];
  return ['', ...table([...head, ...(isTimed ? ['touched'] : []), 'size'], rows)];
}

const roleTexts: Readonly<Record<Comparison['states'][number]['role'], string>> = {
  state: '',
  'event-time-timers': 'timers',
  'processing-time-timers': 'timers',
  windows: 'open windows',
  panes: 'panes of open windows',
  sessions: 'open sessions',
  'per-window': 'state per window',
  'join-buffer': 'records to be joined',
  splits: 'positions',
  'async-calls': 'calls under way',
  committables: 'to be committed',
  'in-flight': 'records in flight',
  bookkeeping: 'bookkeeping',
};

function inFlightLines({ inFlight }: Comparison): readonly string[] {
  if (inFlight.channelsTotal === 0) return [];
  const rows = inFlight.channels.map(({ edge, from, to, recordsA, recordsB }) => [
    edge,
    `${from} → ${to}`,
    countText(recordsA),
    countText(recordsB),
  ]);
  return [
    '',
    `In flight: ${countText(inFlight.recordsA)} records in A, ${countText(inFlight.recordsB)} in B.`,
    ...table(['edge', 'subtasks', 'a', 'b'], rows),
  ];
}

const share = (done: number, total: number): number => (total === 0 ? 100 : Math.floor((100 * done) / total));
