/**
 * The fingerprint of a plan: equal for two plans exactly when a snapshot of one fits the other without a word.
 *
 * It covers operators (uid, type, role, number of inputs, keyed, max parallelism, states with their types and schema
 * versions) and edges (ends, input, partitioning). Left out on purpose: names, labels and locations, since renaming
 * or moving code changes nothing that was saved; settings; and parallelism, since a snapshot is restored at any.
 * The planner worker and every task worker compute it and must agree: code that builds another graph the second
 * time (it looked at a clock, an environment variable, a random number) is found before a record flows.
 */
import { textHash } from '../base/textHash.ts';
import type { GraphEdge, GraphOperator } from './jobGraph.ts';

export function fingerprint(plan: {
  readonly maxParallelism: number;
  readonly operators: readonly GraphOperator[];
  readonly edges: readonly GraphEdge[];
}): string {
  // Sorted, so that the order in which independent branches are written down does not matter.
  const operators = plan.operators.map((operator) => [
    operator.uid,
    operator.role,
    operator.type,
    operator.inputs,
    operator.keyed,
    operator.maxParallelism,
    operator.states
      .map((state) => [state.name, state.type, state.schemaVersion] as const)
      .sort((left, right) => byText(left[0], right[0])),
  ]);
  const edges = plan.edges.map((edge) => [
    edge.from,
    edge.to,
    edge.input,
    edge.partitioning,
    // Only where there is one, so that the fingerprints of plans without side outputs stay what they were.
    ...(edge.sideOutput === undefined ? [] : [edge.sideOutput]),
  ]);
  const lines = [...operators, ...edges].map((row) => JSON.stringify(row)).sort(byText);
  return textHash([`max ${plan.maxParallelism}`, ...lines].join('\n'));
}

/** By code units: the same on every machine, whatever its locale. */
function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
