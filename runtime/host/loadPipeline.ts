/**
 * Evaluates a bundled pipeline, in a worker thread: here, and only here, the author's code comes into a process. What
 * goes wrong becomes a plain value with the author's own lines.
 */
import { pathToFileURL } from 'node:url';
import type { DefineOptions, Pipeline } from '../api/pipeline.ts';
import { PipelineError } from '../api/pipelineError.ts';
import type { JobDefinition } from '../graph/jobDefinition.ts';
import type { GraphOperator, JobGraph, SourceLocation } from '../graph/jobGraph.ts';
import { type SourceMaps, sourceMaps } from './sourceMaps.ts';

export interface EvaluationProblem {
  /** `plan`: the pipeline says something that cannot be run. `threw`: its code failed. */
  readonly kind: 'plan' | 'threw';
  readonly name: string;
  readonly message: string;
  /** Mapped to the author's files. */
  readonly stack: string;
  readonly location: SourceLocation | null;
}

export type EvaluationOutcome =
  | { readonly ok: true; readonly definition: JobDefinition }
  | { readonly ok: false; readonly problem: EvaluationProblem };

export async function loadPipeline(bundlePath: string, options: DefineOptions): Promise<EvaluationOutcome> {
  const maps = sourceMaps(bundlePath);
  try {
    const module = (await import(pathToFileURL(bundlePath).href)) as { default?: Partial<Pipeline> };
    const pipeline = module.default;
    if (typeof pipeline?.define !== 'function') {
      const message =
        'its default export is no pipeline: write `export default pipeline(name, (env) => { … })`';
      return {
        ok: false,
        problem: { kind: 'plan', name: 'PipelineError', message, stack: '', location: null },
      };
    }
    return { ok: true, definition: pipeline.define(options) };
  } catch (error) {
    return { ok: false, problem: describe(error, maps) };
  }
}

/** The graph with the author's lines instead of the bundle's. */
export function withOriginalLocations(graph: JobGraph, bundlePath: string): JobGraph {
  const maps = sourceMaps(bundlePath);
  const original = (operator: GraphOperator): GraphOperator =>
    operator.location === null ? operator : { ...operator, location: maps.original(operator.location) };
  return { ...graph, operators: graph.operators.map(original) };
}

function describe(error: unknown, maps: SourceMaps): EvaluationProblem {
  if (error instanceof PipelineError) {
    return {
      kind: 'plan',
      name: error.name,
      message: error.explain((location) => maps.original(location)),
      stack: '',
      location: error.location === null ? null : maps.original(error.location),
    };
  }
  const known = error instanceof Error ? error : null;
  const stack = maps.stack(known?.stack ?? '');
  return {
    kind: 'threw',
    name: known?.name ?? 'Error',
    message: known?.message ?? String(error),
    stack: stack.text,
    location: stack.location,
  };
}
