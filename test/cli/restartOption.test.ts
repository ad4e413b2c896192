/** J6 `--restart`: Flink's four strategies in one word each. */
import { expect, test } from 'vitest';
import { restartFrom } from '../../runtime/host/cli/restartOption.ts';

test.each([
  ['none', { type: 'none' }],
  ['fixed-delay', { type: 'fixed-delay', attempts: 10, delayMs: 1_000 }],
  ['fixed-delay:attempts=3,delay=1.5 s', { type: 'fixed-delay', attempts: 3, delayMs: 1_500 }],
  [
    'exponential-delay:initial=50ms,max=1min,multiplier=1.5,jitter=0,resetAfter=5min,attempts=7',
    {
      type: 'exponential-delay',
      initialMs: 50,
      maxMs: 60_000,
      multiplier: 1.5,
      jitter: 0,
      resetAfterMs: 300_000,
      attempts: 7,
    },
  ],
  [
    'failure-rate:failures=3,interval=5min,delay=100ms',
    { type: 'failure-rate', failuresMax: 3, intervalMs: 300_000, delayMs: 100 },
  ],
])('J6 %s', (text, strategy) => {
  expect(restartFrom(text)).toEqual({ ok: true, strategy });
});

test.each([
  [
    'sometimes',
    'There is no strategy sometimes; there are none, fixed-delay, exponential-delay, failure-rate.',
  ],
  ['none:attempts=3', 'none has no attempts.'],
  ['fixed-delay:tries=3', 'fixed-delay has no tries; it has attempts, delay.'],
  ['fixed-delay:attempts=', 'attempts must be a whole number from 0 on, not NaN.'],
  ['fixed-delay:attempts=many', 'attempts must be a whole number from 0 on, not NaN.'],
  ['failure-rate', 'failure-rate needs failures and interval, as in failure-rate:failures=3,interval=5min.'],
])('J6 %s is refused in one sentence', (text, message) => {
  expect(restartFrom(text)).toEqual({ ok: false, message });
});

test('a delay that is none is refused as in a pipeline', () => {
  const parsed = restartFrom('fixed-delay:delay=soon');
  expect(parsed).toMatchObject({
    ok: false,
    message: expect.stringContaining('The restart delay must be a duration'),
  });
});
