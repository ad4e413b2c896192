/**
 * A state with TTL has a second one beside it in a snapshot, its times (`state/ttl.ts`). They are bookkeeping of Sluice: no
 * plan declares them, and a pre-flight, a comparison or a count of keys speaks only of what an author declared. The
 * watermarks that channels were at when a barrier overtook are such bookkeeping too.
 */
import { inFlightStates, type StateDescription } from '../state/declarations.ts';
import { stateOfTimes, typeOfTimes } from '../state/ttl.ts';

/** The states of one saved operator that are no times of another one, nor of channels. */
export function withoutTimes<State extends Pick<StateDescription, 'name' | 'type'>>(
  states: readonly State[],
): readonly State[] {
  return states.filter(({ name, type }) => {
    if (type === inFlightStates.watermarks.type && name === inFlightStates.watermarks.name) return false;
    const of = stateOfTimes(name);
    if (of === null) return true;
    const timed = states.find((state) => state.name === of);
    return timed === undefined || typeOfTimes(timed.type) !== type;
  });
}
