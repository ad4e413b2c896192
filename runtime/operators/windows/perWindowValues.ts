/**
 * Values per window of the current key, for triggers and window functions: map states by the start of the window, of which
 * one entry each is seen at a time. So a savepoint shows them by key and window, and they go with their window.
 */
import type { MapState, StateDeclaration, ValueState } from '../../state/declarations.ts';
import { isMutable } from '../../state/stateTable.ts';
import type { KeyedStates, Timestamp } from '../operator.ts';
import { allOfTime, type TimeWindow } from './window.ts';

/** Whose values they are; their names in savepoints begin with it, apart from the operator's own states. */
export type PerWindowOwner = 'trigger' | 'window';

/** What is saved of a value that was declared. */
export function perWindowDeclaration(owner: PerWindowOwner, value: StateDeclaration): StateDeclaration {
  const { name, schemaVersion, migrations } = value;
  const map: StateDeclaration = { name: `${owner}-${name}`, type: 'map', schemaVersion };
  return migrations === undefined ? map : { ...map, migrations };
}

export class PerWindowValues {
  /** The window whose values the handles see. */
  window: TimeWindow = allOfTime;
  /** By the names that the author's functions use. */
  readonly handles: Readonly<Record<string, ValueState<unknown>>>;

  constructor(
    keyed: KeyedStates,
    owner: PerWindowOwner,
    declarations: Readonly<Record<string, StateDeclaration>>,
  ) {
    this.handles = Object.fromEntries(
      Object.entries(declarations).map(([name, declaration]) => [
        name,
        new PerWindowValue(
          keyed.map<Timestamp, unknown>(perWindowDeclaration(owner, declaration)),
          declaration.initial,
          () => this.window.start,
        ),
      ]),
    );
  }

  /** Those of the window, as they are now. */
  values(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(this.handles).map(([name, handle]) => [name, handle.get()]));
  }

  clear(): void {
    for (const name in this.handles) this.handles[name]?.clear();
  }
}

class PerWindowValue implements ValueState<unknown> {
  readonly #values: MapState<Timestamp, unknown>;
  readonly #initial: (() => unknown) | undefined;
  readonly #start: () => Timestamp;

  constructor(
    values: MapState<Timestamp, unknown>,
    initial: (() => unknown) | undefined,
    start: () => Timestamp,
  ) {
    this.#values = values;
    this.#initial = initial;
    this.#start = start;
  }

  get(): unknown {
    const value = this.#values.get(this.#start());
    if (value !== undefined) return value;
    const initial = this.#initial?.();
    // An object may be changed in place by whoever gets it, so it is the state from now on.
    if (isMutable(initial)) this.set(initial);
    return initial;
  }

  set(value: unknown): void {
    if (value === undefined) this.clear();
    else this.#values.set(this.#start(), value);
  }

  clear(): void {
    this.#values.delete(this.#start());
  }
}
