/**
 * The whole protocol on one page: every request with its parameters and result, every notification.
 *
 * JSON-RPC 2.0 over WebSocket. One runtime serves one job (or none, and then only savepoints). The one rule that a
 * reader needs: after `job/subscribe` has answered, the notifications that follow, folded over that answer, are
 * always the truth. Events carry a sequence and are never dropped; telemetry is, newest first. A client that sees a
 * gap or is disconnected subscribes again.
 */
import * as z from 'zod';
import { checkpointDetails, checkpointEvent, checkpointSummary, stall } from './checkpoints.ts';
import { graphInfo } from './graph.ts';
import { checkpointConfig, exceptionInfo, jobInfo, logLine } from './job.ts';
import {
  comparison,
  damagedSavepoint,
  entryDifference,
  preflight,
  savepointDetails,
  savepointSummary,
} from './savepoints.ts';
import { telemetry } from './telemetry.ts';
import { count, longText, shortText, snapshotId, time } from './values.ts';

const nothing = z.object({});
const version = z.object({ major: count, minor: count });

export const capability = z.enum([
  'graph',
  'telemetry',
  'barriers',
  'checkpoint/trigger',
  'checkpoint/abort',
  'checkpoint/configure',
  'savepoint/take',
  'savepoint/restore',
  'savepoint/compare',
  'savepoint/preflight',
  'savepoint/label',
  'savepoint/delete',
  'savepoint/export',
  'job/stop',
  'job/cancel',
]);
export type Capability = z.infer<typeof capability>;

/** Everything that a screen needs to begin. */
export const jobSnapshot = z.object({
  /** The engine's clock when this was made: clients show ages against it, not against their own clock. */
  at: time,
  /** Sequence of the last checkpoint event that is contained. */
  sequence: count,
  job: jobInfo,
  graph: graphInfo,
  telemetry,
  /** Newest first, at most 60, with their subtasks; those in progress among them. */
  checkpoints: z.array(checkpointDetails),
  counts: z.object({ triggered: count, inProgress: count, completed: count, failed: count, restored: count }),
  stalls: z.array(stall),
  savepoints: z.array(savepointSummary),
  damagedSavepoints: z.array(damagedSavepoint),
  exceptions: z.array(exceptionInfo),
  log: z.array(logLine),
});
export type JobSnapshot = z.infer<typeof jobSnapshot>;

const request = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R) => ({ params, result });

export const requests = {
  initialize: request(
    z.object({ protocolVersion: version, client: z.object({ name: shortText, version: shortText }) }),
    z.object({
      protocolVersion: version,
      engine: z.object({ name: shortText, version: shortText }),
      capabilities: z.array(capability),
      /** False: no job runs here, only the savepoint requests work. */
      hasJob: z.boolean(),
    }),
  ),
  'job/subscribe': request(nothing, jobSnapshot),
  /** Stops with a savepoint; `drain` first lets all windows fire and says so in the savepoint. */
  'job/stop': request(
    z.object({ drain: z.boolean(), label: shortText.optional() }),
    z.object({ savepoint: savepointSummary }),
  ),
  /** Stops at once, without a savepoint. */
  'job/cancel': request(nothing, nothing),
  /** Answers when the checkpoint has completed. */
  'checkpoint/trigger': request(nothing, z.object({ checkpoint: checkpointSummary })),
  'checkpoint/abort': request(z.object({ id: count }), nothing),
  /**
   * Another mode for the running job, until the run ends: what is pending is aborted first. Answers with the settings as they
   * are then, when every gate has switched.
   */
  'checkpoint/configure': request(
    checkpointConfig.pick({ mode: true, unaligned: true, alignedTimeoutMs: true }),
    z.object({ checkpointConfig }),
  ),
  'checkpoint/list': request(
    nothing,
    z.object({ checkpoints: z.array(checkpointSummary), retained: z.array(savepointSummary) }),
  ),
  'checkpoint/details': request(z.object({ id: count }), checkpointDetails),
  /** Answers when the savepoint is complete and durable. */
  'savepoint/take': request(
    z.object({ label: shortText.optional(), notes: longText.optional() }),
    z.object({ savepoint: savepointSummary }),
  ),
  'savepoint/list': request(
    nothing,
    z.object({ savepoints: z.array(savepointSummary), damaged: z.array(damagedSavepoint) }),
  ),
  'savepoint/show': request(z.object({ savepoint: snapshotId }), savepointDetails),
  'savepoint/label': request(
    z.object({ savepoint: snapshotId, label: shortText.nullable(), notes: longText.nullable() }),
    z.object({ savepoint: savepointSummary }),
  ),
  'savepoint/delete': request(z.object({ savepoint: snapshotId }), nothing),
  /** Into one file, which must not exist; below the workspace or the data directory. */
  'savepoint/export': request(
    z.object({ savepoint: snapshotId, file: longText }),
    z.object({ file: longText, bytes: count }),
  ),
  /** What an export has written, as another savepoint. */
  'savepoint/import': request(z.object({ file: longText }), z.object({ savepoint: savepointSummary })),
  'savepoint/preflight': request(
    z.object({ savepoint: snapshotId, parallelism: count.min(1).optional() }),
    preflight,
  ),
  /** The running job is cancelled and goes on from the savepoint; answers when its tasks run. */
  'savepoint/restore': request(
    z.object({
      savepoint: snapshotId,
      parallelism: count.min(1).optional(),
      supersede: z.boolean(),
      allowNonRestoredState: z.boolean(),
      /** The savepoint is handed over and deleted once newer checkpoints have subsumed it. */
      claim: z.boolean().optional(),
    }),
    z.object({ job: jobInfo }),
  ),
  /**
   * May be cancelled (`$/cancelRequest`). With a `progress` of the client's choice, `savepoint/progress` tells how far it has
   * come.
   */
  'savepoint/compare': request(
    z.object({ a: snapshotId, b: snapshotId, progress: shortText.optional() }),
    comparison,
  ),
  /** A page of the differing entries of one state, in key order; `next` is the cursor of the following page. */
  'savepoint/compareEntries': request(
    z.object({
      a: snapshotId,
      b: snapshotId,
      uid: shortText,
      state: shortText,
      changes: z.array(z.enum(['added', 'removed', 'changed'])).min(1),
      /** Only keys whose JSON contains this. */
      keyContains: shortText.optional(),
      cursor: count,
      limit: count.min(1).max(500),
    }),
    z.object({ entries: z.array(entryDifference), next: count.nullable() }),
  ),
  /** All text of one side of one entry, piece by piece; `next` is the offset of the following piece. */
  'savepoint/compareValue': request(
    z.object({
      a: snapshotId,
      b: snapshotId,
      uid: shortText,
      state: shortText,
      /** The entry's. */
      at: count,
      part: z.enum(['key', 'before', 'after']),
      offset: count,
    }),
    z.object({ text: longText, next: count.nullable() }),
  ),
} as const;

export const notifications = {
  /** Only to the client that asked, subscribed or not. */
  'savepoint/progress': z.object({ progress: shortText, done: count, total: count }),
  'job/changed': z.object({ job: jobInfo }),
  /** Deployed anew (restore at another parallelism, say): everything that hangs on channel ids starts afresh. */
  'graph/changed': z.object({ graph: graphInfo }),
  telemetry,
  /** In order, batched within 20 ms. */
  'checkpoint/events': z.object({ events: z.array(checkpointEvent).min(1) }),
  /** Opened, explained anew, or closed (`closedAt` set). */
  'stall/changed': z.object({ stall }),
  'savepoints/changed': z.object({
    savepoints: z.array(savepointSummary),
    damaged: z.array(damagedSavepoint),
  }),
  exception: z.object({ exception: exceptionInfo }),
  log: z.object({ lines: z.array(logLine).min(1) }),
} as const;

export type RequestMethod = keyof typeof requests;
export type RequestParams<M extends RequestMethod> = z.infer<(typeof requests)[M]['params']>;
export type RequestResult<M extends RequestMethod> = z.infer<(typeof requests)[M]['result']>;
export type NotificationMethod = keyof typeof notifications;
export type NotificationParams<M extends NotificationMethod> = z.infer<(typeof notifications)[M]>;
