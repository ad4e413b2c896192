/** A job graph from a few words, for tests: `graphOf('a → b', 'b hash c')`. */
import { fingerprint } from '../../runtime/graph/fingerprint.ts';
import {
  defaultCheckpointSettings,
  defaultRestartStrategy,
  type GraphEdge,
  type GraphOperator,
  type JobGraph,
  type Partitioning,
} from '../../runtime/graph/jobGraph.ts';

const words: Record<string, Partitioning> = { '→': 'forward' };

/** Edges as `from partitioning to[:input]`, with `→` for forward; operators in the order in which they are named. */
export function graphOf(
  edges: readonly string[],
  given: Record<string, Partial<GraphOperator>> = {},
): JobGraph {
  const parsed: GraphEdge[] = edges.map((text) => {
    const [from = '', word = '', target = ''] = text.split(' ');
    const [to = '', input = '0'] = target.split(':');
    const partitioning = words[word] ?? (word as Partitioning);
    return {
      id: `${from}->${to}:${input}`,
      from,
      to,
      input: Number(input),
      partitioning,
      label: partitioning,
    };
  });
  const uids = [...new Set([...parsed.flatMap((edge) => [edge.from, edge.to]), ...Object.keys(given)])];
  const operators = uids.map((uid): GraphOperator => {
    const inputs = new Set(parsed.filter((edge) => edge.to === uid).map((edge) => edge.input)).size;
    const feeds = parsed.some((edge) => edge.from === uid);
    return {
      uid,
      uidDerived: false,
      name: uid,
      role: inputs === 0 ? 'source' : feeds ? 'operator' : 'sink',
      type: inputs === 0 ? 'source' : feeds ? 'map' : 'sink',
      parallelism: 1,
      parallelismFixed: false,
      maxParallelism: 128,
      keyed: parsed.some((edge) => edge.to === uid && edge.partitioning === 'hash'),
      inputs,
      states: [],
      chainable: true,
      location: null,
      bounded: true,
      sinkDirectory: null,
      guarantee: null,
      requiredFiles: [],
      ...given[uid],
    };
  });
  return {
    name: 'test',
    maxParallelism: 128,
    operators,
    edges: parsed,
    fingerprint: fingerprint({ maxParallelism: 128, operators, edges: parsed }),
    checkpoints: defaultCheckpointSettings,
    restart: defaultRestartStrategy,
  };
}
