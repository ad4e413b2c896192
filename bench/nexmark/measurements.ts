/** The queries of Nexmark on the real runtime: how many events a second each of them takes in. */
import { secondsToEnd } from '../benchRun.ts';
import type { Measured } from '../measurements.ts';

/** By the names of their files. */
const queries = [
  ...['q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8'],
  ...['q11', 'q12', 'q13', 'q16', 'q17'],
];

export interface NexmarkRuns {
  readonly events: number;
  readonly parallelisms: readonly number[];
  readonly repetitions: number;
}

export function nexmark(runs: NexmarkRuns): Record<string, () => Promise<readonly Measured[]>> {
  return Object.fromEntries(
    runs.parallelisms.flatMap((parallelism) =>
      queries.map((query) => [
        `${query}-p${parallelism}`,
        async () => [await eventsPerSecond(query, parallelism, runs)],
      ]),
    ),
  );
}

async function eventsPerSecond(
  query: string,
  parallelism: number,
  { events, repetitions }: NexmarkRuns,
): Promise<Measured> {
  const values: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const env = { NEXMARK_EVENTS: String(events) };
    values.push(events / (await secondsToEnd(`nexmark/${query}.ts`, parallelism, env)) / 1_000);
  }
  return {
    what: `Nexmark ${query}, parallelism ${parallelism}`,
    budget: '',
    unit: 'thousand events/s',
    values,
  };
}
