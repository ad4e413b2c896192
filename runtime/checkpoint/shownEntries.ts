/**
 * A differing entry as people see it: what its sub key means (a window, a time, a timer's namespace) beside what it is, and
 * long texts cut, with a word that says so.
 */
import type { WindowDescription } from '../graph/windowDescription.ts';
import { canonicalJson, shortened } from '../state/canonicalJson.ts';
import { decodeKey } from '../state/keyEncoding.ts';
import { guard } from './dataFileReader.ts';
import type { Change, Difference } from './stateDifferences.ts';
import type { StateRole } from './stateRoles.ts';

/** `start` is in it, `end` is not. Milliseconds since the epoch. */
export interface ShownWindow {
  /** Null: it has no beginning, since it is all of time. */
  readonly start: number | null;
  /** Null: it has no end, or the snapshot does not say where it is. */
  readonly end: number | null;
}

export interface EntryDifference {
  readonly change: Change;
  /** Names the entry among all that differ in the state, whatever is filtered: a cursor that begins with it. */
  readonly at: number;
  /** Canonical JSON, perhaps shortened. */
  readonly key: string;
  readonly subKey: string | null;
  readonly before: string | null;
  readonly after: string | null;
  /** Something of it was cut off. */
  readonly isShortened: boolean;
  /** What an entry of windows, panes, sessions or their timers belongs to. */
  readonly window: ShownWindow | null;
  /** Of a timer, or of records that wait in a join: milliseconds since the epoch, null when it is no date. */
  readonly time: number | null;
  /** Of a timer: canonical JSON. */
  readonly namespace: string | null;
  /** With TTL: when the entry was last touched. */
  readonly touchedBefore: number | null;
  readonly touchedAfter: number | null;
}

export interface ShownState {
  readonly role: StateRole;
  /** Of the snapshot that the entry is from. */
  readonly windows: { readonly a: WindowDescription | null; readonly b: WindowDescription | null };
  /** For sentences. */
  readonly where: string;
}

export function shownEntry(
  difference: Difference,
  at: number,
  { role, windows, where }: ShownState,
  charactersMax: number,
): EntryDifference {
  let isShortened = false;
  const short = <T extends string | null>(json: T): T | string => {
    if (json === null || json.length <= charactersMax) return json;
    isShortened = true;
    return shortened(json, charactersMax);
  };
  const { change, entry, touchedBefore, touchedAfter } = difference;
  const ofSide = change === 'removed' ? windows.a : windows.b;
  const subKey = entry.subKey === null ? null : guard(where, () => decodeKey(entry.subKey as Uint8Array));
  const shown = {
    change,
    at,
    key: short(difference.key()),
    subKey: short(difference.subKey()),
    before: short(difference.before()),
    after: short(difference.after()),
    window: null,
    time: null,
    namespace: null,
    touchedBefore,
    touchedAfter,
  };
  return { ...shown, ...meaningOf(role, subKey, ofSide, difference), isShortened };
}

function meaningOf(
  role: StateRole,
  subKey: unknown,
  windows: WindowDescription | null,
  difference: Difference,
): Partial<EntryDifference> {
  switch (role) {
    case 'windows':
    case 'panes':
    case 'per-window':
      return { window: windowOf(subKey, windows, difference.sessionEnd, role === 'panes') };
    case 'sessions': {
      const end = Number(difference.after() ?? difference.before());
      return { window: { start: finite(subKey), end: finite(end) } };
    }
    case 'event-time-timers':
    case 'processing-time-timers': {
      const [time, namespace] = Array.isArray(subKey) ? (subKey as readonly unknown[]) : [];
      const window =
        windows !== null && typeof namespace === 'number' ? windowOf(namespace, windows, null, false) : null;
      return { time: finite(time), namespace: canonicalJson(namespace), window };
    }
    case 'join-buffer':
      return { time: finite(subKey) };
    default:
      return {};
  }
}

function windowOf(
  start: unknown,
  windows: WindowDescription | null,
  sessionEnd: number | null,
  isPane: boolean,
): ShownWindow {
  const begin = finite(start);
  if (begin === null) return { start: null, end: null };
  const length = windows === null ? null : lengthOf(windows, isPane);
  return { start: begin, end: sessionEnd ?? (length === null ? null : begin + length) };
}

function lengthOf(windows: WindowDescription, isPane: boolean): number | null {
  switch (windows.type) {
    case 'tumbling':
      return windows.sizeMs;
    case 'sliding':
      return isPane ? greatestCommonDivisor(windows.sizeMs, windows.slideMs) : windows.sizeMs;
    default:
      return null;
  }
}

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);

const finite = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
