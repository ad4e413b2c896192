/**
 * What the sources read between two snapshots: per split the range of records, and how far it came in event time. The
 * positions stand in the manifests; whether a split was at its end, and the time of its latest record, in the sources' own state.
 */
import type { Manifest } from './manifest.ts';
import { type ReadableSnapshot, SavedState } from './savedState.ts';
import { roleOf } from './stateRoles.ts';
import type { SnapshotFiles } from './storage.ts';

export type SplitChange =
  /** Only B knows it: it was found in between, or the source is new. */
  | 'added'
  /** Only A knows it. */
  | 'removed'
  | 'advanced'
  /** It came to its end in between. */
  | 'finished'
  /** B has read less of it than A: it is the older of the two, or on another branch. */
  | 'behind'
  | 'same';

export interface SourceRange {
  readonly operator: string;
  readonly split: string;
  readonly change: SplitChange;
  /** Records read; null on the side that does not know the split. */
  readonly a: number | null;
  readonly b: number | null;
  /** Read in between; null when nobody knows. A split that was found in between was read from its start. */
  readonly records: number | null;
  /** Milliseconds since the epoch; null when there is none, or it is not known. */
  readonly watermarkA: number | null;
  readonly watermarkB: number | null;
  /** Time of the latest record; null without a watermark strategy. */
  readonly eventTimeA: number | null;
  readonly eventTimeB: number | null;
}

export interface SourceRanges {
  /** The first of them, at most `rangesMax`. */
  readonly ranges: readonly SourceRange[];
  readonly total: number;
  /** Records of all splits; null when that of one is not known. */
  readonly records: number | null;
}

/** A source may have a split per file of a large directory. */
export const rangesMax = 1_000;

/** Throws SnapshotDamage. */
export function sourceRanges(a: ReadableSnapshot, b: ReadableSnapshot, files: SnapshotFiles): SourceRanges {
  const [left, right] = [positionsOf(a, files), positionsOf(b, files)];
  const ranges: SourceRange[] = [];
  let total = 0;
  let records: number | null = 0;
  for (const place of new Set([...left.keys(), ...right.keys()])) {
    const range = rangeOf(left.get(place), right.get(place));
    total++;
    records = records === null || range.records === null ? null : records + range.records;
    if (ranges.length < rangesMax) ranges.push(range);
  }
  return { ranges, total, records };
}

interface Position {
  readonly operator: string;
  readonly split: string;
  readonly offset: number;
  readonly watermark: number | null;
  readonly eventTime: number | null;
  readonly finished: boolean;
}

function rangeOf(a: Position | undefined, b: Position | undefined): SourceRange {
  const { operator, split } = (a ?? b)!;
  return {
    operator,
    split,
    change: changeOf(a, b),
    a: a?.offset ?? null,
    b: b?.offset ?? null,
    records: b === undefined ? null : b.offset - (a?.offset ?? 0),
    watermarkA: a?.watermark ?? null,
    watermarkB: b?.watermark ?? null,
    eventTimeA: a?.eventTime ?? null,
    eventTimeB: b?.eventTime ?? null,
  };
}

function changeOf(a: Position | undefined, b: Position | undefined): SplitChange {
  if (a === undefined) return 'added';
  if (b === undefined) return 'removed';
  if (b.offset < a.offset) return 'behind';
  if (b.finished && !a.finished) return 'finished';
  return b.offset > a.offset ? 'advanced' : 'same';
}

function positionsOf(snapshot: ReadableSnapshot, files: SnapshotFiles): ReadonlyMap<string, Position> {
  const known = splitStates(snapshot, files);
  return new Map(
    snapshot.manifest.sources.map((position) => {
      const place = placeOf(position);
      const saved = known.get(place);
      const eventTime = saved?.highestTimestamp ?? null;
      return [place, { ...position, eventTime, finished: saved?.position?.finished === true }];
    }),
  );
}

const placeOf = ({ operator, split }: Pick<Manifest['sources'][number], 'operator' | 'split'>): string =>
  JSON.stringify([operator, split]);

/** As sources save it; of a file of a stranger nothing is taken for granted. */
interface SavedSplit {
  readonly split?: unknown;
  readonly position?: { readonly finished?: unknown };
  readonly highestTimestamp?: number | null;
}

function splitStates(snapshot: ReadableSnapshot, files: SnapshotFiles): ReadonlyMap<string, SavedSplit> {
  const found = new Map<string, SavedSplit>();
  for (const operator of snapshot.manifest.operators) {
    const splits = operator.states.find((state) => roleOf(operator, state) === 'splits');
    if (splits === undefined) continue;
    const state = SavedState.open(snapshot, operator.uid, splits.name, files);
    try {
      for (const element of (state?.elements() ?? []) as readonly SavedSplit[])
        found.set(placeOf({ operator: operator.uid, split: String(element.split) }), element);
    } finally {
      state?.close();
    }
  }
  return found;
}
