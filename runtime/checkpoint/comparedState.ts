/**
 * One side of a comparison: a state of one snapshot, opened for reading, together with the states beside it that tell more of
 * its entries. These have the same keys in the same order, so they are read along: `Beside` only ever moves forward.
 */
import type { StateEntry } from '../state/stateBlock.ts';
import { compareEntries } from './dataFileReader.ts';
import { type ReadableSnapshot, SavedState } from './savedState.ts';
import { companionsOf } from './stateRoles.ts';
import type { SnapshotFiles } from './storage.ts';

export interface ComparedState {
  readonly state: SavedState;
  /** When its entries were last touched; null without TTL. */
  readonly times: SavedState | null;
  /** Where its sessions end; null where it is not of sessions, or nobody asked. */
  readonly sessions: SavedState | null;
}

/** Opens both sides, and closes them whatever happens. Throws SnapshotDamage. */
export function withBoth<T>(
  [a, b]: readonly [ReadableSnapshot, ReadableSnapshot],
  state: { readonly uid: string; readonly state: string; readonly withSessions: boolean },
  files: SnapshotFiles,
  use: (a: ComparedState | null, b: ComparedState | null) => T,
): T {
  const opened: SavedState[] = [];
  const open = (snapshot: ReadableSnapshot, name: string | null) => {
    const found = name === null ? null : SavedState.open(snapshot, state.uid, name, files);
    if (found !== null) opened.push(found);
    return found;
  };
  const side = (snapshot: ReadableSnapshot): ComparedState | null => {
    const operator = snapshot.manifest.operators.find(({ uid }) => uid === state.uid);
    const described = operator?.states.find(({ name }) => name === state.state);
    const found = open(snapshot, state.state);
    if (operator === undefined || described === undefined || found === null) return null;
    const companions = companionsOf(operator, described);
    return {
      state: found,
      times: open(snapshot, companions.times),
      sessions: state.withSessions ? open(snapshot, companions.sessions) : null,
    };
  };
  try {
    return use(side(a), side(b));
  } finally {
    for (const each of opened) each.close();
  }
}

/** Entries with the keys of another stream, of which some may be missing. */
export class Beside {
  readonly #entries: Iterator<StateEntry>;
  #next: IteratorResult<StateEntry> | null = null;

  constructor(entries: Iterable<StateEntry>) {
    this.#entries = entries[Symbol.iterator]();
  }

  /** The value beside the entry; null where there is none. Entries come in order. */
  at(entry: Pick<StateEntry, 'key' | 'subKey'>): Uint8Array | null {
    this.#next ??= this.#entries.next();
    while (!this.#next.done && compareEntries(this.#next.value, entry) < 0) this.#next = this.#entries.next();
    if (this.#next.done || compareEntries(this.#next.value, entry) !== 0) return null;
    return this.#next.value.value;
  }
}
