/**
 * A worker thread that evaluates a pipeline once and posts its plain graph; the coordinator then ends it. The coordinator's thread never
 * loads the author's code.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { DefineOptions } from '../api/pipeline.ts';
import { present } from '../base/assert.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import { type EvaluationProblem, loadPipeline, withOriginalLocations } from './loadPipeline.ts';

export interface PlannerWorkerData {
  readonly bundlePath: string;
  readonly options: DefineOptions;
}

export type PlannerMessage =
  | { readonly type: 'planned'; readonly graph: JobGraph }
  | { readonly type: 'problem'; readonly problem: EvaluationProblem };

const { bundlePath, options } = workerData as PlannerWorkerData;
const port = present(parentPort, 'the port to the coordinator');
const outcome = await loadPipeline(bundlePath, options);
const message: PlannerMessage = outcome.ok
  ? { type: 'planned', graph: withOriginalLocations(outcome.definition.graph, bundlePath) }
  : { type: 'problem', problem: outcome.problem };
// What the author's code printed goes first.
process.stdout.write('', () => port.postMessage(message));
