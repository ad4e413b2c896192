/** `sluice plan`: the graph and its states as they would be run. The pipeline is evaluated, nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildExecutionGraph } from '../../graph/buildExecutionGraph.ts';
import type { JobGraph } from '../../graph/jobGraph.ts';
import { shownPath } from '../bundle.ts';
import { dataDirectory } from '../dataDirectory.ts';
import { planPipeline } from '../planner.ts';
import { CliError } from './cliError.ts';
import { type CommonOptions, commandContext } from './commonOptions.ts';

export async function plan(
  pipeline: string,
  options: CommonOptions & { readonly parallelism?: number },
): Promise<void> {
  const { output, workingDirectory } = commandContext(options);
  const graph = await planOnly(pipeline, options.parallelism ?? null, (text) => output.warn(text));
  if (output.json) {
    output.tell({ type: 'plan', graph });
    return;
  }
  output.say(`${graph.name} (plan ${graph.fingerprint})`);
  if (graph.state !== undefined) output.say(`keyed state on ${graph.state.backend}`);
  const execution = buildExecutionGraph(graph);
  for (const vertex of execution.vertices) {
    output.say('');
    output.say(`${vertex.name}  × ${vertex.parallelism}`);
    for (const { operator } of vertex.operators) {
      const { location } = operator;
      const place =
        location === null ? '' : `  ${shownPath(location.file, workingDirectory)}:${location.line}`;
      output.say(`  ${operator.uid}${operator.uidDerived ? ' (derived uid)' : ''}: ${operator.type}${place}`);
      for (const { name, type, schemaVersion } of operator.states) {
        output.say(`    state ${name}: ${type}, schema version ${schemaVersion}`);
      }
    }
    for (const edge of vertex.inputs) {
      const { fromVertex, sideOutput, partitioning, label } = edge;
      const side = sideOutput === null ? '' : `, side output ${sideOutput}`;
      output.say(`  ◂ ${fromVertex}${side} (${label === '' || label === sideOutput ? partitioning : label})`);
    }
  }
}

/** Leaves nothing behind: the bundle goes to a temporary directory. */
export async function planOnly(
  pipeline: string,
  parallelism: number | null,
  print: (text: string) => void,
): Promise<JobGraph> {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-plan-'));
  try {
    const outcome = await planPipeline({
      pipelineFile: resolve(pipeline),
      workingDirectory: process.cwd(),
      data: dataDirectory(scratch),
      options: { parallelism },
      print,
    });
    if (!outcome.ok) throw new CliError(outcome.failure.exitCode, outcome.failure.message, outcome.failure);
    return outcome.graph;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
