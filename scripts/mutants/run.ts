/**
 * Applies mutants in copies of the tree, several at a time, and asks vitest for exactly the tests that must notice. The
 * copies lie beside each other; a copy has one mutant at a time.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Mutant } from '../mutants.ts';

export interface MutantOutcome {
  readonly mutant: Mutant;
  readonly caught: boolean;
  /** Who noticed, or why it must be called a survivor. */
  readonly by: string;
  readonly seconds: number;
}

interface TestOutcome {
  readonly name: string;
  readonly failed: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A mutant's tests hang when they take so much longer than before it. */
const TIMES_AS_LONG = 8;
const STARTING_MS = 30_000;
const TESTS_MS_MAX = 3_600_000;
const copied = ['runtime', 'test', 'docs', 'package.json', 'vitest.config.ts', 'tsconfig.base.json'];

/** In the order of the list. `said` hears of each as soon as it is known. */
export async function runMutants(
  mutants: readonly Mutant[],
  jobs: number,
  said: (outcome: MutantOutcome) => void,
): Promise<readonly MutantOutcome[]> {
  const outcomes = new Map<Mutant, MutantOutcome>();
  const waiting = [...mutants];
  const work = async (copy: string, unbroken: Unbroken): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const outcome = await outcomeOf(mutant, copy, unbroken);
      outcomes.set(mutant, outcome);
      said(outcome);
    }
  };
  const copies = Array.from({ length: jobs }, copyOfTree);
  try {
    const unbroken = await runUnbroken(mutants, copies[0] as string);
    await Promise.all(copies.map((copy) => work(copy, unbroken)));
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
  return mutants.flatMap((mutant) => outcomes.get(mutant) ?? []);
}

function copyOfTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'sluice-mutants-'));
  for (const part of copied) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  return copy;
}

/** What the tests do while nothing is broken. */
interface Unbroken {
  readonly failing: ReadonlySet<string>;
  /** By file. */
  readonly tookMs: ReadonlyMap<string, number>;
}

async function runUnbroken(mutants: readonly Mutant[], copy: string): Promise<Unbroken> {
  const files = [...new Set(mutants.flatMap(({ tests }) => tests))];
  const names = [...new Set(mutants.flatMap(({ caughtBy }) => caughtBy))];
  if (files.length === 0) return { failing: new Set(), tookMs: new Map() };
  const run = await testsOf(files, names, copy, { timeoutMs: TESTS_MS_MAX, isBroken: false });
  const failing = (run?.tests ?? []).filter(({ failed }) => failed).map(({ name }) => name);
  for (const name of failing) console.log(`fails without a mutant: ${name}`);
  return { failing: new Set(failing), tookMs: run?.tookMs ?? new Map() };
}

async function outcomeOf(
  mutant: Mutant,
  copy: string,
  { failing, tookMs }: Unbroken,
): Promise<MutantOutcome> {
  const path = join(copy, mutant.file);
  const whole = readFileSync(path, 'utf8');
  if (whole.split(mutant.find).length !== 2) {
    const by = `${mutant.file} does not hold this exactly once: ${mutant.find}`;
    return { mutant, caught: false, by, seconds: 0 };
  }
  const startedAt = performance.now();
  writeFileSync(
    path,
    whole.replace(mutant.find, () => mutant.replace),
  );
  const before = mutant.tests.reduce((sum, file) => sum + (tookMs.get(file) ?? 0), 0);
  const timeoutMs = Math.ceil(STARTING_MS + TIMES_AS_LONG * before);
  const run = await testsOf(mutant.tests, mutant.caughtBy, copy, { timeoutMs, isBroken: true });
  writeFileSync(path, whole);
  const seconds = (performance.now() - startedAt) / 1000;
  // A mutant may loop for ever: that is being noticed too, since the suite does not end.
  if (run === null) return { mutant, caught: true, by: 'the tests do not end', seconds };
  const noticed = run.tests.filter(({ name, failed }) => failed && !failing.has(name));
  const silent = mutant.caughtBy.filter((part) => !noticed.some(({ name }) => name.includes(part)));
  if (silent.length > 0)
    return { mutant, caught: false, by: `not noticed by: ${silent.join('; ')}`, seconds };
  return { mutant, caught: true, by: noticed.map(({ name }) => name).join('; '), seconds };
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Those whose names hold one of `parts`; null when they did not end. A file that cannot even be loaded notices nothing. */
async function testsOf(
  files: readonly string[],
  parts: readonly string[],
  copy: string,
  { timeoutMs, isBroken }: { readonly timeoutMs: number; readonly isBroken: boolean },
): Promise<{ readonly tests: readonly TestOutcome[]; readonly tookMs: ReadonlyMap<string, number> } | null> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const run = [vitest, 'run', '--project', 'unit', '--maxWorkers=1', '--reporter=json'];
  // Where one name is enough, the first that fails is.
  if (parts.length === 1 && isBroken) run.push('--bail=1');
  await ended([...run, `--outputFile=${report}`, '-t', pattern, ...files], copy, timeoutMs);
  if (!existsSync(report)) return null;
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const tests = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .map(({ fullName, status }) => ({ name: fullName, failed: status === 'failed' }));
  const tookMs = testResults.map(
    ({ name, startTime, endTime }) =>
      [relative(copy, name).replaceAll('\\', '/'), endTime - startTime] as const,
  );
  return { tests, tookMs: new Map(tookMs) };
}

function ended(args: readonly string[], cwd: string, timeout: number): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: 'ignore', timeout, killSignal: 'SIGKILL' });
    child.on('close', () => resolve());
  });
}
