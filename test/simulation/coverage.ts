/**
 * What simulated lives are made of: every stage, every way to checkpoint, every fault. A random test that never draws
 * something says nothing about it; so it is counted, and the fixed seeds must have it all.
 */
export const everyKind = [
  // Stages.
  'map',
  'filter',
  'flatMap',
  'sideOutput',
  'partitionCustom',
  'rebalance',
  'rescale',
  'shuffle',
  'global',
  'broadcast to all',
  'ordered asyncMap',
  'unordered asyncMap',
  'union',
  'connect',
  'broadcast state',
  'keyed broadcast state',
  'count',
  'distinct',
  'all states',
  'all states with TTL',
  'operator list',
  'union list',
  'end marks',
  'processing timers',
  'event timers',
  'interval join',
  'window join',
  'coGroup',
  'tumbling window',
  'sliding window',
  'session window',
  'windowAll',
  'global window',
  'evictor',
  'count window',
  'window by new times',
  'diamond',
  'several sinks',
  'chaining disabled',
  'few key groups',
  'watermark alignment',
  // How checkpoints are taken.
  'aligned',
  'unaligned',
  'aligned with timeout',
  'at-least-once',
  'no periodic checkpoints',
  'concurrent checkpoints',
  'min pause',
  'one retained',
  'incremental checkpoint',
  'full checkpoints only',
  'smallest rings',
  'smallest queues',
  'state on disk',
  // What befalls the job.
  'no faults',
  'kill -9',
  'power cut',
  'thread dies',
  'author throws',
  'disk: full',
  'disk: not-permitted',
  'disk: failing-sync',
  'disk: silent-sync',
  'disk: unsure-rename',
  'disk: changed',
  'disk: refused',
  'restart: fixed-delay',
  'restart: failure-rate',
  'restart: exponential-delay',
  'clocks: steady',
  'clocks: skewed',
  'clocks: jumping',
  // What is asked for, and what comes of it.
  'savepoint',
  'checkpoint by hand',
  'stop with savepoint',
  'stop with drain',
  'restore while it runs',
  'switched mode',
  'from nothing',
  'from the newest',
  'from an older savepoint',
  'rescaled',
  'layers restored',
  'in flight replayed',
  'in flight rescaled',
  'suspended',
  'canceled',
  'finished',
] as const;

/** How many lives had each kind. */
export type Coverage = Map<string, number>;

export const countKinds = (coverage: Coverage, kinds: Iterable<string>): void => {
  for (const kind of kinds) coverage.set(kind, (coverage.get(kind) ?? 0) + 1);
};

/** Those that no life had. */
export const missingKinds = (coverage: ReadonlyMap<string, number>): readonly string[] =>
  everyKind.filter((kind) => !coverage.has(kind));

/** Three columns, the order that of `everyKind`. */
export const coverageTable = (coverage: ReadonlyMap<string, number>): string => {
  const known: readonly string[] = everyKind;
  const others = [...coverage.keys()].filter((kind) => !known.includes(kind));
  const cells = [...known, ...others].map(
    (kind) => `${String(coverage.get(kind) ?? 0).padStart(6)} ${kind.padEnd(26)}`,
  );
  const rows = Math.ceil(cells.length / 3);
  return Array.from({ length: rows }, (_unused, row) =>
    [cells[row], cells[row + rows], cells[row + 2 * rows]].join('').trimEnd(),
  ).join('\n');
};
