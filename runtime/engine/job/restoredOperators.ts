/** Which files each operator of the plan starts from. Whether the snapshot fits the plan was decided before. */
import type { Manifest } from '../../checkpoint/manifest.ts';
import type { JobGraph } from '../../graph/jobGraph.ts';
import { inFlightStates, type StateDescription } from '../../state/declarations.ts';
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
        layer: file.layer ?? 0,
      })),
      inFlight: saved?.states.some(({ type }) => type === 'in-flight') ?? false,
    };
  });

/** Operators that something was in flight to, and maybe some more: what was sent does not say through which edge. */
export const receiversInFlight = (manifest: Manifest, graph: JobGraph): ReadonlySet<string> => {
  const holding = (state: StateDescription): ReadonlySet<string> =>
    new Set(
      manifest.operators
        .filter(({ states }) =>
          states.some(({ name, type, keys }) => type === state.type && name === state.name && keys > 0),
        )
        .map(({ uid }) => uid),
    );
  const senders = holding(inFlightStates.sent);
  const receivers = graph.edges.filter(({ from }) => senders.has(from)).map(({ to }) => to);
  return new Set([...holding(inFlightStates.received), ...receivers]);
};
