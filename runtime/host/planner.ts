/** From a pipeline file to its plan: bundled, evaluated in a thread of its own, checked. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DefineOptions } from '../api/pipeline.ts';
import type { JobGraph } from '../graph/jobGraph.ts';
import type { LaunchFailure } from '../protocol/launch.ts';
import { type Bundle, bundlePipeline, shownPath } from './bundle.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { launchFailure } from './launchFailure.ts';
import type { EvaluationProblem } from './loadPipeline.ts';
import { entryPoint } from './ownFiles.ts';
import type { PlannerMessage, PlannerWorkerData } from './plannerWorker.ts';
import { forwardOutput } from './workerOutput.ts';

export interface PlanRequest {
  /** Absolute. */
  readonly pipelineFile: string;
  readonly workingDirectory: string;
  readonly data: DataDirectory;
  readonly options: DefineOptions;
  /** What the pipeline prints while it is evaluated. */
  print(text: string, isError: boolean): void;
}

export type PlanOutcome =
  | { readonly ok: true; readonly graph: JobGraph; readonly bundle: Bundle }
  | { readonly ok: false; readonly failure: LaunchFailure };

/** A pipeline that loops while it is written would otherwise keep its author waiting for good. */
const evaluationMs = 30_000;

export async function planPipeline(request: PlanRequest): Promise<PlanOutcome> {
  const bundled = await bundlePipeline(request.pipelineFile, request.data, request.workingDirectory);
  if (!bundled.ok) return bundled;
  const shown = shownPath(request.pipelineFile, request.workingDirectory);
  const message = await evaluate(bundled.bundle, request);
  if (message.type === 'problem')
    return { ok: false, failure: failureOf(message.problem, shown, request.workingDirectory) };
  return { ok: true, graph: message.graph, bundle: bundled.bundle };
}

/** The first source file that is not there, as a failure; null when all are. */
export function missingSourceFile(graph: JobGraph, workingDirectory: string): LaunchFailure | null {
  for (const operator of graph.operators) {
    for (const file of operator.requiredFiles) {
      if (existsSync(resolve(workingDirectory, file))) continue;
      const message = `The source ${operator.name} reads ${file}, which does not exist in ${workingDirectory}; check the path.`;
      return launchFailure('source-missing', message, { location: operator.location });
    }
  }
  return null;
}

function evaluate(bundle: Bundle, request: PlanRequest): Promise<PlannerMessage> {
  const workerData: PlannerWorkerData = { bundlePath: bundle.path, options: request.options };
  const worker = new Worker(entryPoint('plannerWorker'), { workerData, stdout: true, stderr: true });
  forwardOutput(worker, request.print);
  return new Promise((answer) => {
    const timer = setTimeout(() => {
      settle(problem('TimeoutError', `it was not evaluated within ${evaluationMs / 1_000} s`));
    }, evaluationMs);
    const settle = (message: PlannerMessage) => {
      clearTimeout(timer);
      answer(message);
      void worker.terminate();
    };
    worker.once('message', settle);
    worker.once('error', (error: Error) => settle(problem(error.name, error.message)));
    worker.once('exit', (code) =>
      settle(problem('Error', `it ended its thread with code ${code} while it was evaluated`)),
    );
  });
}

function problem(name: string, message: string): PlannerMessage {
  return { type: 'problem', problem: { kind: 'threw', name, message, stack: '', location: null } };
}

function failureOf(problem: EvaluationProblem, shown: string, workingDirectory: string): LaunchFailure {
  const { location } = problem;
  if (problem.kind === 'plan') {
    return launchFailure('invalid-plan', `${shown} cannot be run: ${problem.message}`, { location });
  }
  const place = location === null ? shown : `${shownPath(location.file, workingDirectory)}:${location.line}`;
  return launchFailure(
    'pipeline-threw',
    `${place} threw while the pipeline was evaluated: ${problem.name}: ${problem.message}`,
    {
      location,
      exception: {
        at: Date.now(),
        name: problem.name,
        message: problem.message,
        stack: problem.stack,
        location,
        operator: null,
        subtask: null,
        record: null,
      },
    },
  );
}
