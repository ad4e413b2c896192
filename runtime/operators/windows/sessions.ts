/**
 * The sessions of a key: Flink's merging window set. Each record opens a window of its own, from its time to a gap later;
 * windows that overlap or touch become one.
 *
 *   sessions        ├────┤      ├───┤            ├──┤
 *   a record               ├──────┤
 *   then            ├───────────────┤            ├──┤
 *
 * Invariant: two sessions of one key never touch. So what a new window does not touch itself, it does not reach through
 * others either, and the start of a session is enough to tell it apart.
 */
import type { MapState, StateDeclaration } from '../../state/declarations.ts';
import type { KeyedStates, Timestamp } from '../operator.ts';
import type { TimeWindow } from './window.ts';

/** From start to end. */
export const sessionsDeclaration: StateDeclaration<Timestamp> = {
  name: 'sessions',
  type: 'map',
  schemaVersion: 1,
};

export interface SessionMerge {
  /** The session that the window belongs to. */
  readonly into: TimeWindow;
  /** Those that it was until now, in order: none where it is new, only itself where it did not grow. */
  readonly merged: readonly TimeWindow[];
}

export class Sessions {
  readonly #ends: MapState<Timestamp, Timestamp>;

  constructor(keyed: KeyedStates) {
    this.#ends = keyed.map<Timestamp, Timestamp>(sessionsDeclaration);
  }

  /** Changes nothing: whether the window comes too late is known only when it is known what it becomes. */
  merge({ start, end }: TimeWindow): SessionMerge {
    const merged: TimeWindow[] = [];
    for (const [from, to] of this.#ends.entries())
      if (from <= end && start <= to) merged.push({ start: from, end: to });
    merged.sort((a, b) => a.start - b.start);
    const into = {
      start: Math.min(start, merged[0]?.start ?? start),
      end: Math.max(end, merged.at(-1)?.end ?? end),
    };
    return { into, merged };
  }

  put({ into, merged }: SessionMerge): void {
    for (const { start } of merged) if (start !== into.start) this.#ends.delete(start);
    this.#ends.set(into.start, into.end);
  }

  /** The session that begins there; undefined when it is over or has become part of another one. */
  at(start: Timestamp): TimeWindow | undefined {
    const end = this.#ends.get(start);
    return end === undefined ? undefined : { start, end };
  }

  drop({ start }: TimeWindow): void {
    this.#ends.delete(start);
  }
}
