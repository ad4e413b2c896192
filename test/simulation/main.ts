/**
 * `npm run simulate -- --seeds 10000 [--from-seed N] [--workers 2] [--travel aligned | unaligned | …] [--disk full,changed]`,
 * or `--seed N` to replay one and hear its story. Workers are processes, each with its share of the seeds; one whose life takes
 * longer than `--seconds-per-seed` is ended, that seed is broken, and another goes on behind it. Tells how far it is, and at
 * the end what was drawn; ends with exit code 1 when a promise was broken, and prints the seeds.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Coverage, countKinds, coverageTable } from './coverage.ts';
import type { DiskFaultKind } from './diskFaults.ts';
import type { Travel } from './life.ts';
import { type SimulationResult, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    'from-seed': { type: 'string', default: '1' },
    seed: { type: 'string' },
    workers: { type: 'string', default: '1' },
    /** A usual one takes a tenth of one; so much more is a loop without end, or a cost that nobody wants. */
    'seconds-per-seed': { type: 'string', default: '300' },
    /** One of the ways in life.ts; drawn where nothing is said. */
    travel: { type: 'string' },
    /** What the disk does wrong, by the names in diskFaults.ts; drawn where nothing is said. */
    disk: { type: 'string' },
    /** Of a worker: takes every so many seeds and tells its parent. */
    stride: { type: 'string' },
  },
});
const travel = (values.travel ?? null) as Travel | null;
const limitMs = Number(values['seconds-per-seed']) * 1_000;
const disk = (values.disk?.split(',') ?? null) as readonly DiskFaultKind[] | null;

/** What became of a seed, as a worker tells it. */
interface Lived {
  readonly seed: number;
  readonly kinds: readonly string[];
  readonly kills: number;
  readonly checkpoints: number;
  readonly lastTurns: number;
  /** Null: all promises were kept. */
  readonly broken: string | null;
}

if (values.seed !== undefined) replay(Number(values.seed));
else if (values.stride !== undefined)
  await work(Number(values['from-seed']), Number(values.seeds), Number(values.stride));
else await all(Number(values['from-seed']), Number(values.seeds), Number(values.workers));

function replay(seed: number): void {
  try {
    const { story, kinds, lastTurns } = simulate(seed, travel, disk);
    console.log(
      `${story.join('\n')}\n${[...kinds].join(', ')}\nended ${lastTurns} turns after the last fault`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/** Waits until its parent has heard: what is only queued is lost with a worker that crashes. */
async function work(first: number, seeds: number, stride: number): Promise<void> {
  for (let seed = first; seed < first + seeds; seed += stride) {
    const result = lived(seed);
    const problem = await new Promise((sent) => process.send?.(result, sent));
    if (problem !== null) throw problem;
  }
}

function lived(seed: number): Lived {
  try {
    const { kinds, ...rest }: SimulationResult = simulate(seed, travel, disk);
    return { ...rest, kinds: [...kinds], broken: null };
  } catch (error) {
    return brokenLife(seed, error instanceof Error ? error.message : String(error));
  }
}

function brokenLife(seed: number, broken: string): Lived {
  return { seed, kinds: [], kills: 0, checkpoints: 0, lastTurns: 0, broken };
}

async function all(first: number, seeds: number, workers: number): Promise<void> {
  const coverage: Coverage = new Map();
  const broken: number[] = [];
  let [done, kills, checkpoints, turns] = [0, 0, 0, 0];
  const hear = (result: Lived): void => {
    countKinds(coverage, result.kinds);
    kills += result.kills;
    checkpoints += result.checkpoints;
    turns = Math.max(turns, result.lastTurns);
    if (result.broken !== null) {
      broken.push(result.seed);
      console.error(result.broken);
    }
    if (++done % 500 === 0)
      console.log(`${done} seeds, ${kills} kills, ${checkpoints} checkpoints, ${broken.length} broken`);
  };
  const ends = Array.from({ length: workers }, (_unused, place) =>
    share(first + place, first + seeds, workers, hear),
  );
  await Promise.all(ends);
  console.log(coverageTable(coverage));
  console.log(
    `${done} of ${seeds} seeds from ${first}: ${kills} kills, ${checkpoints} checkpoints completed, at most ${turns} turns from the last fault to the end, ${broken.length} broken${broken.length > 0 ? `: ${broken.sort((a, b) => a - b).join(' ')}` : ''}`,
  );
  process.exitCode = broken.length > 0 || done < seeds ? 1 : 0;
}

/** A worker that crashes leaves seeds undone, which the sum shows; one that hangs leaves out the seed at which it does. */
async function share(
  first: number,
  end: number,
  stride: number,
  hear: (result: Lived) => void,
): Promise<void> {
  for (let from = first; from < end; ) {
    const hung = await untilItHangs(from, end, stride, hear);
    if (hung === null) return;
    hear(brokenLife(hung, `seed ${hung}: was not over after ${limitMs / 1_000} seconds`));
    from = hung + stride;
  }
}

/** Answers at which seed; null: it ended by itself. */
function untilItHangs(
  from: number,
  end: number,
  stride: number,
  hear: (result: Lived) => void,
): Promise<number | null> {
  const args = ['--from-seed', `${from}`, '--seeds', `${end - from}`, '--stride', `${stride}`];
  const child = fork(fileURLToPath(import.meta.url), [
    ...args,
    ...(travel === null ? [] : ['--travel', travel]),
    ...(disk === null ? [] : ['--disk', disk.join(',')]),
  ]);
  let seed = from;
  let hung: number | null = null;
  const limit = setTimeout(() => {
    hung = seed;
    child.kill('SIGKILL');
  }, limitMs);
  return new Promise((resolve) => {
    child.on('message', (message) => {
      if (hung !== null) return;
      hear(message as Lived);
      seed = (message as Lived).seed + stride;
      limit.refresh();
    });
    child.on('close', () => {
      clearTimeout(limit);
      resolve(hung);
    });
  });
}
