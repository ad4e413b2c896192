/**
 * `npm run mutants`: breaks the product on purpose, one line at a time, and runs the tests that must notice. A guarantee
 * whose test cannot fail is not guarded; this is how that is found out, again and again. At the end a table says of each
 * what noticed it and how long that took.
 *
 *   npm run mutants                       all
 *   npm run mutants -- alignment          those with the word in their name, file or tests
 *   npm run mutants -- --jobs 2           two at a time; --shard 1/4 a quarter of them; --markdown the table for docs/mutants.md
 *
 * A mutant names a file, a text that occurs in it exactly once, what stands there instead, and (parts of) the names of
 * tests that must fail. Only these tests run, and before anything is broken all of them must pass: what fails anyhow has
 * noticed nothing. The work is done in copies of the tree, so that an interrupted run leaves nothing broken behind.
 */
import { parseArgs } from 'node:util';
import { barrierMutants } from './mutants/barriers.ts';
import { connectorMutants } from './mutants/connectors.ts';
import { coordinatorMutants } from './mutants/coordinator.ts';
import { engineMutants } from './mutants/engine.ts';
import { incrementMutants } from './mutants/increments.ts';
import { operatorMutants } from './mutants/operators.ts';
import { recoveryMutants } from './mutants/recovery.ts';
import { type MutantOutcome, runMutants } from './mutants/run.ts';
import { savepointMutants } from './mutants/savepoints.ts';
import { sinkMutants } from './mutants/sinks.ts';
import { spillMutants } from './mutants/spill.ts';
import { tableOf } from './mutants/table.ts';
import { testingMutants } from './mutants/testing.ts';
import { unalignedMutants } from './mutants/unaligned.ts';
import { windowMutants } from './mutants/windows.ts';

export interface Mutant {
  /** What is broken, as a sentence about the product. */
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Test files to run. */
  readonly tests: readonly string[];
  /** Each is part of the name of a test that must fail. */
  readonly caughtBy: readonly string[];
}

const { values: asked, positionals: words } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1' },
    shard: { type: 'string', default: '1/1' },
    markdown: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const all: readonly Mutant[] = [
  ...barrierMutants,
  ...connectorMutants,
  ...coordinatorMutants,
  ...engineMutants,
  ...incrementMutants,
  ...operatorMutants,
  ...recoveryMutants,
  ...savepointMutants,
  ...sinkMutants,
  ...spillMutants,
  ...testingMutants,
  ...unalignedMutants,
  ...windowMutants,
];
const [shard = 1, shards = 1] = asked.shard.split('/').map(Number);
const chosen = all.filter(
  (mutant, place) =>
    place % shards === shard - 1 && words.every((word) => JSON.stringify(mutant).includes(word)),
);
const outcomes = await runMutants(chosen, Number(asked.jobs), sayOutcome);
console.log(tableOf(outcomes, asked.markdown));
const survivors = outcomes.filter(({ caught }) => !caught);
console.log(`${chosen.length - survivors.length} of ${chosen.length} mutants were caught.`);
if (survivors.length > 0 || chosen.length === 0) process.exitCode = 1;

function sayOutcome({ mutant, caught, by, seconds }: MutantOutcome): void {
  console.log(`${caught ? '✓' : '✗'} ${mutant.name} (${seconds.toFixed(1)} s)${caught ? '' : `\n    ${by}`}`);
}
