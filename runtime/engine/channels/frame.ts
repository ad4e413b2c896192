/**
 * What travels in a channel: batches of records, and between them the control events that keep their place in the
 * stream. A barrier never overtakes a record and no record overtakes it, because both are frames of one queue.
 */
import type { Barrier } from '../../checkpoint/barrier.ts';

export interface DataFrame {
  readonly kind: 'data';
  readonly values: readonly unknown[];
  /** As many as values. */
  readonly timestamps: readonly number[];
}

export type ControlFrame =
  | { readonly kind: 'barrier'; readonly barrier: Barrier }
  /** Checkpoint n will not be taken: whoever waits for its barrier stops waiting. */
  | { readonly kind: 'cancel'; readonly checkpointId: number }
  | { readonly kind: 'watermark'; readonly time: number }
  /** The sender has nothing for a while: its watermark no longer holds back the others. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'active' }
  /** Nothing comes after this. */
  | { readonly kind: 'end' };

export type Frame = DataFrame | ControlFrame;

/** Most records in one frame. */
export const BATCH_RECORDS_MAX = 1_024;

/** Most records in one frame of a channel: a small channel holds two small batches rather than one that overfills it. */
export const batchRecords = (capacityRecords: number): number =>
  Math.max(1, Math.min(BATCH_RECORDS_MAX, capacityRecords >> 1));
