/**
 * Where streams flow: for every edge a curve from its source's side to the target's, straight on the last stretch
 * where a basin and a gate may stand. Widths come from rates, one formula for water and banks.
 */
import type { Direction, Layout, LayoutEdge, Place } from './riverLayout.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Stream {
  readonly id: string;
  readonly direction: Direction;
  readonly start: Point;
  /** Where the curve ends and the straight approach begins. */
  readonly bend: Point;
  readonly end: Point;
}

/** In pixels; 0 is drawn as dashed banks. */
export function streamWidth(perSecond: number): number {
  return perSecond <= 0 ? 0 : Math.min(40, 4 + 4 * Math.log2(1 + perSecond / 50));
}

export const basin = { right: { length: 124, across: 108 }, down: { length: 56, across: 118 } } as const;
/** From the basin's end to the vertex: barrier, gate, and air. */
export const gateLength = { right: 40, down: 22 } as const;

/** `approach`: the straight stretch before a vertex with several inputs. */
export function streamsOf(layout: Layout, edges: readonly LayoutEdge[]): Map<string, Stream> {
  // Seen from afar there are no basins, and no room was kept for them.
  const hasRoom = layout.places.size <= 60;
  const streams = new Map<string, Stream>();
  const into = groupBy(edges, ({ to }) => to);
  const outOf = groupBy(edges, ({ from }) => from);
  for (const edge of edges) {
    const from = layout.places.get(edge.from);
    const to = layout.places.get(edge.to);
    if (from === undefined || to === undefined) continue;
    const siblingsIn = portOrder(into.get(edge.to) ?? [], layout, ({ from: other }) => other);
    const siblingsOut = portOrder(outOf.get(edge.from) ?? [], layout, ({ to: other }) => other);
    const joins = hasRoom && siblingsIn.length > 1;
    streams.set(
      edge.id,
      stream(layout.direction, edge, from, to, {
        in: [siblingsIn.indexOf(edge), siblingsIn.length],
        out: [siblingsOut.indexOf(edge), siblingsOut.length],
        approach: joins ? basin[layout.direction].length + gateLength[layout.direction] : 0,
      }),
    );
  }
  return streams;
}

interface Ports {
  readonly in: readonly [index: number, of: number];
  readonly out: readonly [index: number, of: number];
  readonly approach: number;
}

function stream(direction: Direction, edge: LayoutEdge, from: Place, to: Place, ports: Ports): Stream {
  const share = ([index, of]: readonly [number, number]) => (index + 0.5) / of;
  if (direction === 'right') {
    const start = { x: from.x + from.width, y: from.y + from.height * share(ports.out) };
    // A single input keeps the height of its source where it can: a straight stream is the easiest to read.
    const wanted = ports.in[1] === 1 ? start.y : to.y + to.height * share(ports.in);
    const end = { x: to.x, y: clamp(wanted, to.y + 24, to.y + to.height - 24) };
    const approach = Math.min(ports.approach, Math.max(0, (end.x - start.x) * 0.75));
    return { id: edge.id, direction, start, bend: { x: end.x - approach, y: end.y }, end };
  }
  const outX = from.x + from.width * share(ports.out);
  const lane =
    ports.in[1] === 1
      ? clamp(outX, to.x + 24, to.x + to.width - 24)
      : clamp(outX, to.x + 60, to.x + to.width - 60);
  const start = { x: outX, y: from.y + from.height };
  const end = { x: lane, y: to.y };
  const approach = Math.min(ports.approach, Math.max(0, (end.y - start.y) * 0.75));
  return { id: edge.id, direction, start, bend: { x: end.x, y: end.y - approach }, end };
}

/** A point of the whole way, `t` from 0 to 1 by length, near enough for a flag. */
export function pointAt({ start, bend, end, direction }: Stream, t: number): Point {
  const curve = distance(start, bend);
  const straight = distance(bend, end);
  const along = clamp(t, 0, 1) * (curve + straight);
  if (along > curve || curve === 0) {
    const rest = straight === 0 ? 1 : (along - curve) / straight;
    return { x: bend.x + (end.x - bend.x) * rest, y: bend.y + (end.y - bend.y) * rest };
  }
  const u = along / curve;
  const [first, second] = controls({ start, bend, direction });
  const cubic = (a: number, b: number, c: number, d: number) =>
    (1 - u) ** 3 * a + 3 * (1 - u) ** 2 * u * b + 3 * (1 - u) * u ** 2 * c + u ** 3 * d;
  return { x: cubic(start.x, first.x, second.x, bend.x), y: cubic(start.y, first.y, second.y, bend.y) };
}

/** The control points of the curve from start to bend. */
export function controls({
  start,
  bend,
  direction,
}: Pick<Stream, 'start' | 'bend' | 'direction'>): readonly [Point, Point] {
  if (direction === 'right') {
    const middle = (start.x + bend.x) / 2;
    return [
      { x: middle, y: start.y },
      { x: middle, y: bend.y },
    ];
  }
  const middle = (start.y + bend.y) / 2;
  return [
    { x: start.x, y: middle },
    { x: bend.x, y: middle },
  ];
}

function portOrder(
  edges: readonly LayoutEdge[],
  layout: Layout,
  other: (edge: LayoutEdge) => string,
): readonly LayoutEdge[] {
  const along = (edge: LayoutEdge) => {
    const place = layout.places.get(other(edge));
    return place === undefined
      ? 0
      : layout.direction === 'right'
        ? place.y + place.height / 2
        : place.x + place.width / 2;
  };
  return edges.toSorted((a, b) => along(a) - along(b));
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function clamp(value: number, low: number, high: number): number {
  return low > high ? (low + high) / 2 : Math.min(high, Math.max(low, value));
}
