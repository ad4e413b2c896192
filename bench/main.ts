/**
 * `npm run bench`: measures and prints one table. `--repetitions N` (5), `--only <part of a name>`. The machine should have
 * nothing else to do; what it was doing stands beside the figures as its load.
 *
 * `npm run bench -- nexmark` runs the queries of Nexmark instead: `--events N` (1,000,000), `--parallelism 1,2`; a query at a
 * parallelism is called `q4-p2`, so `--only q1-` means the first one and not the eleventh.
 */
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { compareMillions } from './compareMillions.ts';
import { increments } from './increments.ts';
import { firstGraph, idle, type Measured, millionKeys, throughput } from './measurements.ts';
import { nexmark } from './nexmark/measurements.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repetitions: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    events: { type: 'string', default: '1000000' },
    parallelism: { type: 'string', default: '1,2' },
  },
});
const repetitions = Number(options.repetitions);
const suites: Record<string, Record<string, () => Promise<readonly Measured[]>>> = {
  budgets: {
    'first-graph': async () => [await firstGraph(repetitions)],
    'chain-1': async () => [await throughput('chain', 1, repetitions)],
    'chain-2': async () => [await throughput('chain', 2, repetitions)],
    'keyed-1': async () => [await throughput('keyedCount', 1, repetitions)],
    'keyed-2': async () => [await throughput('keyedCount', 2, repetitions)],
    'million-keys': () => millionKeys(repetitions),
    compare: () => compareMillions(repetitions),
    increments: () => increments(repetitions),
    idle: async () => [await idle(Math.min(3, repetitions))],
  },
  nexmark: nexmark({
    events: Number(options.events),
    parallelisms: options.parallelism.split(',').map(Number),
    repetitions,
  }),
};
const measurements = suites[positionals[0] ?? 'budgets'];
if (measurements === undefined) {
  console.error(
    `There is nothing to measure called ${positionals[0]}; there are ${Object.keys(suites).join(' and ')}.`,
  );
  process.exit(2);
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
console.log(
  `Machine   ${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${platform()} ${release()} ${arch()}`,
);
console.log(`Versions  Sluice ${version}, Node ${process.versions.node}, V8 ${process.versions.v8}`);
console.log(
  `Settings  exactly-once, aligned, a checkpoint a second unless said otherwise; median of ${repetitions} (least – most)`,
);
console.log(
  `Load      ${loadavg()
    .map((load) => load.toFixed(1))
    .join(', ')} before`,
);
console.log('');
console.log('| what | budget | measured | unit |');
console.log('| --- | ---: | ---: | --- |');
for (const [name, measure] of Object.entries(measurements)) {
  if (!name.includes(options.only)) continue;
  for (const { what, budget, unit, values } of await measure()) {
    console.log(`| ${what} | ${budget} | ${spreadText(values)} | ${unit} |`);
  }
}
console.log('');
console.log(
  `Load      ${loadavg()
    .map((load) => load.toFixed(1))
    .join(', ')} after`,
);

function spreadText(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const text = (value: number | undefined) =>
    (value ?? Number.NaN).toLocaleString('en-US', { maximumFractionDigits: (value ?? 0) < 100 ? 2 : 0 });
  return `${text(median)} (${text(sorted[0])} – ${text(sorted.at(-1))})`;
}
