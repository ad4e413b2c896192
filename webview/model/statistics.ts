/** Percentiles by linear interpolation between the two nearest ranks, as Flink's summary has them. */
export interface Summary {
  readonly min: number;
  readonly avg: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** null where nothing is known. */
export function summarize(values: readonly (number | null)[]): Summary | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return null;
  const at = (quantile: number) => percentileOfSorted(known, quantile);
  return {
    min: known[0]!,
    avg: known.reduce((sum, value) => sum + value, 0) / known.length,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: known.at(-1)!,
  };
}

export function median(values: readonly (number | null)[]): number | null {
  return summarize(values)?.p50 ?? null;
}

function percentileOfSorted(sorted: readonly number[], quantile: number): number {
  const position = (sorted.length - 1) * quantile;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(sorted.length - 1, below + 1)]!;
  return low + (high - low) * (position - below);
}
