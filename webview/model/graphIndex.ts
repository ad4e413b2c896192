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
  /** Of several edges between the same two vertices, which one this is. */
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly channels: readonly ChannelInfo[];
}

export interface Lane {
  readonly index: number;
  readonly of: number;
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
    lanes: lanesOf(graph.edges),
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
  const info = channelInfo(graph, channel);
  const edge = info === undefined ? undefined : indexOf(graph).edges.get(info.edge);
  return info === undefined || edge === undefined ? null : { vertex: edge.from, index: info.fromSubtask };
}

export interface Sender {
  /** "weather[0]" */
  readonly name: string;
  /** Where its vertex feeds this one by several edges, which of them: "shuffle", "review"; null where there is one. */
  readonly edge: string | null;
  /** `edge` is the name of a side output. */
  readonly isSideOutput: boolean;
}

/** Who writes into a channel, as a person tells it from the other senders of the same vertex. */
export function senderOf(graph: GraphInfo, channel: number): Sender {
  const { edges, inEdges } = indexOf(graph);
  const info = channelInfo(graph, channel);
  const edge = info === undefined ? undefined : edges.get(info.edge);
  if (info === undefined || edge === undefined)
    return { name: `channel ${channel}`, edge: null, isSideOutput: false };
  const name = nameOf(graph, { vertex: edge.from, index: info.fromSubtask });
  const siblings = (inEdges.get(edge.to) ?? []).filter(({ from }) => from === edge.from);
  if (siblings.length < 2) return { name, edge: null, isSideOutput: false };
  const words = ({ sideOutput, ...rest }: EdgeInfo) =>
    sideOutput ?? partitioningText({ sideOutput, ...rest });
  const isOnlyOne = siblings.filter((other) => words(other) === words(edge)).length === 1;
  return {
    name,
    edge: isOnlyOne ? words(edge) : `${words(edge)}, input ${edge.input + 1}`,
    isSideOutput: edge.sideOutput !== null,
  };
}

/** How an edge spreads its records: "hash(airport)", "custom". A side output's own label is its name, which is told apart. */
export function partitioningText({ label, partitioning, sideOutput }: EdgeInfo): string {
  return label === '' || label === sideOutput ? partitioning : label;
}

function channelInfo({ channels }: GraphInfo, channel: number): ChannelInfo | undefined {
  return channels[channel]?.id === channel ? channels[channel] : channels.find(({ id }) => id === channel);
}

function lanesOf(edges: readonly EdgeInfo[]): ReadonlyMap<string, Lane> {
  const lanes = new Map<string, Lane>();
  for (const siblings of grouped(edges, ({ from, to }) => JSON.stringify([from, to])).values())
    for (const [index, { id }] of siblings.entries()) lanes.set(id, { index, of: siblings.length });
  return lanes;
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
