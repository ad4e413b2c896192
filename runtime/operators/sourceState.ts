/**
 * What a source puts into a snapshot: one element per split, as union state. Every subtask of the next run restores all
 * elements and keeps those of its own splits, so another parallelism needs nothing special.
 *
 * The highest timestamp is kept too: without it the watermark would start anew after a restore, and a record that
 * was late before the failure would be on time after it.
 */
import type { StateDeclaration } from '../state/declarations.ts';
import type { Timestamp } from './operator.ts';
import type { SplitPosition } from './source.ts';

export interface SplitState {
  readonly split: string;
  readonly position: SplitPosition;
  /** Null before the first record, and where there is no watermark strategy. */
  readonly highestTimestamp: Timestamp | null;
  /** Of a generator of the author's, and of a split that was discovered; absent where the highest timestamp says it all. */
  readonly watermark?: Timestamp;
}

export const splitsDeclaration: StateDeclaration<SplitState> = {
  name: 'splits',
  type: 'operator-union',
  schemaVersion: 1,
};
