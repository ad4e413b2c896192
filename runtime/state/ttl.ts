/**
 * Time to live of keyed state. When an entry was last touched stands beside the state and not in it: in a state of its
 * own, its *times*, of the same operator and with the same keys. So values are saved and compared as they are, and an
 * author may switch TTL on (what is restored counts as touched at the restore) and off (the times are left behind).
 *
 *   visits         value           SFO → 7
 *   visits (ttl)   value           SFO → 1769881502000        ms since 1970, when SFO was last touched
 *
 * - T1. An entry, element or map entry is in its state exactly when its time is in the times.
 *
 * The times of a list are as many as its elements, in their order. A declared state must not have a name of times.
 */
import type { StateDeclaration, StateTtl, StateType } from './declarations.ts';

const suffix = ' (ttl)';

/** Is this name reserved for times? */
export const isNameOfTimes = (name: string): boolean => name.endsWith(suffix);

/** The state whose times have this name; null when it is no name of times. */
export const stateOfTimes = (name: string): string | null =>
  isNameOfTimes(name) ? name.slice(0, -suffix.length) : null;

/** The name of the times that a state has or would have. */
export const nameOfTimes = (name: string): string => `${name}${suffix}`;

/** The type of the times of a state; null where it can have none. */
export function typeOfTimes(type: StateType): StateType | null {
  switch (type) {
    case 'value':
    case 'reducing':
    case 'aggregating':
      return 'value';
    case 'list':
    case 'map':
      return type;
    default:
      return null;
  }
}

/** Null where the state has no TTL. */
export function timesOf({ name, type, ttl }: StateDeclaration): StateDeclaration | null {
  const timesType = ttl === undefined ? null : typeOfTimes(type);
  return timesType === null ? null : { name: nameOfTimes(name), type: timesType, schemaVersion: 1 };
}

/** As in Flink, an entry lives less than `afterMs`. */
export const isExpired = (touchedAt: number, { afterMs }: StateTtl, now: number): boolean =>
  touchedAt + afterMs <= now;
