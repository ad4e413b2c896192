/**
 * The banks of a stream are the mean of its last minute, which no message carries: it is worked out here, one
 * exponential mean per edge. Until a minute has been seen, the mean is over what has been seen.
 */
import type { GraphInfo } from '../../runtime/protocol/graph.ts';
import type { ChannelSample } from '../../runtime/protocol/telemetry.ts';

/** By edge id. */
export type RateMeans = ReadonlyMap<
  string,
  { readonly perSecond: number; readonly at: number; readonly seenMs: number }
>;

const minuteMs = 60_000;

export function foldMeans(
  means: RateMeans,
  graph: GraphInfo,
  channels: ReadonlyMap<number, ChannelSample>,
  at: number,
): RateMeans {
  const rates = edgeRates(graph, channels);
  const next = new Map<string, { perSecond: number; at: number; seenMs: number }>();
  for (const edge of graph.edges) {
    const rate = rates.get(edge.id) ?? null;
    const known = means.get(edge.id);
    if (rate === null) {
      if (known !== undefined) next.set(edge.id, known);
      continue;
    }
    if (known === undefined) {
      next.set(edge.id, { perSecond: rate, at, seenMs: 0 });
      continue;
    }
    const elapsed = Math.max(0, at - known.at);
    const window = Math.min(minuteMs, known.seenMs + elapsed);
    const weight = window === 0 ? 1 : Math.min(1, elapsed / window);
    next.set(edge.id, { perSecond: known.perSecond + (rate - known.perSecond) * weight, at, seenMs: window });
  }
  return next;
}

/** Now, summed over an edge's channels; null when none of them is known. */
export function edgeRates(
  graph: GraphInfo,
  channels: ReadonlyMap<number, ChannelSample>,
): Map<string, number | null> {
  const rates = new Map<string, number | null>(graph.edges.map((edge) => [edge.id, null]));
  for (const { id, edge } of graph.channels) {
    const perSecond = channels.get(id)?.recordsPerSecond ?? null;
    if (perSecond !== null) rates.set(edge, (rates.get(edge) ?? 0) + perSecond);
  }
  return rates;
}
