/**
 * `npm run chaos -- --runs N [--seed S] [--jobs J] [--only thread,pause] [--keep]`: many runs, each from its own seed. Tells every
 * run, prints one table at the end, and ends with exit code 1 when one of them lost or doubled a record. Every second run is
 * on a small disk that can be filled. `--keep` leaves the directories of the good ones as well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ChaosResult, chaosRun, type Strike, strikes } from './chaosRun.ts';
import { smallDiskProblem } from './smallDisk.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
const only = values.only?.split(',').map(strikeOf) ?? null;
const root = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
const withoutFullDisk = smallDiskProblem();
console.log(`${runs} runs from seed ${firstSeed} on, in ${root}`);
if (withoutFullDisk !== null)
  console.log(`The full disk is left out: no small one can be made (${withoutFullDisk}).`);

let next = 0;
let failed = 0;
const counts = new Map<Strike, { struck: number; runs: number; wrong: number }>();
const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
console.table(
  strikes.map((strike) => {
    const { struck, runs: inRuns, wrong } = counts.get(strike) ?? { struck: 0, runs: 0, wrong: 0 };
    return { strike, 'how often': struck, 'in runs': inRuns, 'of them wrong': wrong };
  }),
);
const seconds = Math.round((performance.now() - startedAt) / 1_000);
const struck = [...counts.values()].reduce((sum, count) => sum + count.struck, 0);
console.log(`${runs - failed} of ${runs} runs exactly right, ${struck} strikes, ${seconds} s.`);
if (failed === 0 && !values.keep) rmSync(root, { recursive: true, force: true });
if (failed > 0) process.exitCode = 1;

async function work(): Promise<void> {
  while (next < runs) {
    const seed = firstSeed + next++;
    const onSmallDisk = withoutFullDisk === null && (seed % 2 === 0 || only?.includes('full disk') === true);
    tell(await chaosRun(seed, join(root, String(seed)), { onSmallDisk, only }));
  }
}

function tell(result: ChaosResult): void {
  const { seed, deviation, exitCode, committed } = result;
  const isRight = exitCode === 0 && deviation.missing.length === 0 && deviation.unexpected.length === 0;
  count(result, isRight);
  console.log(
    `${isRight ? '✓' : '✗'} seed ${seed}: ${result.kills.join(', ')}; parallelism ${result.parallelism.join(' → ')}, ${committed} lines`,
  );
  if (isRight) return;
  failed += 1;
  console.log(
    `  exit code ${exitCode}, missing ${deviation.missing.length} (${deviation.missing.slice(0, 5).join('; ')}), unexpected ${deviation.unexpected.length} (${deviation.unexpected.slice(0, 5).join('; ')})`,
  );
  console.log(result.log.replace(/^/gm, '  '));
}

function count({ kills }: ChaosResult, isRight: boolean): void {
  for (const strike of strikes) {
    const struck = kills.filter((kill) => kill.startsWith(`${strike} `)).length;
    if (struck === 0) continue;
    const before = counts.get(strike) ?? { struck: 0, runs: 0, wrong: 0 };
    counts.set(strike, {
      struck: before.struck + struck,
      runs: before.runs + 1,
      wrong: before.wrong + (isRight ? 0 : 1),
    });
  }
}

function strikeOf(text: string): Strike {
  const strike = strikes.find((known) => known === text);
  if (strike === undefined) throw new Error(`--only takes ${strikes.join(', ')}, not ${text}`);
  return strike;
}
