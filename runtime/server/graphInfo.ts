/** The execution graph as clients see it. */
import type { ExecutionGraph, Vertex } from '../graph/executionGraph.ts';
import type { GraphInfo, VertexInfo } from '../protocol/graph.ts';

export function graphInfo(graph: ExecutionGraph, capacityRecords: number): GraphInfo {
  return {
    jobName: graph.job.name,
    fingerprint: graph.job.fingerprint,
    vertices: graph.vertices.map(vertexInfo),
    edges: graph.edges.map((edge) => ({
      id: edge.id,
      from: edge.fromVertex,
      to: edge.toVertex,
      input: edge.input,
      sideOutput: edge.sideOutput,
      partitioning: edge.partitioning,
      label: edge.label,
    })),
    channels: graph.channels.map(({ id, edge, fromSubtask, toSubtask }) => ({
      id,
      edge,
      fromSubtask,
      toSubtask,
      capacityRecords,
    })),
  };
}

function vertexInfo(vertex: Vertex): VertexInfo {
  return {
    id: vertex.id,
    name: vertex.name,
    role: roleOf(vertex),
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    operators: vertex.operators.map(({ operator }) => ({
      uid: operator.uid,
      uidDerived: operator.uidDerived,
      name: operator.name,
      type: operator.type,
      states: operator.states.map(({ name, type, schemaVersion }) => ({ name, type, schemaVersion })),
      location: operator.location,
    })),
  };
}

/** A chain from a source to a sink is drawn as a source: barriers begin there. */
function roleOf(vertex: Vertex): VertexInfo['role'] {
  if (vertex.operators[0]?.operator.role === 'source') return 'source';
  return vertex.operators.some(({ operator }) => operator.role === 'sink') ? 'sink' : 'operator';
}
