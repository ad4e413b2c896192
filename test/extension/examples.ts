/** A small job as the runtime reports it, for tests that look at what is made of it. */

import { factsOf } from '../../extension/job/facts.ts';
import type { JobView } from '../../extension/job/jobView.ts';
import type { CheckpointSummary, Stall } from '../../runtime/protocol/checkpoints.ts';
import type { JobSnapshot } from '../../runtime/protocol/messages.ts';
import type { Preflight, SavepointSummary } from '../../runtime/protocol/savepoints.ts';
import type { SubtaskSample } from '../../runtime/protocol/telemetry.ts';

/** The engine's clock in these examples; ours is a second behind. */
export const engineNow = 1_000_000;
export const ourNow = engineNow - 1_000;

export const checkpoint = (id: number, given: Partial<CheckpointSummary> = {}): CheckpointSummary => ({
  id,
  kind: 'checkpoint',
  status: 'completed',
  unaligned: false,
  trigger: 'periodic',
  triggeredAt: engineNow - 12_000,
  lastAcknowledgedAt: engineNow - 11_960,
  completedAt: engineNow - 11_948,
  durationMs: 52,
  acknowledged: 3,
  tasks: 3,
  checkpointedBytes: 412,
  fullBytes: 8_192,
  processedInFlightBytes: 0,
  persistedInFlightBytes: 0,
  failure: null,
  path: `/w/.sluice/jobs/delays/checkpoints/chk-${id}`,
  label: null,
  ...given,
});

export const savepoint = (id: string, given: Partial<SavepointSummary> = {}): SavepointSummary => ({
  id,
  kind: 'savepoint',
  job: 'delays',
  checkpointId: 7,
  runId: 'r1',
  label: id,
  notes: null,
  createdAt: ourNow - 3 * 60_000,
  stopped: false,
  drained: false,
  bytes: 8_192,
  keys: 10_403,
  parallelism: 2,
  fingerprint: 'f',
  path: `/w/.sluice/savepoints/${id}`,
  ...given,
});

export const sample = (
  vertex: string,
  index: number,
  rate: number | null,
  busy: number | null,
): SubtaskSample => ({
  subtask: { vertex, index },
  status: 'running',
  recordsIn: 10,
  recordsOut: 20,
  recordsInPerSecond: rate,
  recordsOutPerSecond: rate,
  busy,
  backpressured: 0,
  idle: null,
  watermark: null,
  stateKeys: null,
  stateBytes: null,
});

export const stall: Stall = {
  id: 1,
  checkpoint: 43,
  subtask: { vertex: 'enrich', index: 0 },
  channel: 3,
  since: engineNow - 6_300,
  hops: [
    {
      subtask: { vertex: 'enrich', index: 0 },
      waitsFor: 3,
      cause: 'aligning',
      operator: 'enrich',
      text: 'enrich waits for weather[0].',
    },
    {
      subtask: { vertex: 'weather', index: 0 },
      waitsFor: null,
      cause: 'slow-source',
      operator: 'weather',
      text: 'weather[0] has not sent barrier 43.',
    },
  ],
  closedAt: null,
};

export const snapshot: JobSnapshot = {
  at: engineNow,
  sequence: 100,
  job: {
    name: 'delays',
    runId: 'r1',
    status: 'running',
    statusSince: engineNow - 90_000,
    startedAt: engineNow - 90_000,
    parallelism: 2,
    restarts: 0,
    restartAt: null,
    reason: null,
    restoredFrom: null,
    checkpointConfig: {
      intervalMs: 1_000,
      mode: 'exactly-once',
      unaligned: false,
      alignedTimeoutMs: 0,
      timeoutMs: 600_000,
      minPauseMs: 0,
      maxConcurrent: 1,
      tolerableFailures: 0,
      retained: 1,
      retainOnExit: true,
    },
    pipelineFile: '/w/delays.ts',
  },
  graph: {
    jobName: 'delays',
    fingerprint: 'f',
    vertices: [
      {
        id: 'weather',
        name: 'weather',
        role: 'source',
        parallelism: 1,
        maxParallelism: 128,
        operators: [
          {
            uid: 'weather',
            uidDerived: false,
            name: 'weather',
            type: 'source',
            states: [],
            location: { file: '/w/delays.ts', line: 4, column: 3 },
          },
        ],
      },
      {
        id: 'enrich',
        name: 'enrich',
        role: 'operator',
        parallelism: 2,
        maxParallelism: 128,
        operators: [
          { uid: 'enrich', uidDerived: false, name: 'enrich', type: 'process', states: [], location: null },
        ],
      },
    ],
    edges: [],
    channels: [],
  },
  telemetry: {
    at: engineNow,
    subtasks: [sample('weather', 0, 980, 0.63), sample('enrich', 0, 700, 0.2), sample('enrich', 1, 610, 0.4)],
    channels: [],
    splits: [],
    metrics: [],
  },
  checkpoints: [
    { ...checkpoint(42), subtasks: [] },
    {
      ...checkpoint(41, {
        status: 'failed',
        completedAt: null,
        path: null,
        failure: { reason: 'CHECKPOINT_EXPIRED', message: 'late', subtask: null },
      }),
      subtasks: [],
    },
  ],
  counts: { triggered: 42, inProgress: 0, completed: 41, failed: 1, restored: 0 },
  stalls: [],
  savepoints: [],
  damagedSavepoints: [],
  exceptions: [],
  log: [],
};

export const runningView: JobView = {
  file: '/w/delays.ts',
  name: 'delays',
  folder: '/w',
  state: { phase: 'running', since: 0, port: 1 },
  facts: factsOf(snapshot, ourNow),
  isLive: true,
};

export const preflight: Preflight = {
  savepoint: savepoint('before'),
  items: [
    {
      uid: 'enrich',
      name: 'enrich',
      state: 'seen',
      verdict: 'as-is',
      text: 'restored as is',
      keys: 10,
      bytes: 10,
    },
    {
      uid: 'old',
      name: 'old',
      state: 'pending',
      verdict: 'dropped',
      text: 'No operator takes the state pending: 21,016 keys',
      keys: 21_016,
      bytes: 1,
    },
  ],
  supersededParts: [
    { operator: 'out', path: '/w/out/part-0-1.jsonl', bytes: 1_024, committedAt: null },
    { operator: 'out', path: '/w/out/part-1-1.jsonl', bytes: 1_024, committedAt: null },
  ],
  replay: [{ operator: 'weather', split: 'a', from: 1_200, to: 10_403 }],
  needs: ['supersede', 'allow-non-restored-state'],
  possible: true,
};
