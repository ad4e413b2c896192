/** A small planned job for the tests of this room: two sources, one of them slow, joined by key, into a sink. */

import { ofType, pipeline } from '../../runtime/api/index.ts';
import type { Manifest } from '../../runtime/checkpoint/manifest.ts';
import { collectingSink } from '../../runtime/connectors/collectingSink.ts';
import { collection } from '../../runtime/connectors/collection.ts';
import type { SubtaskId } from '../../runtime/engine/control/messages.ts';
import type { JobFact } from '../../runtime/engine/job/facts.ts';
import { MetricsTable } from '../../runtime/engine/metricsTable.ts';
import { buildExecutionGraph } from '../../runtime/graph/buildExecutionGraph.ts';
import type { ExecutionGraph } from '../../runtime/graph/executionGraph.ts';

const job = pipeline('joined', (env) => {
  const left = env.fromSource(collection([{ k: 1 }]), { uid: 'left' }).keyBy((record) => record.k);
  const right = env.fromSource(collection([{ k: 2 }]), { uid: 'right' }).keyBy((record) => record.k);
  left
    .connect(right)
    .process(
      { output: ofType<number>(), onFirst: () => undefined, onSecond: () => undefined },
      { uid: 'both' },
    )
    .keyBy((value) => value)
    .reduce((a) => a, { uid: 'out' })
    .sinkTo(collectingSink<number>(), { uid: 'sink' });
});

export function executionOf(parallelism = 1): ExecutionGraph {
  return buildExecutionGraph(job.define({ parallelism }).graph, parallelism);
}

export function tableOf(graph: ExecutionGraph): MetricsTable {
  return new MetricsTable(graph, null);
}

export function subtasksOf(graph: ExecutionGraph): SubtaskId[] {
  return graph.vertices.flatMap(({ id, parallelism }) =>
    Array.from({ length: parallelism }, (_, index) => ({ vertex: id, index })),
  );
}

export function deployed(graph: ExecutionGraph, at = 0): JobFact {
  return { type: 'deployed', at, attempt: 1, graph, restoredCheckpointId: null };
}

export function triggered(graph: ExecutionGraph, checkpointId: number, at: number): JobFact {
  return {
    type: 'checkpoint-triggered',
    at,
    checkpoint: {
      checkpointId,
      kind: 'checkpoint',
      trigger: 'periodic',
      label: null,
      triggeredAt: at,
      tasks: subtasksOf(graph),
    },
  };
}

export function completed(graph: ExecutionGraph, checkpointId: number, at: number): JobFact {
  return {
    type: 'checkpoint-completed',
    at,
    checkpointId,
    path: `/data/chk-${checkpointId}`,
    manifest: manifestOf(graph, checkpointId, at),
  };
}

export function manifestOf(graph: ExecutionGraph, checkpointId: number, at: number): Manifest {
  return {
    formatVersion: 1,
    sluiceVersion: '0.0.0',
    job: graph.job.name,
    fingerprint: graph.job.fingerprint,
    kind: 'checkpoint',
    checkpointId,
    runId: 'run',
    parent: null,
    trigger: 'periodic',
    stopped: false,
    drained: false,
    finished: false,
    label: null,
    notes: null,
    triggeredAt: at,
    completedAt: at,
    parallelism: 1,
    maxParallelism: 128,
    operators: [],
    sources: [],
  };
}
