/** Why a job did not start or did not go on, as one value from the place where it happens to the supervisor. */
import type { ExceptionInfo } from '../protocol/job.ts';
import type { LaunchFailure } from '../protocol/launch.ts';
import type { Preflight } from '../protocol/savepoints.ts';
import type { SourceLocation } from '../protocol/values.ts';

export type LaunchFailureKind = LaunchFailure['kind'];

/** docs/cli.md: 1 the job failed, 2 wrong usage, 3 not found, 4 not compatible. */
const exitCodes: Record<LaunchFailureKind, number> = {
  'does-not-compile': 1,
  'pipeline-threw': 1,
  'invalid-plan': 1,
  'source-missing': 3,
  'already-running': 2,
  'port-in-use': 2,
  'savepoint-not-found': 3,
  'savepoint-damaged': 4,
  'not-compatible': 4,
  'needs-consent': 4,
  'job-failed': 1,
  internal: 1,
};

export interface FailureDetails {
  readonly location?: SourceLocation | null;
  readonly exception?: ExceptionInfo | null;
  readonly preflight?: Preflight | null;
  readonly exitCode?: number;
}

/** `message`: one sentence that names the culprit and says what to do. */
export function launchFailure(
  kind: LaunchFailureKind,
  message: string,
  details: FailureDetails = {},
): LaunchFailure {
  return {
    kind,
    message,
    exitCode: details.exitCode ?? exitCodes[kind],
    location: details.location ?? null,
    exception: details.exception ?? null,
    preflight: details.preflight ?? null,
  };
}

/** Thrown between the steps of a launch and reported at its one end. */
export class LaunchError extends Error {
  override name = 'LaunchError';
  readonly failure: LaunchFailure;

  constructor(failure: LaunchFailure) {
    super(failure.message);
    this.failure = failure;
  }
}
