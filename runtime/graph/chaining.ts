/**
 * Which operators run as one task. A chain saves the hop between two tasks, the dearest thing on a record's path, so
 * everything is chained that can be: a forward edge that is the receiver's only input, both sides of one
 * parallelism, and neither side asked to stand alone.
 *
 * A chain is a tree: an operator may feed several chained ones, and may feed other chains beside them.
 */
import { present } from '../base/assert.ts';
import type { GraphEdge, GraphOperator, JobGraph, Partitioning } from './jobGraph.ts';

/** An operator of the same chain, and which of its outputs. */
export interface Feed {
  readonly place: number;
  /** Null: the operator's own output. */
  readonly sideOutput: string | null;
}

export interface Chain {
  /** In the graph's order, so the head is first and every operator comes after the one that feeds it. */
  readonly operators: readonly GraphOperator[];
  /** By place in `operators`; null for the head. */
  readonly fedBy: readonly (Feed | null)[];
}

/**
 * Every operator is in exactly one chain; chains are in the order of their heads, which is topological. `heads`: operators that
 * begin a chain in any case.
 */
export function chainOperators(
  graph: JobGraph,
  parallelismOf: (operator: GraphOperator) => number,
  heads: ReadonlySet<string> = new Set(),
): readonly Chain[] {
  const operatorOf = new Map(graph.operators.map((operator) => [operator.uid, operator]));
  const inputsOf = new Map<string, GraphEdge[]>();
  for (const edge of graph.edges) inputsOf.set(edge.to, [...(inputsOf.get(edge.to) ?? []), edge]);

  const chains: { operators: GraphOperator[]; fedBy: (Feed | null)[] }[] = [];
  const placeOf = new Map<string, { readonly chain: number; readonly index: number }>();
  for (const operator of graph.operators) {
    const [edge, ...others] = inputsOf.get(operator.uid) ?? [];
    const sender = edge === undefined ? undefined : operatorOf.get(edge.from);
    const joins =
      edge !== undefined &&
      others.length === 0 &&
      sender?.chainable &&
      operator.chainable &&
      !heads.has(operator.uid) &&
      effectivePartitioning(edge, parallelismOf(sender), parallelismOf(operator)) === 'forward';
    if (joins) {
      const place = present(
        placeOf.get(sender.uid),
        `the place of ${sender.uid}, which comes before ${operator.uid},`,
      );
      const chain = present(chains[place.chain], `chain ${place.chain}`);
      placeOf.set(operator.uid, { chain: place.chain, index: chain.operators.length });
      chain.operators.push(operator);
      chain.fedBy.push({ place: place.index, sideOutput: edge.sideOutput ?? null });
    } else {
      placeOf.set(operator.uid, { chain: chains.length, index: 0 });
      chains.push({ operators: [operator], fedBy: [null] });
    }
  }
  return chains;
}

/** `forward` becomes `rebalance` where one to one is impossible; everything else is as the author said. */
export function effectivePartitioning(edge: GraphEdge, senders: number, receivers: number): Partitioning {
  return edge.partitioning === 'forward' && senders !== receivers ? 'rebalance' : edge.partitioning;
}
