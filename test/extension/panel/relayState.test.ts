/** What a dashboard is told about its connection. */
import { expect, test } from 'vitest';
import type { ConnectionState } from '../../../extension/connection/connection.ts';
import type { JobView } from '../../../extension/job/jobView.ts';
import { relayState } from '../../../extension/panel/relayState.ts';
import { sayEnglish as say } from '../../../extension/words/say.ts';
import { connectionState } from '../../../webview/protocol/messages.ts';
import { runningView } from '../examples.ts';

const exit = { code: null, signal: 'SIGKILL', lastWords: null };
const absent: ConnectionState = { phase: 'absent' };
const open: ConnectionState = { phase: 'open', port: 1 };
const lost: ConnectionState = { phase: 'lost', port: 1, attempt: 1, since: 40 };
const refused: ConnectionState = { phase: 'refused', reason: 'another version' };
const job = (state: JobView['state']): JobView => ({ ...runningView, state });

test.each<[string, ConnectionState, JobView | null, object]>([
  ['live', open, runningView, { kind: 'live', generation: 3 }],
  ['lost and tried again', lost, runningView, { kind: 'lost', since: 40 }],
  [
    'refused for good',
    refused,
    runningView,
    {
      kind: 'lost',
      since: 50,
      retryAt: null,
      reason: 'The runtime refused the connection: another version.',
    },
  ],
  ['no job at all', absent, null, { kind: 'no-job', reason: 'No job is running.' }],
  [
    'a runtime that starts',
    absent,
    job({ phase: 'starting', since: 0, recovery: false, port: null, again: false }),
    { kind: 'connecting' },
  ],
  [
    'a crash',
    absent,
    job({ phase: 'crashed', exit }),
    {
      kind: 'lost',
      since: 50,
      retryAt: null,
      reason: 'The runtime of delays ended unexpectedly: it was ended by SIGKILL.',
    },
  ],
  [
    'a crash that is mended by itself',
    absent,
    job({ phase: 'recovering', exit }),
    { kind: 'lost', retryAt: 50 },
  ],
  [
    'a job that has finished',
    absent,
    job({
      phase: 'ended',
      lingering: false,
      outcome: { type: 'finished', savepoint: null, recordsIn: 0, recordsOut: 0 },
    }),
    { kind: 'no-job', reason: 'delays has finished.', canRun: true },
  ],
])('%s', (_, link, view, expected) => {
  const state = relayState({ link, generation: 3, job: view, now: 60, lostSince: 50, canRun: true }, say);
  expect(connectionState.parse(state)).toMatchObject(expected);
});
