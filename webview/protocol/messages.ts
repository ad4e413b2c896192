/**
 * The few messages between the dashboard and the editor that shows it.
 *
 * The dashboard speaks the runtime's own JSON-RPC (`runtime/protocol`) and nothing here repeats it: the editor opens a
 * socket per dashboard, keeps the token to itself, and passes every text frame on as it is, in both directions. What
 * is left are the things that only an editor can do (open a file, a diff, the clipboard), what only it knows (the
 * state of that socket), and which view a command wants to have opened.
 *
 * The one rule that a reader needs: the dashboard says `ready` once its script runs, and before that nothing is sent
 * to it. On every `connection` that turns `live` it initializes and subscribes anew. `generation` names the socket, so
 * that a frame of a socket that is gone is dropped on either side.
 */
import * as z from 'zod';
import {
  count,
  longText,
  shortText,
  snapshotId,
  sourceLocation,
  time,
} from '../../runtime/protocol/values.ts';

/** Where the dashboard runs: inside an editor, or in a browser through `--serve`. */
export const hostKind = z.enum(['vscode', 'browser']);
export type HostKind = z.infer<typeof hostKind>;

export const connectionState = z.discriminatedUnion('kind', [
  /** A socket is being opened; the runtime may still be starting. */
  z.object({ kind: z.literal('connecting') }),
  z.object({ kind: z.literal('live'), generation: count }),
  /** The runtime went away or cannot be reached. `reason` is one sentence; `retryAt` is null when nobody tries again by itself. */
  z.object({ kind: z.literal('lost'), since: time, reason: longText, retryAt: time.nullable() }),
  /** Nothing runs. `canRun` says whether a `run` command would do something (an open pipeline, a trusted workspace). */
  z.object({ kind: z.literal('no-job'), reason: longText, canRun: z.boolean() }),
]);
export type ConnectionState = z.infer<typeof connectionState>;

/** What the dashboard can have on its whole page. */
export const dashboardView = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('overview') }),
  z.object({ kind: z.literal('checkpoint'), id: count }),
  z.object({ kind: z.literal('stall'), id: count }),
  z.object({ kind: z.literal('savepoint'), savepoint: snapshotId }),
  z.object({ kind: z.literal('compare'), a: snapshotId, b: snapshotId }),
  /** The overview with the pre-flight of a restore on top. */
  z.object({ kind: z.literal('restore'), savepoint: snapshotId }),
  z.object({ kind: z.literal('events') }),
]);
export type DashboardView = z.infer<typeof dashboardView>;

/** A JSON-RPC message as the text of one WebSocket frame. */
const rpc = z.object({ type: z.literal('rpc'), generation: count, message: z.string() });

/** One side of a text diff. */
const diffSide = z.object({ label: shortText, text: z.string() });

export const dashboardToEditor = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  rpc,
  z.object({ type: z.literal('openSource'), location: sourceLocation }),
  /** The editor's own diff over two read-only texts. */
  z.object({
    type: z.literal('openTextDiff'),
    title: shortText,
    language: shortText,
    left: diffSide,
    right: diffSide,
  }),
  z.object({ type: z.literal('copy'), text: z.string() }),
  /** `run` the pipeline that this dashboard belongs to, `reconnect` now instead of at `retryAt`, `show-log`. */
  z.object({ type: z.literal('command'), command: z.enum(['run', 'reconnect', 'show-log']) }),
  /** For the tab: its title, and whether something needs the user. */
  z.object({ type: z.literal('title'), job: shortText.nullable(), needsUser: z.boolean() }),
]);
export type DashboardToEditor = z.infer<typeof dashboardToEditor>;

export const editorToDashboard = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connection'), state: connectionState }),
  rpc,
  /** A command of the editor wants to see this. */
  z.object({ type: z.literal('show'), view: dashboardView }),
]);
export type EditorToDashboard = z.infer<typeof editorToDashboard>;
