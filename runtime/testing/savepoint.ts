/**
 * A savepoint held in memory: the snapshot itself and the world around the job as it was at that moment, which is what
 * was pushed into its inputs, what its sinks had committed and what lay in its files.
 */
import type { Manifest } from '../checkpoint/manifest.ts';
import { SavedState } from '../checkpoint/savedState.ts';
import { canonicalJson } from '../state/canonicalJson.ts';
import { isOperatorState, type Key } from '../state/declarations.ts';
import { decodeKey } from '../state/keyEncoding.ts';
import { readWholeValue } from '../state/valueReader.ts';
import type { HandLog, SavedLog } from './handDrivenSource.ts';
import { MemorySnapshots } from './memorySnapshots.ts';
import type { Recording } from './recordingSink.ts';
import { noSuch, TestKitError } from './testError.ts';

export interface World {
  /** By input. */
  readonly logs: ReadonlyMap<string, readonly SavedLog[]>;
  /** By sink, what it has committed: a job that goes on does not commit it once more. */
  readonly committed: ReadonlyMap<string, ReadonlySet<string>>;
  /** By path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of the clock, milliseconds since the epoch. */
  readonly now: number;
}

/** One entry of a keyed state. */
export interface SavedEntry {
  readonly key: Key;
  /** Of a map, the key inside it; of timers, their time and namespace; undefined in other states. */
  readonly mapKey: Key | undefined;
  /** Of a list, an array; undefined of a timer. */
  readonly value: unknown;
}

export class Savepoint {
  /** For Sluice itself, like the three that follow: a test hands a savepoint to `restore`. */
  readonly manifest: Manifest;
  readonly directory: string;
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly world: World;

  constructor(parts: Pick<Savepoint, 'manifest' | 'directory' | 'data' | 'world'>) {
    this.manifest = parts.manifest;
    this.directory = parts.directory;
    this.data = parts.data;
    this.world = parts.world;
  }

  /** What it holds of a keyed state, by key: for tests of what an operator keeps, and what it forgets. */
  entriesOf(uid: string, state: string): readonly SavedEntry[] {
    const saved = this.#open(uid, state);
    if (isOperatorState(saved.type)) {
      throw new TestKitError(
        `State "${state}" of operator "${uid}" belongs to no key: read it with elementsOf.`,
      );
    }
    const entries = saved.groups.flatMap((group) =>
      [...saved.entries(group)].map(({ key, subKey, value }): SavedEntry => {
        return {
          key: decodeKey(key),
          mapKey: subKey === null ? undefined : decodeKey(subKey),
          value: value.length === 0 ? undefined : readWholeValue(value),
        };
      }),
    );
    const sorted = entries.map((entry) => [canonicalJson([entry.key, entry.mapKey]), entry] as const);
    return sorted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, entry]) => entry);
  }

  /** What all subtasks put of an operator list, a union list or a broadcast map (as pairs), in the order of the subtasks. */
  elementsOf(uid: string, state: string): readonly unknown[] {
    const saved = this.#open(uid, state);
    if (isOperatorState(saved.type)) return saved.elements();
    throw new TestKitError(`State "${state}" of operator "${uid}" is of keys: read it with entriesOf.`);
  }

  #open(uid: string, state: string): SavedState {
    const operators = this.manifest.operators.filter(({ states }) => states.length > 0);
    const operator = operators.find((candidate) => candidate.uid === uid);
    if (operator === undefined) {
      const known = operators.map((each) => each.uid);
      throw noSuch('operator with state', uid, 'in the savepoint', known);
    }
    const files = new MemorySnapshots(() => {});
    files.put(this.data);
    const saved = SavedState.open(this, uid, state, files);
    if (saved === null) {
      const known = operator.states.map(({ name }) => name);
      throw noSuch('state', state, `of operator "${uid}" in the savepoint`, known);
    }
    return saved;
  }
}

/** What a test knows of the world at this moment. */
export function worldOf(
  logs: ReadonlyMap<string, readonly HandLog[]>,
  recordings: ReadonlyMap<string, Recording>,
): Pick<World, 'logs' | 'committed'> {
  return {
    logs: new Map([...logs].map(([name, splits]) => [name, splits.map((log) => log.saved())])),
    committed: new Map([...recordings].map(([uid, { committedIds }]) => [uid, new Set(committedIds)])),
  };
}
