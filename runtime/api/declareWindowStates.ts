/** The values that a trigger or a window function keeps per window, checked: they go with their window. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import { declareStates } from './declareStates.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { PipelineError } from './pipelineError.ts';
import type { DeclaredStates } from './state.ts';

/** By the names that the author's functions use. Throws PipelineError. */
export function declareWindowStates(
  declared: DeclaredStates,
  options: OperatorOptions,
  location: SourceLocation | null,
): Readonly<Record<string, StateDeclaration>> {
  const states = declareStates(declared, options, location, ['keyed']);
  for (const { name, type, ttl } of Object.values(states)) {
    const problem =
      type !== 'value'
        ? ` keeps "${name}" per window, where only a value can be: declare it with valueState.`
        : ttl !== undefined
          ? ` gives "${name}" a TTL, and it goes with its window anyway: leave the TTL out.`
          : null;
    if (problem === null) continue;
    throw new PipelineError(
      location,
      `Operator "${options.name ?? options.uid ?? 'window'}"`,
      location,
      problem,
    );
  }
  return states;
}
