/** What `sluice run` makes of reports, exits and Ctrl-C. */
import { expect, test } from 'vitest';
import {
  beginSupervision,
  crashesMax,
  crashWindowMs,
  type Supervision,
  type SupervisionEvent,
  supervise,
} from '../../runtime/host/cli/supervision.ts';

const running: SupervisionEvent = { type: 'report', report: { type: 'running', at: 0 } };
const interrupt: SupervisionEvent = { type: 'interrupt' };
const exit = (at = 0): SupervisionEvent => ({ type: 'exited', at, lastWords: 'ouch' });
const ended = (status: 'finished' | 'canceled' | 'suspended'): SupervisionEvent => ({
  type: 'report',
  report: { type: 'ended', status, savepoint: null, recordsIn: 0, recordsOut: 0, metrics: [] },
});
const failed: SupervisionEvent = {
  type: 'report',
  report: {
    type: 'failed',
    failure: {
      kind: 'job-failed',
      message: 'no',
      exitCode: 1,
      location: null,
      exception: null,
      preflight: null,
    },
  },
};

/** The phase (or the outcome) in the end, and everything that was done on the way. */
function outcomeOf(events: readonly SupervisionEvent[]): {
  readonly state: string;
  readonly did: readonly string[];
} {
  let supervision: Supervision = beginSupervision;
  const did: string[] = [];
  for (const event of events) {
    const step = supervise(supervision, event);
    supervision = step.supervision;
    did.push(...step.effects.map((effect) => effect.do));
  }
  const { state } = supervision;
  return { state: state.phase === 'over' ? `over: ${state.outcome.type}` : state.phase, did };
}

test.each<[string, readonly SupervisionEvent[], string, readonly string[]]>([
  ['a job that finishes', [running, ended('finished')], 'over: ended', ['close-stdin']],
  ['a job that fails', [running, failed], 'over: failed', ['close-stdin']],
  ['a launch that fails', [failed, exit()], 'over: failed', ['close-stdin']],
  ['a crash', [running, exit(), running, ended('finished')], 'over: ended', ['start-again', 'close-stdin']],
  ['a crash before it ran', [exit(), running], 'running', ['start-again']],
  [
    'an exit after the goodbye is none',
    [running, ended('suspended'), exit()],
    'over: ended',
    ['close-stdin'],
  ],
  ['Ctrl-C', [running, interrupt], 'stopping', ['stop-with-savepoint']],
  [
    'Ctrl-C, and it has stopped',
    [running, interrupt, ended('suspended')],
    'over: interrupted',
    ['stop-with-savepoint', 'close-stdin'],
  ],
  [
    'Ctrl-C, but it finished by itself',
    [running, interrupt, ended('finished')],
    'over: ended',
    ['stop-with-savepoint', 'close-stdin'],
  ],
  [
    'Ctrl-C, but no savepoint can be taken',
    [running, interrupt, { type: 'stop-failed' }],
    'running',
    ['stop-with-savepoint'],
  ],
  ['Ctrl-C twice', [running, interrupt, interrupt], 'killing', ['stop-with-savepoint', 'close-stdin']],
  [
    'Ctrl-C twice, and it goes',
    [running, interrupt, interrupt, exit()],
    'over: interrupted',
    ['stop-with-savepoint', 'close-stdin'],
  ],
  [
    'Ctrl-C three times',
    [running, interrupt, interrupt, interrupt],
    'killing',
    ['stop-with-savepoint', 'close-stdin', 'kill'],
  ],
  ['Ctrl-C while it starts', [interrupt, exit()], 'over: interrupted', ['close-stdin']],
  ['a crash while it stops', [running, interrupt, exit()], 'over: interrupted', ['stop-with-savepoint']],
  ['stopped by another command', [running, ended('suspended')], 'over: ended', ['close-stdin']],
])('%s', (_, events, state, did) => {
  expect(outcomeOf(events)).toEqual({ state, did });
});

test('many crashes in a short time end it, the same many over a long time do not', () => {
  const crashes = (gapMs: number) =>
    Array.from({ length: crashesMax + 1 }, (_, index) => exit(index * gapMs));
  expect(outcomeOf(crashes(1)).state).toBe('over: lost');
  expect(outcomeOf(crashes(crashWindowMs)).state).toBe('starting');
});
