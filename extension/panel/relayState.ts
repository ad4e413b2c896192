/** What a dashboard is told about its connection, from what the extension knows of socket and process. Pure. */
import type { ConnectionState as DashboardConnection } from '../../webview/protocol/messages.ts';
import type { ConnectionState } from '../connection/connection.ts';
import { absenceText, doingOf, isOver, type JobView } from '../job/jobView.ts';
import { exitText } from '../words/failureText.ts';
import type { Say } from '../words/say.ts';

export interface RelayFacts {
  readonly link: ConnectionState;
  readonly generation: number;
  readonly job: JobView | null;
  readonly now: number;
  /** Since when nobody answers, as far as this dashboard has seen. */
  readonly lostSince: number | null;
  readonly canRun: boolean;
}

export function relayState(
  { link, generation, job, now, lostSince, canRun }: RelayFacts,
  say: Say,
): DashboardConnection {
  const since = lostSince ?? now;
  switch (link.phase) {
    case 'open':
      return { kind: 'live', generation };
    case 'connecting':
      return { kind: 'connecting' };
    case 'lost':
      return {
        kind: 'lost',
        since: link.since,
        reason: say('The connection to the runtime was lost.'),
        retryAt: now,
      };
    case 'refused':
      return {
        kind: 'lost',
        since,
        reason: say('The runtime refused the connection: {0}.', link.reason),
        retryAt: null,
      };
    case 'absent':
      return absentState(job, since, canRun, say);
  }
}

function absentState(job: JobView | null, since: number, canRun: boolean, say: Say): DashboardConnection {
  if (job === null) return { kind: 'no-job', reason: say('No job is running.'), canRun };
  const { state, name } = job;
  if (state.phase === 'crashed' || state.phase === 'recovering') {
    const reason = say('The runtime of {0} ended unexpectedly: {1}.', name, exitText(state.exit, say));
    return { kind: 'lost', since, reason, retryAt: state.phase === 'recovering' ? since : null };
  }
  if (!isOver(job)) return { kind: 'connecting' };
  if (state.phase === 'ended' && state.outcome.type === 'failed') {
    return { kind: 'no-job', reason: state.outcome.failure.message, canRun };
  }
  return { kind: 'no-job', reason: absenceText(doingOf(job), name, say), canRun };
}
