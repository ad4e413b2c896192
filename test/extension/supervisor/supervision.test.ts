/** The supervisor as rows: what happens, what it does about it, and where it stands then. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  beginSupervision,
  crashesMax,
  type JobLaunch,
  type RecoveryPolicy,
  type SupervisionEffect,
  type SupervisionEvent,
  supervise,
} from '../../../extension/supervisor/supervision.ts';
import type { LaunchFailure, LaunchReport } from '../../../runtime/protocol/launch.ts';

const fresh: JobLaunch = {
  pipelineFile: '/w/flights.ts',
  parallelism: null,
  from: null,
  supersede: false,
  allowNonRestoredState: false,
  checkpoints: {},
};

const report = (given: LaunchReport, at = 0): SupervisionEvent => ({ type: 'report', at, report: given });
const listening = report({ type: 'listening', port: 4711, pid: 7, runtimeVersion: '0.1.0' });
const planned = report(
  { type: 'planned', job: 'flights', fingerprint: 'f', restoredFrom: null, startedEmpty: false },
  700,
);
const running = report({ type: 'running', at: 0 });
const finished = report({
  type: 'ended',
  status: 'finished',
  savepoint: null,
  recordsIn: 10,
  recordsOut: 3,
  metrics: [],
});
const failed = (kind: LaunchFailure['kind']) =>
  report({
    type: 'failed',
    failure: { kind, message: 'm', exitCode: 1, location: null, exception: null, preflight: null },
  });
const exited = (policy: RecoveryPolicy, at = 0): SupervisionEvent => ({
  type: 'exited',
  at,
  exit: { code: null, signal: 'SIGKILL', lastWords: null },
  policy,
});
const checkpointed: SupervisionEvent = { type: 'checkpoint-completed' };
const stop: SupervisionEvent = { type: 'stop' };
const woke: SupervisionEvent = { type: 'woke', at: 0 };
const recover: SupervisionEvent = { type: 'recover', at: 0 };

/** Effects in short: `spawn(null)`, `wake(3000)`, `tell(crashed/ask)`. */
function short(effect: SupervisionEffect): string {
  switch (effect.do) {
    case 'spawn':
      return `spawn(${effect.job.from})`;
    case 'connect':
      return `connect(${effect.port})`;
    case 'wake':
      return `wake(${effect.afterMs})`;
    case 'tell':
      return effect.news.type === 'crashed'
        ? `tell(crashed/${effect.news.answer})`
        : `tell(${effect.news.type})`;
    default:
      return effect.do;
  }
}

function play(launch: JobLaunch, events: readonly SupervisionEvent[]) {
  let { supervision, effects } = beginSupervision(launch, 0);
  const log = [effects.map(short)];
  for (const event of events) {
    ({ supervision, effects } = supervise(supervision, event));
    log.push(effects.map(short));
  }
  const { state } = supervision;
  const phase = state.phase === 'ended' ? `ended(${state.outcome.type})` : state.phase;
  return {
    last: log.at(-1)?.join(' ') ?? '',
    spawns: log.flat().filter((each) => each.startsWith('spawn')),
    phase,
    supervision,
  };
}

test.each<[string, readonly SupervisionEvent[], string, string]>([
  ['it connects where the runtime listens', [listening], 'connect(4711)', 'starting'],
  ['it runs once its tasks run', [listening, planned, running], '', 'running'],
  [
    'a finished job is told once',
    [listening, running, finished],
    'wake(null) tell(ended)',
    'ended(finished)',
  ],
  [
    'the exit after a goodbye is no crash',
    [listening, running, finished, exited('automatic')],
    'wake(null) disconnect',
    'ended(finished)',
  ],
  [
    'a job that does not compile has ended',
    [listening, failed('does-not-compile')],
    'wake(null) tell(ended)',
    'ended(failed)',
  ],
  [
    'silence is a crash, and the user is asked',
    [listening, running, exited('ask')],
    'wake(null) disconnect tell(crashed/ask)',
    'crashed',
  ],
  [
    'or only told',
    [listening, running, exited('never')],
    'wake(null) disconnect tell(crashed/none)',
    'crashed',
  ],
  [
    'or it is brought back at once',
    [listening, running, exited('automatic')],
    'wake(null) disconnect tell(recovering) wake(0)',
    'recovering',
  ],
  [
    'a crash at the start counts like any other',
    [exited('ask')],
    'wake(null) disconnect tell(crashed/ask)',
    'crashed',
  ],
  [
    'without a checkpoint of its own it begins where it began',
    [listening, running, exited('ask'), recover],
    'spawn(null)',
    'starting',
  ],
  [
    'with one it goes on from the latest',
    [listening, running, checkpointed, exited('ask'), recover],
    'spawn(latest)',
    'starting',
  ],
  ['no is an answer', [listening, running, exited('ask'), { type: 'decline' }], 'tell(ended)', 'ended(lost)'],
  ['stopping first asks', [listening, running, stop], 'cancel-job wake(3000)', 'stopping'],
  ['then takes the leash off', [listening, running, stop, woke], 'close-stdin wake(5000)', 'stopping'],
  ['then kills', [listening, running, stop, woke, woke], 'kill', 'stopping'],
  [
    'and is over when it is gone',
    [listening, running, stop, exited('automatic')],
    'wake(null) disconnect tell(ended)',
    'ended(stopped)',
  ],
  [
    'a goodbye while it was asked to stop ends the deadline',
    [listening, running, stop, finished],
    'wake(null) tell(ended)',
    'ended(finished)',
  ],
  [
    'one after it was told to go does not',
    [listening, running, stop, woke, finished],
    'tell(ended)',
    'ended(finished)',
  ],
  ['for it may not go', [listening, running, stop, woke, finished, woke], 'kill', 'ended(finished)'],
  ['a start can be stopped', [stop], 'close-stdin wake(5000)', 'stopping'],
  [
    'a recovery can be called off',
    [listening, running, exited('automatic'), stop],
    'wake(null) tell(ended)',
    'ended(stopped)',
  ],
  [
    'an ended job that nobody looks at is let go',
    [listening, running, finished, { type: 'release' }],
    'close-stdin wake(5000)',
    'ended(finished)',
  ],
])('%s', (_, events, last, phase) => {
  const played = play(fresh, events);
  expect([played.last, played.phase]).toEqual([last, phase]);
});

test('a restored job that crashes before its next checkpoint is restored from the same point', () => {
  const restored: SupervisionEvent = { type: 'restored', savepoint: 'sp-1', parallelism: 3 };
  const before = [listening, running, checkpointed, restored];
  expect(play(fresh, [...before, exited('ask'), recover]).last).toBe('spawn(sp-1)');
  expect(play(fresh, [...before, checkpointed, exited('ask'), recover]).last).toBe('spawn(latest)');
  expect(play(fresh, [...before, exited('ask'), recover]).supervision.launch.parallelism).toBe(3);
});

test('a start that is refused for parts that were committed unheard goes on from the latest', () => {
  const played = play(fresh, [
    listening,
    running,
    exited('ask'),
    recover,
    listening,
    failed('needs-consent'),
    exited('never'),
  ]);
  expect([played.spawns, played.phase]).toEqual([
    ['spawn(null)', 'spawn(null)', 'spawn(latest)'],
    'starting',
  ]);
});

test('a first start that needs consent is not started again by itself', () => {
  expect(play(fresh, [listening, failed('needs-consent'), exited('automatic')]).phase).toBe('ended(failed)');
});

test('a recovery tells how long the job was away', () => {
  const { supervision } = play(fresh, [listening, running, exited('automatic', 100), woke, listening]);
  const { effects } = supervise(supervision, planned);
  expect(effects).toEqual([{ do: 'tell', news: { type: 'recovered', afterMs: 600, from: null } }]);
});

test('recovery is immediate, the last attempt pauses, and a loop ends with a question', () => {
  const round = (at: number) => [exited('automatic', at), woke, listening, running];
  const waits = [1, 2, 3].map((n) => {
    const events = [
      listening,
      running,
      ...Array.from({ length: n - 1 }, (_, i) => round(i)).flat(),
      exited('automatic', n),
    ];
    return play(fresh, events).last.replace(/.*wake/, 'wake');
  });
  expect(waits).toEqual(['wake(0)', 'wake(0)', 'wake(1000)']);
  const loop = [
    listening,
    running,
    ...Array.from({ length: crashesMax }, (_, i) => round(i)).flat(),
    exited('automatic', 9),
  ];
  expect(play(fresh, loop).last).toBe('wake(null) disconnect tell(crashed/crash-loop)');
  const calm = [...loop.slice(0, -1), exited('automatic', 120_000)];
  expect(play(fresh, calm).phase).toBe('recovering');
});

test('a process that has completed a checkpoint was no part of a loop', () => {
  const round = (at: number) => [checkpointed, exited('automatic', at), woke, listening, running];
  const events = [
    listening,
    running,
    ...Array.from({ length: 9 }, (_, i) => round(i)).flat(),
    checkpointed,
    exited('automatic', 9),
  ];
  expect(play(fresh, events).last).toBe('wake(null) disconnect tell(recovering) wake(0)');
});

test('whatever happens, in any order: one process at a time, and one end', () => {
  const any = fc.constantFrom<SupervisionEvent>(
    listening,
    planned,
    running,
    finished,
    failed('job-failed'),
    failed('needs-consent'),
    checkpointed,
    stop,
    woke,
    recover,
    { type: 'decline' },
    { type: 'release' },
    { type: 'restored', savepoint: 's', parallelism: 2 },
  );
  void fc.assert(
    fc.property(
      fc.array(fc.oneof(any, fc.constant('exit' as const)), { maxLength: 30 }),
      fc.constantFrom<RecoveryPolicy>('ask', 'automatic', 'never'),
      (script, policy) => {
        let { supervision, effects } = beginSupervision(fresh, 0);
        let alive = 0;
        let ends = 0;
        const count = () => {
          for (const effect of effects) {
            if (effect.do === 'spawn') alive += 1;
            if (effect.do === 'tell' && effect.news.type === 'ended') ends += 1;
          }
          expect(alive).toBeLessThanOrEqual(1);
          expect(ends).toBeLessThanOrEqual(1);
          if (ends === 1) expect(supervision.state.phase).toBe('ended');
        };
        count();
        for (const item of script) {
          // A process that is gone neither reports nor exits.
          if (item === 'exit' && alive === 0) continue;
          if (item !== 'exit' && item.type === 'report' && alive === 0) continue;
          if (item === 'exit') alive -= 1;
          ({ supervision, effects } = supervise(supervision, item === 'exit' ? exited(policy) : item));
          count();
        }
      },
    ),
  );
});
