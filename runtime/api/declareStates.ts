/**
 * The states of one operator, checked: what is wrong with one is told with the operator, its line and the state, before
 * anything runs.
 */
import type { SourceLocation } from '../graph/jobGraph.ts';
import { endedDeclaration } from '../operators/endOnce.ts';
import {
  inFlightStates,
  type StateDeclaration,
  type StateTtl,
  type StateType,
  timerStates,
} from '../state/declarations.ts';
import { isNameOfTimes } from '../state/ttl.ts';
import { positiveDurationMs } from './duration.ts';
import type { OperatorOptions } from './operatorOptions.ts';
import { PipelineError } from './pipelineError.ts';
import type { DeclaredState, DeclaredStates, StateKind, TtlOptions } from './state.ts';

const everyKind: readonly StateKind[] = ['keyed', 'operator', 'broadcast'];

/** By the names that the author's functions use. `kinds` are those that the operator can have. Throws PipelineError. */
export function declareStates(
  declared: DeclaredStates,
  options: OperatorOptions,
  location: SourceLocation | null,
  kinds: readonly StateKind[] = everyKind,
): Readonly<Record<string, StateDeclaration>> {
  const operator = `Operator "${options.name ?? options.uid ?? 'process'}"`;
  const states: Record<string, StateDeclaration> = {};
  const names = new Set<string>();
  for (const [property, state] of Object.entries(declared)) {
    const refuse: Refuse = (problem) => {
      throw new PipelineError(location, operator, location, problem);
    };
    const { name = property, schemaVersion = 1 } = state.options;
    checkName(name, state.type, names, refuse);
    checkKind(name, state.kind, kinds, refuse);
    checkVersions(name, schemaVersion, state.options.migrations, refuse);
    names.add(name);
    states[property] = declarationOf(name, state, ttlOf(name, state, refuse));
  }
  return states;
}

/** A sentence without its subject. */
type Refuse = (problem: string) => never;

function declarationOf(
  name: string,
  { type, options, initial, fold }: DeclaredState<unknown>,
  ttl: StateTtl | null,
): StateDeclaration {
  const { schemaVersion = 1, migrations } = options;
  return {
    name,
    type,
    schemaVersion,
    ...(initial === null ? {} : { initial }),
    ...(fold === null ? {} : { fold }),
    ...(migrations === undefined ? {} : { migrations }),
    ...(ttl === null ? {} : { ttl }),
  };
}

function checkName(name: string, type: StateType, taken: ReadonlySet<string>, refuse: Refuse): void {
  if (name === '') refuse(' has a state without a name.');
  // Two of one name would share what is saved.
  if (taken.has(name)) refuse(` has two states named "${name}": give each its own name.`);
  if (Object.values(timerStates).some((timers) => timers.name === name))
    refuse(` has a state named "${name}", as its timers are in savepoints: give it another name.`);
  if (Object.values(inFlightStates).some((inFlight) => inFlight.name === name))
    refuse(` has a state named "${name}", as what is in flight is in checkpoints: give it another name.`);
  if (name === endedDeclaration.name && type === endedDeclaration.type)
    refuse(` has union state named "${name}", as it remembers the end of its input: give it another name.`);
  if (isNameOfTimes(name))
    refuse(` has a state named "${name}", as the times of a state with TTL are: give it another name.`);
}

function checkKind(name: string, kind: StateKind, kinds: readonly StateKind[], refuse: Refuse): void {
  if (kinds.includes(kind)) return;
  refuse(
    kind === 'keyed'
      ? ` declares state "${name}", which belongs to a key, and has no keys: put a keyBy before it, or declare operatorListState.`
      : ` cannot have state "${name}": it is ${kind} state, and here only ${kinds.join(' or ')} state can be.`,
  );
}

function checkVersions(
  name: string,
  schemaVersion: number,
  migrations: DeclaredState<unknown>['options']['migrations'],
  refuse: Refuse,
): void {
  if (!isVersion(schemaVersion))
    refuse(
      ` gives state "${name}" the schema version ${schemaVersion}: versions are whole numbers from 1 on.`,
    );
  if (migrations === undefined) return;
  for (const version of Object.keys(migrations)) {
    const from = Number(version);
    if (!isVersion(from))
      refuse(
        ` has a migration for state "${name}" from schema version ${version}: versions are whole numbers from 1 on.`,
      );
    if (from >= schemaVersion)
      refuse(
        ` has a migration for state "${name}" from schema version ${from} to ${from + 1}, but its schema version is ${schemaVersion}: raise it.`,
      );
  }
  for (let version = 1; version < schemaVersion; version++) {
    if (migrations[version] === undefined)
      refuse(
        ` has migrations for state "${name}", but none from schema version ${version} to ${version + 1}: ` +
          'add it, so that older savepoints can be restored.',
      );
  }
}

const isVersion = (version: number): boolean => Number.isInteger(version) && version >= 1;

const refreshes: readonly StateTtl['refresh'][] = ['on-create-and-write', 'on-read-and-write'];
const visibilities: readonly StateTtl['visibility'][] = [
  'never-return-expired',
  'return-expired-if-not-cleaned-up',
];

function ttlOf(name: string, { kind, options }: DeclaredState<unknown>, refuse: Refuse): StateTtl | null {
  const { ttl } = options;
  if (ttl === undefined) return null;
  if (kind !== 'keyed') refuse(` gives state "${name}" a TTL, which only keyed state can have.`);
  return {
    afterMs: afterMs(name, ttl, refuse),
    refresh: oneOf(ttl.refresh ?? 'on-create-and-write', refreshes, name, 'refresh', refuse),
    visibility: oneOf(ttl.visibility ?? 'never-return-expired', visibilities, name, 'visibility', refuse),
  };
}

function afterMs(name: string, { after }: TtlOptions, refuse: Refuse): number {
  try {
    return positiveDurationMs(after, `the TTL of state "${name}"`);
  } catch (error) {
    if (error instanceof PipelineError) refuse(`: ${error.message}`);
    throw error;
  }
}

/** What is no TypeScript may give anything. */
function oneOf<T extends string>(
  value: T,
  known: readonly T[],
  name: string,
  what: string,
  refuse: Refuse,
): T {
  return known.includes(value)
    ? value
    : refuse(
        `: the TTL of state "${name}" has the ${what} "${value}"; it is one of "${known.join('", "')}".`,
      );
}
