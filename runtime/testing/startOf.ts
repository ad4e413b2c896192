/** How a job of a test begins: with a plan that the test steers, and refused for what a real job would be refused for. */
import { preflight } from '../checkpoint/preflight.ts';
import type { RestorePoint } from '../engine/job/restorePoint.ts';
import { buildExecutionGraph, parallelismProblem } from '../graph/buildExecutionGraph.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { Savepoint } from './savepoint.ts';
import { TestKitError } from './testError.ts';

export interface StartOptions {
  readonly restore: Savepoint | null;
  /** State of the savepoint that nothing in the pipeline takes may be left behind. */
  readonly allowNonRestoredState: boolean;
  /** Path and text. */
  readonly files: Readonly<Record<string, string>>;
}

/** Checkpoints come when the test asks for them, a failure is decided by the test, and both without a pause. */
export function steered(graph: JobGraph): JobGraph {
  return {
    ...graph,
    checkpoints: { ...graph.checkpoints, intervalMs: null, tolerableFailures: Number.MAX_SAFE_INTEGER },
    restart: { type: 'fixed-delay', attempts: Number.MAX_SAFE_INTEGER, delayMs: 0 },
  };
}

/** Throws TestKitError. */
export function checkStart(graph: JobGraph, options: StartOptions): void {
  const problem = parallelismProblem(graph, null);
  if (problem !== null) throw new TestKitError(problem);
  checkFiles(graph, options);
  if (options.restore !== null) checkRestore(graph, options.restore, options.allowNonRestoredState);
}

export function restorePoint(savepoint: Savepoint | null): RestorePoint | null {
  if (savepoint === null) return null;
  const { manifest, directory } = savepoint;
  return { manifest, directory, supersede: false, isLatest: true };
}

function checkFiles(graph: JobGraph, { files, restore }: StartOptions): void {
  for (const { uid, requiredFiles } of graph.operators) {
    const missing = requiredFiles.find(
      (path) => !(path in files) && !(restore?.world.files.has(path) ?? false),
    );
    if (missing === undefined) continue;
    throw new TestKitError(
      `Source "${uid}" reads ${missing}, which this test does not have: give it in \`files\`, or replace the source by a testSource.`,
    );
  }
}

function checkRestore(graph: JobGraph, { manifest }: Savepoint, allowNonRestoredState: boolean): void {
  const { items } = preflight(manifest, buildExecutionGraph(graph).job, {
    supersededParts: [],
    lastPositions: null,
  });
  const impossible = items.find(({ verdict }) => verdict === 'impossible');
  if (impossible !== undefined)
    throw new TestKitError(`The savepoint does not fit "${impossible.uid}": ${impossible.text}`);
  const dropped = items.find(({ verdict }) => verdict === 'dropped');
  if (dropped === undefined || allowNonRestoredState) return;
  throw new TestKitError(
    `${dropped.text} Bring uid "${dropped.uid}" back, or restore with allowNonRestoredState.`,
  );
}
