/** What keyBy makes of the way into an operator: records go to the subtask that their key belongs to. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { Key } from '../state/declarations.ts';
import { PipelineError } from './pipelineError.ts';
import type { Leg } from './plan.ts';

/** Throws PipelineError where `keyOf` is no function. */
export function keyedLegs<T>(
  legs: readonly Leg[],
  keyOf: (value: T) => Key,
  location: SourceLocation | null,
): readonly Leg[] {
  if (typeof keyOf !== 'function') {
    const problem = ' takes a function that answers the key of a record.';
    throw new PipelineError(location, 'keyBy', location, problem);
  }
  const label = keyLabel(keyOf);
  const untyped = keyOf as (value: unknown) => Key;
  return legs.map((leg) => ({ ...leg, partitioning: 'hash', keyOf: untyped, partition: null, label }));
}

/** What people wrote after keyBy, as far as it is short and plain: `(f) => f.origin` is `origin`. */
function keyLabel(keyOf: (value: never) => Key): string {
  const text = /^\(?\s*([\w$]+)\s*\)?\s*=>\s*(.+)$/s.exec(keyOf.toString());
  if (text === null) return 'hash';
  const [, parameter = '', body = ''] = text;
  const readable = body.replaceAll(`${parameter}.`, '').trim();
  return readable.length <= 40 && !/[{};\n]/.test(readable) ? `hash(${readable})` : 'hash';
}
