/**
 * Where in the author's code a method of ours was called, from the stack of an Error.
 *
 * The frame is kept as the platform tells it: in a bundled pipeline it points into the bundle, and `host` maps it
 * through the source map. It is found by counting (this function, the method that called it, the author), so each
 * public method must call it directly.
 */
import type { SourceLocation } from '../graph/jobGraph.ts';

/** Null where the platform gives no usable stack: everything works then, only without lines. */
export function callerLocation(): SourceLocation | null {
  const frames = (new Error().stack ?? '').split('\n').filter((line) => /^\s*at /.test(line));
  return parseFrame(frames[2] ?? '');
}

/** `at name (file:///pipeline.js:3:7)`, with or without the name and the parentheses. */
export function parseFrame(frame: string): SourceLocation | null {
  const match = /(?:\(|at (?:async )?)([^()]+):(\d+):(\d+)\)?\s*$/.exec(frame);
  if (match === null) return null;
  const [, file = '', line = '', column = ''] = match;
  return { file, line: Number(line), column: Number(column) };
}
