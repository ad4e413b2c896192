/**
 * Where vertices stand. Left to right it is dagre's layout (tight-tree ranker: network simplex took seconds at 1,000
 * vertices), with room reserved in front of a vertex with several inputs, where gates and basins are drawn. Downwards,
 * in a narrow column, ranks are stacked and every rank shares the width, streams that only pass by included.
 *
 * A layout never moves a vertex that is already there: `keepPlaces` takes the old places and finds room for the new.
 */
import { layout as dagreLayout, Graph } from '@dagrejs/dagre';

export type Direction = 'right' | 'down';

export interface LayoutVertex {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface LayoutEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Length that is kept free along the stream, for its label, its basin and its gate. */
  readonly room: number;
}

export interface LayoutRequest {
  readonly direction: Direction;
  readonly vertices: readonly LayoutVertex[];
  readonly edges: readonly LayoutEdge[];
  /** Available across: the width of the panel. */
  readonly width: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly direction: Direction;
  readonly places: ReadonlyMap<string, Place>;
  readonly width: number;
  readonly height: number;
}

/** Above this many vertices a narrow column is laid out like any graph and looked at from afar. */
const stackedVerticesMax = 60;
const stackGap = 12;

export function layOut(request: LayoutRequest): Layout {
  if (request.vertices.length === 0)
    return { direction: request.direction, places: new Map(), width: 0, height: 0 };
  if (request.direction === 'down' && request.vertices.length <= stackedVerticesMax) return stacked(request);
  return layered(request);
}

function layered({ direction, vertices, edges }: LayoutRequest): Layout {
  const isLarge = vertices.length > stackedVerticesMax;
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction === 'right' ? 'LR' : 'TB',
    ranker: 'tight-tree',
    nodesep: isLarge ? 14 : 36,
    ranksep: isLarge ? 90 : 8,
    edgesep: isLarge ? 4 : 24,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of vertices) graph.setNode(id, { width, height });
  for (const { id, from, to, room } of edges) {
    // In a large graph labels would double its ranks, and they are not drawn from afar anyway.
    const label = isLarge
      ? {}
      : direction === 'right'
        ? { width: room, height: 20 }
        : { width: 60, height: room };
    graph.setEdge(from, to, { ...label, labelpos: 'c' }, id);
  }
  dagreLayout(graph);
  const places = new Map<string, Place>();
  for (const { id, width, height } of vertices) {
    const at = graph.node(id) as { x: number; y: number };
    places.set(id, { x: at.x - width / 2, y: at.y - height / 2, width, height });
  }
  if (isLarge) return framed(direction, compacted(places, direction));
  return framed(direction, direction === 'down' ? places : levelled(sourcesFirst(places, edges), edges));
}

/**
 * In a large graph the gaps that dagre leaves for long edges would make a tower of it: every rank keeps its order and
 * is closed up around the middle, so that the whole can be seen at once.
 */
function compacted(places: ReadonlyMap<string, Place>, direction: Direction): Map<string, Place> {
  const right = direction === 'right';
  const ranks = new Map<number, [string, Place][]>();
  for (const entry of places) {
    const rank = Math.round(right ? entry[1].x : entry[1].y);
    ranks.set(rank, [...(ranks.get(rank) ?? []), entry]);
  }
  const closed = new Map<string, Place>();
  for (const entries of ranks.values()) {
    const pitch = right ? 86 : 174;
    entries.sort(([, a], [, b]) => (right ? a.y - b.y : a.x - b.x));
    entries.forEach(([id, place], index) => {
      const across = (index - (entries.length - 1) / 2) * pitch;
      closed.set(id, right ? { ...place, y: across } : { ...place, x: across });
    });
  }
  return closed;
}

/** The tight tree pulls a source up to whoever reads it; where nothing stands in the way, it goes to the bank with the others. */
function sourcesFirst(places: Map<string, Place>, edges: readonly LayoutEdge[]): Map<string, Place> {
  const left = Math.min(...[...places.values()].map(({ x }) => x));
  const targets = new Set(edges.map(({ to }) => to));
  for (const [id, place] of places) {
    if (targets.has(id) || place.x === left) continue;
    const way = { ...place, x: left, width: place.x + place.width - left };
    if (![...places].some(([other, there]) => other !== id && overlap(there, way)))
      places.set(id, { ...place, x: left });
  }
  return places;
}

/**
 * A straight stream is the easiest to read: a vertex with several inputs moves, with all that follows it, until its
 * uppermost input lies level with where it comes from, if nothing is in the way.
 */
function levelled(places: Map<string, Place>, edges: readonly LayoutEdge[]): Map<string, Place> {
  const inputs = (id: string) => edges.filter(({ to }) => to === id);
  const joins = [...places.keys()]
    .filter((id) => inputs(id).length > 1)
    .sort((a, b) => places.get(a)!.x - places.get(b)!.x);
  let level = places;
  for (const id of joins) {
    const sources = inputs(id)
      .map(({ from }) => level.get(from)!)
      .sort((a, b) => a.y - b.y);
    const join = level.get(id)!;
    const [top] = sources as [Place];
    const shift = top.y + top.height / 2 - (join.y + join.height * (0.5 / sources.length));
    const moving = downstream(id, edges);
    const moved = new Map(
      [...level].map(([key, place]) => [key, moving.has(key) ? { ...place, y: place.y + shift } : place]),
    );
    const clear = [...moving].every((key) =>
      [...moved].every(([other, place]) => moving.has(other) || !overlap(place, moved.get(key)!)),
    );
    if (clear) level = moved;
  }
  return level;
}

function downstream(id: string, edges: readonly LayoutEdge[]): ReadonlySet<string> {
  const reached = new Set([id]);
  // Sets are walked in the order of insertion, what is added on the way included.
  for (const vertex of reached) for (const { from, to } of edges) if (from === vertex) reached.add(to);
  return reached;
}

/** Ranks under each other; each shares the width between its vertices and the streams that pass it. */
function stacked({ vertices, edges, width }: LayoutRequest): Layout {
  const rankOf = longestPathRanks(vertices, edges);
  const ranks: string[][] = [];
  for (const { id } of vertices) ranks[rankOf.get(id)!] = [...(ranks[rankOf.get(id)!] ?? []), id];
  const heights = new Map(vertices.map(({ id, height }) => [id, height]));
  const centers = new Map<string, number>();
  const places = new Map<string, Place>();
  let y = 0;
  ranks.forEach((ids, rank) => {
    const passing = edges.filter(({ from, to }) => rankOf.get(from)! < rank && rankOf.get(to)! > rank);
    const lanes = [
      ...ids.map((id, order) => ({
        id,
        order,
        wish: average(edges.filter(({ to }) => to === id).map((edge) => centers.get(edge.from))),
      })),
      ...passing.map((edge, order) => ({
        id: `edge ${edge.id}`,
        order: ids.length + order,
        wish: centers.get(`edge ${edge.id}`) ?? centers.get(edge.from) ?? null,
      })),
    ].sort((a, b) => (a.wish ?? a.order * width) - (b.wish ?? b.order * width) || a.order - b.order);
    const each = (width - stackGap * (lanes.length - 1)) / lanes.length;
    const height = Math.max(...ids.map((id) => heights.get(id) ?? 0));
    lanes.forEach(({ id }, lane) => {
      const x = lane * (each + stackGap);
      centers.set(id, x + each / 2);
      if (heights.has(id)) places.set(id, { x, y, width: each, height: heights.get(id)! });
    });
    for (const edge of edges)
      if (rankOf.get(edge.from) === rank) centers.set(`edge ${edge.id}`, centers.get(edge.from)!);
    const arriving = edges.filter(({ to }) => rankOf.get(to) === rank + 1);
    y += height + Math.max(stackGap, ...arriving.map(({ room }) => room));
  });
  const bottom = Math.max(...[...places.values()].map((place) => place.y + place.height));
  return { direction: 'down', places, width, height: bottom };
}

function longestPathRanks(
  vertices: readonly LayoutVertex[],
  edges: readonly LayoutEdge[],
): Map<string, number> {
  const ranks = new Map(vertices.map(({ id }) => [id, 0]));
  // A graph of n vertices without cycles settles within n rounds; one with a cycle is cut off there.
  for (let round = 0; round < vertices.length; round++) {
    let changed = false;
    for (const { from, to } of edges) {
      const wanted = (ranks.get(from) ?? 0) + 1;
      if ((ranks.get(to) ?? 0) >= wanted) continue;
      ranks.set(to, wanted);
      changed = true;
    }
    if (!changed) break;
  }
  return ranks;
}

/** Old vertices stay; a new one takes its fresh place, moved by as much as its surroundings differ, and never on top of another. */
export function keepPlaces(previous: Layout | null, fresh: Layout): Layout {
  if (previous === null || previous.direction !== fresh.direction) return fresh;
  const kept = [...fresh.places].filter(([id]) => previous.places.has(id));
  if (kept.length === 0) return fresh;
  const mean = (pick: (place: Place) => number) =>
    kept.reduce((sum, [id, place]) => sum + pick(previous.places.get(id)!) - pick(place), 0) / kept.length;
  const shiftX = mean(({ x }) => x);
  const shiftY = mean(({ y }) => y);
  const places = new Map<string, Place>();
  for (const [id, place] of kept) {
    const old = previous.places.get(id)!;
    places.set(id, { ...place, x: old.x, y: old.y });
  }
  for (const [id, place] of fresh.places) {
    if (places.has(id)) continue;
    let moved = { ...place, x: place.x + shiftX, y: place.y + shiftY };
    while ([...places.values()].some((other) => overlap(other, moved))) moved = { ...moved, y: moved.y + 24 };
    places.set(id, moved);
  }
  return framed(fresh.direction, places, true);
}

/** Gaps between ranks grow and shrink with the panel; cards keep their size. */
export function spread(layout: Layout, width: number, least = 0.85, most = 3): Layout {
  if (layout.direction === 'down' || layout.places.size === 0) return layout;
  const columns = [...new Set([...layout.places.values()].map(({ x }) => x))].length;
  const last = Math.max(...[...layout.places.values()].map((place) => place.width));
  if (columns < 2 || layout.width <= last) return layout;
  const cards = averageWidth(layout) * (columns - 1);
  const gaps = layout.width - last - cards;
  if (gaps <= 0) return layout;
  const factor = Math.min(most, Math.max(least, (width - last - cards) / gaps));
  const stretch = (cards + gaps * factor) / (cards + gaps);
  const places = new Map([...layout.places].map(([id, place]) => [id, { ...place, x: place.x * stretch }]));
  return { ...layout, places, width: (layout.width - last) * stretch + last };
}

function averageWidth({ places }: Layout): number {
  return [...places.values()].reduce((sum, { width }) => sum + width, 0) / places.size;
}

function framed(direction: Direction, places: ReadonlyMap<string, Place>, keepOrigin = false): Layout {
  const all = [...places.values()];
  const left = keepOrigin ? 0 : Math.min(...all.map(({ x }) => x));
  const top = keepOrigin ? 0 : Math.min(...all.map(({ y }) => y));
  const moved = new Map(
    [...places].map(([id, place]) => [id, { ...place, x: place.x - left, y: place.y - top }]),
  );
  return {
    direction,
    places: moved,
    width: Math.max(...all.map(({ x, width }) => x + width)) - left,
    height: Math.max(...all.map(({ y, height }) => y + height)) - top,
  };
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function average(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
