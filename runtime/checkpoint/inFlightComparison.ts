/**
 * What was in flight in two snapshots, channel by channel: records that a barrier had overtaken, in the channel or before it,
 * with the sender. Only unaligned checkpoints have any.
 */
import { type ReadableSnapshot, SavedState } from './savedState.ts';
import { roleOf } from './stateRoles.ts';
import type { SnapshotFiles } from './storage.ts';

export interface InFlightChannel {
  readonly edge: string;
  /** Subtask of the sender, at the parallelism of the snapshot. */
  readonly from: number;
  /** Subtask of the receiver. */
  readonly to: number;
  readonly recordsA: number;
  readonly recordsB: number;
}

export interface InFlightComparison {
  /** Those with the most records, at most `channelsMax`. */
  readonly channels: readonly InFlightChannel[];
  readonly channelsTotal: number;
  readonly recordsA: number;
  readonly recordsB: number;
}

export const channelsMax = 500;

/** Throws SnapshotDamage. */
export function compareInFlight(
  a: ReadableSnapshot,
  b: ReadableSnapshot,
  files: SnapshotFiles,
): InFlightComparison {
  const channels = new Map<string, InFlightChannel>();
  const sum = { recordsA: 0, recordsB: 0 };
  for (const [side, snapshot] of [
    ['recordsA', a],
    ['recordsB', b],
  ] as const) {
    for (const { edge, from, to, frame } of framesOf(snapshot, files)) {
      const records = frame?.values?.length ?? 0;
      const place = JSON.stringify([edge, from, to]);
      const known = channels.get(place) ?? { edge, from, to, recordsA: 0, recordsB: 0 };
      channels.set(place, { ...known, [side]: known[side] + records });
      sum[side] += records;
    }
  }
  const fullest = [...channels.values()].sort(
    (x, y) => Math.max(y.recordsA, y.recordsB) - Math.max(x.recordsA, x.recordsB),
  );
  return { channels: fullest.slice(0, channelsMax), channelsTotal: channels.size, ...sum };
}

/** docs/savepoint-format.md, "What was in flight". */
export interface SavedFrame {
  readonly edge: string;
  readonly from: number;
  readonly to: number;
  readonly frame?: { readonly values?: readonly unknown[] };
}

function* framesOf(snapshot: ReadableSnapshot, files: SnapshotFiles): Generator<SavedFrame> {
  for (const operator of snapshot.manifest.operators) {
    for (const { name } of operator.states.filter((state) => roleOf(operator, state) === 'in-flight')) {
      const state = SavedState.open(snapshot, operator.uid, name, files);
      try {
        yield* (state?.elements() ?? []) as readonly SavedFrame[];
      } finally {
        state?.close();
      }
    }
  }
}
