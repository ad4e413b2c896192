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

export const stateDifference = z.object({
  uid: shortText,
  name: shortText,
  state: shortText,
  type: stateType,
  keysA: count.nullable(),
  keysB: count.nullable(),
  added: count,
  removed: count,
  changed: count,
  unchanged: count,
  bytesA: bytes.nullable(),
  bytesB: bytes.nullable(),
});
export type StateDifference = z.infer<typeof stateDifference>;

export const comparison = z.object({
  a: savepointSummary,
  b: savepointSummary,
  samePlan: z.boolean(),
  /** Sentences about operators added, removed, renamed, re-parallelised. */
  planChanges: z.array(longText),
  positions: z.array(
    z.object({
      operator: shortText,
      split: z.string().max(4_096),
      a: count.nullable(),
      b: count.nullable(),
      watermarkA: time.nullable(),
      watermarkB: time.nullable(),
    }),
  ),
  states: z.array(stateDifference),
  tookMs: z.number().nonnegative(),
});
export type Comparison = z.infer<typeof comparison>;

/** One differing entry. Key, sub key (map key, window, timer) and values are canonical JSON, shortened at 16 KiB. */
export const entryDifference = z.object({
  change: z.enum(['added', 'removed', 'changed']),
  key: longText,
  subKey: longText.nullable(),
  before: longText.nullable(),
  after: longText.nullable(),
});
export type EntryDifference = z.infer<typeof entryDifference>;
