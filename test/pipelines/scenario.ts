/**
 * A pipeline as a user of Flink would write it, an input, and the output that Flink's semantics give.
 *
 * The input is a list of steps. They are played at parallelism 1, 2 and 3; each time once from end to end, and then once
 * for every place between two steps, where the job stops with a savepoint and goes on from it at another parallelism. None
 * of it may change what comes out.
 */
import { expect } from 'vitest';
import type { Duration, Pipeline } from '../../runtime/api/index.ts';
import { type PipelineTest, type TestSource, testPipeline, testSource } from '../../runtime/testing/index.ts';

export type Step =
  /** `timestamp`: where the pipeline does not find it in the record. */
  | { readonly source: string; readonly push: unknown; readonly timestamp?: number }
  /** Event time of that source has come so far. */
  | { readonly source: string; readonly watermark: number }
  | { readonly source: string; readonly end: true }
  /** The machine's clock goes on. */
  | { readonly advance: Duration };

export interface Scenario {
  readonly pipeline: Pipeline;
  /** Uids of the sources; their watermarks are said by the steps. */
  readonly sources: readonly string[];
  /** Sources whose watermarks are made by the pipeline's own strategy. */
  readonly ownWatermarks?: readonly string[];
  readonly steps: readonly Step[];
  /** By the uid of the sink, in any order. */
  readonly expected: Readonly<Record<string, readonly unknown[]>>;
  /** Default 1, 2 and 3. */
  readonly parallelisms?: readonly number[];
  /** The job ends after the steps, so that all windows and timers fire. Default true. */
  readonly ends?: boolean;
}

export function check(scenario: Scenario): void {
  const { steps, parallelisms = [1, 2, 3] } = scenario;
  for (const [place, parallelism] of parallelisms.entries()) {
    const after = parallelisms[(place + 1) % parallelisms.length] ?? parallelism;
    for (let cut = -1; cut <= steps.length; cut++) {
      const where =
        cut < 0
          ? `at parallelism ${parallelism}`
          : `at parallelism ${parallelism}, restored before step ${cut} at ${after}`;
      expect(play(scenario, parallelism, cut, after), where).toEqual(sorted(scenario.expected));
    }
  }
}

function play(
  { pipeline, sources, ownWatermarks = [], steps, expected, ends = true }: Scenario,
  parallelism: number,
  cut: number,
  after: number,
): Readonly<Record<string, readonly string[]>> {
  const output: Record<string, unknown[]> = Object.fromEntries(
    Object.keys(expected).map((sink) => [sink, []]),
  );
  const declared: Record<string, TestSource<unknown>> = Object.fromEntries(
    sources.map((uid) => [
      uid,
      testSource({ watermarks: ownWatermarks.includes(uid) ? 'of the pipeline' : 'by hand' }),
    ]),
  );
  let run: PipelineTest<typeof declared> = testPipeline(pipeline, { parallelism, sources: declared });
  const collect = () => {
    for (const [sink, values] of Object.entries(output)) values.push(...run.sink(sink).written);
  };
  for (const [place, step] of [...steps, null].entries()) {
    if (place === cut) {
      collect();
      run = run.restore(run.stop(), { parallelism: after });
    }
    if (step !== null) take(run, step);
  }
  if (ends) for (const uid of sources) run.source(uid).end();
  collect();
  return sorted(output);
}

function take(run: PipelineTest<Record<string, TestSource<unknown>>>, step: Step): void {
  if ('advance' in step) run.advance(step.advance);
  else if ('push' in step) run.source(step.source).push(step.push, step.timestamp);
  else if ('watermark' in step) run.source(step.source).watermark(step.watermark);
  else run.source(step.source).end();
}

function sorted(
  output: Readonly<Record<string, readonly unknown[]>>,
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(output).map(([sink, values]) => [
      sink,
      values.map((value) => JSON.stringify(value)).sort(),
    ]),
  );
}
