/**
 * The small values that every message is made of. Times are milliseconds since the epoch of the engine's clock,
 * durations are milliseconds, sizes are bytes, shares are 0 to 1. `null` means "not known", never zero.
 */
import * as z from 'zod';

export const count = z.number().int().nonnegative();
export const bytes = z.number().nonnegative();
export const time = z.number();
export const durationMs = z.number().nonnegative();
export const share = z.number().min(0).max(1);
export const shortText = z.string().max(1_024);
export const longText = z.string().max(65_536);

/** A vertex of the running graph: one chain of operators. Stable across restarts of the same plan. */
export const vertexId = z.string().min(1).max(512);

/** One parallel instance of a vertex. */
export const subtaskRef = z.object({ vertex: vertexId, index: count });
export type SubtaskRef = z.infer<typeof subtaskRef>;

/** Where in the user's source something was written; lines and columns start at 1. */
export const sourceLocation = z.object({ file: longText, line: count, column: count });
export type SourceLocation = z.infer<typeof sourceLocation>;

/**
 * A checkpoint's or savepoint's address: a directory below the job's data directory or the workspace,
 * or the id that `savepoint/list` and `checkpoint/list` gave.
 */
export const snapshotId = z.string().min(1).max(4_096);
