/**
 * `npm run soak -- --minutes 30 [--fail-every 20] [--keep]`: one stateful job with a checkpoint every 200 ms and a failure every
 * 20 s, by turns an error of the author's code and the end of a task's thread. While it runs, the runtime process is looked at
 * once a second (Linux: /proc); in the end the output must be exactly right and every figure flat (flatness.ts). Prints
 * one table; ends with exit code 1 when something is not as it should be.
 *
 * The runtime process is the same all the time: what leaks with a failure or a checkpoint adds up in it.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startCommand } from '../cli/sluiceCommand.ts';
import { committedLines } from './chaosRun.ts';
import { deviation } from './expected.ts';
import { type Allowance, flatness } from './flatness.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    'fail-every': { type: 'string', default: '20' },
    keep: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.minutes) * 60;
const failEverySeconds = Number(values['fail-every']);
const perSecond = 2_000;
const keys = 5_000;
const records = Math.round(seconds * perSecond);
const mib = 1024 * 1024;

/** A figure, in which unit it is shown, and how much more of it in the last third than in the one before is flat. */
const figures: Readonly<Record<string, Allowance & { readonly unit: number }>> = {
  'resident memory (MiB)': { unit: mib, share: 0.1, amount: 16 * mib },
  'heap of a task thread (MiB)': { unit: mib, share: 0.1, amount: 8 * mib },
  'file descriptors': { unit: 1, share: 0, amount: 4 },
  threads: { unit: 1, share: 0, amount: 2 },
  'data directory (KiB)': { unit: 1024, share: 0.1, amount: 64 * 1024 },
  'files in the data directory': { unit: 1, share: 0.1, amount: 8 },
};
type Sample = Partial<Record<keyof typeof figures, number>>;

const directory = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
mkdirSync(join(directory, 'out'), { recursive: true });
const command = startCommand(
  ['run', fileURLToPath(new URL('./soakPipeline.ts', import.meta.url)), '--parallelism', '2'],
  {
    cwd: directory,
    env: {
      SOAK_RECORDS: String(records),
      SOAK_PER_SECOND: String(perSecond),
      SOAK_KEYS: String(keys),
    },
  },
);
console.log(
  `${values.minutes} minutes in ${directory}: ${records} records, a failure every ${failEverySeconds} s`,
);

const samples: Sample[] = [];
const processes = new Set<number>();
let failures = 0;
let failAt = failEverySeconds;
const startedAt = performance.now();
while (!command.isOver()) {
  await Promise.race([pause(1_000), command.ended]);
  const elapsed = (performance.now() - startedAt) / 1_000;
  const sample = look();
  if (sample !== null) samples.push(sample);
  // The last seconds are left in peace, so that the last one is still noticed.
  if (elapsed >= failAt && elapsed < seconds - 2) {
    writeFileSync(join(directory, 'fail'), failures++ % 2 === 0 ? 'throw' : 'exit');
    failAt += failEverySeconds;
  }
}
const end = await command.ended;
report();

function report(): void {
  const table = Object.entries(figures).map(([name, { unit, ...allowance }]) => {
    const found = samples.flatMap((sample) => sample[name] ?? []);
    return { unit, ...flatness(name, found, allowance) };
  });
  console.table(
    table.map(({ name, unit, min, max, before, after, isFlat }) => ({
      figure: name,
      min: shown(min / unit),
      max: shown(max / unit),
      'second third': shown(before / unit),
      'last third': shown(after / unit),
      flat: isFlat ? 'yes' : 'NO',
    })),
  );
  const found = deviation(committedLines(join(directory, 'out')), expectedLines());
  const isRight = end.code === 0 && found.missing.length === 0 && found.unexpected.length === 0;
  const restarts = (end.stderr.match(/\(restart \d+\)/g) ?? []).length;
  const took = Math.round((performance.now() - startedAt) / 1_000);
  console.log(
    `${took} s, ${samples.length} samples, ${failures} failures, ${restarts} restarts told, ${processes.size} runtime process(es), newest checkpoint ${newestCheckpoint()}; ` +
      `exit code ${end.code}, ${found.missing.length} lines missing, ${found.unexpected.length} too many: ${isRight ? 'exactly right' : 'WRONG'}.`,
  );
  const isFlat = table.every((row) => row.isFlat);
  if (!isRight || processes.size !== 1) console.log(end.stderr.slice(-4_000));
  if (!isRight || !isFlat || processes.size !== 1) process.exitCode = 1;
  else if (!values.keep) rmSync(directory, { recursive: true, force: true });
}

/** Null while there is no runtime, and where there is no /proc. */
function look(): Sample | null {
  try {
    const running = readFileSync(join(directory, '.sluice/jobs/soak/running.json'), 'utf8');
    const { pid } = (JSON.parse(running) as { process: { pid: number } }).process;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    processes.add(pid);
    const disk = filesBelow(join(directory, '.sluice'));
    return {
      'resident memory (MiB)': field('VmRSS') * 1024,
      'heap of a task thread (MiB)': Number(readFileSync(join(directory, 'heap'), 'utf8')),
      'file descriptors': readdirSync(`/proc/${pid}/fd`).length,
      threads: field('Threads'),
      'data directory (KiB)': disk.bytes,
      'files in the data directory': disk.count,
    };
  } catch {
    return null;
  }
}

/** What goes away while it is looked at does not count. */
function filesBelow(parent: string): { readonly bytes: number; readonly count: number } {
  let bytes = 0;
  let count = 0;
  for (const name of readdirSync(parent, { recursive: true, encoding: 'utf8' })) {
    const found = statSync(join(parent, name), { throwIfNoEntry: false });
    if (found?.isFile() !== true) continue;
    bytes += found.size;
    count++;
  }
  return { bytes, count };
}

/** From the description of the pipeline alone. */
function expectedLines(): Map<string, number> {
  const lines = new Map<string, number>();
  for (let key = 0; key < keys; key++) {
    const count = Math.floor(records / keys) + (key < records % keys ? 1 : 0);
    for (let seen = 10; seen <= count; seen += 10) lines.set(`${key} ${seen}`, 1);
  }
  return lines;
}

function newestCheckpoint(): string {
  return readdirSync(join(directory, '.sluice/jobs/soak/checkpoints')).sort().at(-1) ?? 'none';
}

function shown(value: number): number {
  return Math.round(value * 10) / 10;
}
