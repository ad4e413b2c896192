/**
 * How a supervisor (the extension or the CLI) starts a runtime process and what the process reports back.
 *
 * The supervisor writes one LaunchRequest as the first line of the child's stdin and then keeps stdin open: its end
 * means that the supervisor is gone, and the runtime stops within 5 s. The child answers on stdout with one
 * LaunchReport a line. stderr carries text for people. Everything else goes through the WebSocket.
 */
import * as z from 'zod';
import { checkpointConfig, exceptionInfo, restartStrategy, stateConfig } from './job.ts';
import { preflight, savepointSummary } from './savepoints.ts';
import { operatorMetrics } from './telemetry.ts';
import { count, durationMs, longText, shortText, sourceLocation, time } from './values.ts';

export const launchRequest = z.object({
  /** 256 bits as 64 hex digits; required in every handshake, never in arguments. */
  token: z.string().regex(/^[0-9a-f]{64}$/),
  /** Relative paths in the pipeline are resolved against it. Absolute. */
  workingDirectory: longText,
  /** `.sluice`, absolute. */
  dataDirectory: longText,
  /** Task threads run only when nobody else needs the processor: the machine is somebody's editor. */
  givesWay: z.boolean().default(false),
  /** null: no job, only savepoints are served. */
  job: z
    .object({
      /** Absolute path of the pipeline file. */
      pipelineFile: longText,
      /** null: what the pipeline says, else 1. */
      parallelism: count.min(1).nullable(),
      /** null: start empty. `latest`: the highest valid checkpoint or savepoint, or empty where there is none. Else a savepoint's id or path. */
      from: longText.nullable(),
      supersede: z.boolean(),
      allowNonRestoredState: z.boolean(),
      /** A savepoint that the job goes on from is handed over to it. */
      claim: z.boolean().optional(),
      /** What the command line or the settings override. */
      checkpoints: checkpointConfig.partial(),
      state: stateConfig.partial().optional(),
      /** Absent: what the pipeline says. */
      restart: restartStrategy.optional(),
      /** null: never; absent: what the pipeline says. */
      stuckAfterMs: durationMs.nullable().optional(),
    })
    .nullable(),
  server: z.object({
    /** 0: any free port. */
    port: count.max(65_535),
    /** Serve the browser dashboard on the same port. */
    dashboard: z.boolean(),
  }),
});
export type LaunchRequest = z.infer<typeof launchRequest>;

/** Why a job did not start or did not go on: a closed list, each with a sentence and the CLI's exit code. */
export const launchFailure = z.object({
  kind: z.enum([
    'does-not-compile',
    'pipeline-threw',
    'invalid-plan',
    'source-missing',
    'already-running',
    'port-in-use',
    'savepoint-not-found',
    'savepoint-damaged',
    'not-compatible',
    'needs-consent',
    'job-failed',
    'internal',
  ]),
  /** One sentence: what happened, to what, and what to do. */
  message: longText,
  /** 1 job failed, 2 wrong usage, 3 not found, 4 not compatible. */
  exitCode: count,
  location: sourceLocation.nullable(),
  exception: exceptionInfo.nullable(),
  preflight: preflight.nullable(),
});
export type LaunchFailure = z.infer<typeof launchFailure>;

export const launchReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), port: count, pid: count, runtimeVersion: shortText }),
  /** The pipeline is bundled and planned; tasks are being deployed. */
  z.object({
    type: z.literal('planned'),
    job: shortText,
    fingerprint: shortText,
    restoredFrom: savepointSummary.nullable(),
    startedEmpty: z.boolean(),
  }),
  z.object({ type: z.literal('running'), at: time }),
  /** A line for the log of the supervisor. */
  z.object({ type: z.literal('log'), level: z.enum(['debug', 'info', 'warning', 'error']), text: longText }),
  z.object({
    type: z.literal('ended'),
    status: z.enum(['finished', 'canceled', 'suspended']),
    savepoint: savepointSummary.nullable(),
    recordsIn: count,
    recordsOut: count,
    /** What the author's own metrics were at the end. */
    metrics: z.array(operatorMetrics).default([]),
  }),
  z.object({ type: z.literal('failed'), failure: launchFailure }),
]);
export type LaunchReport = z.infer<typeof launchReport>;
