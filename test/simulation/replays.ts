/** Notes what deployments were restored from: what had been in flight, layers of files, another parallelism. */
import type { Manifest, ManifestState } from '../../runtime/checkpoint/manifest.ts';
import type { JobFact } from '../../runtime/engine/job/facts.ts';
import { inFlightStates } from '../../runtime/state/declarations.ts';

export class Replays {
  readonly #kinds: Set<string>;
  readonly #completed = new Map<number, Manifest>();

  constructor(kinds: Set<string>) {
    this.#kinds = kinds;
  }

  hear(fact: JobFact): void {
    if (fact.type === 'checkpoint-completed') {
      this.#completed.set(fact.checkpointId, fact.manifest);
      if (hasLayers(fact.manifest)) this.#kinds.add('incremental checkpoint');
    }
    if (fact.type !== 'deployed') return;
    const now = new Map(fact.graph.job.operators.map(({ uid, parallelism }) => [uid, parallelism]));
    const from = this.#completed.get(fact.restoredCheckpointId ?? 0);
    if (from === undefined) return;
    const isRescaled = (operator: { readonly uid: string; readonly parallelism: number }): boolean =>
      now.get(operator.uid) !== operator.parallelism;
    if (from.operators.some(isRescaled)) this.#kinds.add('rescaled');
    const moved = from.operators.filter((operator) => operator.states.some(isInFlight));
    if (moved.length > 0) this.#kinds.add('in flight replayed');
    if (moved.some(isRescaled)) this.#kinds.add('in flight rescaled');
    if (hasLayers(from)) this.#kinds.add('layers restored');
    if (from.finished) this.#kinds.add('finished and gone on');
  }
}

const hasLayers = ({ operators }: Manifest): boolean =>
  operators.some(({ files }) => files.some(({ layer = 0 }) => layer > 0));

const isInFlight = ({ name, type, keys }: ManifestState): boolean =>
  type === 'in-flight' && name !== inFlightStates.watermarks.name && keys > 0;
