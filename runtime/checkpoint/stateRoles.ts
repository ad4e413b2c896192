/**
 * What a saved state is for somebody who looks at a savepoint: an author's own, or what an operator of ours keeps for him
 * (windows, timers, positions, calls that are under way, …). Told by the kind of the operator and the state's name, which
 * are in every manifest; a test holds the table against what the operators declare.
 *
 * Bookkeeping is left out wherever people look: it is by subtask and not by key, says nothing about the stream, and would make
 * a job differ from itself after nothing but a rescale.
 */
import { inFlightStates, type StateType, timerStates } from '../state/declarations.ts';
import { nameOfTimes } from '../state/ttl.ts';
import type { ManifestOperator, ManifestState } from './manifest.ts';
import { withoutTimes } from './timesOfStates.ts';

export type StateRole =
  /** Declared by the author. */
  | 'state'
  | 'event-time-timers'
  | 'processing-time-timers'
  /** What open windows hold, by key and start. */
  | 'windows'
  /** The pieces that sliding windows share, by key and start. */
  | 'panes'
  /** The sessions that are open: key, start, and their end as the value. */
  | 'sessions'
  /** What a trigger or a window function keeps for each window. */
  | 'per-window'
  /** Records that wait for their partners in an interval join, by key and time. */
  | 'join-buffer'
  | 'splits'
  /** Records on their way through an `asyncMap`; they are called for anew after a restore. */
  | 'async-calls'
  /** Prepared by a sink and not known to be committed. */
  | 'committables'
  /** Records that a barrier has overtaken. */
  | 'in-flight'
  | 'bookkeeping';

type Named = Pick<ManifestState, 'name' | 'type'>;

export function roleOf({ type: operator }: Pick<ManifestOperator, 'type'>, { name, type }: Named): StateRole {
  if (type === 'timers')
    return name === timerStates.processingTime.name ? 'processing-time-timers' : 'event-time-timers';
  if (type === 'in-flight') return name === inFlightStates.watermarks.name ? 'bookkeeping' : 'in-flight';
  const ours = ofOperators.find(
    ({ operators, names, types }) =>
      operators.includes(operator) && types.includes(type) && names.some((known) => fits(name, known)),
  );
  return ours?.role ?? 'state';
}

/** The states of an operator that people are shown, without times and bookkeeping. */
export function statesShown(operator: ManifestOperator): readonly ManifestState[] {
  return withoutTimes(operator.states).filter((state) => roleOf(operator, state) !== 'bookkeeping');
}

/** A state with the same keys (and sub keys) that tells more of each entry; null where the operator has none. */
export interface Companions {
  /** When each entry was last touched. */
  readonly times: string | null;
  /** Where the session ends that begins at the sub key. */
  readonly sessions: string | null;
}

export function companionsOf(operator: ManifestOperator, state: Named): Companions {
  const has = (name: string | null) =>
    name !== null && operator.states.some((other) => other.name === name) ? name : null;
  const role = roleOf(operator, state);
  return {
    times: has(nameOfTimes(state.name)),
    sessions: role === 'windows' || role === 'per-window' ? has('sessions') : null,
  };
}

/** Names that end with a star stand for all that begin alike. */
function fits(name: string, known: string): boolean {
  return known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : name === known;
}

const windowed = ['window', 'windowAll', 'windowJoin', 'coGroup'];
const processing = ['process', 'coProcess', 'broadcastProcess'];
const perKey: readonly StateType[] = ['map'];
const union: readonly StateType[] = ['operator-union'];

const ofOperators: readonly {
  readonly operators: readonly string[];
  readonly names: readonly string[];
  readonly types: readonly StateType[];
  readonly role: StateRole;
}[] = [
  { operators: ['source'], names: ['splits'], types: union, role: 'splits' },
  { operators: ['sink'], names: ['committables'], types: union, role: 'committables' },
  { operators: ['sink'], names: ['writer'], types: union, role: 'bookkeeping' },
  { operators: windowed, names: ['windows', 'elements'], types: perKey, role: 'windows' },
  { operators: windowed, names: ['panes'], types: perKey, role: 'panes' },
  { operators: windowed, names: ['sessions'], types: perKey, role: 'sessions' },
  { operators: windowed, names: ['timers-of-trigger'], types: perKey, role: 'bookkeeping' },
  { operators: windowed, names: ['arrivals'], types: ['value'], role: 'bookkeeping' },
  { operators: windowed, names: ['trigger-*', 'window-*'], types: perKey, role: 'per-window' },
  { operators: ['intervalJoin'], names: ['left', 'right'], types: perKey, role: 'join-buffer' },
  { operators: ['asyncMap'], names: ['in-flight'], types: ['operator-list'], role: 'async-calls' },
  {
    operators: ['asyncMap', 'assignTimestampsAndWatermarks'],
    names: ['event-time'],
    types: union,
    role: 'bookkeeping',
  },
  { operators: processing, names: ['ended'], types: union, role: 'bookkeeping' },
];
