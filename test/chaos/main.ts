/**
 * `npm run chaos -- --runs N [--seed S] [--jobs J] [--keep]`: many runs, each from its own seed; prints every seed, stops with
 * exit code 1 when one of them lost or doubled a record. `--keep` leaves the directories of the good ones as well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ChaosResult, chaosRun } from './chaosRun.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    keep: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
const root = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
console.log(`${runs} runs from seed ${firstSeed} on, in ${root}`);

let next = 0;
let failed = 0;
let kills = 0;
const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
const seconds = Math.round((performance.now() - startedAt) / 1_000);
console.log(`${runs - failed} of ${runs} runs exactly right, ${kills} kills, ${seconds} s.`);
if (failed === 0 && !values.keep) rmSync(root, { recursive: true, force: true });
if (failed > 0) process.exitCode = 1;

async function work(): Promise<void> {
  while (next < runs) {
    const seed = firstSeed + next++;
    const directory = join(root, String(seed));
    tell(await chaosRun(seed, directory));
  }
}

function tell(result: ChaosResult): void {
  const { seed, deviation, exitCode, committed } = result;
  kills += result.kills.length;
  const isRight = exitCode === 0 && deviation.missing.length === 0 && deviation.unexpected.length === 0;
  console.log(
    `${isRight ? '✓' : '✗'} seed ${seed}: ${result.kills.length} kills (${result.kills.join(', ')}), parallelism ${result.parallelism.join(' → ')}, ${committed} lines`,
  );
  if (isRight) return;
  failed += 1;
  console.log(
    `  exit code ${exitCode}, missing ${deviation.missing.length} (${deviation.missing.slice(0, 5).join('; ')}), unexpected ${deviation.unexpected.length} (${deviation.unexpected.slice(0, 5).join('; ')})`,
  );
  console.log(result.log.replace(/^/gm, '  '));
}
