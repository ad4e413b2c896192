/** Failures at times in, delays out. J6 of CONFORMANCE is here. */
import { expect, test } from 'vitest';
import type { Random } from '../../runtime/base/random.ts';
import { seededRandom } from '../../runtime/base/random.ts';
import { createRestartBackoff } from '../../runtime/checkpoint/restartBackoff.ts';
import type { RestartStrategy } from '../../runtime/graph/jobGraph.ts';

const middle: Random = { next: () => 0.5, below: () => 0 };
const exponential: RestartStrategy = {
  type: 'exponential-delay',
  initialMs: 100,
  maxMs: 1_000,
  multiplier: 2,
  jitter: 0,
  resetAfterMs: 5_000,
  attempts: 6,
};

test.each<[name: string, strategy: RestartStrategy, failures: number[], answers: (number | string)[]]>([
  ['none gives up at once', { type: 'none' }, [0], ['its restart strategy is none']],
  [
    'no attempts, no restart',
    { type: 'fixed-delay', attempts: 0, delayMs: 50 },
    [0],
    ['it was restarted 0 times, and no more is allowed'],
  ],
  [
    'a fixed delay, so many times in all, however long it ran between',
    { type: 'fixed-delay', attempts: 2, delayMs: 50 },
    [0, 1_000_000, 2_000_000, 3_000_000],
    [
      50,
      50,
      'it was restarted twice, and no more is allowed',
      'it was restarted twice, and no more is allowed',
    ],
  ],
  [
    'J6 the delay grows to its maximum',
    exponential,
    [0, 200, 500, 1_000, 2_000],
    [100, 200, 400, 800, 1_000],
  ],
  ['J6 after quiet time it starts over', exponential, [0, 200, 500, 5_900, 6_100], [100, 200, 400, 100, 200]],
  [
    'J6 the quiet time counts from the restart, not from the failure',
    exponential,
    [0, 200, 500, 5_899],
    [100, 200, 400, 800],
  ],
  [
    'J6 too many without quiet time in between',
    { ...exponential, attempts: 2 },
    [0, 200, 600],
    [100, 200, 'it was restarted twice without running for 5 s in between'],
  ],
  [
    'J6 quiet time gives all attempts back',
    { ...exponential, attempts: 1 },
    [0, 5_100, 10_200],
    [100, 100, 100],
  ],
  [
    'as many failures in an interval as are allowed, and one more',
    { type: 'failure-rate', failuresMax: 2, intervalMs: 1_000, delayMs: 10 },
    [0, 400, 999],
    [10, 10, 'it failed 3 times within 1 s'],
  ],
  [
    'failures that leave the interval are forgotten',
    { type: 'failure-rate', failuresMax: 2, intervalMs: 1_000, delayMs: 10 },
    [0, 400, 1_000, 1_400, 2_000],
    [10, 10, 10, 10, 10],
  ],
])('%s', (_, strategy, failures, answers) => {
  const backoff = createRestartBackoff(strategy, middle);
  const given = failures.map((at) => {
    const decision = backoff.failed(at);
    return decision.type === 'restart' ? decision.delayMs : decision.reason;
  });
  expect(given).toEqual(answers);
});

test('jitter spreads the delay by its share, and keeps within the bounds', () => {
  const seed = 7;
  const random = seededRandom(seed);
  const delays = new Set<number>();
  for (let i = 0; i < 200; i++) {
    const backoff = createRestartBackoff({ ...exponential, jitter: 0.1 }, random);
    backoff.failed(0);
    const second = backoff.failed(200);
    if (second.type === 'restart') delays.add(second.delayMs);
  }
  expect({
    seed,
    least: Math.min(...delays) >= 180,
    most: Math.max(...delays) <= 220,
    many: delays.size > 20,
  }).toEqual({
    seed,
    least: true,
    most: true,
    many: true,
  });
});
