/**
 * The fraud detector of Flink's walkthrough: a small amount followed at once by a large one, within a minute by the
 * machine's clock. The timer takes the flag back, and is deleted when it is no longer needed.
 */
import { test } from 'vitest';
import { ofType, pipeline, valueState } from '../../runtime/api/index.ts';
import { collectingSink, collection } from '../../runtime/connectors/index.ts';
import { check, type Step } from './scenario.ts';

interface Transaction {
  readonly account: string;
  readonly amount: number;
}

const fraudDetector = pipeline('fraud-detector', (env) => {
  env
    .fromSource(collection<Transaction>([]), { uid: 'transactions' })
    .keyBy((transaction) => transaction.account)
    .process(
      {
        output: ofType<{ readonly account: string; readonly amount: number }>(),
        state: { smallSeen: valueState<boolean>(), timer: valueState<number>() },
        onElement({ account, amount }, ctx) {
          if (ctx.state.smallSeen.get() === true) {
            if (amount > 500) ctx.emit({ account, amount });
            const timer = ctx.state.timer.get();
            if (timer !== undefined) ctx.timers.deleteProcessingTime(timer);
            ctx.state.timer.clear();
            ctx.state.smallSeen.clear();
          }
          if (amount < 1) {
            const timer = ctx.currentProcessingTime() + 60_000;
            ctx.timers.registerProcessingTime(timer);
            ctx.state.smallSeen.set(true);
            ctx.state.timer.set(timer);
          }
        },
        onTimer(_timer, ctx) {
          ctx.state.timer.clear();
          ctx.state.smallSeen.clear();
        },
      },
      { uid: 'detect' },
    )
    .sinkTo(collectingSink(), { uid: 'alerts' });
});

const pay = (account: string, amount: number): Step => ({
  source: 'transactions',
  push: { account, amount },
});

test('a large amount right after a small one is an alert, within a minute', () => {
  check({
    pipeline: fraudDetector,
    sources: ['transactions'],
    steps: [
      pay('a', 0.5),
      pay('b', 0.2),
      pay('a', 600),
      // The flag was used up.
      pay('a', 700),
      { advance: '59 s' },
      pay('b', 501),
      pay('c', 0.1),
      { advance: '60 s' },
      pay('c', 900),
      // Something else came between.
      pay('d', 0.3),
      pay('d', 20),
      pay('d', 800),
    ],
    expected: {
      alerts: [
        { account: 'a', amount: 600 },
        { account: 'b', amount: 501 },
      ],
    },
  });
});
