/**
 * A side output: a second way out of an operator, with records of another type. The operator sends with
 * `context.emitTo(tag, value)`, and `stream.sideOutput(tag)` is the stream of what it sent. A tag is its name: two tags of
 * one name are the same side output, and those of two operators have nothing to do with each other.
 */
import { callerLocation } from './callerLocation.ts';
import { PipelineError } from './pipelineError.ts';

export interface OutputTag<T> {
  readonly name: string;
  /** Only for the types. */
  readonly record?: T;
}

/** `name` is part of the plan: a savepoint remembers that there was such an edge. */
export function outputTag<T>(name: string): OutputTag<T> {
  if (typeof name !== 'string' || name.trim() === '' || name.length > 100) {
    const location = callerLocation();
    throw new PipelineError(location, 'A side output needs a name of 1 to 100 characters', location, '.');
  }
  return { name };
}
