/** From the functions of an author, with their types, to those that an operator calls, without. */
import type { SourceLocation } from '../graph/jobGraph.ts';
import { endStatesOf, type ProcessFunctions, ProcessOperator } from '../operators/processOperator.ts';
import { refusePromise } from '../operators/synchronous.ts';
import type { StateDeclaration } from '../state/declarations.ts';
import { declareStates } from './declareStates.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { PipelineError } from './pipelineError.ts';
import type { PlannedFunction } from './plan.ts';
import type { DeclaredStates, StateKind } from './state.ts';

/** What authors write, as far as it can be said without its types. */
export interface AuthorFunctions {
  readonly state?: DeclaredStates;
  onTimer?(timer: never, context: never): void;
  onEnd?(context: never): void;
  open?(runtime: never): unknown;
  close?(opened: never): void;
}

/** The operator that the functions are written for. */
export interface AuthorPlace {
  readonly type: string;
  readonly options: OperatorOptions;
  readonly location: SourceLocation | null;
  readonly keyed: boolean;
}

/** The operator of a `process`. `perInput`: the names of its functions, by input. Throws PipelineError. */
export function plannedProcess(
  author: AuthorFunctions,
  perInput: readonly string[],
  place: AuthorPlace,
): PlannedFunction {
  const states = statesOf(author, place);
  const functions: ProcessFunctions = {
    states,
    onElement: perInput.map((name) => synchronousMethodOf(author, name, place)),
    ...endsOf<ProcessFunctions>(author, place),
    lifecycle: author,
  };
  return {
    states: withOthers(Object.values(states), endStatesOf(functions), 'its own', place),
    create: () => new ProcessOperator(functions),
  };
}

const keyless: readonly StateKind[] = ['operator', 'broadcast'];

/** By the names that the functions use. */
export function statesOf(
  { state = {} }: AuthorFunctions,
  { options, location, keyed }: AuthorPlace,
): Readonly<Record<string, StateDeclaration>> {
  return keyed ? declareStates(state, options, location) : declareStates(state, options, location, keyless);
}

/** Timers need keys, and the end of the input has none. */
export function endsOf<Functions extends { readonly onTimer: unknown; readonly onEnd: unknown }>(
  author: AuthorFunctions,
  { keyed }: AuthorPlace,
): Pick<Functions, 'onTimer' | 'onEnd'> {
  return {
    onTimer: (keyed ? (author.onTimer?.bind(author) ?? null) : null) as Functions['onTimer'],
    onEnd: (keyed ? null : (author.onEnd?.bind(author) ?? null)) as Functions['onEnd'],
  };
}

/** A method that must not be async: what it answers is looked at with every call. Throws PipelineError without it. */
export function synchronousMethodOf<Method>(author: object, name: string, place: AuthorPlace): Method {
  const method = methodOf<(a: unknown, b: unknown, c: unknown, d: unknown) => unknown>(author, name, place);
  const call = (a: unknown, b: unknown, c: unknown, d: unknown): void => {
    const answer = method(a, b, c, d);
    if (answer !== undefined) refusePromise(answer, name);
  };
  return call as Method;
}

/** Called on the object that the author wrote, so that `this` is what it looks like. Throws PipelineError without it. */
export function methodOf<Method>(author: object, name: string, place: AuthorPlace): Method {
  const method: unknown = (author as Readonly<Record<string, unknown>>)[name];
  if (typeof method === 'function') return method.bind(author) as Method;
  throw problemOf(place, ` needs a function "${name}".`);
}

/** Both, which must not share a name. `ofOthers` says whose the others are. */
export function withOthers(
  states: readonly StateDeclaration[],
  others: readonly StateDeclaration[],
  ofOthers: string,
  place: AuthorPlace,
): readonly StateDeclaration[] {
  const taken = states.find(({ name }) => others.some((other) => other.name === name));
  if (taken === undefined) return [...states, ...others];
  const problem = ` has two states named "${taken.name}", one of them ${ofOthers}: give yours another name.`;
  throw problemOf(place, problem);
}

/** `problem`: a sentence without its subject, which is the operator. */
export function problemOf({ type, options, location }: AuthorPlace, problem: string): PipelineError {
  return new PipelineError(location, `Operator "${options.name ?? options.uid ?? type}"`, location, problem);
}
