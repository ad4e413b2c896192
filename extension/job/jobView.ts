/** What trees, lenses and the status bar need to know of a job, as plain data. */
import type { ConnectionState } from '../../webview/protocol/messages.ts';
import type { SupervisorState } from '../supervisor/supervision.ts';
import type { Say } from '../words/say.ts';
import type { JobFacts } from './facts.ts';

export interface JobView {
  /** The pipeline file; one job runs per file. */
  readonly file: string;
  /** The name that the pipeline gave itself, or the file's until it is known. */
  readonly name: string;
  readonly folder: string;
  readonly state: SupervisorState;
  readonly facts: JobFacts | null;
  readonly isLive: boolean;
}

/** One word for what a job is doing: the supervisor knows of the process, the runtime of the job in it. */
export type Doing =
  | 'starting'
  | 'running'
  | 'stalled'
  | 'restarting'
  | 'failing'
  | 'stopping'
  | 'crashed'
  | 'recovering'
  | 'finished'
  | 'canceled'
  | 'suspended'
  | 'failed'
  | 'stopped'
  | 'lost'
  | 'unreachable';

export function doingOf({ state, facts, isLive }: JobView): Doing {
  switch (state.phase) {
    case 'starting':
      return state.recovery ? 'recovering' : 'starting';
    case 'running': {
      if (facts === null) return 'starting';
      if (!isLive) return 'unreachable';
      const { status } = facts.job;
      if (status === 'created') return 'starting';
      if (status === 'cancelling') return 'stopping';
      return status === 'running' && facts.stalls.length > 0 ? 'stalled' : status;
    }
    case 'ended':
      return state.outcome.type;
    default:
      return state.phase;
  }
}

export function isOver({ state }: Pick<JobView, 'state'>): boolean {
  return state.phase === 'ended';
}

export function doingText(doing: Doing, say: Say): string {
  const words: Record<Doing, string> = {
    starting: say('starting'),
    running: say('running'),
    stalled: say('stalled'),
    restarting: say('restarting'),
    failing: say('failing'),
    stopping: say('stopping'),
    crashed: say('crashed'),
    recovering: say('recovering'),
    finished: say('finished'),
    canceled: say('canceled'),
    suspended: say('stopped with a savepoint'),
    failed: say('failed'),
    stopped: say('stopped'),
    lost: say('crashed, not recovered'),
    unreachable: say('not reachable'),
  };
  return words[doing];
}

export const doingIcons: Readonly<Record<Doing, readonly [icon: string, color: string | null]>> = {
  starting: ['loading~spin', null],
  running: ['play-circle', 'charts.green'],
  stalled: ['warning', 'charts.yellow'],
  restarting: ['debug-restart', 'charts.orange'],
  failing: ['debug-restart', 'charts.orange'],
  stopping: ['loading~spin', null],
  crashed: ['error', 'charts.red'],
  recovering: ['loading~spin', null],
  finished: ['pass', 'charts.green'],
  canceled: ['circle-slash', null],
  suspended: ['bookmark', 'charts.purple'],
  failed: ['error', 'charts.red'],
  stopped: ['circle-slash', null],
  lost: ['error', 'charts.red'],
  unreachable: ['debug-disconnect', null],
};

/** For a dashboard whose job is not there to be asked. */
export function absenceText(
  doing: Doing,
  name: string,
  say: Say,
): Extract<ConnectionState, { kind: 'no-job' }>['reason'] {
  switch (doing) {
    case 'finished':
      return say('{0} has finished.', name);
    case 'canceled':
    case 'stopped':
      return say('{0} was stopped.', name);
    case 'suspended':
      return say('{0} was stopped with a savepoint.', name);
    case 'failed':
      return say('{0} has failed.', name);
    case 'crashed':
    case 'lost':
      return say('The runtime of {0} ended unexpectedly.', name);
    default:
      return say('{0} is not running.', name);
  }
}
