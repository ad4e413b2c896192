/** Compares two snapshots on the disk, for a thread that may wait, and gives the result as clients know it. */
import { compareSnapshots as compare, type Progress } from '../checkpoint/compareSnapshots.ts';
import { compareEntryPage, type Watch } from '../checkpoint/entryPages.ts';
import type { SnapshotPoint } from '../checkpoint/lineage.ts';
import { SnapshotDamage } from '../checkpoint/storage.ts';
import type { RequestParams, RequestResult } from '../protocol/messages.ts';
import type { Comparison } from '../protocol/savepoints.ts';
import { savepointSummary } from '../server/savepointInfo.ts';
import { withHeldFiles } from './heldFiles.ts';
import type { EntriesPage } from './utilityQuestions.ts';

type NamedSnapshot = SnapshotPoint & { readonly id: string };
export type EntriesResult = RequestResult<'savepoint/compareEntries'>;
export type ValueAsked = Omit<RequestParams<'savepoint/compareValue'>, 'a' | 'b'>;

/** What a message holds of one text. */
const pieceCharacters = 65_536;

/** Throws SnapshotDamage, and what `progress` throws. */
export function compareSnapshots(a: NamedSnapshot, b: NamedSnapshot, progress: Progress): Comparison {
  const startedAt = performance.now();
  const { sources, inFlight, ...found } = withHeldFiles([a, b], (files) => compare(a, b, files, progress));
  return {
    a: savepointSummary(a.manifest, a.id, a.directory),
    b: savepointSummary(b.manifest, b.id, b.directory),
    samePlan: found.samePlan,
    remarks: [...found.remarks],
    planChanges: [...found.planChanges],
    positions: sources.ranges.map((range) => ({ ...range })),
    positionsTotal: sources.total,
    records: sources.records,
    states: found.states.map((state) => ({ ...state })),
    inFlight: { ...inFlight, channels: inFlight.channels.map((channel) => ({ ...channel })) },
    tookMs: performance.now() - startedAt,
  };
}

/** Throws SnapshotDamage, and what `watch` throws. `charactersMax`: longer texts are cut. */
export function compareEntries(
  a: SnapshotPoint,
  b: SnapshotPoint,
  page: EntriesPage & { readonly charactersMax?: number },
  watch: Watch,
): EntriesResult {
  const request = { ...page, keyContains: page.keyContains ?? null };
  const { entries, next } = withHeldFiles([a, b], (files) => compareEntryPage(a, b, request, files, watch));
  return { entries: entries.map((entry) => ({ ...entry })), next };
}

/** All text of one side of one entry. Throws SnapshotDamage, also when there is no such entry. */
export function compareValue(
  a: SnapshotPoint,
  b: SnapshotPoint,
  { uid, state, at, part, offset }: ValueAsked,
  watch: Watch,
): RequestResult<'savepoint/compareValue'> {
  const request = {
    uid,
    state,
    changes: ['added', 'removed', 'changed'],
    keyContains: null,
    cursor: at,
    limit: 1,
    charactersMax: Number.POSITIVE_INFINITY,
  } as const;
  const [entry] = withHeldFiles([a, b], (files) => compareEntryPage(a, b, request, files, watch)).entries;
  if (entry?.at !== at)
    throw new SnapshotDamage(b.directory, `has no such entry in the state ${state} of ${uid}.`);
  const key = entry.subKey === null ? entry.key : `${entry.key} ${entry.subKey}`;
  const text = { key, before: entry.before ?? '', after: entry.after ?? '' }[part];
  const end = offset + pieceCharacters;
  return { text: text.slice(offset, end), next: end < text.length ? end : null };
}
