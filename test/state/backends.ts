/**
 * The two state backends, for tests that must not see a difference. The one on disk has next to no memory, a store whose
 * writes take their time, and puts values on disk whenever a key becomes current, as the engine does between two records.
 */
import { seededRandom } from '../../runtime/base/random.ts';
import type { Key } from '../../runtime/state/declarations.ts';
import { KeyedStateBackend, type KeyedStateOptions } from '../../runtime/state/keyedStates.ts';
import { SpillCache } from '../../runtime/state/spillCache.ts';
import { SlowSpillStore } from '../testing/slowSpillStore.ts';

export const backendKinds = ['memory', 'disk'] as const;
export type BackendKind = (typeof backendKinds)[number];

export function openBackend(
  kind: BackendKind,
  options: KeyedStateOptions,
  { seed = 1, memoryBytes = 300 } = {},
): KeyedStateBackend {
  return kind === 'memory' ? new KeyedStateBackend(options) : new SpillingBackend(options, seed, memoryBytes);
}

/** A "record" begins with `setCurrentKey`. */
export class SpillingBackend extends KeyedStateBackend {
  readonly store: SlowSpillStore;
  readonly cache: SpillCache;
  readonly #random;

  constructor(options: KeyedStateOptions, seed: number, memoryBytes: number, recordBytes = 1 << 20) {
    const store = new SlowSpillStore();
    const cache = new SpillCache({ store, memoryBytes, recordBytes });
    super({ ...options, spill: cache });
    this.store = store;
    this.cache = cache;
    this.#random = seededRandom(seed);
  }

  override setCurrentKey(key: Key): void {
    this.betweenRecords();
    super.setCurrentKey(key);
  }

  betweenRecords(): void {
    if (this.#random.below(3) > 0) this.store.finishWrite();
    this.cache.relieve();
  }

  /** Until nothing is in memory, or waits to be written, that need not be. */
  settle(): void {
    for (let idle = 0; idle < 2; ) {
      const before = this.cache.bytes;
      this.cache.relieve();
      idle = this.store.finishWrite() || this.cache.bytes !== before ? 0 : idle + 1;
    }
  }
}
