/**
 * The functions of `map`, `flatMap`, `filter` and `reduce`: plain ones, or in an object with `open` and `close` around
 * them (Flink's rich functions). What `open` answers comes as the last argument.
 */
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { AnyLifecycle, Lifecycle } from '../operators/lifecycle.ts';
import { PipelineError } from './pipelineError.ts';

export interface RichMapFunction<T, Out, Opened> extends Lifecycle<Opened> {
  map(value: T, opened: Opened): Out;
}

export interface RichFlatMapFunction<T, Out, Opened> extends Lifecycle<Opened> {
  flatMap(value: T, opened: Opened): Iterable<Out>;
}

export interface RichFilterFunction<T, Opened> extends Lifecycle<Opened> {
  filter(value: T, opened: Opened): boolean;
}

export interface RichReduceFunction<T, Opened> extends Lifecycle<Opened> {
  reduce(left: T, right: T, opened: Opened): T;
}

/** The function itself, and what surrounds it. Throws PipelineError where there is no function. */
export function recordFunction<Call>(
  author: object,
  method: 'map' | 'flatMap' | 'filter' | 'reduce',
  location: SourceLocation | null,
): { readonly call: Call; readonly lifecycle: AnyLifecycle } {
  if (typeof author === 'function') return { call: author as Call, lifecycle: {} };
  const call: unknown = (author as Readonly<Record<string, unknown>> | null)?.[method];
  if (typeof call !== 'function') {
    const takes = `takes a function, or an object with a function "${method}"`;
    throw new PipelineError(location, method, location, ` ${takes}.`);
  }
  // Called on the object that the author wrote, so that `this` is what it looks like.
  return { call: call.bind(author) as Call, lifecycle: author };
}
