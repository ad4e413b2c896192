/**
 * Job graph → execution graph: chains become vertices, a vertex has its subtasks, and every pair of subtasks that an
 * edge connects gets a channel. A pure function of the graph and the parallelism, so the coordinator and every worker
 * make the same one, and a channel's number means the same to all of them.
 */
import { assert, present } from '../base/assert.ts';
import { type Chain, chainOperators, effectivePartitioning } from './chaining.ts';
import { connectSubtasks } from './channels.ts';
import type { Channel, ExecutionGraph, Vertex, VertexEdge } from './executionGraph.ts';
import type { GraphOperator, JobGraph } from './jobGraph.ts';

/**
 * `parallelism` (a restore at another one) replaces that of every operator that the author did not fix. Whoever takes
 * it from a user asks `parallelismProblem` first; here a bad one is a bug.
 *
 * `heads`: operators that something is in flight to. At another parallelism they might be chained to their senders, and
 * then there would be no input to replay it into; so they begin a chain also now.
 */
export function buildExecutionGraph(
  job: JobGraph,
  parallelism: number | null = null,
  heads: ReadonlySet<string> = new Set(),
): ExecutionGraph {
  const graph = parallelism === null ? job : atParallelism(job, parallelism);
  const problem = parallelismProblem(graph, null);
  assert(problem === null, problem ?? '');

  const chains = chainOperators(graph, (operator) => operator.parallelism, heads);
  const places = new Map<
    string,
    { readonly vertex: string; readonly index: number; readonly operator: GraphOperator }
  >();
  for (const chain of chains) {
    for (const [index, operator] of chain.operators.entries()) {
      places.set(operator.uid, { vertex: headOf(chain).uid, index, operator });
    }
  }

  const edges: VertexEdge[] = [];
  const channels: Channel[] = [];
  for (const edge of graph.edges) {
    const from = present(places.get(edge.from), `operator ${edge.from}`);
    const to = present(places.get(edge.to), `operator ${edge.to}`);
    if (from.vertex === to.vertex) continue;
    assert(to.index === 0, `the edge ${edge.id} ends in the middle of a chain`);
    const senders = from.operator.parallelism;
    const receivers = to.operator.parallelism;
    const partitioning = effectivePartitioning(edge, senders, receivers);
    edges.push({
      id: edge.id,
      fromVertex: from.vertex,
      fromOperator: from.index,
      sideOutput: edge.sideOutput ?? null,
      toVertex: to.vertex,
      input: edge.input,
      partitioning,
      label: partitioning === edge.partitioning ? edge.label : partitioning,
    });
    for (const [fromSubtask, toSubtask] of connectSubtasks(partitioning, senders, receivers)) {
      channels.push({
        id: channels.length,
        edge: edge.id,
        fromVertex: from.vertex,
        fromSubtask,
        toVertex: to.vertex,
        toSubtask,
      });
    }
  }
  return { job: graph, vertices: chains.map((chain) => vertexOf(chain, edges)), edges, channels };
}

/** The same job at another parallelism; operators with a parallelism of their own keep it. */
export function atParallelism(job: JobGraph, parallelism: number): JobGraph {
  const operators = job.operators.map((operator) =>
    operator.parallelismFixed ? operator : { ...operator, parallelism },
  );
  return { ...job, operators };
}

/** Why the job cannot run at this parallelism (null: as it was planned), in one sentence; null when it can. */
export function parallelismProblem(
  job: Pick<JobGraph, 'operators'>,
  parallelism: number | null,
): string | null {
  for (const operator of job.operators) {
    const asked = parallelism === null || operator.parallelismFixed ? operator.parallelism : parallelism;
    if (!Number.isInteger(asked) || asked < 1) {
      return `The parallelism of "${operator.name}" must be a whole number from 1 on, not ${asked}.`;
    }
    if (asked > operator.maxParallelism) {
      return (
        `The parallelism ${asked} of "${operator.name}" is above its max parallelism ${operator.maxParallelism}: ` +
        'lower the one, or raise the other before the first savepoint.'
      );
    }
  }
  return null;
}

function vertexOf(chain: Chain, edges: readonly VertexEdge[]): Vertex {
  const head = headOf(chain);
  return {
    id: head.uid,
    name: chain.operators.map((operator) => operator.name).join(' → '),
    parallelism: head.parallelism,
    maxParallelism: head.maxParallelism,
    operators: chain.operators.map((operator, index) => {
      const feed = chain.fedBy[index] ?? null;
      return { operator, fedBy: feed?.place ?? null, fedThrough: feed?.sideOutput ?? null };
    }),
    inputs: edges.filter((edge) => edge.toVertex === head.uid),
    outputs: edges.filter((edge) => edge.fromVertex === head.uid),
  };
}

function headOf(chain: Chain): GraphOperator {
  return present(chain.operators[0], 'the head of a chain');
}
