/**
 * From acknowledgements to a manifest: what all subtasks of all operators put into one snapshot, by operator.
 */
import {
  formatVersionOf,
  type Manifest,
  type ManifestFile,
  type ManifestOperator,
  type ManifestPosition,
  type ManifestState,
} from '../../checkpoint/manifest.ts';
import type { ExecutionGraph } from '../../graph/executionGraph.ts';
import type { OperatorSnapshot } from '../control/messages.ts';

export interface ManifestInputs
  extends Omit<
    Manifest,
    'formatVersion' | 'operators' | 'sources' | 'parallelism' | 'maxParallelism' | 'job' | 'fingerprint'
  > {
  readonly graph: ExecutionGraph;
  readonly snapshots: readonly OperatorSnapshot[];
}

export const manifestOf = ({ graph, snapshots, ...known }: ManifestInputs): Manifest => {
  const operators: ManifestOperator[] = [];
  const sources: ManifestPosition[] = [];
  for (const operator of graph.job.operators) {
    const own = snapshots
      .filter((snapshot) => snapshot.uid === operator.uid)
      .sort((a, b) => a.subtaskIndex - b.subtaskIndex);
    const files: ManifestFile[] = own.flatMap(({ files: ofSubtask, subtaskIndex }) =>
      ofSubtask.map((file) => ({ ...file, subtaskIndex })),
    );
    operators.push({
      uid: operator.uid,
      name: operator.name,
      type: operator.type,
      parallelism: operator.parallelism,
      maxParallelism: operator.maxParallelism,
      ...(operator.windows === undefined ? {} : { windows: operator.windows }),
      states: sumStates(own),
      files,
    });
    for (const snapshot of own)
      for (const position of snapshot.positions) sources.push({ operator: operator.uid, ...position });
  }
  sources.sort((a, b) =>
    a.operator === b.operator ? compareText(a.split, b.split) : compareText(a.operator, b.operator),
  );
  return {
    formatVersion: formatVersionOf(operators),
    ...known,
    job: graph.job.name,
    fingerprint: graph.job.fingerprint,
    parallelism: graph.vertices.reduce((most, vertex) => Math.max(most, vertex.parallelism), 1),
    maxParallelism: graph.job.maxParallelism,
    operators,
    sources,
  };
};

const sumStates = (snapshots: readonly OperatorSnapshot[]): ManifestState[] => {
  const states = new Map<string, ManifestState>();
  for (const snapshot of snapshots) {
    for (const state of snapshot.states) {
      const sum = states.get(state.name);
      states.set(
        state.name,
        sum === undefined ? state : { ...sum, keys: sum.keys + state.keys, bytes: sum.bytes + state.bytes },
      );
    }
  }
  return [...states.values()];
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
