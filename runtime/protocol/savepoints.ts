/**
 * Savepoints (and retained checkpoints, which can be shown, compared and restored alike): list, pre-flight, compare.
 */
import * as z from 'zod';
import { stateType } from './graph.ts';
import { bytes, count, longText, shortText, snapshotId, time } from './values.ts';

export const sourcePosition = z.object({
  operator: shortText,
  split: z.string().max(4_096),
  /** Records read. */
  offset: count,
  watermark: time.nullable(),
});
export type SourcePosition = z.infer<typeof sourcePosition>;

export const savedState = z.object({
  name: shortText,
  type: stateType,
  schemaVersion: count,
  keys: count,
  bytes,
});
export type SavedState = z.infer<typeof savedState>;

export const savedOperator = z.object({
  uid: shortText,
  name: shortText,
  type: shortText,
  parallelism: count,
  maxParallelism: count,
  states: z.array(savedState),
});
export type SavedOperator = z.infer<typeof savedOperator>;

export const savepointSummary = z.object({
  id: snapshotId,
  kind: z.enum(['checkpoint', 'savepoint']),
  job: shortText,
  checkpointId: count,
  runId: shortText,
  label: shortText.nullable(),
  notes: longText.nullable(),
  createdAt: time,
  /** True when the job was stopped with it; `drained` when all windows had fired. */
  stopped: z.boolean(),
  drained: z.boolean(),
  bytes,
  keys: count,
  parallelism: count,
  fingerprint: shortText,
  path: longText,
});
export type SavepointSummary = z.infer<typeof savepointSummary>;

export const savepointDetails = savepointSummary.extend({
  sluiceVersion: shortText,
  formatVersion: count,
  operators: z.array(savedOperator),
  sources: z.array(sourcePosition),
});
export type SavepointDetails = z.infer<typeof savepointDetails>;

/** A directory that looks like a savepoint but cannot be read: shown, never hidden. */
export const damagedSavepoint = z.object({ path: longText, message: longText });
export type DamagedSavepoint = z.infer<typeof damagedSavepoint>;

export const preflightVerdict = z.enum([
  'as-is',
  'rescaled',
  'migrated',
  'new-and-empty',
  'dropped',
  'impossible',
]);
export type PreflightVerdict = z.infer<typeof preflightVerdict>;

export const preflightItem = z.object({
  uid: shortText,
  name: shortText,
  /** null: the verdict is about the operator as a whole. */
  state: shortText.nullable(),
  verdict: preflightVerdict,
  /** One sentence, for instance "rescaled 2 → 4" or "No operator takes the state pending: 21,016 keys". */
  text: longText,
  keys: count.nullable(),
  bytes: bytes.nullable(),
});
export type PreflightItem = z.infer<typeof preflightItem>;

export const preflight = z.object({
  savepoint: savepointSummary,
  items: z.array(preflightItem),
  /** Parts that sinks committed after this point; they would come twice and are renamed with consent. */
  supersededParts: z.array(
    z.object({ operator: shortText, path: longText, bytes, committedAt: time.nullable() }),
  ),
  /** What each source reads again, against the job's last known position; null when that is not known. */
  replay: z.array(
    z.object({ operator: shortText, split: z.string().max(4_096), from: count, to: count.nullable() }),
  ),
  /** May it be restored: yes; after the named consents; not at all. */
  needs: z.array(z.enum(['supersede', 'allow-non-restored-state'])),
  possible: z.boolean(),
});
export type Preflight = z.infer<typeof preflight>;

/** What a state is for somebody who looks at a savepoint: an author's own (`state`), or kept by Sluice for the operator. */
export const stateRole = z.enum([
  'state',
  'event-time-timers',
  'processing-time-timers',
  'windows',
  'panes',
  'sessions',
  'per-window',
  'join-buffer',
  'splits',
  'async-calls',
  'committables',
  'in-flight',
  'bookkeeping',
]);
export type StateRole = z.infer<typeof stateRole>;

export const stateDifference = z.object({
  uid: shortText,
  name: shortText,
  state: shortText,
  type: stateType,
  /** Absent, like everything below that has a default, from engines of protocol 1.1. */
  role: stateRole.default('state'),
  keysA: count.nullable(),
  keysB: count.nullable(),
  added: count,
  removed: count,
  changed: count,
  unchanged: count,
  /** Of the unchanged: used or written again in between. Null without TTL. */
  touched: count.nullable().default(null),
  bytesA: bytes.nullable(),
  bytesB: bytes.nullable(),
  schemaA: count.nullable().default(null),
  schemaB: count.nullable().default(null),
});
export type StateDifference = z.infer<typeof stateDifference>;

/** What one source read of one split between A and B. */
export const sourceRange = z.object({
  operator: shortText,
  split: z.string().max(4_096),
  /** `added`, `removed`: only one side knows the split. `behind`: B has read less of it. */
  change: z.enum(['added', 'removed', 'advanced', 'finished', 'behind', 'same']).default('advanced'),
  a: count.nullable(),
  b: count.nullable(),
  /** Below zero when B is behind. */
  records: z.number().int().nullable().default(null),
  watermarkA: time.nullable(),
  watermarkB: time.nullable(),
  /** Time of the latest record. */
  eventTimeA: time.nullable().default(null),
  eventTimeB: time.nullable().default(null),
});
export type SourceRange = z.infer<typeof sourceRange>;

/** Records that a barrier had overtaken, in one channel. */
export const inFlightChannel = z.object({
  edge: shortText,
  from: count,
  to: count,
  recordsA: count,
  recordsB: count,
});
export type InFlightChannel = z.infer<typeof inFlightChannel>;

const nothingInFlight = { channels: [], channelsTotal: 0, recordsA: 0, recordsB: 0 };

export const comparison = z.object({
  a: savepointSummary,
  b: savepointSummary,
  samePlan: z.boolean(),
  /** Sentences about the pair: of two jobs, in the wrong order, of two branches. */
  remarks: z.array(longText).default([]),
  /** Sentences about operators added, removed, renamed, re-parallelised. */
  planChanges: z.array(longText),
  /** The first of them, at most 1,000. */
  positions: z.array(sourceRange),
  positionsTotal: count.default(0),
  /** Read between A and B, of all splits; null when that of one is not known. */
  records: z.number().int().nullable().default(null),
  states: z.array(stateDifference),
  inFlight: z
    .object({
      /** Those with the most records, at most 500. */
      channels: z.array(inFlightChannel),
      channelsTotal: count,
      recordsA: count,
      recordsB: count,
    })
    .default(nothingInFlight),
  tookMs: z.number().nonnegative(),
});
export type Comparison = z.infer<typeof comparison>;

/** One differing entry. Key, sub key (map key, window, timer) and values are canonical JSON, shortened at 16 KiB. */
export const entryDifference = z.object({
  change: z.enum(['added', 'removed', 'changed']),
  /** A cursor that begins with this entry. */
  at: count.default(0),
  key: longText,
  subKey: longText.nullable(),
  before: longText.nullable(),
  after: longText.nullable(),
  /** Something was cut off; `savepoint/compareValue` answers all of it. */
  isShortened: z.boolean().default(false),
  /** Of windows and what belongs to one. No start: all of time. No end: none, or not known. */
  window: z.object({ start: time.nullable(), end: time.nullable() }).nullable().default(null),
  /** Of a timer, or of records that wait in a join. */
  time: time.nullable().default(null),
  /** Of a timer. */
  namespace: longText.nullable().default(null),
  /** With TTL: when the entry was last touched. */
  touchedBefore: time.nullable().default(null),
  touchedAfter: time.nullable().default(null),
});
export type EntryDifference = z.infer<typeof entryDifference>;
