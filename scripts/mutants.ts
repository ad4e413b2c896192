/**
 * `npm run mutants`: breaks the product on purpose, one line at a time, and runs the tests that must notice. A guarantee
 * whose test cannot fail is not guarded; this is how that is found out, again and again.
 *
 *   npm run mutants                 all
 *   npm run mutants -- alignment    those with the word in their name, file or tests
 *
 * A mutant names a file, a text that occurs in it exactly once, what stands there instead, and (parts of) the names of
 * tests that must fail. The work is done in a copy of the tree, so that an interrupted run leaves nothing broken behind.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barrierMutants } from './mutants/barriers.ts';
import { connectorMutants } from './mutants/connectors.ts';
import { coordinatorMutants } from './mutants/coordinator.ts';
import { operatorMutants } from './mutants/operators.ts';
import { recoveryMutants } from './mutants/recovery.ts';
import { sinkMutants } from './mutants/sinks.ts';
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

const root = fileURLToPath(new URL('..', import.meta.url));

function main(words: readonly string[]): void {
  const all = [
    ...barrierMutants,
    ...connectorMutants,
    ...coordinatorMutants,
    ...operatorMutants,
    ...recoveryMutants,
    ...sinkMutants,
    ...testingMutants,
    ...unalignedMutants,
    ...windowMutants,
  ];
  const chosen = all.filter((mutant) => {
    const text = JSON.stringify(mutant);
    return words.every((word) => text.includes(word));
  });
  const copy = mkdtempSync(join(tmpdir(), 'sluice-mutants-'));
  try {
    for (const part of ['runtime', 'test', 'package.json', 'vitest.config.ts', 'tsconfig.base.json']) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
    const survivors = chosen.filter((mutant) => !isCaught(mutant, copy));
    console.log(`${chosen.length - survivors.length} of ${chosen.length} mutants were caught.`);
    if (survivors.length > 0 || chosen.length === 0) process.exitCode = 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function isCaught(mutant: Mutant, copy: string): boolean {
  const path = join(copy, mutant.file);
  const whole = readFileSync(path, 'utf8');
  if (whole.split(mutant.find).length !== 2) {
    console.log(`✗ ${mutant.name}\n    ${mutant.file} does not hold this exactly once: ${mutant.find}`);
    return false;
  }
  writeFileSync(
    path,
    whole.replace(mutant.find, () => mutant.replace),
  );
  const failed = failedTests(mutant.tests, copy);
  writeFileSync(path, whole);
  const silent = mutant.caughtBy.filter((name) => !failed.some((test) => test.includes(name)));
  console.log(
    silent.length === 0 ? `✓ ${mutant.name}` : `✗ ${mutant.name}\n    not noticed by: ${silent.join('; ')}`,
  );
  return silent.length === 0;
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function failedTests(tests: readonly string[], copy: string): readonly string[] {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const run = [vitest, 'run', '--project', 'unit', '--reporter=json', `--outputFile=${report}`, ...tests];
  // A mutant may loop for ever; that is being noticed too, but by nobody in particular.
  spawnSync(process.execPath, run, { cwd: copy, stdio: 'ignore', timeout: 120_000 });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName);
}

main(process.argv.slice(2));
