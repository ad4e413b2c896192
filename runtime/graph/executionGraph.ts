/**
 * The physical graph: chains of operators (vertices), their subtasks, and one channel for every pair of subtasks that an
 * edge connects. Plain data, the same for the same graph and parallelism on every machine.
 *
 * Two operators are chained, as in Flink, when a forward edge is the receiver's only input, their parallelism is equal
 * and neither asked not to be. A chain is a tree: an operator may feed several chained ones.
 */
import type { GraphOperator, JobGraph, Partitioning } from './jobGraph.ts';

export interface Vertex {
  /** The uid of its first operator. */
  readonly id: string;
  /** Names of its operators, joined by " → ". */
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Head first; every other operator names the one in the chain that feeds it. */
  readonly operators: readonly ChainedOperator[];
  readonly inputs: readonly VertexEdge[];
  readonly outputs: readonly VertexEdge[];
}

export interface ChainedOperator {
  readonly operator: GraphOperator;
  /** Index into `operators`; null for the head. */
  readonly fedBy: number | null;
  /** The side output of that operator which feeds it; null: its output, or nothing. */
  readonly fedThrough: string | null;
}

export interface VertexEdge {
  readonly id: string;
  readonly fromVertex: string;
  /** Index in the sending chain. */
  readonly fromOperator: number;
  /** The side output that it carries; null: the operator's output. */
  readonly sideOutput: string | null;
  readonly toVertex: string;
  readonly input: number;
  readonly partitioning: Partitioning;
  readonly label: string;
}

export interface Channel {
  /** Index in `ExecutionGraph.channels`. */
  readonly id: number;
  readonly edge: string;
  readonly fromVertex: string;
  readonly fromSubtask: number;
  readonly toVertex: string;
  readonly toSubtask: number;
}

export interface ExecutionGraph {
  readonly job: JobGraph;
  /** Topologically sorted. */
  readonly vertices: readonly Vertex[];
  readonly edges: readonly VertexEdge[];
  readonly channels: readonly Channel[];
}
