/** What the layout is asked for: how large every vertex is drawn, and how much room a stream needs for what is written at it. */
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import type { LayoutRequest } from '../layout/riverLayout.ts';
import { basin, gateLength } from '../layout/streams.ts';
import { partitioningText } from '../model/graphIndex.ts';
import { arrivalRowsMax } from '../model/river.ts';
import { sideOutputText } from './riverCanvas.ts';

export const largeFrom = 60;
/** Gaps may be made narrower by so much to fit a panel; what is written in them has to fit even then. */
export const leastSpread = 0.85;

/** `textWidth`: of a label, in pixels. */
export function layoutRequest(
  graph: GraphInfo,
  width: number,
  narrow: boolean,
  textWidth: (text: string) => number,
): LayoutRequest {
  const isLarge = graph.vertices.length > largeFrom;
  const inputs = new Map<string, number>();
  for (const { to } of graph.edges) inputs.set(to, (inputs.get(to) ?? 0) + 1);
  const joins = (id: string) => (inputs.get(id) ?? 0) > 1;
  const direction = narrow ? 'down' : 'right';
  const approach = basin[direction].length + gateLength[direction];
  /** From afar nothing is written; in a column there is a line for a side output and none for the partitioning. */
  const labelRoom = (edge: GraphInfo['edges'][number], least: number): number => {
    if (isLarge) return least;
    if (narrow) return edge.sideOutput === null ? least : least + 12;
    const side = edge.sideOutput === null ? 0 : textWidth(sideOutputText(edge.sideOutput));
    return Math.max(least, (Math.max(side, textWidth(partitioningText(edge))) + 4) / leastSpread);
  };
  return {
    direction,
    width,
    vertices: graph.vertices.map(({ id, parallelism }) => ({
      id,
      width: isLarge ? 150 : 196,
      height: isLarge || narrow ? 62 : joins(id) ? 174 + 17 * Math.min(arrivalRowsMax, parallelism) + 8 : 154,
    })),
    edges: graph.edges.map((edge) => ({
      id: edge.id,
      from: edge.from,
      to: edge.to,
      room: joins(edge.to)
        ? approach + labelRoom(edge, narrow ? 44 : 112)
        : labelRoom(edge, narrow ? 36 : 92),
    })),
  };
}
