/** The states of one operator, checked: two of one name would share what is saved. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { PipelineError } from './pipelineError.ts';
import { type DeclaredStates, declarationOf } from './state.ts';

/** By the names that the author's functions use. */
export function declareStates(
  declared: DeclaredStates,
  options: OperatorOptions,
  location: SourceLocation | null,
): Readonly<Record<string, StateDeclaration>> {
  const operator = `Operator "${options.name ?? options.uid ?? 'process'}"`;
  const states: Record<string, StateDeclaration> = {};
  const names = new Set<string>();
  for (const [property, state] of Object.entries(declared)) {
    const declaration = declarationOf(property, state);
    const { name, schemaVersion } = declaration;
    if (name === '') throw new PipelineError(location, operator, location, ' has a state without a name.');
    if (names.has(name)) {
      throw new PipelineError(
        location,
        operator,
        location,
        ` has two states named "${name}": give each its own name.`,
      );
    }
    if (!Number.isInteger(schemaVersion) || schemaVersion < 1) {
      const problem = ` gives state "${name}" the schema version ${schemaVersion}: versions are whole numbers from 1 on.`;
      throw new PipelineError(location, operator, location, problem);
    }
    for (let version = 1; version < schemaVersion; version++) {
      if (declaration.migrations?.[version] === undefined && declaration.migrations !== undefined) {
        const problem =
          ` has migrations for state "${name}", but none from schema version ${version} to ${version + 1}: ` +
          'add it, so that older savepoints can be restored.';
        throw new PipelineError(location, operator, location, problem);
      }
    }
    names.add(name);
    states[property] = declaration;
  }
  return states;
}
