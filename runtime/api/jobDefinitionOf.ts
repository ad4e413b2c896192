/**
 * From what an author wrote to a job: names, uids and parallelism are settled, the plan is checked, and the functions are
 * put beside the plain graph. Whatever is wrong with the plan is found here, before anything runs, and is told in one
 * sentence with the operator and its line.
 */
import { present } from '../base/assert.ts';
import { parallelismProblem } from '../graph/buildExecutionGraph.ts';
import { fingerprint } from '../graph/fingerprint.ts';
import type { EdgeFunctions, JobDefinition, OperatorFactory } from '../graph/jobDefinition.ts';
import type { CheckpointSettings, GraphEdge, GraphOperator, StateSettings } from '../graph/jobGraph.ts';
import { checkPlan, nameOf } from './checkPlan.ts';
import { uidsOf } from './derivedUid.ts';
import { positiveDurationMs } from './duration.ts';
import type { Environment } from './environment.ts';
import type { DefineOptions } from './pipeline.ts';
import { PipelineError, type SentencePart } from './pipelineError.ts';
import type { PlannedOperator } from './plan.ts';

export function jobDefinitionOf(name: string, env: Environment, options: DefineOptions): JobDefinition {
  const { plan, ...written } = env.written();
  const { operators: planned } = plan;
  const checkpoints: CheckpointSettings = { ...written.checkpoints, ...options.checkpoints };
  checkSettings(name, checkpoints);
  checkMaxParallelism(env.maxParallelism, []);
  const { channelRecords } = env;
  if (channelRecords !== null && !(Number.isInteger(channelRecords) && channelRecords >= 1)) {
    throw new PipelineError(null, `channelRecords must be a whole number from 1 on, not ${channelRecords}.`);
  }
  const stuckAfterMs = options.stuckAfterMs === undefined ? stuckAfterOf(env) : options.stuckAfterMs;
  const state = stateSettings(env, options);
  checkPlan(name, planned);

  const uids = uidsOf(planned);
  const parallelism = options.parallelism ?? env.parallelism ?? 1;
  const operators = planned.map((operator) => graphOperator(operator, uids, parallelism, env.maxParallelism));
  for (const [index, operator] of planned.entries()) {
    const graphed = present(operators[index], 'an operator');
    checkMaxParallelism(graphed.maxParallelism, nameOf(operator));
    const problem = parallelismProblem({ operators: [graphed] }, null);
    if (problem !== null) throw new PipelineError(operator.location, problem, operator.location);
  }

  const edges: GraphEdge[] = [];
  const functions = new Map<string, EdgeFunctions>();
  const taken = new Set<string>();
  for (const operator of planned) {
    const to = uidIn(uids, operator);
    for (const [input, legs] of operator.inputs.entries()) {
      for (const { from, partitioning, keyOf, partition, sideOutput, label } of legs) {
        const id = freeId(`${uidIn(uids, from)}->${to}:${input}`, taken);
        const side = sideOutput === null ? {} : { sideOutput };
        edges.push({ id, from: uidIn(uids, from), to, input, ...side, partitioning, label });
        if (keyOf !== null || partition !== null) functions.set(id, { keyOf, partition });
      }
    }
  }

  const factories = new Map<string, OperatorFactory>(
    planned.map((operator) => [uidIn(uids, operator), operator.factory]),
  );
  const { maxParallelism } = env;
  const graph = {
    name,
    maxParallelism,
    operators,
    edges,
    fingerprint: fingerprint({ maxParallelism, operators, edges }),
    checkpoints,
    restart: options.restart ?? written.restart,
    stuckAfterMs,
    ...(channelRecords === null ? {} : { channelRecords }),
    ...(state.backend === 'memory' ? {} : { state }),
  };
  return { graph, factories, edges: functions };
}

function stuckAfterOf({ stuckAfter }: Environment): number | null {
  return stuckAfter === 'never' ? null : positiveDurationMs(stuckAfter, 'stuckAfter');
}

function graphOperator(
  operator: PlannedOperator,
  uids: ReadonlyMap<PlannedOperator, string>,
  jobParallelism: number,
  jobMaxParallelism: number,
): GraphOperator {
  const { options, factory } = operator;
  return {
    uid: uidIn(uids, operator),
    uidDerived: options.uid === undefined,
    name: options.name ?? options.uid ?? operator.defaultName,
    role: operator.role,
    type: operator.type,
    parallelism: options.parallelism ?? jobParallelism,
    parallelismFixed: options.parallelism !== undefined,
    maxParallelism: options.maxParallelism ?? jobMaxParallelism,
    keyed: operator.keyed,
    inputs: operator.inputs.length,
    states: operator.states,
    chainable: options.disableChaining !== true,
    ...(operator.windows === undefined ? {} : { windows: operator.windows }),
    location: operator.location,
    bounded: factory.role === 'source' ? factory.source.bounded : false,
    sinkDirectory: factory.role === 'sink' ? (factory.sink.directory ?? null) : null,
    guarantee: factory.role === 'sink' ? factory.sink.guarantee : null,
    requiredFiles: factory.role === 'source' ? (factory.source.requiredFiles ?? []) : [],
  };
}

function stateSettings(env: Environment, options: DefineOptions): StateSettings {
  const { backend, memoryBytes }: StateSettings = {
    backend: env.stateBackend,
    memoryBytes: env.stateMemoryBytes,
    ...options.state,
  };
  // From JavaScript anything may come.
  if (backend !== 'memory' && backend !== 'disk')
    throw new PipelineError(
      null,
      `There is no state backend ${JSON.stringify(backend)}; there are memory and disk.`,
    );
  if (memoryBytes !== null && !(Number.isInteger(memoryBytes) && memoryBytes >= 0)) {
    throw new PipelineError(
      null,
      `stateMemoryBytes must be a whole number from 0 on, or null, not ${String(memoryBytes)}.`,
    );
  }
  return { backend, memoryBytes };
}

function checkSettings(
  name: string,
  { unaligned, mode, alignedTimeoutMs, maxConcurrent }: CheckpointSettings,
): void {
  if (unaligned && mode === 'at-least-once') {
    throw new PipelineError(
      null,
      `Pipeline "${name}" asks for unaligned checkpoints and for at-least-once: unaligned ones hold exactly-once anyway, so leave one of the two out.`,
    );
  }
  // A barrier that overtakes would overtake the barrier before it as well, which could never complete.
  if (unaligned && maxConcurrent > 1) {
    throw new PipelineError(
      null,
      `Pipeline "${name}" asks for unaligned checkpoints and for ${maxConcurrent} at once: unaligned ones come one after the other, as in Flink, so leave \`maxConcurrent\` out.`,
    );
  }
  if (!unaligned && alignedTimeoutMs > 0) {
    throw new PipelineError(
      null,
      `Pipeline "${name}" asks for an aligned timeout, which only unaligned checkpoints have: leave \`alignedTimeout\` out, or add \`unaligned: true\`.`,
    );
  }
}

function checkMaxParallelism(maxParallelism: number, where: readonly SentencePart[]): void {
  if (Number.isInteger(maxParallelism) && maxParallelism >= 1 && maxParallelism <= 32_768) return;
  const location = where.find((part) => typeof part === 'object') ?? null;
  const of = where.length === 0 ? ['The job'] : where;
  const problem = ` has the max parallelism ${maxParallelism}: it must be a whole number from 1 to 32768.`;
  throw new PipelineError(location, ...of, problem);
}

function uidIn(uids: ReadonlyMap<PlannedOperator, string>, operator: PlannedOperator): string {
  return present(uids.get(operator), `the uid of ${operator.type}`);
}

/** A stream that is united with itself has two edges between the same two operators. */
function freeId(id: string, taken: Set<string>): string {
  let free = id;
  for (let place = 2; taken.has(free); place++) free = `${id}#${place}`;
  taken.add(free);
  return free;
}
