/** The graph looked up from every side, made once per graph and not once per frame. */
import type { ChannelInfo, EdgeInfo, GraphInfo, VertexInfo } from '../../runtime/protocol/graph.ts';
import type { SubtaskRef } from '../../runtime/protocol/values.ts';
import { subtaskName } from './format.ts';

export interface GraphIndex {
  readonly vertices: ReadonlyMap<string, VertexInfo>;
  readonly edges: ReadonlyMap<string, EdgeInfo>;
  readonly channelsOfEdge: ReadonlyMap<string, readonly ChannelInfo[]>;
  readonly inEdges: ReadonlyMap<string, readonly EdgeInfo[]>;
  readonly outEdges: ReadonlyMap<string, readonly EdgeInfo[]>;
  readonly channels: readonly ChannelInfo[];
}

const indexes = new WeakMap<GraphInfo, GraphIndex>();

export function indexOf(graph: GraphInfo): GraphIndex {
  const known = indexes.get(graph);
  if (known !== undefined) return known;
  const index: GraphIndex = {
    vertices: new Map(graph.vertices.map((vertex) => [vertex.id, vertex])),
    edges: new Map(graph.edges.map((edge) => [edge.id, edge])),
    channelsOfEdge: grouped(graph.channels, (channel) => channel.edge),
    inEdges: grouped(graph.edges, (edge) => edge.to),
    outEdges: grouped(graph.edges, (edge) => edge.from),
    channels: graph.channels,
  };
  indexes.set(graph, index);
  return index;
}

/** "weather[0]" */
export function nameOf(graph: GraphInfo, subtask: SubtaskRef): string {
  return subtaskName(indexOf(graph).vertices.get(subtask.vertex)?.name ?? subtask.vertex, subtask.index);
}

/** Who writes into a channel. */
export function upstreamOf(graph: GraphInfo, channel: number): SubtaskRef | null {
  const info =
    graph.channels[channel]?.id === channel
      ? graph.channels[channel]
      : graph.channels.find(({ id }) => id === channel);
  const edge = info === undefined ? undefined : indexOf(graph).edges.get(info.edge);
  return info === undefined || edge === undefined ? null : { vertex: edge.from, index: info.fromSubtask };
}

function grouped<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
