/** Which files each operator of the plan starts from. Whether the snapshot fits the plan was decided before. */
import type { Manifest } from '../../checkpoint/manifest.ts';
import type { JobGraph } from '../../graph/jobGraph.ts';
import type { RestoredOperator } from '../control/messages.ts';

export const restoredOperators = (
  manifest: Manifest,
  directory: string,
  graph: JobGraph,
): readonly RestoredOperator[] =>
  graph.operators.map(({ uid }) => {
    const saved = manifest.operators.find((operator) => operator.uid === uid);
    return {
      uid,
      parallelism: saved?.parallelism ?? 0,
      files: (saved?.files ?? []).map((file) => ({
        path: `${directory}/${file.path}`,
        oldSubtaskIndex: file.subtaskIndex,
      })),
      inFlight: saved?.states.some(({ type }) => type === 'in-flight') ?? false,
    };
  });
