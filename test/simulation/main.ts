/**
 * `npm run simulate -- --seeds 10000 [--from-seed N] [--at-least-once | --aligned | --unaligned]`, or `--seed N` to replay one. Ends with exit code 1 when a promise was
 * broken, and prints the seeds.
 */
import { parseArgs } from 'node:util';
import { aligned, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    'from-seed': { type: 'string', default: '1' },
    seed: { type: 'string' },
    'at-least-once': { type: 'boolean', default: false },
    aligned: { type: 'boolean', default: false },
    unaligned: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed ?? values['from-seed']);
const mode = values['at-least-once'] ? 'at-least-once' : 'exactly-once';
const overtaking = values.aligned
  ? aligned
  : values.unaligned
    ? { unaligned: true, alignedTimeoutMs: 0 }
    : undefined;
const count = values.seed === undefined ? Number(values.seeds) : 1;
const broken: number[] = [];
let kills = 0;
let checkpoints = 0;
let replays = 0;
let rescaledReplays = 0;
for (let seed = first; seed < first + count; seed++) {
  try {
    const result = simulate(seed, mode, overtaking);
    kills += result.kills;
    checkpoints += result.checkpoints;
    replays += result.replays;
    rescaledReplays += result.rescaledReplays;
    if (values.seed !== undefined) console.log(result);
  } catch (error) {
    broken.push(seed);
    console.error(error instanceof Error ? error.message : error);
  }
  if ((seed - first + 1) % 500 === 0)
    console.log(
      `${seed - first + 1} seeds, ${kills} kills, ${checkpoints} checkpoints, ${broken.length} broken`,
    );
}
console.log(
  `${count} seeds from ${first}: ${kills} kills, ${checkpoints} checkpoints completed, ${replays} replays of what was in flight (${rescaledReplays} rescaled), ${broken.length} broken${broken.length > 0 ? `: ${broken.join(' ')}` : ''}`,
);
process.exitCode = broken.length > 0 ? 1 : 0;
