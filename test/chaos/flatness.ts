/**
 * Does a figure stay flat? The first third of the samples is left out: code is compiled there, heaps find their size, the first
 * files are kept. Of what is left the median of the second half is held against the median of the first: a leak grows
 * in proportion to time and shows there, while a saw-tooth of a garbage collector or of retained checkpoints does not.
 */
export interface Flatness {
  readonly name: string;
  readonly samples: number;
  readonly min: number;
  readonly max: number;
  /** Medians of the second and of the last third. */
  readonly before: number;
  readonly after: number;
  readonly isFlat: boolean;
}

export interface Allowance {
  /** Of the earlier median. */
  readonly share: number;
  /** In the figure's own unit; the larger of the two counts. */
  readonly amount: number;
}

export function flatness(name: string, samples: readonly number[], allowance: Allowance): Flatness {
  const third = Math.floor(samples.length / 3);
  const before = median(samples.slice(third, 2 * third));
  const after = median(samples.slice(2 * third));
  return {
    name,
    samples: samples.length,
    min: Math.min(...samples),
    max: Math.max(...samples),
    before,
    after,
    isFlat: third > 0 && after - before <= Math.max(allowance.amount, before * allowance.share),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
