/**
 * Pages of the entries that differ in one state. A state that fits into memory comes in the order of its keys; a larger one
 * by key group, then by key, and the cursor remembers the group, so that no page starts from the beginning. A page also ends
 * when what it shows is long enough.
 *
 * A cursor is the place of an entry among all that differ, whatever is filtered. So each entry can be asked for alone, with
 * all of its text.
 */

import { type ComparedState, withBoth } from './comparedState.ts';
import { compareEntries } from './dataFileReader.ts';
import type { ReadableSnapshot } from './savedState.ts';
import { type EntryDifference, type ShownState, shownEntry } from './shownEntries.ts';
import {
  type Change,
  type Compared,
  type Difference,
  differencesOf,
  differencesOfGroup,
  groupsCorrespond,
  groupsOf,
} from './stateDifferences.ts';
import { roleOf } from './stateRoles.ts';
import type { SnapshotFiles } from './storage.ts';

export interface EntryPageRequest {
  readonly uid: string;
  readonly state: string;
  readonly changes: readonly Change[];
  /** Only entries whose key's or sub key's JSON contains this. */
  readonly keyContains: string | null;
  /** 0, the `next` of the page before, or the `at` of an entry. */
  readonly cursor: number;
  readonly limit: number;
  /** Longer texts are cut. Default 16,384. */
  readonly charactersMax?: number;
  /** What of both sides together is sorted in memory; a test that has little state makes it less. */
  readonly sortedBytesMax?: number;
}

export interface EntryPage {
  readonly entries: readonly EntryDifference[];
  readonly next: number | null;
}

/** Is told how far it has come, in entries read; may throw, which ends the comparison and closes every file. */
export type Watch = (entries: number) => void;

const charactersMax = 16_384;
/** Of one page: what a message may hold is bounded. */
const pageCharactersMax = 2_000_000;
/** Both sides together; what differs of that much is sorted in memory. */
const sortedBytesMax = 8 * 1_024 * 1_024;
/** A cursor of a large state: group × this + differing entries before it in the group. */
const groupStride = 2 ** 36;
/** Entries between two words to the watcher. */
export const watchEvery = 4_096;

/** Throws SnapshotDamage, and what the watcher throws. */
export function compareEntryPage(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  request: EntryPageRequest,
  files: SnapshotFiles,
  watch: Watch = () => {},
): EntryPage {
  const { uid, state } = request;
  return withBoth([a, b], { uid, state, withSessions: true }, files, (left, right) => {
    const page = new Page(request, shownState(a, b, request));
    const bytes = (left?.state.bytes ?? 0) + (right?.state.bytes ?? 0);
    if (bytes <= (request.sortedBytesMax ?? sortedBytesMax))
      return pageByKey(watched(differencesOf(left, right), watch), page);
    return groupsCorrespond(left, right)
      ? pageByGroup(left, right, page, watch)
      : pageAsItComes(watched(differencesOf(left, right), watch), page);
  });
}

/** Tells the watcher of every few thousand entries. */
function* watched(compared: Iterable<Compared>, watch: Watch): Generator<Compared> {
  let seen = 0;
  for (const item of compared) {
    if (++seen === watchEvery) {
      watch(seen);
      seen = 0;
    }
    yield item;
  }
  watch(seen);
}

class Page {
  readonly request: EntryPageRequest;
  readonly entries: EntryDifference[] = [];
  readonly #shown: ShownState;
  #characters = 0;

  constructor(request: EntryPageRequest, shown: ShownState) {
    this.request = request;
    this.#shown = shown;
  }

  /** False: it is full, and the next page begins here. What was not asked for is passed over. */
  take(difference: Difference, at: number): boolean {
    if (!matches(difference, this.request)) return true;
    if (this.entries.length === this.request.limit || this.#characters >= pageCharactersMax) return false;
    const entry = shownEntry(difference, at, this.#shown, this.request.charactersMax ?? charactersMax);
    this.#characters += entry.key.length + (entry.before?.length ?? 0) + (entry.after?.length ?? 0);
    this.entries.push(entry);
    return true;
  }

  end(next: number | null): EntryPage {
    return { entries: this.entries, next };
  }
}

function pageByKey(compared: Iterable<Compared>, page: Page): EntryPage {
  const found: Difference[] = [];
  for (const item of compared) if (typeof item !== 'string') found.push(item);
  found.sort((x, y) => compareEntries(x.entry, y.entry));
  for (let at = page.request.cursor; at < found.length; at++)
    if (!page.take(found[at]!, at)) return page.end(at);
  return page.end(null);
}

function pageByGroup(a: ComparedState | null, b: ComparedState | null, page: Page, watch: Watch): EntryPage {
  const from = Math.floor(page.request.cursor / groupStride);
  let skip = page.request.cursor % groupStride;
  for (const group of groupsOf(a, b)) {
    if (group < from) continue;
    if (group > from) skip = 0;
    let place = 0;
    for (const item of watched(differencesOfGroup(a, b, group), watch)) {
      if (typeof item === 'string') continue;
      const at = group * groupStride + place;
      if (place++ >= skip && !page.take(item, at)) return page.end(at);
    }
  }
  return page.end(null);
}

/** Another max parallelism: the streams are merged by key already, but every page reads from the start. */
function pageAsItComes(compared: Iterable<Compared>, page: Page): EntryPage {
  let at = 0;
  for (const item of compared) {
    if (typeof item === 'string') continue;
    if (at >= page.request.cursor && !page.take(item, at)) return page.end(at);
    at++;
  }
  return page.end(null);
}

function matches(difference: Difference, { changes, keyContains }: EntryPageRequest): boolean {
  if (!changes.includes(difference.change)) return false;
  return (
    keyContains === null ||
    difference.key().includes(keyContains) ||
    difference.subKey()?.includes(keyContains) === true
  );
}

function shownState(a: ReadableSnapshot, b: ReadableSnapshot, request: EntryPageRequest): ShownState {
  const [inA, inB] = [a, b].map(({ manifest }) => manifest.operators.find(({ uid }) => uid === request.uid));
  const operator = inB ?? inA;
  const state = operator?.states.find(({ name }) => name === request.state);
  return {
    role: operator === undefined || state === undefined ? 'state' : roleOf(operator, state),
    windows: { a: inA?.windows ?? null, b: inB?.windows ?? null },
    where: (inB === undefined ? a : b).directory,
  };
}
